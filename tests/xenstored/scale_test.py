# SPDX-License-Identifier: MIT
"""What a request costs does not depend on how much else there is."""

import time

import xs

GUESTS = 5000
WATCHES = 10000

# Rounds whose best one counts: other work on the host can only add to it.
ROUNDS = 40
MOST = 1.2

# As a toolstack writes them for a guest with a disk and a network card.
GUEST = (('/vm/{g}/', ('uuid', 'name')),
         ('/local/domain/{g}/',
          ('name', 'domid', 'memory/static-max', 'memory/target',
           'memory/videoram', 'cpu/0/availability', 'control/shutdown',
           'console/port')))
FRONT = ('backend', 'backend-id', 'state', 'virtual-device', 'device-type',
         'event-channel', 'ring-ref', 'protocol')
BACK = ('frontend', 'frontend-id', 'online', 'removable', 'bootable', 'state',
        'dev', 'type', 'mode', 'params', 'script', 'hotplug-status', 'sectors',
        'info')


def parts(guest):
    """The 54 paths of a guest in the three transactions that write them."""
    yield [top.format(g=guest) + name for top, names in GUEST for name in names]
    for kind, number in (('vbd', 51712), ('vif', 0)):
        yield [f'/local/domain/{guest}/device/{kind}/{number}/{name}'
               for name in FRONT] + \
              [f'/local/domain/0/backend/{kind}/{guest}/{number}/{name}'
               for name in BACK]


def cpu(daemon):
    """Nanoseconds that it has computed."""
    # Linux's clock of a process: CPUCLOCK_SCHED, and its number inverted.
    return time.clock_gettime_ns((~daemon.process.pid << 3) | 2)


def put_all(s, paths, tx=0):
    """Write all of them at once."""
    for start in range(0, len(paths), 25):
        some = paths[start:start + 25]
        for path in some:
            s.send(xs.WRITE, f'{path}\0some value', tx)
        for _ in some:
            assert s.reply()[3] == b'OK\0'


def put_guest(s, guest):
    for paths in parts(guest):
        tx = s.start()
        put_all(s, paths, tx)
        assert s.end(tx) == b'OK\0'


def remove_guest(s, guest):
    for path in (f'/vm/{guest}', f'/local/domain/{guest}',
                 f'/local/domain/0/backend/vbd/{guest}',
                 f'/local/domain/0/backend/vif/{guest}'):
        assert s.rm(path) == b'OK\0'


def with_guests(start, nr):
    daemon = start()
    s = daemon.socket()
    for guest in range(1, nr + 1):
        put_all(s, [path for paths in parts(guest) for path in paths])
    return daemon, s


def resident_mib(daemon):
    with open(f'/proc/{daemon.process.pid}/status', encoding='ascii') as f:
        for line in f:
            if line.startswith('VmRSS:'):
                return int(line.split()[1]) / 1024
    raise KeyError('VmRSS')


def best_of_rounds(daemons, work):
    """What work costs each of them, in turn, as a list."""
    costs = [[] for _ in daemons]
    for n in range(ROUNDS):
        for (daemon, s), seen in zip(daemons, costs):
            before = cpu(daemon)
            work(s, n)
            seen.append(cpu(daemon) - before)
    return [min(seen) for seen in costs]


def guests_cost_the_same_however_many_there_are(start):
    few, many = with_guests(start, 10), with_guests(start, GUESTS)
    size = resident_mib(many[0])
    assert size <= 50, f'{size:.1f} MiB for {GUESTS} guests'

    def add_and_remove(s, n):
        put_guest(s, GUESTS + 1 + n)
        remove_guest(s, GUESTS + 1 + n)

    few, many = best_of_rounds((few, many), add_and_remove)
    assert many <= MOST * few, f'{many} ns beside {GUESTS} guests, {few} ' \
        'beside 10'


def writes_cost_the_same_however_many_watches_there_are(start):
    none, many = with_guests(start, 10), with_guests(start, 10)
    watcher = many[0].socket()
    for n in range(WATCHES):
        path = f'/local/domain/{n % 5000 + 1}/device/vbd/{n // 5000}/state'
        assert watcher.watch(path, str(n)) == b'OK\0'
    watcher.take_events()

    def write(s, _):
        for _ in range(4):
            put_all(s, ['/local/domain/1/name', '/tool/bench'] * 12)

    none, many = best_of_rounds((none, many), write)
    assert many <= MOST * none, f'{many} ns beside {WATCHES} watches, ' \
        f'{none} without'


TESTS = [guests_cost_the_same_however_many_there_are,
         writes_cost_the_same_however_many_watches_there_are]
