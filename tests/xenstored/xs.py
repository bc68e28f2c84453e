# SPDX-License-Identifier: MIT
"""A client of a xenstore daemon that sends and shows every byte: over the
socket, or as a domain through its ring page and the fake hypervisor's folder
(see stock_shim.c)."""

import ctypes
import mmap
import os
import select
import socket
import struct
import time

(CONTROL, DIRECTORY, READ, GET_PERMS, WATCH, UNWATCH, TRANSACTION_START,
 TRANSACTION_END, INTRODUCE, RELEASE, GET_DOMAIN_PATH, WRITE, MKDIR, RM,
 SET_PERMS, WATCH_EVENT, ERROR, IS_DOMAIN_INTRODUCED, RESUME,
 SET_TARGET) = range(20)
RESET_WATCHES = 21
DIRECTORY_PART = 22

TIMEOUT = 30
RING = 1024
REQ_CONS, REQ_PROD, RSP_CONS, RSP_PROD, FEATURES, CONNECTION, RING_ERROR = \
    range(2048, 2076, 4)


class Closed(Exception):
    """The daemon has ended the connection."""


class Client:
    """What sockets and rings share: messages."""

    def __init__(self):
        self.buf = b''
        self.events = []
        self.req_id = 0

    def send(self, op, payload=b'', tx=0, req_id=None, length=None):
        """Send one request; str becomes bytes."""
        if isinstance(payload, str):
            payload = payload.encode()
        if req_id is None:
            self.req_id += 1
            req_id = self.req_id
        if length is None:
            length = len(payload)
        self.put(struct.pack('<IIII', op, req_id, tx, length) + payload)
        return req_id

    def message(self, timeout=TIMEOUT):
        """The next message as (type, req_id, tx_id, payload), or None."""
        end = time.monotonic() + timeout
        while True:
            if len(self.buf) >= 16:
                op, req_id, tx, length = struct.unpack('<IIII', self.buf[:16])
                if len(self.buf) >= 16 + length:
                    payload = self.buf[16:16 + length]
                    self.buf = self.buf[16 + length:]
                    return op, req_id, tx, payload
            if not self.get(max(0, end - time.monotonic())):
                return None

    def reply(self, timeout=TIMEOUT):
        """The next message that is no watch event; those go to self.events."""
        while True:
            message = self.message(timeout)
            if message is None or message[0] != WATCH_EVENT:
                return message
            self.events.append(message[3])

    def call(self, op, payload=b'', tx=0):
        """Send and wait; returns the payload, or the error's name as str."""
        self.send(op, payload, tx)
        message = self.reply()
        if message is None:
            raise TimeoutError
        if message[0] == ERROR:
            return message[3].rstrip(b'\0').decode()
        return message[3]

    def take_events(self, wait=0.05):
        """All events so far, as a list of (path, token)."""
        while True:
            message = self.message(wait)
            if message is None:
                break
            assert message[0] == WATCH_EVENT, message
            self.events.append(message[3])
        events, self.events = self.events, []
        return [tuple(e.decode('latin1').split('\0')[:2]) for e in events]

    # Shorthands.
    def read(self, path, tx=0):
        return self.call(READ, path + '\0', tx)

    def write(self, path, value, tx=0):
        if isinstance(value, str):
            value = value.encode()
        return self.call(WRITE, path.encode() + b'\0' + value, tx)

    def mkdir(self, path, tx=0):
        return self.call(MKDIR, path + '\0', tx)

    def rm(self, path, tx=0):
        return self.call(RM, path + '\0', tx)

    def directory(self, path, tx=0):
        got = self.call(DIRECTORY, path + '\0', tx)
        if isinstance(got, str):
            return got
        return sorted(n.decode() for n in got.split(b'\0')[:-1])

    def get_perms(self, path, tx=0):
        got = self.call(GET_PERMS, path + '\0', tx)
        return got if isinstance(got, str) else got.decode().split('\0')[:-1]

    def set_perms(self, path, *perms, tx=0):
        return self.call(SET_PERMS, '\0'.join((path, *perms)) + '\0', tx)

    def watch(self, path, token, *depth):
        return self.call(WATCH, '\0'.join((path, token, *depth)) + '\0')

    def unwatch(self, path, token):
        return self.call(UNWATCH, '\0'.join((path, token)) + '\0')

    def start(self):
        got = self.call(TRANSACTION_START, '\0')
        return got if isinstance(got, str) else int(got.rstrip(b'\0'))

    def end(self, tx, commit=True):
        return self.call(TRANSACTION_END, 'T\0' if commit else 'F\0', tx)

    def introduce(self, domid, gfn=1, port=1):
        return self.call(INTRODUCE, f'{domid}\0{gfn}\0{port}\0')

    def release(self, domid):
        return self.call(RELEASE, f'{domid}\0')


class Socket(Client):
    """A connection over the daemon's Unix socket."""

    def __init__(self, path, timeout=TIMEOUT):
        super().__init__()
        self.sock = socket.socket(socket.AF_UNIX)
        end = time.monotonic() + timeout
        while True:
            try:
                self.sock.connect(path)
                return
            except OSError:
                if time.monotonic() > end:
                    raise
                time.sleep(0.01)

    def put(self, data):
        try:
            self.sock.sendall(data)
        except (BrokenPipeError, ConnectionResetError) as e:
            raise Closed from e

    def get(self, timeout):
        if not select.select([self.sock], [], [], timeout)[0]:
            return False
        try:
            data = self.sock.recv(65536)
        except ConnectionResetError as e:
            raise Closed from e
        if not data:
            raise Closed
        self.buf += data
        return True

    def close(self):
        self.sock.close()


class FakeXen:
    """The folder that stands for the hypervisor."""

    def __init__(self, folder):
        self.folder = folder
        os.makedirs(folder, exist_ok=True)
        if not os.path.exists(f'{folder}/evtchn'):
            os.mkfifo(f'{folder}/evtchn')
        self.evtchn = os.open(f'{folder}/evtchn', os.O_RDWR | os.O_NONBLOCK)
        self.domains = {}
        self.set(0)

    def set(self, domid, flags=''):
        """Create a domain, or change its flags."""
        if not os.path.exists(f'{self.folder}/ring-{domid}'):
            self.clear_ring(domid)
        self.domains[domid] = flags
        self.write()

    def clear_ring(self, domid):
        with open(f'{self.folder}/ring-{domid}', 'wb') as f:
            f.write(bytes(4096))

    def remove(self, domid):
        del self.domains[domid]
        self.write()

    def write(self):
        with open(f'{self.folder}/new', 'w', encoding='ascii') as f:
            for domid in sorted(self.domains):
                f.write(f'{domid} {self.domains[domid]}\n')
        os.rename(f'{self.folder}/new', f'{self.folder}/domains')

    def event(self, port):
        try:
            os.write(self.evtchn, struct.pack('<I', port))
        except BlockingIOError:
            pass

    def dom_exc(self):
        """VIRQ_DOM_EXC."""
        self.event(5)


class Ring(Client):
    """A domain's connection through its ring page."""

    def __init__(self, xen, domid):
        super().__init__()
        self.xen = xen
        self.domid = domid
        with open(f'{xen.folder}/ring-{domid}', 'r+b') as f:
            self.page = mmap.mmap(f.fileno(), 4096)

    # Whole words at a time: the daemon reads them meanwhile.
    def idx(self, field):
        return ctypes.c_uint32.from_buffer(self.page, field).value

    def set_idx(self, field, value):
        ctypes.c_uint32.from_buffer(self.page, field).value = \
            value & 0xffffffff

    def notify(self):
        self.xen.event(100 + self.domid)

    def put(self, data):
        end = time.monotonic() + TIMEOUT
        while data:
            cons, prod = self.idx(REQ_CONS), self.idx(REQ_PROD)
            room = RING - ((prod - cons) & 0xffffffff)
            if room == 0:
                if time.monotonic() > end:
                    raise TimeoutError
                time.sleep(0.0005)
                continue
            pos = prod % RING
            n = min(room, len(data), RING - pos)
            self.page[pos:pos + n] = data[:n]
            data = data[n:]
            self.set_idx(REQ_PROD, prod + n)
            # As Linux does: only if the daemon has taken all before.
            if self.idx(REQ_CONS) == prod:
                self.notify()

    def get(self, timeout):
        end = time.monotonic() + timeout
        delay = 0.00001
        while True:
            cons, prod = self.idx(RSP_CONS), self.idx(RSP_PROD)
            have = (prod - cons) & 0xffffffff
            if have:
                pos = cons % RING
                n = min(have, RING - pos)
                self.buf += self.page[RING + pos:RING + pos + n]
                self.set_idx(RSP_CONS, cons + n)
                # As Linux does: only if the ring was full.
                if (self.idx(RSP_PROD) - cons) & 0xffffffff >= RING:
                    self.notify()
                return True
            if time.monotonic() >= end:
                return False
            time.sleep(delay)
            delay = min(2 * delay, 0.001)
