# SPDX-License-Identifier: MIT
"""Counts the instructions that a daemon executes for a piece of work: it runs in
valgrind, so that the count neither depends on the host nor on what else that does.

All of them count but those of spin_wait(), which waits. What the kernel does for the
daemon does not count."""

import xs

# A client's control command "print" ends one count and begins the next.
COMMAND = ['valgrind', '--quiet', '--tool=callgrind',
           '--toggle-collect=spin_wait', '--collect-atstart=yes',
           '--dump-before=control_print']

# Seconds to start with a large tree.
START = 120


class Counter:
    """A daemon that goes on in valgrind, with all that is in it by now but its
    local clients; socket is a new one."""

    def __init__(self, daemon):
        assert daemon.stop() == 0
        self.daemon = daemon
        self.out = f'{daemon.folder}/count'
        # Valgrind needs to open files.
        daemon.command = [*COMMAND, f'--callgrind-out-file={self.out}',
                          *daemon.command, '--no-sandbox']
        daemon.start()
        self.socket = xs.Socket(daemon.path, START)
        self.nr = 0

    def next(self):
        """Instructions since the last time."""
        assert self.socket.call(xs.CONTROL, 'print\0count\0') == b'OK\0'
        self.nr += 1
        with open(f'{self.out}.{self.nr}', encoding='ascii') as f:
            for line in f:
                if line.startswith('totals:'):
                    return int(line.split()[1])
        raise ValueError

    def of(self, work, times):
        """The middle one of the counts of work(socket, n), n in 0..times-1: now and
        then the daemon does something once a second, or grows a table."""
        counts = []
        for n in range(times):
            self.next()
            work(self.socket, n)
            counts.append(self.next())
        return sorted(counts)[times // 2]
