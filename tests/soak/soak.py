#!/usr/bin/env python3
"""`make soak MINUTES=60`: runs a host that does everything at once against a server that misbehaves, and looks at it.

    soak.py [--minutes 60] [--seed N] [--output build/soak] [--record docs]

The host is soak.c with the library as it is shipped (RELEASE=0: as cargo builds it for tests); the server is the simulator,
over HTTP and HTTPS, whose faults change every few seconds: delays, resets, truncated and endless answers, failing
gateways, stalled handshakes, an outage of all requests, and a server that is stopped for a second. Every second, soak.py
reads the host's counters, its memory, threads and file descriptors, and those of a worker that lives as long.

It prints a line a minute, and at the end one line for each promise. The seed, printed at the beginning, repeats the
choices of faults. OUTPUT gets samples.csv and soak.svg, a picture of the run; --record copies the picture and a table
into that folder. Ctrl-C ends it early, with the promises about what was seen so far.
"""
import argparse
import csv
import json
import os
import random
import shutil
import signal
import statistics
import subprocess
import sys
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
sys.path[:0] = [str(ROOT / 'tests' / 'support'), str(ROOT / 'bench')]
import artifacts  # noqa: E402
import plot  # noqa: E402
from report import Report  # noqa: E402
from wazo_auth import PASSWORD, USERNAME, Simulator  # noqa: E402

USERS = 40
CALLS = '*/0.1/*'
# What may go wrong, each for a share of the requests. The control routes are spared by the simulator itself.
FAULTS = [
    {'fault': 'delay', 'ms': 40, 'probability': 0.3},
    {'fault': 'delay', 'ms': 2500, 'probability': 0.02},
    {'fault': 'drip', 'ms': 5, 'at': 'body', 'probability': 0.05},
    {'fault': 'reset', 'at': 'request', 'probability': 0.05},
    {'fault': 'reset', 'at': 'body', 'probability': 0.05},
    {'fault': 'close', 'at': 'head', 'probability': 0.05},
    {'fault': 'close', 'at': 'answer', 'probability': 0.05},
    {'fault': 'wrong_length', 'by': 7, 'probability': 0.03},
    {'fault': 'wrong_length', 'by': -3, 'probability': 0.03},
    {'fault': 'bad_json', 'method': 'GET', 'probability': 0.05},
    {'fault': 'bad_utf8', 'method': 'GET', 'probability': 0.05},
    {'fault': 'huge_body', 'bytes': 20_000_000, 'probability': 0.005},
    {'fault': 'bad_gateway', 'status': 503, 'probability': 0.1},
    {'fault': 'bad_gateway', 'status': 502, 'probability': 0.05},
    {'fault': 'idle_close', 'ms': 30},
    {'fault': 'stall_tls', 'times': 2},
]
# They concern connections, whatever is asked over them.
CONNECTIONS = ('stall_tls', 'idle_close')
OUTAGE = [{'fault': 'bad_gateway', 'status': 503}]
# Seconds that the host has to come back to all calls being good after the faults have ended.
RECOVERY = 4


def counts(pid):
    """Memory in MB, threads and file descriptors of a process; None where it has ended."""
    try:
        status = dict(line.split(':', 1) for line in Path(f'/proc/{pid}/status').read_text().splitlines())
        descriptors = len(os.listdir(f'/proc/{pid}/fd'))
        return int(status['VmRSS'].split()[0]) / 1024, int(status['Threads']), descriptors
    except (FileNotFoundError, KeyError, ProcessLookupError):
        return None


def compile_host(output):
    """The program, linked with the library."""
    library = artifacts.library()
    program = output / 'soak'
    subprocess.run(
        [os.environ.get('CC', 'cc'), '-std=gnu11', '-O1', '-g', '-Wall', '-Wextra', '-Werror', f'-I{ROOT}/include',
         HERE / 'soak.c', '-o', program, f'-L{library.parent}', '-lwazo_auth_client', '-lpthread',
         f'-Wl,-rpath,{library.parent}'],
        check=True,
    )
    return program


def prepare(simulator, output):
    """Makes the users, each with a token; a file that soak.c reads."""
    simulator.control('PUT', 'settings', {'log_requests': False, 'password_rounds': 1, 'max_user_concurrent_sessions': 100000})
    lines = []
    for number in range(USERS):
        name = f'soak-{number}'
        user = simulator.ask('POST', '/users', {'username': name, 'password': 'password'})
        policy = simulator.ask('POST', '/policies', {'name': name, 'acl': [f'soak.{number}.#']})
        simulator.ask('PUT', f'/users/{user["uuid"]}/policies/{policy["uuid"]}')
        lines.append(f'{user["uuid"]} {simulator.log_in(name, "password", expiration=10_000_000)}\n')
    path = output / 'users'
    path.write_text(''.join(lines))
    return path


class Weather:
    """What is wrong with the server, changing every few seconds."""

    def __init__(self, simulator, chance):
        self.simulator, self.chance = simulator, chance
        self.until, self.name = 0.0, 'fair'
        self.fair_since = time.monotonic()
        self.seen = {}

    def change(self, now):
        """Chooses something else where its time has come."""
        if now < self.until:
            return
        kind = self.chance.choices(['fair', 'faults', 'outage', 'stopped'], [4, 8, 1, 1])[0]
        self.until = now + {'fair': 12, 'outage': 3, 'stopped': 1}.get(kind, self.chance.uniform(3, 8))
        if kind == 'faults':
            chosen = [{**fault, 'path': CALLS} if fault['fault'] not in CONNECTIONS else fault
                      for fault in self.chance.sample(FAULTS, self.chance.randint(1, 4))]
            kind = ' '.join(sorted({fault['fault'] for fault in chosen}))
        else:
            chosen = [{**fault, 'path': CALLS} for fault in OUTAGE] if kind == 'outage' else []
        self.simulator.faults(*chosen)
        if kind == 'stopped':
            os.kill(self.simulator._process.pid, signal.SIGSTOP)
            time.sleep(1)
            os.kill(self.simulator._process.pid, signal.SIGCONT)
        if kind != 'fair':
            self.fair_since = None
        elif self.fair_since is None:
            self.fair_since = now
        self.name = kind
        for word in kind.split():
            self.seen[word] = self.seen.get(word, 0) + 1


def run(arguments, output, report):
    """The run; its samples, the last counters and the weather."""
    chance = random.Random(arguments.seed)
    program = compile_host(output)
    samples, last, fair_errors, begun = [], None, 0, time.monotonic()
    with Simulator(both=True) as simulator:
        http, https = simulator.urls['http'], simulator.urls['https']
        environment = {
            **os.environ, 'URL_HTTP': http, 'URL_HTTPS': https, 'CA_FILE': str(simulator.ca_file), 'SEED': str(arguments.seed),
            'USERS': str(prepare(simulator, output)), 'USERNAME': USERNAME, 'PASSWORD': PASSWORD,
            'TOKEN': simulator.log_in(expiration=10_000_000),
        }
        host = subprocess.Popen([program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment)
        weather = Weather(simulator, chance)
        end, next_line = begun + arguments.minutes * 60, begun + 60
        try:
            for line in host.stdout:
                now, counters = time.monotonic(), json.loads(line)
                own, worker = counts(host.pid), counts(counters['worker'])
                if own and worker:
                    samples.append({
                        'seconds': round(now - begun, 1), 'calls': counters['blocking'] + counters['queued'],
                        'decisions': counters['decisions'], 'errors': sum(counters['errors'].values()), 'faults': weather.name,
                        **dict(zip(('memory_mb', 'threads', 'descriptors'), own)),
                        **dict(zip(('worker_memory_mb', 'worker_threads', 'worker_descriptors'), worker)),
                    })
                if last and weather.fair_since and now - weather.fair_since > RECOVERY:
                    # Calls that the host itself cancels are no failures.
                    failures = {kind: counters['errors'][kind] - last['errors'].get(kind, 0)
                                for kind in counters['errors'] if kind != 'cancelled'}
                    fair_errors += sum(failures.values())
                last = counters
                if now >= next_line and own:
                    print(f'# {(now - begun) / 60:5.1f} min: {counters["blocking"] + counters["queued"]:,} calls, '
                          f'{counters["decisions"]:,} decisions, {sum(counters["errors"].values()):,} failed, '
                          f'{own[0]:.1f} MB, {own[1]} threads, {own[2]} descriptors; now: {weather.name}', flush=True)
                    next_line += 60
                if now >= end:
                    break
                weather.change(now)
        except KeyboardInterrupt:
            print('# ended early', flush=True)
        host.stdin.close()
        for line in host.stdout:
            last = json.loads(line)
        try:
            ended = host.wait(60)
        except subprocess.TimeoutExpired:
            ended = 'not within 60 s'
            host.kill()
    report.promise(ended == 0, 'the host ends in good order' + ('' if ended == 0 else f': {ended}'))
    return samples, last, fair_errors, weather


def growth(samples, name):
    """The greatest of the last fifth less that of the second one, and the one: what grows is seen here."""
    fifth = len(samples) // 5
    before = [sample[name] for sample in samples[fifth:2 * fifth]]
    after = [sample[name] for sample in samples[-fifth:]]
    return statistics.median(after) - statistics.median(before), statistics.median(after)


def judge(samples, last, fair_errors, report):
    """The promises."""
    total = last['blocking'] + last['queued'] + last['decisions']
    promise = report.promise
    promise(last['wrong'] == 0, f'no answer is wrong: {last["wrong"]} of {total:,}')
    promise(last['impossible'] == 0, f'no failure of a kind that no server can cause: {last["impossible"]}')
    promise(last['late'] == 0, f'no call ends after its time: {last["late"]}; the slowest took {last["slowest_ms"]:,} ms')
    promise(last['died'] == 0, f'no process dies by itself: {last["children"]:,} children, {last["kills"]:,} workers killed')
    promise(fair_errors == 0, f'no call fails {RECOVERY} s after the faults have ended: {fair_errors}; '
            f'{last["undecided"]:,} decisions while the verifier left the server alone')
    if last['first']:
        print(f'# the first of it: {last["first"]}')
    for name, allowed, what in [
        ('memory_mb', 3, 'memory of the host, MB'), ('worker_memory_mb', 2, 'memory of a worker, MB'),
        ('threads', 0.5, 'threads of the host'), ('worker_threads', 0.5, 'threads of a worker'),
        ('descriptors', 8, 'file descriptors of the host'), ('worker_descriptors', 3, 'file descriptors of a worker'),
    ]:
        more, median = growth(samples, name)
        promise(more <= allowed, f'flat: {what}: {median:.1f}, {more:+.1f} since the second fifth of the run (at most +{allowed})')


def picture(samples, minutes):
    """The run as four curves, one above the other."""
    left, width, height, parts, top = 90, plot.WIDTH - 120, 90, [], 46
    rates = [
        {**now, 'rate': (now['calls'] - before['calls']) / max(now['seconds'] - before['seconds'], 0.1),
         'failed': (now['errors'] - before['errors']) / max(now['seconds'] - before['seconds'], 0.1)}
        for before, now in zip(samples, samples[1:])
    ]
    whole = max(samples[-1]['seconds'], 1)
    for name, label, colour in [
        ('rate', 'calls/s', plot.COLOURS[0]), ('failed', 'failed/s', plot.COLOURS[1]), ('memory_mb', 'MB', plot.COLOURS[2]),
        ('worker_memory_mb', 'MB, worker', plot.COLOURS[2]), ('threads', 'threads', plot.COLOURS[3]),
        ('descriptors', 'descriptors', plot.COLOURS[4]),
    ]:
        most = max(sample[name] for sample in rates) * 1.1 or 1
        # One point for each column of the picture: the mean of what falls into it.
        columns = {}
        for sample in rates:
            columns.setdefault(int(sample['seconds'] / whole * width / 2), []).append(sample[name])
        points = ' '.join(f'{left + 2 * at},{top + height - statistics.fmean(values) / most * height:.1f}'
                          for at, values in sorted(columns.items()))
        parts += [
            f'<line x1="{left}" x2="{left + width}" y1="{top + height}" y2="{top + height}" stroke="{plot.GRID}"/>',
            f'<text x="{left - 10}" y="{top + height}" text-anchor="end">0</text>',
            f'<text x="{left - 10}" y="{top + 14}" text-anchor="end">{plot.number(most)}</text>',
            f'<text x="{left + 6}" y="{top + 14}" fill="{colour}">{label}</text>',
            f'<polyline points="{points}" fill="none" stroke="{colour}" stroke-width="1.2"/>',
        ]
        top += height + 24
    parts += [f'<text x="{left + width * at / 4:.0f}" y="{top}" text-anchor="middle">{whole / 60 * at / 4:.0f} min</text>'
              for at in range(5)]
    return plot.svg(top + 16, f'{minutes:.0f} minutes under faults, forks and kills', parts)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--minutes', type=float, default=60)
    parser.add_argument('--seed', type=int, default=random.SystemRandom().randrange(1 << 31))
    parser.add_argument('--output', type=Path, default=ROOT / 'build' / 'soak')
    parser.add_argument('--record', type=Path)
    arguments = parser.parse_args()
    arguments.output.mkdir(parents=True, exist_ok=True)
    os.environ.setdefault('RELEASE', '1')
    report = Report()
    print(f'# {arguments.minutes:g} minutes, --seed {arguments.seed}', flush=True)
    samples, last, fair_errors, weather = run(arguments, arguments.output, report)
    if len(samples) < 20:
        report.promise(False, f'only {len(samples)} samples: the host ended at once, or the run was too short')
        return report.end()
    judge(samples, last, fair_errors, report)
    with open(arguments.output / 'samples.csv', 'w', newline='') as file:
        table = csv.DictWriter(file, samples[0])
        table.writeheader()
        table.writerows(samples)
    drawn = arguments.output / 'soak.svg'
    drawn.write_text(picture(samples, samples[-1]['seconds'] / 60))
    faults = ', '.join(f'{name} {times}' for name, times in sorted(weather.seen.items()))
    errors = ', '.join(f'{kind} {number:,}' for kind, number in last['errors'].items())
    print(f'# faults by the number of their times: {faults}\n# failures by kind: {errors}\n# the picture: {drawn}')
    if arguments.record:
        shutil.copy(drawn, arguments.record)
    return report.end()


if __name__ == '__main__':
    sys.exit(main())
