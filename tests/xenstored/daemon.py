# SPDX-License-Identifier: MIT
"""Starts a xenstore daemon on a plain host: ours, built with the fake
hypervisor, or Debian's with the preload."""

import atexit
import os
import signal
import subprocess

import xs


class Daemon:
    """A daemon with its folder and the fake hypervisor."""

    def __init__(self, folder, command, preload=None):
        self.folder = folder
        self.command = command
        os.makedirs(folder, exist_ok=True)
        self.xen = xs.FakeXen(f'{folder}/fake')
        self.env = dict(os.environ, XENSTORED_RUNDIR=folder,
                        FAKEXEN=f'{folder}/fake')
        if preload:
            self.env['LD_PRELOAD'] = preload
        self.path = f'{folder}/socket'
        self.process = None
        self.clients = {}
        with open(f'{folder}/log', 'wb'):
            pass
        self.start()
        atexit.register(self.end)

    def end(self):
        if self.process.poll() is None:
            self.kill()

    def spawn(self):
        with open(f'{self.folder}/log', 'ab') as log:
            return subprocess.Popen(self.command, env=self.env, stderr=log,
                                    stdout=log)

    def start(self):
        self.process = self.spawn()

    def log(self):
        with open(f'{self.folder}/log', encoding='utf-8',
                  errors='replace') as f:
            return f.read()

    def alive(self):
        return self.process.poll() is None

    def kill(self):
        """SIGKILL, and wait until it has gone."""
        self.process.kill()
        self.process.wait()

    def stop(self):
        """SIGTERM; returns the exit status."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(timeout=xs.TIMEOUT)

    def update(self):
        """Start another one that takes over; returns the old one's status."""
        old = self.process
        self.process = self.spawn()
        return old.wait(timeout=xs.TIMEOUT)

    def socket(self):
        return xs.Socket(self.path)

    def ring(self, domid):
        return xs.Ring(self.xen, domid)

    def domain(self, domid):
        """Create, introduce and connect a domain with a home."""
        self.xen.set(domid)
        s = self.socket()
        home = f'/local/domain/{domid}'
        assert s.mkdir(home) == b'OK\0'
        assert s.set_perms(home, f'n{domid}') == b'OK\0'
        assert s.introduce(domid) == b'OK\0'
        s.close()
        return self.ring(domid)

    def client(self, name):
        """A client that stays: "s..." is a socket, "rN" the ring of domain N."""
        if name not in self.clients:
            if name[0] == 's':
                if not self.alive():
                    raise xs.Closed
                self.clients[name] = self.socket()
            else:
                self.clients[name] = self.ring(int(name[1:]))
        return self.clients[name]

    def step(self, who, method, *args):
        """Let a client, or the fake hypervisor ("xen"), do something."""
        target = self.xen if who == 'xen' else None
        try:
            target = target or self.client(who)
            return getattr(target, method)(*args)
        except xs.Closed:
            self.clients.pop(who, None)
            return 'closed'
        except TimeoutError:
            return 'no answer'

    def events(self, wait=0.02):
        """Events of all clients, by name."""
        got = {}
        for name, client in list(self.clients.items()):
            try:
                events = client.take_events(wait)
            except xs.Closed:
                events = ['closed']
                del self.clients[name]
            if events:
                got[name] = sorted(set(events))
        return got
