#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Runs the daemon's tests on a plain host; the last line counts them.

usage: main.py --out FOLDER --daemon FILE [--stock FILE --preload FILE]
               [--seed N] MODULE... [-k NAME]"""

import argparse
import importlib
import os
import random
import shutil
import sys
import time
import traceback

import daemon
import xs


def run(test, args):
    """Run one test in a folder of its own; returns None, or what went wrong."""
    folder = f'{args.out}/{test.__name__}'
    shutil.rmtree(folder, ignore_errors=True)
    started = []

    def start(*options, stock=False):
        command = [args.stock, '-N', '-T', '/dev/null'] if stock else \
            [args.daemon, '-N', *args.option]
        started.append(daemon.Daemon(f'{folder}/{len(started)}',
                                     [*command, *options],
                                     args.preload if stock else None))
        return started[-1]

    random.seed(args.seed)
    try:
        test(start)
        for d in started:
            # Stock dies of some requests that are only sent to find that out.
            if args.daemon in d.command:
                if not d.alive():
                    raise AssertionError('the daemon ended')
                if d.socket().call(xs.CONTROL, 'check\0') != b'OK\0':
                    raise AssertionError('nodes are not as many as counted')
        return None
    except Exception:  # pylint: disable=broad-except
        text = traceback.format_exc()
        for d in started:
            text += f'{d.folder}: alive {d.alive()}\n{d.log()[-4000:]}'
        return text
    finally:
        for d in started:
            d.end()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument('--out', required=True)
    parser.add_argument('--daemon', required=True)
    parser.add_argument('--option', action='append', default=[])
    parser.add_argument('--stock')
    parser.add_argument('--preload')
    parser.add_argument('--seed', type=int, default=int(time.time()))
    parser.add_argument('-k', default='')
    parser.add_argument('modules', nargs='+')
    args = parser.parse_args()
    args.out = os.path.abspath(args.out)
    passed = failed = 0
    for module in args.modules:
        for test in importlib.import_module(module).TESTS:
            if args.k not in test.__name__:
                continue
            wrong = run(test, args)
            if wrong is None:
                passed += 1
                print(f'ok {test.__name__}', flush=True)
            else:
                failed += 1
                print(f'{wrong}FAIL {test.__name__}: seed {args.seed}',
                      flush=True)
    print(f'{passed} passed, {failed} failed')
    return failed > 0


if __name__ == '__main__':
    sys.exit(main())
