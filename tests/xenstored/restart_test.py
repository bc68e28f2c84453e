# SPDX-License-Identifier: MIT
"""Kills and updates the daemon while clients write: nothing that it answered may
be lost, nothing may happen twice to a ring, and watches go on."""

import os
import random
import threading
import time

import xs

ROUNDS = 50


class Writer(threading.Thread):
    """Writes rising numbers to its own node, alone and in transactions that set
    two nodes to the same value."""

    def __init__(self, daemon, client, base, reconnects):
        super().__init__(daemon=True)
        self.target = daemon
        self.client = client
        self.base = base
        self.reconnects = reconnects
        self.stop = False
        self.error = None
        self.sent = self.acked = self.commits = 0
        self.writes = 0

    def one(self, n):
        self.sent = n
        got = self.client.write(f'{self.base}/n', str(n))
        assert got == b'OK\0', got
        self.acked = n
        self.writes += 1
        if n % 4:
            return
        while True:
            tx = self.client.start()
            assert isinstance(tx, int), tx
            for name in ('a', 'b'):
                got = self.client.write(f'{self.base}/{name}', str(n), tx)
                assert got == b'OK\0', got
            got = self.client.end(tx)
            if got == b'OK\0':
                self.commits += 1
                return
            assert got == 'EAGAIN', got

    def run(self):
        n = 0
        try:
            while not self.stop:
                n += 1
                try:
                    self.one(n)
                except xs.Closed:
                    if not self.reconnects:
                        raise
                    self.client = self.target.socket()
        except Exception as e:  # pylint: disable=broad-except
            self.error = e


def check_values(daemon, writers):
    """What is in the store is what was answered, or a write on its way."""
    s = daemon.socket()
    for w in writers:
        assert w.error is None, (w.base, w.error)
        low = w.acked
        value = s.read(f'{w.base}/n')
        if low:
            assert low <= int(value) <= w.sent, (w.base, low, value, w.sent)
        tx = s.start()
        a, b = s.read(f'{w.base}/a', tx), s.read(f'{w.base}/b', tx)
        s.end(tx, False)
        assert a == b, (w.base, a, b)
    s.close()


def storm(daemon, disturb, sockets_stay):
    """Rings 1 and 2 and two sockets write; ring 3 and a socket watch."""
    rings = [daemon.domain(n) for n in (1, 2)]
    watcher = daemon.domain(3)
    writers = [Writer(daemon, ring, f'/local/domain/{i + 1}/w', False)
               for i, ring in enumerate(rings)]
    for i in range(2):
        writers.append(Writer(daemon, daemon.socket(), f'/s/{i}',
                              not sockets_stay))
    s = daemon.socket()
    for w in writers:
        for name in 'nab':
            s.write(f'{w.base}/{name}', '0')
            s.set_perms(f'{w.base}/{name}', 'n0' if w.base[1] == 's' else
                        f'n{w.base[14]}', 'r3')
    assert watcher.watch('/local', 'w') == b'OK\0'
    assert watcher.take_events() == [('/local', 'w')]
    if sockets_stay:
        s.watch('/local', 's')
        s.take_events()

    counts = {}
    done = threading.Event()

    def count():
        while True:
            message = watcher.message(0.05)
            if message:
                path = message[3].split(b'\0')[0].decode()
                counts[path] = counts.get(path, 0) + 1
            elif done.is_set():
                return

    counter = threading.Thread(target=count, daemon=True)
    counter.start()
    for w in writers:
        w.start()
    for _ in range(ROUNDS):
        time.sleep(random.uniform(0.002, 0.05))
        disturb()
        check_values(daemon, writers)
    for w in writers:
        w.stop = True
    for w in writers:
        w.join(xs.TIMEOUT)
    check_values(daemon, writers)
    done.set()
    counter.join(xs.TIMEOUT)

    # Each write and each commit of a ring is one event for a ring.
    for w in writers[:2]:
        assert w.writes > ROUNDS, w.writes
        assert counts[f'{w.base}/n'] == w.writes, (counts, w.writes)
        assert counts[f'{w.base}/a'] == w.commits, (counts, w.commits)
    if sockets_stay:
        events = [e[0] for e in s.take_events()]
        for w in writers[:2]:
            assert events.count(f'{w.base}/n') == w.writes
    assert 'wrong record' not in daemon.log()


def killed_daemon_loses_nothing(start):
    daemon = start()

    def disturb():
        daemon.kill()
        daemon.start()

    storm(daemon, disturb, False)


def updated_daemon_loses_nothing(start):
    daemon = start()

    def disturb():
        assert daemon.update() == 0

    storm(daemon, disturb, True)


def killed_while_journals_change(start):
    """The same with much more to write, so that snapshots are cut short."""
    daemon = start()
    s = daemon.socket()
    want = {}
    for i in range(3000):
        want[f'/big/{i % 50}/{i}'] = str(i) * 20
    for path, value in want.items():
        assert s.write(path, value) == b'OK\0'
    for i in range(25):
        for n in range(400):
            path = f'/big/{n % 50}/{n}'
            want[path] = f'{i}.{n}' * 60
            assert s.write(path, want[path]) == b'OK\0'
        if i % 3 == 0:
            gone = f'/big/{random.randrange(50)}'
            s.rm(gone)
            want = {p: v for p, v in want.items()
                    if not p.startswith(gone + '/')}
        daemon.kill()
        daemon.start()
        s = daemon.socket()
    for n in range(50):
        names = s.directory(f'/big/{n}')
        mine = {p.split('/')[3] for p in want if p.startswith(f'/big/{n}/')}
        assert (set(names) if isinstance(names, list) else set()) == mine
    for path, value in want.items():
        assert s.read(path) == value.encode(), path


def restart_keeps_all_else(start):
    """Permissions, special events, limits, targets, messages on their way."""
    daemon = start()
    r1, r2 = daemon.domain(1), daemon.domain(2)
    s = daemon.socket()
    r1.write('x', 'v' * 1500)
    r1.set_perms('x', 'n1', 'r2', 'w7')
    assert s.set_perms('@releaseDomain', 'n0', 'r1') == b'OK\0'
    s.call(xs.SET_TARGET, '2\x001\0')
    s.call(xs.CONTROL, 'quota\0set\0watches\x003\0')
    r1.watch('x', 'rel')
    r1.watch('/local/domain/1/x', 'abs')
    r1.take_events()
    tx = r2.start()
    r2.write('in-tx', '1', tx)
    # A reply that does not fit the ring, and half a request.
    for _ in range(3):
        r1.send(xs.READ, 'x\0')
    big = b'y' * 1900
    r2.put(xs.struct.pack('<IIII', xs.WRITE, 77, 0, len(b'big\0' + big)) +
           b'big\0' + big[:300])
    time.sleep(0.1)
    daemon.kill()
    daemon.start()
    r2.put(big[300:])
    assert r2.reply() == (xs.WRITE, 77, 0, b'OK\0')
    for _ in range(3):
        assert r1.reply()[3] == b'v' * 1500
    s = daemon.socket()
    assert s.read('/local/domain/2/big') == big
    assert s.get_perms('/local/domain/1/x') == ['n1', 'r2', 'w7']
    assert s.get_perms('@releaseDomain') == ['n0', 'r1']
    assert r2.write('in-tx', '2', tx) == b'OK\0'
    assert r2.end(tx) == 'EAGAIN'
    assert r2.read('in-tx') == 'ENOENT'
    assert r2.write('/local/domain/1/x', 'by target') == b'OK\0'
    assert sorted(r1.take_events()) == [('/local/domain/1/x', 'abs'),
                                        ('x', 'rel')]
    assert r1.watch('y', 'third') == b'OK\0'
    assert r1.watch('z', 'fourth') == 'E2BIG'
    assert r1.watch('@releaseDomain', 't') == 'E2BIG'


def domain_that_dies_meanwhile_is_cleared(start):
    daemon = start()
    daemon.domain(1)
    s = daemon.socket()
    s.write('/own', '1')
    s.set_perms('/own', 'n1')
    daemon.kill()
    daemon.xen.remove(1)
    daemon.start()
    s = daemon.socket()
    assert s.read('/own') == 'ENOENT'
    assert s.call(xs.IS_DOMAIN_INTRODUCED, '1\0') == b'F\0'


def other_boot_is_another_store(start):
    """State of a host that was started anew since is not used."""
    daemon = start()
    s = daemon.socket()
    s.write('/old', '1')
    daemon.kill()
    for kind in ('tree', 'journal'):
        with open(f'{daemon.folder}/{kind}.1', 'r+b') as f:
            f.seek(16)
            f.write(b'another')
    daemon.start()
    assert daemon.socket().read('/old') == 'ENOENT'


def damaged_tail_is_left_out(start):
    """A batch whose bytes are not what was written ends the journal."""
    daemon = start()
    s = daemon.socket()
    s.write('/first', '1')
    s.write('/second', 'damage-here')
    daemon.kill()
    with open(f'{daemon.folder}/journal.1', 'r+b') as f:
        at = f.read().index(b'damage-here')
        f.seek(at)
        f.write(b'D')
    daemon.start()
    s = daemon.socket()
    assert s.read('/first') == b'1'
    assert s.read('/second') == 'ENOENT'


def files_of(daemon):
    return {name: os.path.getsize(f'{daemon.folder}/{name}')
            for name in os.listdir(daemon.folder)
            if name.startswith(('journal.', 'tree.'))}


def snapshots_keep_up(start):
    """Journals are replaced while clients write without a pause, and what they
    take together stays in proportion; at rest one pair is left."""
    daemon = start()
    s = daemon.socket()
    value = 'x' * 500
    for i in range(12000):
        assert s.write(f'/n/{i % 2000}', f'{i}{value}') == b'OK\0'
        if i % 1000 == 999:
            files = files_of(daemon)
            assert sum(files.values()) < 6 << 20, files
    assert max(int(name.split('.')[1]) for name in files) > 3, files
    deadline = time.monotonic() + xs.TIMEOUT
    while len(files_of(daemon)) > 2 and time.monotonic() < deadline:
        time.sleep(0.1)
    assert len(files_of(daemon)) == 2, files_of(daemon)
    daemon.kill()
    daemon.start()
    assert daemon.socket().read('/n/1999') == f'11999{value}'.encode()


TESTS = [killed_daemon_loses_nothing, updated_daemon_loses_nothing,
         killed_while_journals_change, restart_keeps_all_else,
         domain_that_dies_meanwhile_is_cleared, other_boot_is_another_store,
         damaged_tail_is_left_out, snapshots_keep_up]
