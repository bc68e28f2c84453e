# SPDX-License-Identifier: MIT
"""What a request costs does not depend on how much else there is, and thousands of
guests fit into little memory. Cost is in instructions; `make bench-xenstore` measures
time."""

import instructions
import xs

GUESTS = 5000
WATCHES = 10000

# Times whose middle one counts, and how much more it may be beside all the others:
# the tree's depth grows, slowly.
TIMES = 9
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
    """The 54 paths of a guest, in three parts."""
    yield [top.format(g=guest) + name for top, names in GUEST for name in names]
    for kind, number in (('vbd', 51712), ('vif', 0)):
        yield [f'/local/domain/{guest}/device/{kind}/{number}/{name}'
               for name in FRONT] + \
              [f'/local/domain/0/backend/{kind}/{guest}/{number}/{name}'
               for name in BACK]


def put_all(s, paths):
    """Write all of them at once."""
    for start in range(0, len(paths), 25):
        some = paths[start:start + 25]
        for path in some:
            s.send(xs.WRITE, f'{path}\0some value')
        for _ in some:
            assert s.reply()[3] == b'OK\0'


def put_guest(s, guest):
    for paths in parts(guest):
        tx = s.start()
        for path in paths:
            assert s.write(path, 'some value', tx) == b'OK\0'
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


def with_domains(start, nr):
    """The same, and the guests are domains that watch their disks."""
    daemon, s = with_guests(start, nr)
    for guest in range(1, nr + 1):
        daemon.xen.clear_ring(guest)
        daemon.xen.domains[guest] = ''
    daemon.xen.write()
    for guest in range(1, nr + 1):
        assert s.set_perms(f'/local/domain/{guest}', f'n{guest}') == b'OK\0'
        assert s.introduce(guest) == b'OK\0'
        ring = daemon.ring(guest)
        for path in ('device/vbd', f'/local/domain/0/backend/vbd/{guest}'):
            assert ring.watch(path, 'disk') == b'OK\0'
        ring.page.close()
    return daemon


def resident_mib(daemon):
    with open(f'/proc/{daemon.process.pid}/status', encoding='ascii') as f:
        for line in f:
            if line.startswith('VmRSS:'):
                return int(line.split()[1]) / 1024
    raise KeyError('VmRSS')


def guests_fit_into_memory(start):
    daemon, _ = with_guests(start, GUESTS)
    size = resident_mib(daemon)
    assert size <= 50, f'{size:.1f} MiB for {GUESTS} guests'


def guests_cost_the_same_however_many_there_are(start):
    def put_and_remove(s, n):
        put_guest(s, GUESTS + 1 + n)
        remove_guest(s, GUESTS + 1 + n)

    few, many = (instructions.Counter(with_domains(start, nr))
                 .of(put_and_remove, TIMES) for nr in (10, GUESTS))
    assert many <= MOST * few, f'{many} instructions beside {GUESTS} guests, ' \
        f'{few} beside 10'


def writes_cost_the_same_however_many_watches_there_are(start):
    def write(s, _):
        for _ in range(20):
            for path in ('/local/domain/1/name', '/tool/bench'):
                assert s.write(path, 'some value') == b'OK\0'

    counter = instructions.Counter(with_domains(start, 10))
    none = counter.of(write, TIMES)
    watcher = xs.Socket(counter.daemon.path)
    for n in range(WATCHES):
        path = f'/local/domain/{n % 5000 + 1}/device/vbd/{n // 5000}/state'
        assert watcher.watch(path, str(n)) == b'OK\0'
    watcher.take_events()
    many = counter.of(write, TIMES)
    assert many <= MOST * none, f'{many} instructions beside {WATCHES} ' \
        f'watches, {none} without'


TESTS = [guests_fit_into_memory,
         guests_cost_the_same_however_many_there_are,
         writes_cost_the_same_however_many_watches_there_are]
