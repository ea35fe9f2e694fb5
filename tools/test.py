#!/usr/bin/env python3
"""`make test`: runs every suite, whatever the ones before it found, and ends with one line for each.

    tools/test.py lint rust c python host-short

Each word is a target of the Makefile, without its `test-`. Library and simulator are built first. Then two lines of suites
run beside one another: what cargo compiles, and what runs against the two; the output of a suite is kept apart, and
printed whole when it has ended. The suites that measure times come last, one by one, on a machine that does nothing else.
Exits with 1 where one failed.
"""
import os
import re
import subprocess
import sys
import threading
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / 'tests' / 'support'))
import artifacts  # noqa: E402

# They have cargo compile, which lets nobody else compile meanwhile.
COMPILED = ('lint', 'codegen', 'rust', 'fuzz')
# What they promise has a time in it.
ALONE = ('bus', 'host-short', 'kamailio', 'nginx', 'asterisk', 'budget')

COUNTS = re.compile(r'(\d+) passed, (\d+) failed(?:, (\d+) skipped)?')
RUST_COUNTS = re.compile(r'test result: \w+\. (\d+) passed; (\d+) failed; (\d+) ignored')


class Suite:
    """A target of the Makefile, and what came of it."""

    def __init__(self, name):
        self.name = name
        self.target = name if name in ('lint', 'codegen') else f'test-{name}'
        self.is_well, self.seconds, self.counts = False, 0.0, [0, 0, 0]

    def run(self, printing):
        began = time.monotonic()
        done = subprocess.run(
            [os.environ.get('MAKE', 'make'), '--no-print-directory', self.target],
            cwd=ROOT, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
            errors='replace',
        )
        self.seconds = time.monotonic() - began
        self.is_well = done.returncode == 0
        for line in done.stdout.splitlines():
            if match := COUNTS.fullmatch(line) or RUST_COUNTS.match(line):
                self.counts = [count + int(more or 0) for count, more in zip(self.counts, match.groups())]
        with printing:
            print(f'\n== make {self.target}\n{done.stdout}', end='', flush=True)

    def line(self):
        passed, failed, skipped = self.counts
        counted = f'{passed} passed, {failed} failed' if any(self.counts) else ''
        counted += f', {skipped} skipped' if skipped else ''
        return f'{"passed" if self.is_well else "FAILED":8} make {self.target:16} {self.seconds:5.0f} s   {counted}'.rstrip()


def main(names):
    print('\n== The library and the simulator', flush=True)
    artifacts.library()
    artifacts.simulator()
    suites = [Suite(name) for name in names]
    printing = threading.Lock()

    def in_order(members):
        for suite in members:
            suite.run(printing)

    lanes = [
        [suite for suite in suites if suite.name in COMPILED],
        [suite for suite in suites if suite.name not in COMPILED + ALONE],
    ]
    threads = [threading.Thread(target=in_order, args=(lane,)) for lane in lanes]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    in_order([suite for suite in suites if suite.name in ALONE])
    print('\n== make test')
    for suite in suites:
        print(suite.line())
    skipped = sum(suite.counts[2] for suite in suites)
    print(f'{skipped} skipped; the lines above that begin with "skipped" say why' if skipped else 'nothing skipped')
    return 0 if all(suite.is_well for suite in suites) else 1


if __name__ == '__main__':
    sys.exit(main(sys.argv[1:]))
