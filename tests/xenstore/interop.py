#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Debian's and our clients on Debian's and our daemons.

usage: interop.py --stock DIR --client DIR --preload FILE --daemon FILE
                  --guide FILE [NAME]

On each daemon the same commands run with (Debian's commands, Debian's library),
(Debian's commands, our library) and (our commands, our library). What they
print, byte by byte, their exit status, and whether they complain must be the
same, and so must the tree that is left. Last, Debian's commands on our daemon
are compared with those on Debian's daemon in C.
"""

import argparse
import fcntl
import json
import os
import pty
import random
import re
import shlex
import signal
import struct
import subprocess
import sys
import tempfile
import termios
import threading
import tty

import daemons

SECONDS = 60

# Name and commands; @N before a command: on a terminal N columns wide.
CASES = [
    ("write_and_read", """
        write /a/b 1 /a/c 'two words' /a/b/d ''
        read /a/b; read /a/c /a/b; read -p /a/b /a/b/d; read -R /a/c
        read -pR /a/b /a/c; read -s /a/b; read /; read /a"""),
    ("read_errors", """
        write /a 1
        read /none; read /a /none /a; read none; read /a//b; read /a/; read
        read -t /a; read -f /a; read -h; read --help; read --prefix /a; read -Z"""),
    ("write_errors", """
        write; write /a; write /a 1 /b; write /a// 1; write /a 1 /b// 2
        write none 1; write -h; write -p /a 1; write /a+b 1; write '' 1
        write @introduceDomain 1; ls -f"""),
    ("escapes", r"""
        write /v1 'a\x01b\\c\td\n"q"\r' /v2 'a\q\x\xg\x1g\x123\1\12\123\1234\8\400'
        write -R /v3 'a\x01b\\c\td\n"q"'; write /v4 '\xff\xAf\x7f\x20~'
        write /v5 'a\000b\000' /v6 '\0'
        read /v1; read -R /v1; read /v2; read -R /v2; read /v3; read -R /v3
        read /v4; read -R /v4; read /v5; read -R /v5; read /v6; ls; ls -f"""),
    ("list", """
        write /a/b 1 /a/c 2 /a/b/d 3
        list /a; list -p /a /a/b; list /none; list /a /none; list /; list -p /a/c
        list /a/c; list; list -h; list -R /a; list /a/"""),
    ("exists", """
        write /a 1
        exists /a; exists /none; exists /a /none; exists /none /a; exists /a//
        exists; exists -p /a; exists -s /a; exists -h"""),
    ("rm", """
        write /a/b/c/d 1 /a/e 2 /f/g 3 /h/i/j/k 4
        rm /a/b/c/d; rm /a/b/c/d; rm /none; rm /none/x; rm /; rm /a/
        rm -t /h/i/j/k; ls -f; rm /f /none/x /a; ls -f; rm /f /a; ls -f
        rm; rm -h; rm -r /a; write /p/q/r v /p/z 1; rm -t /p/q/r; ls -f
        write /x/y 1 /x/z 2; rm --tidy /x/y /x/z; ls -f"""),
    ("chmod", """
        write /p/q/r/s v /p/z 1
        chmod /p/q r1 w2 b3 n4; ls -fp /p; chmod -r /p n0 r5; ls -fp /p
        chmod -u /p/q/r/s n1 r6; ls -fp /; chmod -u -r /p/q n0; ls -p
        chmod --recurse /p b7; chmod --upto /p/q n8; ls -fp
        chmod /none n0; chmod -r /none n0; chmod /p; chmod /p x1; chmod /p r
        chmod /p r1x; chmod; chmod -h; chmod -p /p n0; ls -fp"""),
    ("ls", """
        write /a/b/c/d 1 /a/e '' /f/g 3
        ls; ls /; ls /a; ls /a/e; ls -f; ls -f /a; ls -p; ls -p /a; ls -fp /a/b
        ls --flat --prefix; ls /none; ls /a /f; ls -s /a; ls -h; ls -t /a; ls -R
        ls -Z; ls /a/; ls none"""),
    ("ls_long_values", "".join(
        f"write /a/k{n} {'x' * n} /a/e{n} '" + r"\001" * (n // 2) + "'\n"
        for n in (1, 2, 3, 40, 55, 56, 57, 58, 59, 60, 61, 62, 63, 64, 65, 66,
                  67, 68, 69, 70, 71, 72, 80, 300)) + """
        chmod /a/k3 n0 r1 w2 b3 n4
        ls /a; ls -f /a; ls -p /a; ls -fp /a"""),
    ("ls_on_a_terminal", """
        write /a/b/c/ddddd/eeeeeeee/fffffffffffffff/gggggggggggggggggg xyz
        write /a/x xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx /a/y yyyyyyyyyyy
        write /a/z zzzzzzzzzzzzzzzzzzzzzzzzz /a/s 1 /a/t 22
        """ + "".join(f"@{n} ls; @{n} ls -p; @{n} ls -f; @{n} ls -fp\n"
                      for n in (0, 24, 25, 30, 31, 40, 57, 58, 59, 60, 61, 62,
                                63, 64, 80, 81, 132))),
    ("long_directory", """
        """ + "write " + " ".join(f"/a/a-rather-long-name-{n} {n}"
                                  for n in range(400)) + """
        list /a; ls /a; ls -fp /a; chmod -r /a n3; ls -p /a; rm /a; list /a"""),
    ("watch", """
        write /a 1
        watch -n 1 /a; watch -n 2 /a /b; watch -n 0 /a; watch -n x /a
        watch -n 1 /a//; watch -n 1 @releaseDomain; watch -n 1 @introduceDomain
        watch; watch -h; watch --number 1 /a; watch -p /a; watch -n 2 /a /a"""),
    ("one_program", """
        + ; + foo; + -h; + write /a 1; + read /a; + read; + read -h; + ls -p
        + watch -n 1 /a; + exists /b"""),
]

CONTROL = """
    control; control help; control bogus; control check x y; control log
    control live-update; control live-update -c; control live-update -t
    control live-update -c x; control live-update /none
    control live-update -F -t 1 /none"""


class Clients:
    """A set of commands with a library below."""

    def __init__(self, name, args, ours, our_library):
        self.name = name
        self.ours = ours
        self.bin = args.client if ours else os.path.join(args.stock, "usr/bin")
        self.sbin = os.path.join(args.stock, "usr/lib/xen-4.17/bin")
        self.library = args.client if our_library else None

    def program(self, name):
        if name == "+":
            return os.path.join(self.bin, "xenstore")
        if name == "control" and not self.ours:
            return os.path.join(self.sbin, "xenstore-control")
        return os.path.join(self.bin, "xenstore-" + name)

    def env(self, daemon):
        env = dict(daemon.env)
        if self.library:
            env["LD_LIBRARY_PATH"] = self.library
        return env

    def run(self, daemon, words, columns=None):
        """(standard output, exit status, whether it complained)"""
        command = [self.program(words[0])] + words[1:]
        if columns is not None:
            return on_terminal(command, self.env(daemon), columns)
        done = subprocess.run(command, env=self.env(daemon),
                              stdin=subprocess.DEVNULL, capture_output=True,
                              timeout=SECONDS, check=False)
        return done.stdout, done.returncode, bool(done.stderr)


def on_terminal(command, env, columns):
    master, slave = pty.openpty()
    tty.setraw(slave)
    fcntl.ioctl(slave, termios.TIOCSWINSZ,
                struct.pack("HHHH", 24, columns, 0, 0))
    with subprocess.Popen(command, env=env, stdin=subprocess.DEVNULL,
                          stdout=slave, stderr=subprocess.PIPE) as process:
        os.close(slave)
        output = b""
        while True:
            try:
                data = os.read(master, 65536)
            except OSError:
                break
            if not data:
                break
            output += data
        os.close(master)
        complaint = process.stderr.read()
    return output, process.returncode, bool(complaint)


def words_of(script):
    """[(columns or None, [word...])...]"""
    commands = []
    for line in script.splitlines():
        for part in line.split(";"):
            words = shlex.split(part)
            columns = None
            if words and words[0].startswith("@"):
                columns = int(words.pop(0)[1:])
            if words:
                commands.append((columns, words))
    return commands


class Results:
    def __init__(self, pick):
        self.pick = pick
        self.passed = self.failed = 0

    def wanted(self, name):
        return self.pick in name

    def tell(self, name, problem):
        """problem: None if all is well."""
        if problem:
            print(f"FAIL {name}: {problem}")
            self.failed += 1
        else:
            print(f"ok {name}")
            self.passed += 1
        sys.stdout.flush()


def shorter(one, other):
    """What differs of two outcomes, without what is the same before."""
    start = 0
    if one[0] != other[0]:
        start = len(os.path.commonprefix([one[0], other[0]]))
    one, other = [(x[0][max(0, start - 20):start + 100], *x[1:])
                  for x in (one, other)]
    return f"from byte {start}: expected {one}, got {other}"


def first_difference(commands, want, got):
    for (_, words), one, other in zip(commands, want, got):
        if one != other:
            text = " ".join(words)
            return f"{text[:200]}: {shorter(one, other)}"
    return None


def empty(daemon, clients):
    names, _, _ = clients.run(daemon, ["list", "/"])
    for name in names.decode().split():
        if name not in ("tool", "local") and not name.startswith("@"):
            clients.run(daemon, ["rm", "/" + name])


def without_tool(outcome):
    """A listing of the root without what daemons write there themselves."""
    output, status, complaint = outcome
    lines = [line for line in output.split(b"\n")
             if b"tool" not in line and b"xenstored" not in line
             and b"Domain" not in line and not line.startswith(b"/local = ")
             and not line.startswith(b"local = ")]
    return b"\n".join(lines), status, complaint


def run_all(daemon, clients, commands):
    empty(daemon, clients)
    return [without_tool(clients.run(daemon, words, columns))
            for columns, words in commands]


# ---- cases that are no list of commands ----

def watch_sees(daemon, clients, _):
    """Changes by others, in their order; the end of the daemon's connection is
    another case."""
    empty(daemon, clients)
    process = subprocess.Popen(
        [clients.program("watch"), "-n", "6", "/w", "/v/x"],
        env=clients.env(daemon), stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE)
    lines = [process.stdout.readline() for _ in range(2)]
    clients.run(daemon, ["write", "/w/a", "1"])
    clients.run(daemon, ["write", "/v/y", "1"])
    clients.run(daemon, ["write", "/v/x", "1"])
    clients.run(daemon, ["chmod", "/w/a", "n3"])
    clients.run(daemon, ["rm", "/w"])
    watchdog = threading.Timer(SECONDS, process.kill)
    watchdog.start()
    lines += process.stdout.readlines()
    watchdog.cancel()
    return lines, process.wait()


def transaction_retries(daemon, clients, _):
    """Two writers of the same two nodes: each finishes, none mixes."""
    empty(daemon, clients)
    clients.run(daemon, ["write", "/t/a", "0", "/t/b", "0"])

    def write(value):
        for _ in range(30):
            done = clients.run(daemon, ["write", "/t/a", value, "/t/b", value])
            assert done == (b"", 0, False), done

    threads = [threading.Thread(target=write, args=(v,)) for v in "12"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    output = clients.run(daemon, ["read", "/t/a", "/t/b"])[0].split()
    return output[0] == output[1]


def json_paths(path, node):
    for name, child in node.get("children", {}).items():
        yield f"{path}/{name}"
        yield from json_paths(f"{path}/{name}", child)


def json_is_the_tree(daemon, clients, args):
    """ls --json says what ls -fp says. Ours alone."""
    ours = Clients("ours", args, True, True)
    empty(daemon, clients)
    clients.run(daemon, ["write", "/j/a", r"x\ty\"z", "/j/a/b", r"\xc3\xa4",
                         "/j/c", r"\xff\x00", "/j/d", ""])
    clients.run(daemon, ["chmod", "/j/a", "n0", "r7"])
    tree = json.loads(ours.run(daemon, ["ls", "--json", "-p", "/j"])[0])
    flat = json.loads(ours.run(daemon, ["ls", "--json", "-f", "/j"])[0])
    want = {"value": "", "permissions": ["n0"], "children": {
        "a": {"value": 'x\ty"z', "permissions": ["n0", "r7"], "children": {
            "b": {"value": "\u00e4", "permissions": ["n0"]}}},
        "c": {"value_hex": "ff00", "permissions": ["n0"]},
        "d": {"value": "", "permissions": ["n0"]}}}
    assert tree == want, tree
    assert flat == {"/j/a": {"value": 'x\ty"z'}, "/j/a/b": {"value": "\u00e4"},
                    "/j/c": {"value_hex": "ff00"}, "/j/d": {"value": ""}}, flat
    clients.run(daemon, ["write", "/deep" + "/x" * 200, "1", "/deep/y/z", "2"])
    deep = json.loads(ours.run(daemon, ["ls", "--json", "-p", "/deep"])[0])
    paths = ours.run(daemon, ["ls", "-f", "/deep"])[0].decode().splitlines()
    assert sorted(json_paths("/deep", deep)) == sorted(
        line.split(" = ")[0] for line in paths) and len(paths) == 202
    missing = ours.run(daemon, ["ls", "--json", "/none"])
    assert missing[:2] == (b"", 1) and missing[2], missing
    return True


def control_works(daemon, clients, _):
    """What is the same for every daemon: statuses, where it complains."""
    return [clients.run(daemon, words)[1:] for _, words in words_of(CONTROL)]


def died_under(daemon, clients, _):
    """The daemon is killed below a watch: the command ends and complains; so
    does each command after that. Ours alone: Debian's xenstore-watch goes on."""
    process = subprocess.Popen(
        [clients.program("watch"), "/w"], env=clients.env(daemon),
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
        stderr=subprocess.PIPE)
    process.stdout.readline()
    daemon.kill()
    watchdog = threading.Timer(SECONDS, process.kill)
    watchdog.start()
    _, complaint = process.communicate()
    watchdog.cancel()
    after = [clients.run(daemon, words)[1:] for words in (
        ["read", "/a"], ["write", "/a", "1"], ["rm", "/a"], ["list", "/a"],
        ["ls"], ["exists", "/a"], ["chmod", "/a", "n0"], ["watch", "/a"],
        ["control", "help"])]
    assert process.returncode == 1 and complaint, process.returncode
    assert after == [(1, True)] * len(after), after
    return True


def guide_is_true(daemon, clients, args):
    """docs/xenstore.md names each option, limit with its value, and command of
    our daemon."""
    with open(args.guide, encoding="utf-8") as guide:
        text = guide.read()
    usage = subprocess.run([args.daemon, "-H"], capture_output=True, text=True,
                           check=True)
    options = re.findall(r"^ +(?:-(\w), +)?(--[a-z-]+)", usage.stdout +
                         usage.stderr, re.M)
    assert len(options) > 10, usage
    for short, long in options:
        assert f"`-{short}`" in text or f"`-{short}`," in text or \
            f"`{long}" in text, (short, long)
    limits = re.findall(r"^([a-z-]+) *: *(\d+)", clients.run(
        daemon, ["control", "quota"])[0].decode(), re.M)
    assert len(limits) > 5, limits
    for name, value in limits:
        if name == "transaction-nodes":
            value = "1024"  # daemons.py sets another
        assert f"| `{name}` | {value} |" in text, (name, value)
    commands = re.findall(r"^([a-z-]+)\t", clients.run(
        daemon, ["control", "help"])[0].decode(), re.M)
    assert len(commands) > 3, commands
    for name in commands:
        assert re.search(rf"^\| `{name}[` ]", text, re.M), name
    return True


def watch_survives_update(daemon, clients, args):
    """A new daemon takes over; the clients of the old one notice nothing."""
    clients.run(daemon, ["write", "/u/a", "before"])
    process = subprocess.Popen(
        [clients.program("watch"), "-n", "3", "/u"], env=clients.env(daemon),
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE)
    lines = [process.stdout.readline()]
    daemon.update(args)
    assert clients.run(daemon, ["read", "/u/a"])[0] == b"before\n"
    clients.run(daemon, ["write", "/u/b", "1"])
    clients.run(daemon, ["rm", "/u/a"])
    watchdog = threading.Timer(SECONDS, process.kill)
    watchdog.start()
    lines += process.stdout.readlines()
    watchdog.cancel()
    assert (lines, process.wait()) == ([b"/u\n", b"/u/b\n", b"/u/a\n"], 0), lines
    return True


def update_by_command(daemon, clients, args):
    """live-update starts the new daemon; a watch goes on."""
    watch = subprocess.Popen(
        [clients.program("watch"), "-n", "2", "/v"], env=clients.env(daemon),
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE)
    lines = [watch.stdout.readline()]
    refused = [clients.run(daemon, ["control", "live-update", *words])
               for words in (["/none"], ["-t", "1", "/bin/true"],
                             ["-c", "--none", args.daemon])]
    assert refused == [(b"", 3, True)] * 3, refused
    pid = os.path.join(daemon.folder, "pid")
    done = clients.run(daemon, ["control", "live-update", "-c",
                                f"--pid-file {pid}", args.daemon])
    daemon.process.wait(timeout=SECONDS)
    try:
        assert done == (b"OK\n", 0, False), done
        clients.run(daemon, ["write", "/v/a", "1"])
        watchdog = threading.Timer(SECONDS, watch.kill)
        watchdog.start()
        lines += watch.stdout.readlines()
        watchdog.cancel()
        assert lines == [b"/v\n", b"/v/a\n"], lines
    finally:
        daemon.update(args)
    return True


def random_trees(daemon, clients, args):
    """ls of trees with any values, as wide as may be, beside Debian's."""
    stock = Clients("Debian's commands", args, False, False)
    seed = random.randrange(1 << 32)
    rng = random.Random(seed)
    for _ in range(4):
        empty(daemon, clients)
        paths = ["/r"]
        for _ in range(25):
            path = rng.choice(paths) + "/" + "".join(
                rng.choices("abcXYZ019-_@", k=rng.randrange(1, 9)))
            value = "".join(f"\\x{rng.randrange(1, 256):02x}" if rng.random() < .2
                            else rng.choice("abc \"'=.") for _ in
                            range(rng.choice((0, 1, 5, 20, 50, 70, 90))))
            clients.run(daemon, ["write", path, value])
            clients.run(daemon, ["chmod", path, "n0", f"r{rng.randrange(9)}"])
            if path.count("/") < 6:
                paths.append(path)
        for _ in range(10):
            words = ["ls", rng.choice(("-s", "-f", "-p", "-fp")), "/r"]
            columns = rng.choice((None, rng.randrange(70, 140)))
            want = stock.run(daemon, words, columns)
            got = clients.run(daemon, words, columns)
            assert got == want, (f"seed {seed}: {words} {columns}: "
                                 f"{shorter(want, got)}")
    return True


def call(function, *args):
    try:
        return function(*args)
    except Exception as problem:  # any of it is a failure
        return f"{type(problem).__name__}: {problem}"


CALLS = [watch_sees, transaction_retries, json_is_the_tree, control_works,
         random_trees]


def check_daemon(daemon, sets, args, results, outcomes):
    """Compare sets of clients; keep what the first did in outcomes."""
    for name, script in CASES:
        if not results.wanted(name):
            continue
        commands = words_of(script)
        want = run_all(daemon, sets[0], commands)
        outcomes[name] = (commands, want)
        for clients in sets[1:]:
            results.tell(f"{daemon.kind}: {clients.name}: {name}",
                         first_difference(commands, want,
                                          run_all(daemon, clients, commands)))
    for function in CALLS:
        if not results.wanted(function.__name__):
            continue
        want = call(function, daemon, sets[0], args)
        outcomes[function.__name__] = want
        for clients in sets[1:]:
            got = call(function, daemon, clients, args)
            results.tell(f"{daemon.kind}: {clients.name}: {function.__name__}",
                         None if got == want and not isinstance(got, str)
                         else f"expected {want}, got {got}")


def check_ours(daemon, sets, args, results):
    """What only our daemon does."""
    for function, which in ((watch_survives_update, sets),
                            (update_by_command, sets[-1:]),
                            (guide_is_true, sets[-1:])):
        for clients in which:
            name = f"ours: {clients.name}: {function.__name__}"
            if results.wanted(name):
                got = call(function, daemon, clients, args)
                results.tell(name, None if got is True else got)


def check_death(kind, folder, args, results):
    name = f"{kind}: our commands: died_under"
    if not results.wanted(name):
        return
    with daemons.Daemon(kind, f"{folder}-dead", args) as daemon:
        got = call(died_under, daemon,
                   Clients("our commands", args, True, True), args)
    results.tell(name, None if got is True else got)


def compare_daemons(ours, stock, results):
    """Debian's commands on both: the same but for the order of children."""
    for name, (commands, want) in stock.items():
        if name not in ours:
            continue

        def in_order(outcomes):
            return [(b"".join(sorted(output.split(b"\n"))), status, complaint)
                    for output, status, complaint in outcomes]
        results.tell(f"ours like stock-c: {name}", first_difference(
            commands, in_order(want), in_order(ours[name][1])))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--stock", required=True, help="unpacked packages")
    parser.add_argument("--client", required=True, help="our library, commands")
    parser.add_argument("--preload", required=True, help="stock_shim.so")
    parser.add_argument("--daemon", required=True, help="our xenstored")
    parser.add_argument("--guide", required=True, help="docs/xenstore.md")
    parser.add_argument("pick", nargs="?", default="", help="part of a name")
    args = parser.parse_args()
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)
    results = Results(args.pick)
    sets = [Clients("Debian's commands", args, False, False),
            Clients("Debian's commands, our library", args, False, True),
            Clients("our commands", args, True, True)]
    outcomes = {}
    with tempfile.TemporaryDirectory(prefix="xs") as folder:
        for kind in ("stock-c", "stock-ocaml", "ours"):
            path = os.path.join(folder, kind)
            outcomes[kind] = {}
            with daemons.Daemon(kind, path, args) as daemon:
                check_daemon(daemon, sets, args, results, outcomes[kind])
                if kind == "ours":
                    check_ours(daemon, sets, args, results)
            check_death(kind, path, args, results)
    scripts = [{name: outcome for name, outcome in outcomes[kind].items()
                if isinstance(outcome, tuple) and name in dict(CASES)}
               for kind in ("ours", "stock-c")]
    compare_daemons(scripts[0], scripts[1], results)
    print(f"{results.passed} passed, {results.failed} failed")
    return results.failed > 0 or results.passed == 0


if __name__ == "__main__":
    sys.exit(main())
