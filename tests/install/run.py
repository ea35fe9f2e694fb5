#!/usr/bin/env python3
"""Installs the library in every way that is offered, and runs a program against the simulator with each.

    run.py [--debug] [WAY ...]          ways: the modules way_*.py of this folder; all of them unless some are named

--debug installs the debug build, which is there after the other tests; `make test` does that for the ways that need
nothing but a compiler. Each way says what it has seen: lines and counts as in tests/support/report.py.

A way is a module with ABOUT, a line, and run(report, tools); it may be run alone: `python tests/install/way_prefix.py`.
"""
import argparse
import importlib
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
sys.path[:0] = [str(HERE), str(ROOT / 'tests' / 'support'), str(ROOT / 'tools')]
import artifacts  # noqa: E402
import process  # noqa: E402
from report import Report  # noqa: E402
from wazo_auth import Simulator  # noqa: E402

QUICKSTART = ROOT / 'bindings' / 'c' / 'quickstart.c'
QUICKSTART_CPP = ROOT / 'bindings' / 'cpp' / 'quickstart.cpp'
WORK = ROOT / 'build' / 'install'
# What the sample prints where all went well.
SHOWN = ('"username": "admin"', 'HTTP status 404', 'the server said no')


class Tools:
    """What the ways share: a folder of their own, what is built, packages of the system, the sample and its server."""

    def __init__(self, name, debug=False):
        self.debug = debug
        self.folder = WORK / name
        shutil.rmtree(self.folder, ignore_errors=True)
        self.folder.mkdir(parents=True)

    def built(self):
        """The folder of cargo's results that is installed; builds it where that is needed."""
        environment = {**os.environ, 'RELEASE': '' if self.debug else '1'}
        for what in ('library', 'simulator'):
            done = subprocess.run(
                [sys.executable, ROOT / 'tests' / 'support' / 'artifacts.py', '--build', what],
                env=environment, stdout=subprocess.PIPE, text=True,
            )
            if done.returncode:
                sys.exit(done.returncode)
        return Path(done.stdout.strip()).parent

    def packages(self, **commands):
        """Installs Debian packages, given as command='package' (`_` for `-`), whose commands are missing; whether all are there."""
        missing = sorted({package for name, package in commands.items() if not shutil.which(name.replace('_', '-'))})
        if missing and os.getuid() == 0 and shutil.which('apt-get'):
            print(f'# installing Debian packages: {" ".join(missing)}', flush=True)
            quiet = {'stdout': subprocess.DEVNULL, 'stderr': subprocess.STDOUT}
            subprocess.run(['apt-get', 'update', '-qq'], **quiet)
            environment = {**os.environ, 'DEBIAN_FRONTEND': 'noninteractive'}
            subprocess.run(
                ['apt-get', 'install', '-y', '-qq', '--no-install-recommends', *missing], env=environment, **quiet
            )
        return [p for n, p in commands.items() if not shutil.which(n.replace('_', '-'))]

    def sample(self, report, promise, command, environment=None, seconds=120):
        """Runs the C or the C++ sample against the simulator, over HTTPS; `command` is what stands before its options."""
        with Simulator() as simulator:
            where = ['--url', simulator.url, '--ca-file', simulator.ca_file, '--username', 'admin']
            status, said = process.run(
                [*command, *where], {'WAZO_AUTH_PASSWORD': 'secret', **(environment or {})}, seconds=seconds
            )
        absent = [text for text in SHOWN if text not in said]
        return report.promise(
            not status and not absent, promise, f'exit status {status}, not shown: {absent}\n{said[-2000:]}'
        )


def begin(name, arguments=None):
    """Runs one way; its number of failures and skips."""
    way = importlib.import_module(f'way_{name}')
    report = Report()
    print(f'\n# {name}: {way.ABOUT}', flush=True)
    began = time.monotonic()
    way.run(report, Tools(name, **(arguments or {})))
    print(f'# {name}: {time.monotonic() - began:.0f} s')
    return report


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ways = sorted(path.stem.removeprefix('way_') for path in HERE.glob('way_*.py'))
    parser.add_argument('--debug', action='store_true', help='the debug build')
    parser.add_argument('ways', nargs='*', metavar='WAY', help=', '.join(ways))
    chosen = parser.parse_args()
    for name in chosen.ways:
        if name not in ways:
            parser.error(f'there is no way {name}; the ways are {", ".join(ways)}')
    if not chosen.debug:
        os.environ.pop('WAZO_AUTH_CLIENT_LIBRARY', None)
    artifacts.simulator()
    whole = Report()
    for name in chosen.ways or ways:
        report = begin(name, {'debug': chosen.debug})
        for count in ('passed', 'failed', 'skipped'):
            setattr(whole, count, getattr(whole, count) + getattr(report, count))
    print()
    sys.exit(whole.end())


if __name__ == '__main__':
    main()
