#!/usr/bin/env python3
"""Measures this Python package against the reference client of wazo-auth, side by side, in one run.

Each figure is a process of its own: both clients have the same package name. Each round runs everything once, in a
random order; the table shows medians, and the ratio within a round. The server is the simulator, on a core of its own
if there are two. The table goes into docs/python-migration.md.

The reference client is GPL and no part of this repository. PATH is a folder that holds it; one way to make it:

    mkdir PATH && cd PATH
    git clone https://github.com/wazo-platform/wazo-auth-client
    git clone https://github.com/wazo-platform/wazo-lib-rest-client

WAZO_AUTH_CLIENT_LIBRARY and WAZO_AUTH_SIMULATOR name a library and a simulator; without them, both are built as they
are shipped.
"""
import argparse
import json
import os
import random
import re
import statistics
import subprocess
import sys
import time
from pathlib import Path

import build
import machine
from budget import log_in

sys.path.insert(0, str(build.ROOT / 'simulator' / 'python'))
from wazo_auth_simulator import Simulator  # noqa: E402

PAGE = build.ROOT / 'docs' / 'python-migration.md'
MARKS = '<!-- Written by `make bench-python` (bench/python_compare.py). Do not edit. -->', '<!-- End. -->'
VENV = build.ROOT / 'build' / 'compare-venv'
NEEDED = ('requests==2.34.2', 'stevedore==5.10.0', 'typing_extensions==4.16.0')
PACKAGES = {'wazo_auth_client': 'wazo-auth-client', 'wazo_lib_rest_client': 'wazo-lib-rest-client'}
WHERE = (
    'the reference client is not here: say where with --reference PATH, a folder into which you have cloned '
    'https://github.com/wazo-platform/wazo-auth-client and https://github.com/wazo-platform/wazo-lib-rest-client'
)
SIDES = ('reference', 'this package')
#: What is run: the words for bench/python/compare.py, and how the table calls them.
WAYS = {
    'kept': 'one client, one call after the other',
    'new': 'a new client for each call, one after the other',
    'kept,threads': 'one client, 32 threads',
    'new,threads': 'a new client for each call, 32 threads',
    'asyncio': 'one client, 32 calls at once in an event loop',
}
START = {
    'import_ms': ('importing the package', 'ms'), 'client_ms': ('making a client', 'ms'),
    'first_call_ms': ('its first call', 'ms'), 'ready_ms': ('the three together', 'ms'),
    'memory_kib': ('memory after the first call, above the interpreter\'s', 'KiB'),
    'modules': ('modules loaded', ''),
}
#: A server that uses more of its core than this is the limit, or close to it.
BUSY = 0.8
#: A machine whose load is above this does something else as well (bench/run.py).
QUIET = 0.5


def reference_paths(folder):
    """The entries of PYTHONPATH: where the two packages are, and what stevedore finds the commands by."""
    paths = []
    for package, clone in PACKAGES.items():
        found = [place for place in (folder, folder / clone) if (place / package / '__init__.py').exists()]
        if not found:
            sys.exit(f'{folder} holds no {package}; {WHERE}')
        paths += [str(found[0])] if str(found[0]) not in paths else []
    if not list(folder.glob('*.dist-info/entry_points.txt')):
        paths.append(str(write_entry_points(Path(paths[0]) / 'wazo_auth_client' / 'commands')))
    return os.pathsep.join(paths)


def write_entry_points(commands):
    """The metadata that an installation would have: stevedore finds the commands by it."""
    folder = build.BUILD / 'reference'
    metadata = folder / 'wazo_auth_client-0.dist-info'
    metadata.mkdir(parents=True, exist_ok=True)
    lines = ['[wazo_auth_client.commands]']
    for file in sorted(commands.glob('*.py')):
        name = re.search(r'^class (\w+)\(', file.read_text('utf-8'), re.MULTILINE)
        lines += [f'{file.stem} = wazo_auth_client.commands.{file.stem}:{name[1]}'] if name else []
    (metadata / 'entry_points.txt').write_text('\n'.join(lines) + '\n')
    (metadata / 'METADATA').write_text('Metadata-Version: 2.1\nName: wazo-auth-client\nVersion: 0\n')
    return folder


def python():
    """An interpreter that has what the reference client needs; both clients run in it."""
    program = VENV / 'bin' / 'python'
    done = VENV / 'installed'
    if not done.exists() or done.read_text() != ' '.join(NEEDED):
        print(f'bench: installing {" ".join(NEEDED)} into {VENV.relative_to(build.ROOT)}', flush=True)
        subprocess.run([sys.executable, '-m', 'venv', str(VENV)], check=True)
        subprocess.run([str(program), '-m', 'pip', 'install', '--quiet', *NEEDED], check=True)
        done.write_text(' '.join(NEEDED))
    return str(program)


def artifact(variable, make):
    """What an environment variable names, or what is built as it is shipped."""
    return Path(os.environ[variable]).resolve() if os.environ.get(variable) else make()


def simulator_program():
    words = ('--release', '--package', 'wazo-auth-simulator', '--bins')
    return build.cargo(*words, folder=build.ROOT, wanted='wazo-auth-simulator')


class Runner:
    """Runs one measurement after the other, and knows how busy the server was meanwhile."""

    def __init__(self, simulator, environments, seconds):
        self.simulator, self.environments, self.seconds = simulator, environments, seconds
        self.python, self.token, self.failures = python(), log_in(simulator), 0
        self.server = simulator._process.pid
        cores = sorted(os.sched_getaffinity(0))
        self.cores = set(cores[1:] or cores)
        # Every thread of it: they exist already.
        for thread in os.listdir(f'/proc/{self.server}/task'):
            os.sched_setaffinity(int(thread), {cores[0]})

    def server_seconds(self):
        """The processor time that the server has used."""
        fields = Path(f'/proc/{self.server}/stat').read_text().rpartition(')')[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf('SC_CLK_TCK')

    def run(self, side, what, scheme):
        """The figures of one process: with `missing`, where this side has no such way; None where it failed."""
        port = self.simulator.urls[scheme].rpartition(':')[2]
        ca_file = self.simulator.ca_file if scheme == 'https' else '-'
        words = [self.python, str(build.HERE / 'python' / 'compare.py'), what, '127.0.0.1', port, ca_file, self.token]
        used, began = self.server_seconds(), time.monotonic()
        done = subprocess.run(
            [*words, str(self.seconds)], env=self.environments[side], stdin=subprocess.DEVNULL, capture_output=True,
            text=True, timeout=120, preexec_fn=lambda: os.sched_setaffinity(0, self.cores),
        )
        took = time.monotonic() - began
        try:
            result = json.loads(done.stdout)
        except ValueError:
            result = {'failed': 1}
        if result.get('missing'):
            return result
        if result['failed']:
            self.failures += 1
            print(f'    {side}, {what}, {scheme}: FAILED: {done.stderr.strip()[-300:]}', flush=True)
            return None
        result['server_busy'] = (self.server_seconds() - used) / result.get('seconds', took)
        return result


def measure(runner, rounds, seed):
    """All results by (side, what, scheme), one for each round in which it succeeded."""
    jobs = [(side, what, scheme) for side in SIDES for what in ('start', *WAYS) for scheme in ('http', 'https')
            if not (side == 'reference' and what == 'asyncio')]
    results, chance = {job: [] for job in jobs}, random.Random(seed)
    for number in range(1, rounds + 1):
        chance.shuffle(jobs)
        for done, job in enumerate(jobs, 1):
            result = runner.run(*job)
            results[job].append(result)
            print(f'  round {number}/{rounds}, {done}/{len(jobs)}: {", ".join(job)}: {told(result)}', flush=True)
    return results


def told(result):
    if result is None:
        return 'failed'
    if 'missing' in result:
        return result['missing']
    return f'{result["ready_ms"]:.1f} ms' if 'ready_ms' in result else f'{result["calls_per_second"]:,.0f} calls/s'


def median(results, job, key):
    values = [result[key] for result in results.get(job, []) if result and key in result]
    return statistics.median(values) if values else None


def ratio(results, ours, theirs, key):
    """Of each round: median, least and most."""
    pairs = [one[key] / other[key] for one, other in zip(results[ours], results[theirs]) if one and other]
    if not pairs:
        return '–'
    middle, least, most = ('< 0.01' if value < 0.01 else number(value) for value in (
        statistics.median(pairs), min(pairs), max(pairs)))
    return f'{middle} ({least} to {most})'


def number(value):
    return '–' if value is None else f'{value:,.{0 if value >= 100 else 1 if value >= 10 else 2}f}'


def start_table(results):
    lines = ['| HTTPS, a new process | reference | this package | ratio |', '|---|---:|---:|---|']
    theirs, ours = ((side, 'start', 'https') for side in SIDES)
    for key, (what, unit) in START.items():
        cells = [f'{number(median(results, job, key))} {unit}'.strip() for job in (theirs, ours)]
        lines.append(f'| {what} | {cells[0]} | {cells[1]} | {ratio(results, ours, theirs, key)} |')
    for what in ('kept', 'kept,threads'):
        theirs, ours = ((side, what, 'https') for side in SIDES)
        cells = [f'{number(median(results, job, "peak_kib"))} KiB' for job in (theirs, ours)]
        shown = f'memory of the process at its peak: {WAYS[what]}'
        lines.append(f'| {shown} | {cells[0]} | {cells[1]} | {ratio(results, ours, theirs, "peak_kib")} |')
    return lines


def call_table(results, scheme):
    """A row for each way."""
    head = ['calls/s: reference', 'this package', 'ratio', 'p50 ms', 'p99 ms', 'CPU µs a call', 'server busy']
    lines = [f'| {scheme.upper()} | {" | ".join(head)} |', '|---|---:|---:|---|---|---|---|---|']
    for what, shown in WAYS.items():
        theirs, ours = ((side, what, scheme) for side in SIDES)
        if median(results, ours, 'calls') is None:
            why = 'this version has none' if what == 'asyncio' else 'failed'
            lines.append(f'| {shown} | – | {why} | – | – | – | – | – |')
            continue
        # The reference has no event loop; against its threads, which are what a program uses there.
        other = ('reference', 'kept,threads', scheme) if what == 'asyncio' else theirs
        against = ratio(results, ours, other, 'calls_per_second') + (' ²' if what == 'asyncio' else '')
        cells = [number(median(results, job, 'calls_per_second')) for job in (theirs, ours)] + [against]
        for key in ('p50_ms', 'p99_ms', 'cpu_us'):
            cells.append(f'{number(median(results, theirs, key))} → {number(median(results, ours, key))}')
        busy = [median(results, job, 'server_busy') for job in (theirs, ours)]
        cells.append(' → '.join('–' if one is None else f'{one:.0%}{" ¹" if one > BUSY else ""}' for one in busy))
        lines.append(f'| {shown} | {" | ".join(cells)} |')
    return lines


def page(results, facts):
    """The lines between the marks of docs/python-migration.md."""
    lines = [
        f'One run of `make bench-python` on {facts["date"]}, {facts["rounds"]} rounds, on {facts["cores"]} cores of',
        f'{facts["processor"]} with a load of {facts["load"]} before. Each figure is {facts["seconds"]} s of',
        f'`token.is_valid` in a process of its own; the tables show medians. {facts["python"]};',
        f'{", ".join(NEEDED).replace("==", " ")}.',
        'Ratios are this package to the reference in the same round, median (least to most); `a → b` is the',
        'reference, then this package. *Server busy*: how much of its core the server used.',
        '', *start_table(results), '', *call_table(results, 'https'), '', *call_table(results, 'http'), '',
    ]
    if facts['load'] > QUIET:
        lines += ['**The machine was not quiet**: other programs took time from both clients and from the server.', '']
    if any('²' in line for line in lines):
        lines += ['² To 32 threads of the reference, which has no client for event loops.', '']
    if any('¹' in line for line in lines):
        lines += ['¹ The server had little or no time left on its core: it is the limit, and the client could do more.', '']
    return lines


def write_page(lines):
    text = PAGE.read_text('utf-8')
    before, found, rest = text.partition(MARKS[0])
    _, ended, after = rest.partition(MARKS[1])
    if not found or not ended:
        sys.exit(f'{PAGE} lacks the marks {MARKS}')
    PAGE.write_text(f'{before}{MARKS[0]}\n\n' + '\n'.join(lines) + f'\n{MARKS[1]}{after}', 'utf-8')
    print(f'wrote {PAGE.relative_to(build.ROOT)}')


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--reference', type=Path, metavar='PATH', help='folder that holds the reference client')
    parser.add_argument('--rounds', type=int, default=5, help='how often everything is run [5]')
    parser.add_argument('--seconds', type=float, default=2, help='how long each figure is measured [2]')
    parser.add_argument('--seed', type=int, default=8, help='of the order within a round [8]')
    parser.add_argument('--no-page', action='store_true', help='print the table only')
    options = parser.parse_args()
    if options.reference is None:
        sys.exit(WHERE)
    paths = reference_paths(options.reference.resolve())
    library = artifact('WAZO_AUTH_CLIENT_LIBRARY', lambda: build.library('release'))
    own = {name: value for name, value in os.environ.items() if not build.FOREIGN.search(name)}
    own.update(WAZO_AUTH_CLIENT_LIBRARY=str(library))
    found = {SIDES[0]: paths, SIDES[1]: str(build.ROOT / 'bindings' / 'python')}
    environments = {side: {**own, 'PYTHONPATH': path} for side, path in found.items()}
    facts = {**machine_facts(), 'rounds': options.rounds, 'seconds': f'{options.seconds:g}'}
    program = artifact('WAZO_AUTH_SIMULATOR', simulator_program)
    with Simulator(program=str(program), both=True) as simulator:
        simulator.control('PUT', 'settings', {'log_requests': False})
        runner = Runner(simulator, environments, options.seconds)
        results = measure(runner, options.rounds, options.seed)
    lines = page(results, facts)
    print('\n'.join(lines))
    if runner.failures == 0 and not options.no_page:
        write_page(lines)
    everything = [result for rows in results.values() for result in rows]
    skipped = sum('missing' in (result or ()) for result in everything)
    passed = len(everything) - skipped - runner.failures
    print(f'{passed} passed, {runner.failures} failed' + (f', {skipped} skipped' if skipped else ''))
    return 1 if runner.failures else 0


def machine_facts():
    processor = re.search(r'^model name\s*:\s*(.*)$', Path('/proc/cpuinfo').read_text(), re.MULTILINE)
    return {
        'date': time.strftime('%Y-%m-%d'), 'load': machine.load(), 'cores': len(os.sched_getaffinity(0)),
        'processor': processor[1] if processor else 'unknown processor',
        'python': machine.first_line(sys.executable, '--version'),
    }


if __name__ == '__main__':
    sys.exit(main())
