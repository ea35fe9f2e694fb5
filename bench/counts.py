"""Counts that do not depend on how busy the machine is: instructions, allocations and system calls of one call.

Each is the difference of two runs of unequal length, divided by the calls that one made more than the other. So what a
process pays once (loading, the client, the handshake) is in neither.
"""

import os
import re
import shutil
import subprocess
import tempfile
from pathlib import Path

SHORT, LONG = 50, 250


def missing_tools():
    return [tool for tool in ('valgrind', 'strace') if not shutil.which(tool)]


class Failed(Exception):
    pass


def run(words, environment, wrapper=(), more=None):
    done = subprocess.run(
        [*wrapper, *words],
        env={**environment, **(more or {})},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=120,
    )
    if done.returncode or '"failed": 0' not in done.stdout:
        raise Failed(f'{" ".join([*wrapper, *words])}: {done.returncode}: {(done.stdout + done.stderr)[-400:]}')
    return done.stderr


def of_each(words_of, count, short=SHORT, long=LONG):
    """The difference for one call; `count` counts a run, `words_of` gives its command for a number of calls."""
    return (count(words_of(long)) - count(words_of(short))) / (long - short)


def instructions(words_of, environment, short=SHORT, long=LONG):
    def count(words):
        tool = ('valgrind', '--tool=callgrind', '--callgrind-out-file=/dev/null')
        return int(re.search(r'Collected : (\d+)', run(words, environment, tool))[1])

    return of_each(words_of, count, short, long)


def allocations(words_of, environment, counter, short=SHORT, long=LONG):
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / 'allocations'

        def count(words):
            run(words, environment, more={'LD_PRELOAD': str(counter), 'BENCH_ALLOCATIONS': str(path)})
            return int(path.read_text())

        return of_each(words_of, count, short, long)


def system_calls(words_of, environment, short=SHORT, long=LONG):
    """By their names: for one call, rounded to hundredths; only those that each call makes some of."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / 'calls'

        def count(words):
            run(words, environment, ('strace', '-f', '-c', '-U', 'calls,name', '-o', str(path)))
            lines = (line.split() for line in path.read_text().splitlines())
            return {line[1]: int(line[0]) for line in lines if len(line) == 2 and line[0].isdigit() and line[1] != 'total'}

        few, many = count(words_of(short)), count(words_of(long))
    calls = {name: (many.get(name, 0) - few.get(name, 0)) / (long - short) for name in {*few, *many}}
    return {name: round(number, 2) for name, number in sorted(calls.items()) if abs(number) >= 0.05}


def environment_of(programs):
    """Where nothing else is preloaded, and no thread that glibc's allocator makes an arena for changes the counts."""
    return {**programs.environment, 'MALLOC_ARENA_MAX': '1', 'LC_ALL': 'C', 'PATH': os.environ.get('PATH', '')}


def count_clients(runner, keys, command, ca_file, url):
    """The counts of these clients against a quiet server: a row for each."""
    rows, absent = {}, missing_tools()
    for tool in absent:
        runner.skip(f'counts by {tool}', 'it is not installed')
    environment = environment_of(runner.programs)
    for key in keys:
        def words_of(calls, key=key):
            return command(runner.programs, key, url, ca_file, calls, 1)

        if words_of(1) is None:
            runner.skip(f'counts, {key}', 'the program could not be built')
            continue
        row = {}
        measures = {'allocations': lambda w: allocations(w, environment, runner.programs.allocations)}
        if 'valgrind' not in absent:
            measures['instructions'] = lambda w: instructions(w, environment)
        if 'strace' not in absent:
            measures['system_calls'] = lambda w: system_calls(w, environment)
        for name, measure in measures.items():
            try:
                row[name] = measure(words_of)
                runner.passed += 1
            except (Failed, subprocess.TimeoutExpired, TypeError, OSError) as error:
                runner.failed += 1
                print(f'bench: FAILED: {name} of {key}: {error}', flush=True)
        rows[key] = row
        calls = row.get('system_calls')
        print(
            f'    {key:14} {row.get("instructions", 0):10.0f} instructions {row.get("allocations", 0):7.1f} allocations'
            f' {sum(calls.values()) if calls else 0:6.1f} system calls {calls or ""}',
            flush=True,
        )
    return rows
