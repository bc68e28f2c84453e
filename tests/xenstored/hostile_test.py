# SPDX-License-Identifier: MIT
"""What a guest may try: floods, limits, rings that are not as they should be."""

import random
import socket
import struct
import time

import xs


def used(s, domid, what):
    text = s.call(xs.CONTROL, f'quota\0{domid}\0').decode()
    for line in text.splitlines():
        if line.startswith(what):
            return int(line.split(':')[1].split()[0])
    raise KeyError(what)


def limits_are_kept_and_named(start):
    """Each limit refuses, is logged once, and its gauge shows what is used."""
    daemon = start()
    r, s = daemon.domain(1), daemon.socket()
    made = 0
    while (got := r.mkdir(f'n{made}')) == b'OK\0':
        made += 1
    assert got == 'ENOSPC' and made == 999, (got, made)
    assert used(s, 1, 'nodes') == 1000
    assert r.rm('n0') == b'OK\0' and r.mkdir('again') == b'OK\0'
    for i in range(200):
        got = r.watch(f'w{i}', 't')
    assert got == 'E2BIG' and used(s, 1, 'watches') == 128
    for i in range(20):
        got = r.start()
    assert got == 'ENOSPC' and used(s, 1, 'transactions') == 10
    assert r.write('n1', 'x' * 2048) == 'ENOSPC'
    assert r.set_perms('n1', 'n1', *(f'r{d}' for d in range(2, 9))) == 'ENOSPC'
    for i in range(100):
        r.read('a' * 1500)
    for i in range(1, 100):
        got = r.write('/'.join(['n1'] * i), '')
    assert got == 'ENOSPC' and used(s, 1, 'depth') == 64
    log = daemon.log()
    for name in ('nodes', 'watches', 'transactions', 'node-size',
                 'permissions', 'depth'):
        assert log.count(f'domain 1: {name}: ') <= 2, log
        assert f'over its limit' in log and f'domain 1: {name}: ' in log, name


def transaction_nodes_and_memory_are_limited(start):
    daemon = start()
    r, s = daemon.domain(1), daemon.socket()
    tx = r.start()
    for i in range(1100):
        got = r.read(f'x{i}', tx)
    assert got == 'ENOSPC' and used(s, 1, 'transaction-nodes') == 1024
    assert r.end(tx, False) == b'OK\0'
    s.call(xs.CONTROL, 'quota\0set\0memory\x00100000\0')
    for i in range(100):
        got = r.write(f'm{i}', 'x' * 1900)
        if got != b'OK\0':
            break
    assert got == 'ENOSPC' and i > 20, (got, i)
    assert used(s, 1, 'memory') <= 100000
    assert s.rm('/local/domain/1') == b'OK\0'
    assert used(s, 1, 'memory') < 20000, used(s, 1, 'memory')


def memory_comes_back(start):
    """Whatever a domain did, its gauges end where they started."""
    daemon = start()
    s = daemon.socket()
    r = daemon.domain(1)
    before = [used(s, 1, what) for what in ('memory', 'nodes', 'watches')]
    for i in range(50):
        r.write(f'a/{i}', 'x' * 100)
        r.watch(f'a/{i}', 't')
        tx = r.start()
        r.write('b', 'y', tx)
        r.rm('a', tx)
        r.end(tx, i % 2 == 0)
        r.rm('b')
    r.rm('a')
    r.call(xs.RESET_WATCHES, '\0')
    r.take_events()
    after = [used(s, 1, what) for what in ('memory', 'nodes', 'watches')]
    assert before == after, (before, after)


def guest_that_takes_no_events_loses_none(start):
    """It misses events, but not that something happened; it costs little."""
    daemon = start()
    r, s = daemon.domain(1), daemon.socket()
    s.write('/x', '')
    s.set_perms('/x', 'b1')
    for i in range(20):
        assert r.watch(f'/x/{i}', f'token{i}') == b'OK\0'
    r.take_events()
    for n in range(300):
        for i in range(20):
            assert s.write(f'/x/{i}', str(n)) == b'OK\0'
    assert used(s, 1, 'memory') < 200000
    seen = {}
    for path, token in r.take_events(0.3):
        assert path == '/x/' + token[5:]
        seen[token] = seen.get(token, 0) + 1
    assert len(seen) == 20
    # The last one came after the last write: it is the reader's duty to look.
    s.write('/x/3', 'end')
    assert r.take_events(0.3) == [('/x/3', 'token3')]


def guest_that_takes_no_replies_waits(start):
    daemon = start()
    r, s = daemon.domain(1), daemon.socket()
    r.write('big', 'x' * 2000)
    request = struct.pack('<IIII', xs.READ, 1, 0, 4) + b'big\0'
    for _ in range(400):
        prod = r.idx(xs.REQ_PROD)
        if ((prod - r.idx(xs.REQ_CONS)) & 0xffffffff) > 900:
            break
        for byte in request:
            r.page[prod % 1024] = byte
            prod += 1
        r.set_idx(xs.REQ_PROD, prod)
        r.notify()
        time.sleep(0.001)
    assert s.read('/') == b''
    assert used(s, 1, 'outstanding') <= 20
    assert used(s, 1, 'memory') < 50000
    for _ in range(20):
        assert r.reply()[3] == b'x' * 2000


def flood_does_not_starve_others(start):
    """Thousands of requests of one client wait while another has its turn."""
    daemon = start()
    flood, s = daemon.socket(), daemon.socket()
    s.write('/x', '1')
    one = struct.pack('<IIII', xs.READ, 1, 0, 3) + b'/x\0'
    flood.sock.setblocking(False)
    sent = 0
    while True:
        try:
            sent += flood.sock.send(one * 100)
        except BlockingIOError:
            break
    assert sent > 10000
    assert s.read('/x') == b'1'
    flood.sock.setblocking(True)
    for _ in range(sent // len(one)):
        assert flood.reply()[3] == b'1'


def events_are_sent_before_the_reply(start):
    """Who has its reply finds that all others have their events."""
    daemon = start()
    writer = daemon.socket()
    watchers = [daemon.socket() for _ in range(8)]
    for w in watchers:
        w.watch('/x', 't')
        w.take_events()
    for i in range(200):
        writer.write('/x', str(i))
        for w in watchers:
            assert w.take_events(0) == [('/x', 't')], i


def broken_indexes_stop_a_ring(start):
    daemon = start()
    r, s = daemon.domain(1), daemon.socket()
    r.watch('x', 't')
    r.take_events()
    for field, value in ((xs.REQ_PROD, 5000), (xs.RSP_CONS, 77777)):
        s.write('/local/domain/1/x', '1')
        r.set_idx(field, r.idx(field) + value)
        s.write('/local/domain/1/x', '1')
        r.notify()
        end = time.monotonic() + xs.TIMEOUT
        while r.idx(xs.RING_ERROR) != 2 and time.monotonic() < end:
            time.sleep(0.01)
        assert r.idx(xs.RING_ERROR) == 2
        assert used(s, 1, 'watches') == 0
        # It may ask for a new start.
        r.set_idx(xs.CONNECTION, 1)
        r.notify()
        while r.idx(xs.CONNECTION) and time.monotonic() < end:
            time.sleep(0.01)
        assert r.idx(xs.CONNECTION) == 0 and r.idx(xs.RING_ERROR) == 0
        r.buf, r.events = b'', []
        assert r.read('x') == b'1'
        assert r.watch('x', 't') == b'OK\0'
        r.take_events()


def too_long_message_stops_a_ring(start):
    daemon = start()
    r = daemon.domain(1)
    r.send(xs.READ, b'x', 0, 1, 5000)
    end = time.monotonic() + xs.TIMEOUT
    while r.idx(xs.RING_ERROR) != 3 and time.monotonic() < end:
        time.sleep(0.01)
    assert r.idx(xs.RING_ERROR) == 3
    daemon.kill()
    daemon.start()
    assert daemon.socket().read('/local/domain/1') == b''
    assert r.idx(xs.RING_ERROR) == 3


def garbage_in_rings(start):
    """Random pages and events, and no daemon dies; a good domain goes on."""
    daemon = start()
    good, s = daemon.domain(1), daemon.socket()
    bad = [daemon.domain(d) for d in (2, 3, 4)]
    for i in range(2000):
        r = random.choice(bad)
        for _ in range(random.randrange(8)):
            at = random.randrange(2076)
            r.page[at] = random.randrange(256)
        if random.random() < 0.5:
            head = struct.pack('<IIII', random.randrange(24), i,
                               random.randrange(3), random.randrange(64))
            pos = r.idx(xs.REQ_CONS) % 1000
            r.page[pos:pos + 16] = head
            r.set_idx(xs.REQ_PROD, r.idx(xs.REQ_CONS) + random.randrange(200))
        if random.random() < 0.3:
            r.set_idx(xs.CONNECTION, 1)
        r.notify()
        if i % 50 == 0:
            assert good.write('x', str(i)) == b'OK\0'
            assert s.read('/local/domain/1/x') == str(i).encode()
    assert daemon.log().count('\n') < 30, daemon.log()


def garbage_by_socket(start):
    daemon = start()
    s = daemon.socket()
    for i in range(1000):
        c = daemon.socket()
        c.put(struct.pack('<IIII', random.randrange(30), i,
                          random.randrange(3), random.randrange(5000)))
        try:
            c.put(random.randbytes(random.randrange(300)))
        except xs.Closed:
            pass
        c.close()
    assert s.read('/') == b''


def client_that_ends_its_requests_gets_replies(start):
    daemon = start()
    c = daemon.socket()
    c.write('/x', 'y' * 1000)
    for _ in range(3):
        c.send(xs.READ, '/x\0')
    c.sock.shutdown(socket.SHUT_WR)
    for _ in range(3):
        assert c.reply()[3] == b'y' * 1000


def old_transaction_fails(start):
    """A domain's transaction does not keep old nodes for ever."""
    daemon = start('--quota', 'transaction-age=1')
    r, s = daemon.domain(1), daemon.socket()
    tx, of_dom0 = r.start(), s.start()
    r.write('x', '1', tx)
    s.write('/x', '1', of_dom0)
    time.sleep(3)
    s.write('/y', '1')
    assert s.end(of_dom0) == b'OK\0'
    assert r.write('x', '1', tx) == b'OK\0'
    assert r.end(tx) == 'EAGAIN'


TESTS = [limits_are_kept_and_named, transaction_nodes_and_memory_are_limited,
         memory_comes_back, guest_that_takes_no_events_loses_none,
         guest_that_takes_no_replies_waits, flood_does_not_starve_others,
         events_are_sent_before_the_reply,
         broken_indexes_stop_a_ring, too_long_message_stops_a_ring,
         garbage_in_rings, garbage_by_socket,
         client_that_ends_its_requests_gets_replies, old_transaction_fails]
