# SPDX-License-Identifier: MIT
"""Sends the same requests to Debian's daemon and to ours, and compares replies
and events."""

import random

import xs

PATHS = ('/', '/a', '/a/', '//', '', 'a', '/a//b', '@x', '/a.b', '/a b',
         '/a@b', '/@', '/tool/xenstored', '/' + 'a' * 300,
         '/' + 'a/' * 1400 + 'b', '/' + 'a' * 3070, '/' + 'a' * 3072,
         '/x' * 1536, '/x' * 1023, '/x' * 1025)

# Two domains with homes.
HOMES = [('xen', 'set', 1), ('xen', 'set', 2)]
for _d in ('1', '2'):
    HOMES += [('s', 'mkdir', f'/local/domain/{_d}'),
              ('s', 'set_perms', f'/local/domain/{_d}', f'n{_d}'),
              ('s', 'introduce', int(_d))]


def compare(start, steps):
    stock, ours = start(stock=True), start()
    for step in steps:
        want, got = stock.step(*step), ours.step(*step)
        want_events, got_events = stock.events(), ours.events()
        assert (got, got_events) == (want, want_events), \
            f'{step}: {got} {got_events}, stock {want} {want_events}'


def paths(start):
    compare(start, [('s', op, path) for path in PATHS for op in (
        'read', 'directory', 'get_perms', 'mkdir', 'read', 'rm', 'rm')])


def values(start):
    compare(start, [
        ('s', 'write', '/a/b/c', '1'), ('s', 'read', '/a/b'),
        ('s', 'directory', '/a'), ('s', 'write', '/a', 'x' * 4000),
        ('s', 'read', '/a'), ('s', 'write', '/a', 'x' * 4093),
        ('s', 'read', '/a'), ('s', 'call', xs.WRITE, '/a'),
        ('s', 'call', xs.WRITE, b'/a\0\0x\0'), ('s', 'read', '/a'),
        ('s', 'call', xs.WRITE, b''), ('s', 'call', xs.WRITE, b'\0'),
        ('s', 'write', '/a/', ''), ('s', 'write', '/', 'root'),
        ('s', 'read', '/'), ('s', 'rm', '/'), ('s', 'rm', '/none/x'),
        ('s', 'rm', '/none'), ('s', 'rm', '/a'), ('s', 'directory', '/'),
        ('s', 'write', '/d/a', ''), ('s', 'write', '/d/b', ''),
        ('s', 'call', xs.DIRECTORY_PART, b'/none\x000\0'),
        ('s', 'call', xs.DIRECTORY_PART, b'/d\0')])


def malformed_requests(start):
    payloads = (b'', b'\0', b'x', b'/a', b'/a\0', b'/a\0b', b'/a\0b\0',
                b'/a\0b\0c\0d\0', b'1\0', b'1\x001\0', b'T\0', b'T',
                b'F\0x\0', b'7\0', b'-1\0', b'0\0', b'0x1\0')
    # Left out: Debian's daemon ends with an assertion on a malformed RM (and on
    # permissions of an unknown special name), takes any text for a number, and
    # says ENOENT or ENOMEM for some.
    odd = (xs.CONTROL, xs.DIRECTORY, xs.DIRECTORY_PART, xs.READ, xs.GET_PERMS,
           xs.MKDIR, xs.GET_DOMAIN_PATH, xs.RELEASE, xs.RM,
           xs.IS_DOMAIN_INTRODUCED, xs.RESUME, xs.SET_TARGET)
    compare(start, [('s', 'call', op, payload)
                    for op in (*range(24), 100, 0xffff, 0xffffffff)
                    if op not in odd for payload in payloads])


def requests_in_transactions(start):
    ops = (xs.WRITE, xs.WATCH, xs.UNWATCH, xs.TRANSACTION_START, xs.INTRODUCE,
           xs.RESET_WATCHES, xs.GET_DOMAIN_PATH, xs.SET_PERMS)
    compare(start, [('s', 'start')] + [
        ('s', 'call', op, payload, tx) for tx in (1, 77) for op in ops
        for payload in (b'/a\0', b'/a\0b\0', b'1\0')
        if (op, payload) != (xs.GET_DOMAIN_PATH, b'/a\0')
    ] + [('s', 'call', xs.TRANSACTION_END, b'T\0', 77)])


def too_long_message_ends_connection(start):
    compare(start, [('s', 'send', xs.READ, b'x' * 10, 0, 5, 5000),
                    ('s', 'reply', 0.3)])


def permissions(start):
    steps = [('s', 'write', '/p', '1')]
    for perms in (('n0',), ('r1',), ('x1',), ('r',), ('r1', 'w2'),
                  ('n0', 'b2', 'b3', 'b4', 'b5'), ('n0', 'w2', 'r3'),
                  ('n0', 'r1', 'r1'), ('n0', 'r55'), ('n55',), ('n0',)):
        steps += [('s', 'set_perms', '/p', *perms), ('s', 'get_perms', '/p')]
    compare(start, steps + [
        ('s', 'set_perms', '/none', 'n0'),
        ('s', 'call', xs.SET_PERMS, b'/p\0'),
        ('s', 'call', xs.SET_PERMS, b'/p\0n0'),
        ('s', 'set_perms', '@introduceDomain', 'n0', 'r1'),
        ('s', 'set_perms', '@releaseDomain', 'r0')])


def watches(start):
    compare(start, [('s', 'watch', path, token) for path, token in (
        ('/w', 't'), ('/w', 't'), ('/w', 'u'), ('/w/x/y', 'deep'),
        ('/', 'root'), ('@introduceDomain', 'i'), ('@releaseDomain', 'r'),
        ('@foo', 'r'), ('@foo/bar', 'r'), ('@', 'r'), ('rel', 'r'),
        ('/w/', ''), ('/e', ''))] + [
        ('s', 'write', '/w', '1'), ('s', 'write', '/w/x/y', '1'),
        ('s', 'write', '/w/x/y/z', '1'), ('s', 'mkdir', '/w/x'),
        ('s', 'mkdir', '/w/n'), ('s', 'mkdir', '/d/n/m'),
        ('s', 'rm', '/w/n'), ('s', 'rm', '/w/q'),
        ('s', 'set_perms', '/w', 'r0'), ('s', 'rm', '/w/x'),
        ('s', 'write', '/w/x/y', '1'), ('s', 'rm', '/w'), ('s', 'rm', '/w'),
        ('s', 'unwatch', '/w', 't'), ('s', 'unwatch', '/w', 't'),
        ('s', 'unwatch', '/w', 'zz'), ('s', 'unwatch', '/nope', 't'),
        ('s', 'write', '/w', '2'), ('s2', 'write', '/w', '2'),
        ('s2', 'watch', '/w', 't'), ('s2', 'write', '/w', '2'),
        ('s2', 'call', xs.RESET_WATCHES, b'\0'), ('s2', 'write', '/w', '2'),
        ('s2', 'call', xs.RESET_WATCHES, b''),
        ('s', 'watch', '/' + 'l' * 3000, 't' * 1000),
        ('s', 'watch', '/' + 'l' * 2047, 't'), ('s', 'watch', '/m', 't' * 4000),
        ('s', 'write', '/m/' + 'l' * 200, 'x')])


def transactions(start):
    compare(start, [
        ('s', 'start'), ('s', 'write', '/t/a', '1', 1), ('s2', 'read', '/t/a'),
        ('s', 'read', '/t/a', 1), ('s', 'watch', '/t', 't'), ('s', 'end', 1),
        ('s', 'read', '/t/a'), ('s', 'start'), ('s', 'read', '/t/a', 2),
        ('s2', 'write', '/t/a', '2'), ('s', 'read', '/t/a', 2),
        ('s', 'write', '/t/b', '1', 2), ('s', 'end', 2), ('s', 'read', '/t/b'),
        ('s', 'start'), ('s', 'write', '/t/a', '3', 3), ('s', 'rm', '/t/a', 3),
        ('s', 'mkdir', '/t/c/d', 3), ('s', 'directory', '/t', 3),
        ('s', 'call', xs.SET_PERMS, b'/t/c\0r0\0', 3),
        ('s', 'get_perms', '/t/c', 3), ('s', 'end', 3), ('s', 'directory', '/t'),
        ('s', 'start'), ('s', 'write', '/t/z', '1', 4), ('s', 'end', 4, False),
        ('s', 'read', '/t/z'), ('s', 'end', 4), ('s', 'start'),
        ('s', 'call', xs.TRANSACTION_END, b'X\0', 5),
        ('s', 'call', xs.TRANSACTION_END, b'T', 5),
        ('s', 'call', xs.TRANSACTION_END, b'T\0T\0', 5), ('s', 'end', 5),
        ('s', 'start'), ('s', 'call', xs.TRANSACTION_START, b'\0', 6),
        ('s', 'end', 6), ('s2', 'start'), ('s2', 'start'),
        ('s2', 'read', '/t', 1), ('s', 'read', '/t', 1), ('s2', 'end', 1),
        ('s2', 'end', 2)])


def conflicts(start):
    steps = [('s', 'write', '/c/a', '1'), ('s', 'write', '/c/b', '1')]
    pairs = [(('write', '/c/a', '2'), ('write', '/c/a', '3')),
             (('write', '/c/a', '2'), ('write', '/c/b', '3')),
             (('read', '/c/a'), ('write', '/c/b', '3')),
             (('read', '/c/none'), ('mkdir', '/c/none')),
             (('rm', '/c/a'), ('write', '/c/a', '1')),
             (('directory', '/c'), ('write', '/c/a', '1')),
             (('directory', '/c'), ('mkdir', '/c/new')),
             (('mkdir', '/c/n1'), ('rm', '/c'))]
    for tx, (inner, outer) in enumerate(pairs, 1):
        steps += [('s', 'start'), ('s', *inner, tx), ('s2', *outer),
                  ('s', 'write', '/other', '1', tx), ('s', 'end', tx),
                  ('s2', 'directory', '/c')]
    compare(start, steps)


def guests(start):
    other = '/local/domain/1/'
    compare(start, HOMES + [
        ('r1', 'write', 'x', '1'), ('r1', 'read', other + 'x'),
        ('r2', 'read', other + 'x'), ('r2', 'read', other + 'none'),
        ('r2', 'read', '/nonex'), ('r2', 'read', '/local'),
        ('r2', 'directory', '/local/domain'), ('r1', 'directory', '.'),
        ('r1', 'write', '/foo', '1'), ('r1', 'mkdir', 'a/b/c'),
        ('r1', 'get_perms', 'a/b'), ('r1', 'rm', 'a'), ('r1', 'rm', 'nope'),
        ('r1', 'rm', 'nope/x'), ('r2', 'rm', other + 'x'),
        ('r2', 'rm', other + 'nope'), ('r2', 'mkdir', other + 'x'),
        ('r2', 'write', other + 'x', '1'),
        ('r1', 'set_perms', 'x', 'n1', 'r2'), ('r2', 'read', other + 'x'),
        ('r2', 'write', other + 'x', '2'),
        ('r2', 'set_perms', other + 'x', 'n1', 'b2'),
        ('r1', 'set_perms', 'x', 'n2'), ('r1', 'set_perms', 'x', 'n0'),
        ('r1', 'set_perms', 'x', 'n1', 'b2'), ('r2', 'write', other + 'x', '2'),
        ('r2', 'write', other + 'x/y', '2'), ('r1', 'get_perms', 'x/y'),
        ('r1', 'read', 'x/y'), ('r1', 'directory', 'x'),
        ('r2', 'set_perms', other + 'x/y', 'n2'), ('r1', 'read', 'x/y'),
        ('r1', 'rm', 'x'), ('r2', 'read', other + 'x/y'),
        ('r1', 'set_perms', '.', 'b1'), ('r1', 'write', 'w', '1'),
        ('r1', 'set_perms', 'w', 'w1'), ('r2', 'read', other + 'w'),
        ('r2', 'write', other + 'w', '5'), ('r1', 'read', 'w'),
        ('r2', 'mkdir', other + 'w'), ('r2', 'mkdir', other + 'w/k'),
        ('r1', 'get_perms', 'w/k'), ('r2', 'get_perms', other + 'w'),
        ('r1', 'call', xs.INTRODUCE, b'3\x001\x001\0'),
        ('r1', 'call', xs.RELEASE, b'2\0'), ('r1', 'call', xs.RESUME, b'1\0'),
        ('r1', 'call', xs.SET_TARGET, b'1\x002\0'),
        ('r1', 'call', xs.CONTROL, b'help\0'),
        ('r1', 'call', xs.IS_DOMAIN_INTRODUCED, b'1\0'),
        ('r1', 'call', xs.GET_DOMAIN_PATH, b'1\0'),
        ('r1', 'set_perms', '@introduceDomain', 'n1'),
        ('r1', 'call', 200, b'\0'), ('r1', 'read', ''),
        ('r1', 'read', 'a' * 2049), ('r1', 'read', 'a' * 2048),
        ('r1', 'read', 'a' * 2000), ('r1', 'read', '/' + 'a' * 3000),
        ('s', 'call', xs.SET_TARGET, b'1\x002\0'), ('r2', 'write', 'x', '1'),
        ('r1', 'read', '/local/domain/2/x'),
        ('r1', 'write', '/local/domain/2/y', '1'),
        ('r1', 'get_perms', '/local/domain/2/y'),
        ('s', 'call', xs.SET_TARGET, b'1\x009\0'),
        ('s', 'call', xs.SET_TARGET, b'9\x001\0'),
        ('r1', 'set_perms', '/local/domain/2/x', 'n2', 'r1'),
        ('r1', 'start'), ('r1', 'write', 'a', '1', 1),
        ('r1', 'write', 'b/c', '1', 1), ('r2', 'read', other + 'a', 1),
        ('r1', 'end', 1), ('r1', 'start'), ('r1', 'read', 'a', 2),
        ('s', 'write', other + 'a', '9'), ('r1', 'write', 'b', '2', 2),
        ('r1', 'end', 2), ('r1', 'read', 'b')])


def guests_watches(start):
    compare(start, HOMES + [
        ('r1', 'write', 'x', '1'), ('r2', 'watch', '/local/domain/1/x', 't'),
        ('r2', 'watch', '/local/domain/1', 'u'), ('r2', 'watch', 'x', 'rel'),
        ('r1', 'watch', 'x', 'rel'), ('r1', 'watch', '/local/domain/1/x', 'abs'),
        ('r1', 'watch', '@introduceDomain', 'i'),
        ('r1', 'watch', '@releaseDomain', 'i'), ('r1', 'write', 'x', '2'),
        ('r1', 'set_perms', 'x', 'n1', 'r2'), ('r1', 'write', 'x', '3'),
        ('r1', 'write', 'x/y', '3'), ('r1', 'rm', 'x/y'),
        ('r1', 'write', 'x/y', '4'), ('r1', 'set_perms', 'x', 'n1'),
        ('r1', 'write', 'x', '5'), ('r1', 'write', 'x/y', '5'),
        ('r1', 'rm', 'x'), ('r1', 'write', 'x', '5'),
        ('s', 'rm', '/local/domain/1'), ('s', 'mkdir', '/local/domain/1/x'),
        ('r1', 'watch', '', 'e'), ('r1', 'watch', '.', 'e'),
        ('r2', 'write', 'x', 'z'), ('r2', 'write', 'x/q/r', 'z'),
        ('s', 'rm', '/local/domain/2')])


def events_in_commits(start):
    see = ('s', 'set_perms', '/w', 'n0', 'r1')
    compare(start, HOMES + [
        ('r1', 'watch', '/w', 't'), ('s', 'write', '/w', '1'), see,
        ('s', 'start'), ('s', 'write', '/w/q', '1', 1), ('s', 'rm', '/w/q', 1),
        ('s', 'mkdir', '/w/r', 1), ('s', 'write', '/w/r', '1', 1),
        ('s', 'write', '/w/r', '2', 1), ('s', 'end', 1),
        ('s', 'start'), ('s', 'rm', '/w/r', 2), ('s', 'write', '/w/s/t', '1', 2),
        ('s', 'call', xs.SET_PERMS, b'/w\0n0\0', 2), ('s', 'end', 2),
        ('s', 'start'), ('s', 'write', '/w/u', '1', 3),
        ('s', 'call', xs.SET_PERMS, b'/w/u\0n0\0r1\0', 3), ('s', 'end', 3),
        ('s', 'start'), ('s', 'write', '/w/u', '1', 4),
        ('s2', 'write', '/elsewhere', '1'),
        ('s', 'call', xs.SET_PERMS, b'/w/u\0n0\0', 4), ('s', 'end', 4)])


def introductions_and_ends(start):
    compare(start, [('s', 'introduce', 5), ('xen', 'set', 5),
                    ('s', 'watch', '@introduceDomain', 'i'),
                    ('s', 'watch', '@releaseDomain', 'r'),
                    ('s', 'introduce', 5), ('s', 'introduce', 5),
                    ('s', 'introduce', 40000),
                    ('s', 'introduce', -1),
                    ('s', 'call', xs.INTRODUCE, b'5\0-1\x001\0'),
                    ('s', 'call', xs.INTRODUCE, b'5\x001\x000\0'),
                    ('s', 'call', xs.INTRODUCE, b'5\x001\x001\0x\0'),
                    ('s', 'call', xs.IS_DOMAIN_INTRODUCED, b'0\0'),
                    ('s', 'call', xs.IS_DOMAIN_INTRODUCED, b'5\0'),
                    ('s', 'call', xs.IS_DOMAIN_INTRODUCED, b'6\0'),
                    ('s', 'release', 6), ('s', 'release', 0),
                    ('s', 'release', 5), ('s', 'release', 5),
                    ('s', 'call', xs.RESUME, b'5\0'),
                    ('s', 'call', xs.RESUME, b'0\0'),
                    ('s', 'call', xs.GET_DOMAIN_PATH, b'7\0'),
                    ('s', 'introduce', 5), ('xen', 'set', 5, 's'),
                    ('xen', 'dom_exc'), ('xen', 'dom_exc'),
                    ('s', 'call', xs.RESUME, b'5\0'), ('xen', 'dom_exc'),
                    ('xen', 'set', 5, 'sd'), ('xen', 'dom_exc'),
                    ('xen', 'dom_exc'), ('xen', 'remove', 5),
                    ('xen', 'dom_exc'),
                    ('s', 'call', xs.IS_DOMAIN_INTRODUCED, b'5\0')])


def rights_of_domains_that_are_gone(start):
    compare(start, HOMES + [
        ('s', 'write', '/sh/x', '1'), ('s', 'set_perms', '/sh/x', 'n0', 'r1'),
        ('r1', 'write', 'n', '1'), ('s', 'mkdir', '/own'),
        ('s', 'set_perms', '/own', 'n1'), ('s', 'write', '/own/k', '1'),
        ('s', 'set_perms', '/own/k', 'n0'), ('s', 'watch', '/own', 'o'),
        ('s', 'watch', '/local', 'l'), ('s', 'watch', '@releaseDomain', 'r'),
        ('r1', 'read', '/sh/x'), ('xen', 'set', 1, 'd'), ('xen', 'dom_exc'),
        ('s', 'directory', '/local/domain'), ('s', 'directory', '/'),
        ('s', 'get_perms', '/sh/x'), ('xen', 'remove', 1), ('xen', 'dom_exc'),
        # Rights given before a domain exists are void; an owner must exist.
        ('s', 'set_perms', '/sh/x', 'n0', 'r5'), ('s', 'set_perms', '/sh', 'n5'),
        ('xen', 'set', 5), ('s', 'mkdir', '/local/domain/5'),
        ('s', 'set_perms', '/local/domain/5', 'n5'), ('s', 'introduce', 5),
        ('r5', 'read', '/sh/x'), ('s', 'set_perms', '/sh/x', 'n0', 'r5'),
        ('r5', 'read', '/sh/x'),
        # An owner need not be introduced for its nodes to end with it.
        ('xen', 'set', 6), ('s', 'write', '/six', '1'),
        ('s', 'set_perms', '/six', 'n6'), ('xen', 'remove', 6),
        ('xen', 'dom_exc'), ('s', 'read', '/six')])


def random_requests(start):
    """Clients of both kinds, 1500 requests, few enough names to meet."""
    rng = random.Random(random.random())
    names = ('/a', '/a/b', '/a/b/c', '/a/d', '/e', '/e/f')
    perms = ('n0', 'r0', 'b0')
    steps = list(HOMES)
    for name in names[::3]:
        steps += [('s', 'write', name, '0')]
    for who in ('s', 's2', 'r1', 'r2'):
        steps.append((who, 'watch', rng.choice(names), who))
    open_tx = {'s': 0, 's2': 0, 'r1': 0, 'r2': 0}
    count = dict(open_tx)
    for _ in range(1500):
        who, name = rng.choice(tuple(open_tx)), rng.choice(names)
        # Nobody changes what a transaction may rely on: Debian's finds more
        # conflicts than there are.
        who = next((w for w in open_tx if open_tx[w]), who)
        tx = open_tx[who]
        what = rng.randrange(10)
        if what < 3:
            steps.append((who, 'write', name, str(rng.randrange(9)), tx))
        elif what < 5:
            steps.append((who, rng.choice(('read', 'directory', 'get_perms')),
                          name, tx))
        elif what == 5:
            steps.append((who, rng.choice(('mkdir', 'rm')), name, tx))
        elif what == 6:
            entry = (rng.choice(perms), rng.choice('nrwb') + '1',
                     rng.choice('nrwb') + '2')
            steps.append((who, 'call', xs.SET_PERMS,
                          '\0'.join((name, *entry)) + '\0', tx))
        elif tx:
            steps.append((who, 'end', tx, rng.random() < 0.8))
            open_tx[who] = 0
        elif what == 9:
            count[who] += 1
            open_tx[who] = count[who]
            steps.append((who, 'start'))
    compare_quietly(start, steps)


def compare_quietly(start, steps):
    """Replies only, and events at the end: faster."""
    stock, ours = start(stock=True), start()
    for i, step in enumerate(steps):
        want, got = stock.step(*step), ours.step(*step)
        assert got == want, f'step {i} {step}: {got}, stock {want}'
    assert ours.events(0.2) == stock.events(0.2)


TESTS = [paths, values, malformed_requests, requests_in_transactions,
         too_long_message_ends_connection, permissions, watches, transactions,
         conflicts, guests, guests_watches, events_in_commits,
         introductions_and_ends, rights_of_domains_that_are_gone,
         random_requests]
