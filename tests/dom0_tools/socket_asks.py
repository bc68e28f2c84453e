#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Says a word at a local socket, and waits for it in capitals.

usage: socket_asks.py PATH WORD
"""

import socket
import sys


def main():
    path, word = sys.argv[1:]
    client = socket.socket(socket.AF_UNIX)
    client.settimeout(10)
    client.connect(path)
    client.sendall(word.encode())
    got = b""
    while not got.endswith(word.upper().encode()):
        more = client.recv(4096)
        if not more:
            sys.exit(f"{path}: closed after {got!r}")
        got += more


if __name__ == "__main__":
    main()
