# SPDX-License-Identifier: MIT
"""100,000 random requests by several clients with interleaved transactions,
against a model that copies the whole store for each transaction."""

import copy
import random

import xs

OPERATIONS = 100000
NAMES = 'abc'
DEPTH = 3


class Node:
    """Value and permissions, and when they and the children changed."""

    def __init__(self, perms, now):
        self.value = b''
        self.perms = perms
        self.changed = self.children = now


class Model:
    """The store: path to Node."""

    def __init__(self):
        self.now = 0
        self.nodes = {'/': Node([(0, 'n')], 0)}
        self.open = {}

    def tick(self):
        self.now += 1
        return self.now


def parent(path):
    return path.rsplit('/', 1)[0] or '/'


def below(path, top):
    return path == top or path.startswith(top.rstrip('/') + '/')


def may(node, domid, want):
    owner, default = node.perms[0]
    if domid in (0, owner):
        return True
    access = dict(reversed(node.perms[1:])).get(domid, default)
    return want in {'r': 'r', 'w': 'w', 'b': 'rw', 'n': ''}[access]


class Transaction:
    """A copy of the store, what was done in it, and what it relies on."""

    def __init__(self, model):
        self.base = copy.deepcopy(model.nodes)
        self.nodes = copy.deepcopy(model.nodes)
        self.relies = set()
        self.done = []


class User:
    """A client and what the model knows of it."""

    def __init__(self, client, domid):
        self.client = client
        self.domid = domid
        self.tx = {}


def nearest(nodes, path):
    while path not in nodes:
        path = parent(path)
    return path


def find(nodes, user, path, want):
    """None, or the error."""
    at = nearest(nodes, path)
    return None if may(nodes[at], user.domid, want) else 'EACCES'


def apply(model, nodes, domid, op, path, arg):
    """Make an allowed change."""
    if op == 'rm':
        if path in nodes:
            for p in [p for p in nodes if below(p, path)]:
                del nodes[p]
            nodes[parent(path)].children = model.tick()
        return
    if op == 'set_perms':
        nodes[path].perms = arg
        nodes[path].changed = model.tick()
        return
    missing = []
    p = path
    while p not in nodes:
        missing.append(p)
        p = parent(p)
    for p in reversed(missing):
        perms = list(nodes[parent(p)].perms)
        if domid:
            perms[0] = (domid, perms[0][1])
        nodes[p] = Node(perms, model.tick())
        nodes[parent(p)].children = model.now
    if op == 'write':
        nodes[path].value = arg
        nodes[path].changed = model.tick()


def request(model, user, tx, op, path, arg):
    """What the daemon should answer."""
    t = user.tx.get(tx)
    nodes = t.nodes if t else model.nodes

    def relies(what):
        if t:
            t.relies.add((path, what))
            if path not in nodes:
                t.relies.add((nearest(nodes, path), 'node'))

    def change(*c):
        apply(model, nodes, user.domid, *c)
        if t:
            t.done.append(c)
        return b'OK\0'

    if op in ('read', 'get_perms', 'directory'):
        relies('node')
        if op == 'directory':
            relies('children')
        error = find(nodes, user, path, 'r')
        if error or path not in nodes:
            return error or 'ENOENT'
        if op == 'read':
            return nodes[path].value
        if op == 'get_perms':
            return [f'{a}{d}' for d, a in nodes[path].perms]
        return sorted(p.rsplit('/', 1)[1] for p in nodes
                      if p != '/' and parent(p) == path)
    relies('tree' if op == 'rm' else 'node')
    error = find(nodes, user, path, 'w')
    if error:
        return error
    if op == 'set_perms':
        if path not in nodes:
            return 'ENOENT'
        if user.domid and nodes[path].perms[0][0] != user.domid:
            return 'EACCES'
        if user.domid and arg[0][0] != user.domid:
            return 'EPERM'
        return change(op, path, arg)
    if op == 'rm':
        if path == '/':
            return 'EINVAL'
        if path not in nodes:
            return b'OK\0' if parent(path) in nodes else 'ENOENT'
        return change(op, path, None)
    if op == 'mkdir' and path in nodes:
        return b'OK\0'
    return change(op, path, arg)


def unchanged(t, nodes, path, what):
    old, now = t.base.get(path), nodes.get(path)
    if what == 'tree':
        def state(ns):
            return {p: (n.changed, n.children) for p, n in ns.items()
                    if below(p, path)}
        return state(t.base) == state(nodes)
    if old is None or now is None:
        return old is now
    if what == 'children':
        return old.children == now.children
    return old.changed == now.changed


def end(model, user, tx, commit):
    t = user.tx.pop(tx)
    if not commit:
        return b'OK\0'
    if not all(unchanged(t, model.nodes, *r) for r in t.relies):
        return 'EAGAIN'
    for c in t.done:
        apply(model, model.nodes, user.domid, *c)
    return b'OK\0'


def random_path():
    return '/' + '/'.join(random.choice(NAMES)
                          for _ in range(random.randint(1, DEPTH)))


def random_perms(user):
    owner = user.domid if random.random() < 0.9 else random.randrange(3)
    return [(owner, random.choice('nrwb'))] + [
        (d, random.choice('nrwb')) for d in (1, 2) if random.random() < 0.5]


def one(model, user):
    """One random request; returns it, the answer, and what it should be."""
    tx = random.choice([0] * 2 + list(user.tx)) if user.tx else 0
    what = random.randrange(20)
    if what == 0 and len(user.tx) < 4:
        got = user.client.start()
        if isinstance(got, int):
            user.tx[got] = Transaction(model)
        return 'start', isinstance(got, int), True
    if what < 3 and user.tx:
        tx = random.choice(list(user.tx))
        commit = random.random() < 0.8
        got = user.client.end(tx, commit)
        return f'end {tx} {commit}', got, end(model, user, tx, commit)
    op = random.choice(('read', 'read', 'directory', 'get_perms', 'write',
                        'write', 'write', 'mkdir', 'rm', 'set_perms'))
    path, arg = random_path(), None
    if op == 'set_perms':
        arg = random_perms(user)
        got = user.client.set_perms(path, *(f'{a}{d}' for d, a in arg), tx=tx)
    elif op == 'write':
        arg = str(random.randrange(1000)).encode()
        got = user.client.write(path, arg, tx)
    else:
        got = getattr(user.client, op)(path, tx)
    return f'{op} {path} {arg} in {tx}', got, \
        request(model, user, tx, op, path, arg)


def daemon_does_what_the_model_does(start):
    daemon = start()
    model = Model()
    users = [User(daemon.domain(d), d) for d in (1, 2)]
    users += [User(daemon.socket(), 0) for _ in range(3)]
    s = daemon.socket()
    s.rm('/tool')
    s.rm('/local')
    s.call(xs.CONTROL, 'quota\0set\0nodes\x0010000\0')
    commits = conflicts = 0
    for i in range(OPERATIONS):
        user = random.choice(users)
        what, got, want = one(model, user)
        assert got == want, \
            f'operation {i}, domain {user.domid}: {what}: {got}, not {want}'
        commits += what.startswith('end') and got == b'OK\0'
        conflicts += got == 'EAGAIN'
        if i % 20000 == 10000:
            # A successor has the same store; its transactions fail.
            for u in users:
                for tx in list(u.tx):
                    u.client.end(tx, False)
                u.tx = {}
            assert daemon.update() == 0
    assert commits > 1000 and conflicts > 100, (commits, conflicts)


TESTS = [daemon_does_what_the_model_does]
