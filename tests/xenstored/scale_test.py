# SPDX-License-Identifier: MIT
"""Thousands of guests fit into little memory. What a request costs beside them is
not tested, only measured by `make bench-xenstore`."""

import xs

GUESTS = 5000

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


def guests_fit_into_memory(start):
    daemon, _ = with_guests(start, GUESTS)
    size = resident_mib(daemon)
    assert size <= 50, f'{size:.1f} MiB for {GUESTS} guests'


TESTS = [guests_fit_into_memory]
