#!/usr/bin/env python3
"""`make bench-decisions`: what a decision of a verifier costs, through C, and what it saves; writes docs/decisions-speed.md.

    bench/decisions.py

The library is built as it is shipped. bench/c/verifier.c measures; a plain HEAD /token goes to the simulator over TLS in the
same run, so that both can be compared.
"""
import os
import re
import subprocess
import sys
from pathlib import Path

import build
import machine
from budget import log_in

sys.path.insert(0, str(build.ROOT / 'simulator' / 'python'))
from wazo_auth_simulator import Simulator  # noqa: E402

PAGE = build.ROOT / 'docs' / 'decisions-speed.md'
ROWS = (
    ('hot_100', 'a decision that is known, over 100 tokens', 'ns', '100'),
    ('random_100000', 'the same over 100,000 tokens in random order', 'ns', '450'),
    ('hot_100_two_threads', 'over 100 tokens, two threads at once, each', 'ns', ''),
    ('random_100000_two_threads', 'over 100,000 tokens, two threads at once, each', 'ns', ''),
    ('undecided_access', 'an access that nobody has asked for, against 101 entries', 'ns', '2,000'),
    ('crafted_2000_times_10000_us', 'an access list of 2,000 wildcards and letters against 10,000 letters', 'us', ''),
    ('bytes_per_token', 'memory for each of 100,000 tokens', 'bytes', ''),
    ('bounded_growth_kib', '100,000 tokens in a cache of 10,000: memory after the first 20,000', 'KiB more', ''),
    ('bounded_asked', 'the same: requests', '', ''),
    ('bounded_entries', 'the same: tokens in memory', '', ''),
    ('ask_us', 'a token that is not known: one request over plain HTTP, and keeping it', 'us', ''),
    ('head_token_us', '`HEAD /token` over TLS, without a verifier', 'us', ''),
)


def measure():
    library = build.library('release')
    folder = build.BUILD / 'decisions'
    folder.mkdir(parents=True, exist_ok=True)
    program = folder / 'verifier'
    source = build.ROOT / 'bench' / 'c' / 'verifier.c'
    subprocess.run(['cc', '-O2', '-Wall', '-Wextra', f'-I{build.ROOT / "include"}', str(source), '-o', str(program),
                    f'-L{library.parent}', '-lwazo_auth_client', '-lpthread', f'-Wl,-rpath,{library.parent}'], check=True)
    with Simulator(tls=True) as simulator:
        result = subprocess.run([str(program), simulator.url, log_in(simulator), simulator.ca_file], check=True,
                                stdout=subprocess.PIPE, text=True)
    return dict(line.split() for line in result.stdout.splitlines())


def processor():
    found = re.search(r'^model name\s*:\s*(.*)$', Path('/proc/cpuinfo').read_text(), re.MULTILINE)
    return f'{len(os.sched_getaffinity(0))} cores, {found[1] if found else "unknown processor"}'


def main():
    figures = measure()
    linear = {name: 100 * float(figures[name]) / float(figures[f'{name}_two_threads']) for name in
              ('hot_100', 'random_100000')}
    text = ['<!-- Written by `make bench-decisions` (bench/decisions.py). Do not edit. -->', '', '# What a decision costs', '',
            'One run of `make bench-decisions`, the library as it is shipped, through the C functions, tokens of 36',
            f'characters. {processor()}, load {machine.load()} at the end.', '',
            '| what | measured | goal |', '|---|---|---|']
    for name, what, unit, goal in ROWS:
        text.append(f'| {what} | {float(figures[name]):,.0f} {unit} | {goal and goal + " " + unit} |'.replace('  |', ' |'))
    for name, label in (('hot_100', '100 tokens'), ('random_100000', '100,000 tokens')):
        text.append(f'| two threads to one, {label} | {linear[name]:.0f} % linear | 90 % |')
    PAGE.write_text('\n'.join(text) + '\n')
    print('\n'.join(text[8:]))
    print(f'wrote {PAGE.relative_to(build.ROOT)}')


if __name__ == '__main__':
    main()
