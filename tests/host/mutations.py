#!/usr/bin/env python3
"""Shows that the tests can fail: breaks the code that keeps a promise, and looks for the test that sees it.

    make mutations [ONLY='part of a name']
    mutations.py --tree SCRATCH --target FOLDER --programs FOLDER --simulator PROGRAM [NAME ...]
    mutations.py --check

SCRATCH is a checkout that may be broken, --target a target folder of cargo's of its own, --programs the compiled programs
of the host tests, --simulator the simulator; `make mutations` makes them below build/mutations. Each entry of
mutation_table.py, mutation_races.py and mutation_guards.py is a change of one file and the tests that must see it: names of
tests/host/run.py, or a whole command (`cargo test ...`, `python tests/...`), which runs in the broken checkout. One test must
say `not ok`, `FAIL` or `FAILED` (or die) with the text that is given. --check, which `make lint` runs, only looks whether every
change still finds its place, once, in this checkout.
"""

import argparse
import os
import re
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / 'support'))
from mutation_guards import GUARDS  # noqa: E402
from mutation_races import RACES  # noqa: E402
from mutation_table import MUTATIONS  # noqa: E402
from report import Report  # noqa: E402

report = Report()
ALL = MUTATIONS + RACES + GUARDS

# How a whole command begins; other words are names of host tests.
COMMANDS = {'cargo': [os.environ.get('CARGO', 'cargo')], 'python': [sys.executable]}
# A runner of ours, of Python's unittest, of cargo's.
SAYS_FAILED = re.compile(r'^not ok - |^(FAIL|ERROR): |^test .* FAILED$')


def does_apply(tree, name, path, old):
    """Whether the text to change stands in the file, and once."""
    found = (tree / path).read_text().count(old) if old is not None and (tree / path).exists() else None
    applies = found == 1 or (old is None and (tree / path).exists())
    if not applies:
        where = 'there is no' if not (tree / path).exists() else f'found {found} times in'
        report.promise(False, f'{name}: {where} {path}: bring the table up to date')
    return applies


def check():
    """Whether all of them apply."""
    applying = [does_apply(HERE.parents[1], name, path, old) for name, path, old, *_ in ALL]
    if all(applying):
        report.promise(True, f'all {len(applying)} mutations find their place')
    return report.end()


def break_and_look(arguments, name, path, old, new, tests, due):
    """Builds the library with one change, and runs the tests that must see it."""
    environment = {**os.environ, 'CARGO_TARGET_DIR': str(arguments.target)}
    # `deny(unsafe_code)` and the like are of no concern in a broken copy.
    build = ['cargo', 'build', '--offline', '--quiet', '-p', 'wazo-auth-client', '--lib']
    flags = {'RUSTFLAGS': '--cap-lints=warn'}
    file = arguments.tree / path
    text = file.read_text()
    try:
        file.write_text(text + '\n' + new if old is None else text.replace(old, new))
        words = tests.split()
        # Cargo builds for its own tests what they need.
        if words[0] != 'cargo':
            built = subprocess.run(
                build, cwd=arguments.tree, env={**environment, **flags}, stderr=subprocess.PIPE, text=True
            )
            if built.returncode:
                report.promise(False, f'{name}: does not build', built.stderr[-1500:])
                return
        environment['WAZO_AUTH_CLIENT_LIBRARY'] = str(arguments.target / 'debug' / 'libwazo_auth_client.so')
        environment['WAZO_AUTH_SIMULATOR'] = str(arguments.simulator)
        if words[0] in COMMANDS:
            command = COMMANDS[words[0]] + words[1:]
            # A broken copy may have warnings.
            environment.update(flags)
        else:
            # The runner of the broken tree: loom reads the sources that it stands beside.
            runner = [sys.executable, arguments.tree / 'tests' / 'host' / 'run.py', '--programs', arguments.programs]
            command = [*runner, *words]
        done = subprocess.run(
            command, cwd=arguments.tree, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
            errors='replace',
        )
        failed = [line for line in done.stdout.splitlines() if SAYS_FAILED.search(line)]
        hit = [line for line in failed if due in line]
        # A runner that could not begin has seen nothing either.
        unseen = f'no test saw it; exit status {done.returncode}'
        report.promise(bool(hit), f'{name}: {(hit or failed or [unseen])[0]}', '' if hit else done.stdout[-1500:])
    finally:
        file.write_text(text)


def folder(text):
    """A path that means the same in another folder: the tests run in the broken tree."""
    return Path(text).resolve()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--check', action='store_true')
    parser.add_argument('--tree', type=folder)
    parser.add_argument('--target', type=folder)
    parser.add_argument('--programs', type=folder, help='the compiled programs of the host tests')
    parser.add_argument('--simulator', type=folder)
    parser.add_argument('names', nargs='*', help='parts of the names of mutations; all where there is none')
    arguments = parser.parse_args()
    if arguments.check:
        return check()
    if not all((arguments.tree, arguments.target, arguments.programs, arguments.simulator)):
        parser.error('--tree, --target, --programs and --simulator are needed')
    for name, path, old, *rest in ALL:
        wanted = not arguments.names or any(part in name for part in arguments.names)
        if wanted and does_apply(arguments.tree, name, path, old):
            break_and_look(arguments, name, path, old, *rest)
    return report.end()


if __name__ == '__main__':
    sys.exit(main())
