# SPDX-License-Identifier: MIT
"""What the daemon has given up once it serves."""


def status(daemon):
    daemon.socket().read('/')
    with open(f'/proc/{daemon.process.pid}/status', encoding='ascii') as f:
        return dict(line.split(':\t', 1) for line in f.read().splitlines())


def no_privileges_are_left(start):
    got = status(start())
    for which in ('CapInh', 'CapPrm', 'CapEff', 'CapBnd'):
        assert int(got[which], 16) == 0, (which, got[which])
    assert got['NoNewPrivs'] == '1'
    assert got['Seccomp'] == '2'


def all_works_in_the_sandbox(start):
    """Growth of the journal, new files, many clients, a successor."""
    daemon = start()
    s = daemon.socket()
    for i in range(3000):
        assert s.write(f'/a/{i}', 'x' * 1500) == b'OK\0'
    clients = [daemon.socket() for _ in range(200)]
    for c in clients:
        assert c.read('/a/7') == b'x' * 1500
    assert daemon.update() == 0
    for c in clients:
        assert c.read('/a/8') == b'x' * 1500
    assert int(status(daemon)['CapPrm'], 16) == 0


TESTS = [no_privileges_are_left, all_works_in_the_sandbox]
