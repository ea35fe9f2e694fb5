"""The parts of a measurement: what is run in each, in shuffled rounds, and what is kept of it.

In every round each client of a part runs once, in an order of its own. A ratio is taken within one round, so that what
slows the machine down for a while slows both sides. What is kept is the median, the least and the most of the rounds.
"""

import os
import statistics
import sys
from dataclasses import dataclass, field

from clients import CLIENTS, command, execute, shown

SEQUENTIAL = ['typed', 'name', 'check', 'queue', 'curl easy', 'curl multi', 'curl socket', 'hyper', 'reqwest', 'socket']
PYTHON = ['python', 'http.client', 'requests', 'httpx', 'per call']
# How many calls a client makes, as a part of the part's number: those that are slow make fewer.
SHARE = {'python': 0.5, 'http.client': 0.5, 'requests': 0.25, 'httpx': 0.25, 'per call': 0.05}


@dataclass
class Part:
    name: str
    title: str
    clients: list
    baseline: str
    url: str
    count: int
    concurrency: int = 1
    one_core: bool = False
    rounds: int = 7
    rows: dict = field(default_factory=dict)  # samples by client
    commands: dict = field(default_factory=dict)


def parts(quick):
    """The table of the parts; `quick` is a fraction of the calls and the rounds."""
    few = 3 if quick else 7
    many = 0.3 if quick else 1
    in_flight = ['queue', 'queue io 2', 'threads', 'curl multi', 'curl socket', 'curl threads', 'hyper', 'reqwest']
    h2 = ['queue', 'queue io 2', 'threads', 'curl multi h2', 'curl socket h2', 'hyper h2', 'reqwest h2']
    # Not curl_multi_poll, which passes every descriptor to the kernel again and again.
    held = ['queue', 'curl socket', 'hyper']
    sequential = dict(one_core=True, rounds=few)
    return [
        Part('sequential-tls', 'One GET after another, TLS 1.3, client and server on one core',
             [*SEQUENTIAL, *PYTHON], 'curl easy', 'tls', int(4000 * many), **sequential),
        Part('sequential-plain', 'One GET after another, without TLS, client and server on one core',
             ['typed', 'curl easy', 'hyper', 'reqwest', 'socket'] if quick else [*SEQUENTIAL, *PYTHON],
             'curl easy', 'plain', int(4000 * many), **sequential),
        Part('in-flight-tls', '64 GETs in flight, TLS 1.3, HTTP/1.1',
             in_flight, 'curl multi', 'tls', int(20000 * many), 64, rounds=few),
        Part('in-flight-h2', '64 GETs in flight, TLS 1.3, HTTP/2',
             h2, 'curl multi h2', 'h2', int(20000 * many), 64, rounds=few),
        Part('bursts', '64 threads, one call each at the same moment, again and again, TLS 1.3',
             ['bursts', 'curl bursts'], 'curl bursts', 'bursts', int(6400 * many), 64, rounds=min(few, 3)),
        Part('held-plain', '10,000 calls in flight at once, without TLS',
             held, 'curl socket', 'slow plain', 10000, 10000, rounds=1 if quick else 3),
        Part('held-tls', '10,000 calls in flight at once, TLS 1.3',
             held, 'curl socket', 'slow tls', 10000, 10000, rounds=1 if quick else 3),
        Part('turns', '10,000 calls submitted, 32 of them in flight, the others wait for their turn',
             ['queue 32'], 'queue 32', 'turns', 10000, 10000, rounds=1 if quick else 3),
    ]


class Runner:
    """Runs commands, counts what passed, and says what did not."""

    def __init__(self, programs, servers, random):
        self.programs, self.servers, self.random = programs, servers, random
        self.cores = sorted(os.sched_getaffinity(0))
        self.passed = self.failed = self.skipped = 0

    def count(self, sample, what):
        if 'error' in sample:
            self.failed += 1
            print(f'bench: FAILED: {what}: {sample["error"]}', flush=True)
        else:
            self.passed += 1
        return sample

    def skip(self, what, why):
        self.skipped += 1
        print(f'bench: skipped: {what}: {why}', flush=True)

    def once(self, key, url, count, concurrency, one_core=False, **more):
        """One run of a client: its sample, and the command as a page shows it. None where it cannot be run."""
        words = command(self.programs, key, self.servers.urls[url], self.servers.ca_file, count, concurrency)
        if words is None:
            return None, ''
        cores = set(self.cores[:1]) if one_core else set(self.cores)
        self.servers.nginx.run_on(cores)
        nginx = self.servers.nginx if url in self.servers.nginx.urls else None
        before = nginx.connections() if nginx else 0
        sample = execute(words, self.programs.environment, cores, **more)
        if nginx:
            # Both readings are connections themselves; one of them lies in between.
            sample['connections'] = nginx.connections() - before - 1
        if 'error' not in sample:
            sample['us_per_call'] = sample['seconds'] * 1e6 / sample['calls']
            sample['cpu_us_per_call'] = sample['cpu_seconds'] * 1e6 / sample['calls']
            sample['calls_per_second'] = sample['calls'] / sample['seconds']
        return sample, shown(words)

    def run(self, part):
        print(f'bench: {part.title} ({part.rounds} rounds)', flush=True)
        cannot = set()
        for _ in range(part.rounds):
            order = [key for key in part.clients if key not in cannot]
            self.random.shuffle(order)
            for key in order:
                count = max(10, int(part.count * SHARE.get(key, 1)))
                sample, words = self.once(key, part.url, count, part.concurrency, part.one_core, seconds=180)
                if sample is None:
                    cannot.add(key)
                    self.skip(f'{part.name}, {CLIENTS[key].label}', 'the program could not be built')
                    continue
                if part.url == 'bursts' and 'error' not in sample:
                    sample.update(self.handshakes(sample['calls']))
                if part.concurrency >= 1000 and 'error' not in sample:
                    # What the process needs with one call is not the calls' own.
                    alone, _ = self.once(key, part.url, 1, 1)
                    sample['alone_kib'] = alone.get('peak_rss_kib', 0)
                    sample['kib_per_call'] = (sample['peak_rss_kib'] - sample['alone_kib']) / part.concurrency
                self.count(sample, f'{part.name}, {CLIENTS[key].label}')
                part.rows.setdefault(key, []).append(sample)
                part.commands[key] = words
            # A round in which one client failed has holes; the others keep their places.
            for key in part.clients:
                part.rows.setdefault(key, [])
        print_part(part)

    def handshakes(self, calls):
        """Handshakes since the last look, for 1,000 calls, and those of them that were whole."""
        now = self.servers.nginx.handshakes()
        seen = getattr(self, 'seen_handshakes', (0, 0))
        self.seen_handshakes = now
        count, resumed = now[0] - seen[0], now[1] - seen[1]
        return {'handshakes': count * 1000 / calls, 'whole_handshakes': (count - resumed) * 1000 / calls}


def summary(samples, key):
    """Median, least and most of a figure over the rounds; None where no round has it."""
    values = [sample[key] for sample in samples if key in sample and 'error' not in sample]
    return (statistics.median(values), min(values), max(values)) if values else None


def ratio(part, client, key):
    """The same of the ratio to the baseline of the same round."""
    pairs = zip(part['rows'].get(client, []), part['rows'].get(part['baseline'], []))
    values = [
        mine[key] / its[key]
        for mine, its in pairs
        if 'error' not in mine and 'error' not in its and its.get(key) and key in mine
    ]
    return (statistics.median(values), min(values), max(values)) if values else None


def as_data(part):
    return {name: getattr(part, name) for name in Part.__dataclass_fields__}


def print_part(part):
    data = as_data(part)
    for client in part.clients:
        samples = part.rows[client]
        wall, times = summary(samples, 'us_per_call'), ratio(data, client, 'us_per_call')
        if wall is None:
            print(f'    {CLIENTS[client].label:58} no figure')
            continue
        speed = f'{wall[0]:8.1f} us' if part.concurrency == 1 else f'{1e6 / wall[0]:6.0f} calls/s'
        against = f'{times[0]:5.2f} ({times[1]:.2f} to {times[2]:.2f})' if times else '-'
        more = f'CPU {summary(samples, "cpu_us_per_call")[0]:7.1f} us'
        for key, unit in (('connections', 'connections'), ('kib_per_call', 'KiB a call'),
                          ('handshakes', 'handshakes/1,000 calls')):
            figure = summary(samples, key)
            more += f', {figure[0]:.1f} {unit}' if figure else ''
        print(f'    {CLIENTS[client].label:58} {speed}, time {against}, {more}')
    sys.stdout.flush()
