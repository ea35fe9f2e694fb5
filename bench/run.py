#!/usr/bin/env python3
"""Runs the benchmarks: every client side by side, in shuffled rounds, against the same servers on loopback.

    bench/run.py [--quick] [--only PART ...] [--rounds N] [--seed N] [--profile NAME] [--no-page]

Writes build/bench/results.json, and docs/performance.md with its pictures (--quick and --only: the results alone).
Numbers mean something on a machine that does nothing else. --profile budget builds in a fraction of the time, to try
the harness. Ends with `N passed, N failed[, N skipped]`: a run passes when every call of it succeeded.
"""

import argparse
import contextlib
import json
import random
import resource
import sys
import time

import build
import clients
import counts
import machine
import parts
import report
import scale
import servers

COUNTED = ['typed', 'name', 'check', 'queue', 'curl easy', 'curl multi', 'curl socket', 'hyper', 'reqwest', 'socket']


class Servers:
    """Everything that answers, and the URL of each by the name that the parts use."""

    def __init__(self, programs, stack):
        folder = build.BUILD
        servers.make_certificates(folder)
        self.ca_file = str(folder / 'ca.pem')
        self.nginx = stack.enter_context(servers.Nginx(folder))

        def slow(**how):
            return stack.enter_context(servers.SlowServer(programs.rust, folder, **how)).urls

        late, turns = slow(quiet_ms=200), slow(delay_ms=5)
        sizing = slow(delay_ms=scale.ANSWER_MS, permits=scale.WORKERS)
        self.urls = {
            **self.nginx.urls,
            'slow plain': late['plain'],
            'slow tls': late['tls'],
            'turns': turns['tls'],
            'sizing': sizing['plain'],
        }


def cold(runner, rounds):
    """Loading, a client, the first TLS call: in turns, so that neither side is always the first."""
    print(f'bench: loading, a client, the first TLS call ({rounds} rounds)', flush=True)
    libraries = {'wazo': str(runner.programs.library), 'curl': runner.programs.libcurl()}
    rows = {name: [] for name in libraries}
    if runner.programs.load is None or libraries['curl'] is None:
        runner.skip('cold', 'the program could not be built')
        return rows
    runner.servers.nginx.run_on(set(runner.cores))
    for _ in range(rounds):
        order = list(libraries)
        runner.random.shuffle(order)
        for name in order:
            words = [str(runner.programs.load), name, libraries[name], runner.servers.urls['tls'], runner.servers.ca_file]
            sample = clients.execute(words, runner.programs.environment, set(runner.cores))
            rows[name].append(runner.count(sample, f'cold, {name}'))
    for name, samples in rows.items():
        figures = {key: parts.summary(samples, key) for key in ('load_ms', 'client_ms', 'first_call_ms', 'peak_rss_kib')}
        print(f'    {name:6} ' + ', '.join(f'{key} {value[0]:.2f}' for key, value in figures.items() if value))
    return rows


# A machine whose load is below this does nothing else. report.py warns above it.
QUIET = 0.5


def await_quiet(seconds):
    """Waits until the load of the builds before has gone; says so, and gives up after some time."""
    began = time.monotonic()
    while machine.load() > QUIET and time.monotonic() - began < seconds:
        if time.monotonic() - began < 1:
            print(f'bench: load {machine.load()}; waiting up to {seconds} s until it is {QUIET}', flush=True)
        time.sleep(5)


def wanted(arguments, name):
    return not arguments.only or any(name.startswith(word) for word in arguments.only)


def main():
    parser = argparse.ArgumentParser(usage=__doc__)
    parser.add_argument('--quick', action='store_true')
    parser.add_argument('--only', nargs='*', default=[])
    parser.add_argument('--rounds', type=int)
    parser.add_argument('--scale', type=float, default=1)
    parser.add_argument('--seed', type=int, default=8)
    parser.add_argument('--profile', default='release')
    parser.add_argument('--no-page', action='store_true')
    arguments = parser.parse_args()
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    programs = build.Programs(arguments.profile)
    await_quiet(60 if arguments.quick else 300)
    began = time.monotonic()
    results = {
        'machine': machine.describe(programs),
        'seed': arguments.seed,
        'profile': arguments.profile,
        'quick': arguments.quick,
        'load_before': machine.load(),
        'stripped_bytes': programs.stripped_size(),
        'parts': [],
    }
    print(f'bench: seed {arguments.seed}; load {results["load_before"]}', flush=True)
    with contextlib.ExitStack() as stack:
        runner = parts.Runner(programs, Servers(programs, stack), random.Random(arguments.seed))
        for part in parts.parts(arguments.quick):
            if wanted(arguments, part.name):
                part.rounds = arguments.rounds or part.rounds
                if part.concurrency < 1000:
                    part.count = max(part.concurrency, int(part.count * arguments.scale))
                runner.run(part)
                results['parts'].append(parts.as_data(part))
        if wanted(arguments, 'cold'):
            results['cold'] = cold(runner, arguments.rounds or (5 if arguments.quick else 15))
        if wanted(arguments, 'counts'):
            print('bench: instructions, allocations and system calls of one TLS GET', flush=True)
            runner.servers.nginx.run_on(set(runner.cores))
            keys = ['typed', 'curl easy'] if arguments.quick else COUNTED
            url, ca_file = runner.servers.urls['tls'], runner.servers.ca_file
            results['counts'] = counts.count_clients(runner, keys, clients.command, ca_file, url)
        if wanted(arguments, 'scale'):
            results['scale'] = scale.run(runner, arguments.quick)
    results['load_after'] = machine.load()
    results['seconds'] = round(time.monotonic() - began)
    (build.BUILD / 'results.json').write_text(json.dumps(results, indent=1))
    print(f'bench: {results["seconds"]} s; wrote build/bench/results.json')
    if not (arguments.quick or arguments.only or arguments.no_page):
        report.write(results)
        print('bench: wrote docs/performance.md')
    else:
        print('\n' + '\n'.join(report.issue_table(results)))
    print(f'{runner.passed} passed, {runner.failed} failed' + (f', {runner.skipped} skipped' if runner.skipped else ''))
    return 1 if runner.failed else 0


if __name__ == '__main__':
    sys.exit(main())
