#!/usr/bin/env python3
"""Writes docs/performance.md and its pictures from build/bench/results.json.

    bench/report.py [RESULTS [FOLDER]]

`bench/run.py` calls it; on its own it writes the page anew from the results of the last run.
"""

import json
import sys
from pathlib import Path

import build
import plot
import sizing
from clients import CLIENTS
from parts import ratio, summary

OURS = ('typed', 'name', 'check', 'queue', 'threads', 'bursts', 'python', 'queue 32', 'queue 25', 'queue io 2')
NONE = '–'


def figure(value, digits=None):
    if value is None:
        return NONE
    return f'{value:,.{digits}f}' if digits is not None else plot.number(value)


def spread(three, digits=2):
    """Median, and least to most over the rounds."""
    if three is None:
        return NONE
    return f'{three[0]:.{digits}f} ({three[1]:.{digits}f} to {three[2]:.{digits}f})'


def middle(three):
    return three[0] if three else None


def part_of(results, name):
    return next((part for part in results['parts'] if part['name'] == name), None)


def issue_table(results):
    """The figures that count, each against libcurl in the same round."""
    lines = ['| what | this library | libcurl | ratio |', '|---|---|---|---|']

    def row(what, part, mine, its, key, unit, invert=False):
        data = part_of(results, part)
        if data is None:
            return
        data = {**data, 'baseline': its}
        ours, theirs = (middle(summary(data['rows'].get(client, []), key)) for client in (mine, its))
        lines.append(f'| {what} | {figure(ours)} {unit} | {figure(theirs)} {unit} | {spread(ratio(data, mine, key))} |')

    row('sequential GET, TLS: time', 'sequential-tls', 'typed', 'curl easy', 'us_per_call', 'µs')
    row('the same: CPU', 'sequential-tls', 'typed', 'curl easy', 'cpu_us_per_call', 'µs')
    row('sequential GET, plain: time', 'sequential-plain', 'typed', 'curl easy', 'us_per_call', 'µs')
    for name, what in (('instructions', 'instructions'), ('allocations', 'allocations'), ('calls', 'system calls')):
        ours, theirs = (counted(results, client, name) for client in ('typed', 'curl easy'))
        if ours and theirs:
            shown = (figure(ours, 0 if name == 'instructions' else 1), figure(theirs, 0 if name == 'instructions' else 1))
            lines.append(f'| a TLS GET: {what} | {shown[0]} | {shown[1]} | {ours / theirs:.2f} |')
    for part, version, multi in (('in-flight-tls', '', 'curl multi'), ('in-flight-h2', ', HTTP/2', 'curl multi h2')):
        row(f'64 in flight, TLS{version}: queue', part, 'queue', multi, 'calls_per_second', 'calls/s')
        row(f'64 in flight, TLS{version}: 64 threads', part, 'threads', multi, 'calls_per_second', 'calls/s')
    row('10,000 in flight, plain: memory', 'held-plain', 'queue', 'curl socket', 'kib_per_call', 'KiB a call')
    row('10,000 in flight, TLS: memory', 'held-tls', 'queue', 'curl socket', 'kib_per_call', 'KiB a call')
    turns = part_of(results, 'turns')
    if turns:
        waits = middle(summary(turns['rows'].get('queue 32', []), 'kib_per_call'))
        lines.append(f'| a call that waits for its turn: memory | {figure(waits)} KiB a call | {NONE} | {NONE} |')
    row('bursts of 64 threads: handshakes for 1,000 calls', 'bursts', 'bursts', 'curl bursts', 'handshakes', '')
    for client in ('python', 'http.client', 'requests', 'httpx', 'per call'):
        what = CLIENTS[client].label.removeprefix('this library: ').removeprefix('Python: ')
        what = f'Python, sequential GET, TLS: {"this library" if client == "python" else what}'
        row(what, 'sequential-tls', client, 'curl easy', 'us_per_call', 'µs')
    cold = results.get('cold', {})
    for key, what in (('load_ms', 'loading'), ('client_ms', 'making a client'), ('first_call_ms', 'the first TLS call')):
        ours, theirs = (middle(summary(cold.get(name, []), key)) for name in ('wazo', 'curl'))
        if ours and theirs:
            lines.append(f'| {what} | {figure(ours)} ms | {figure(theirs)} ms | {ours / theirs:.2f} |')
    row('peak memory of a process with one client', 'sequential-tls', 'typed', 'curl easy', 'peak_rss_kib', 'KiB')
    lines.append(f'| the shared library, stripped | {figure(results["stripped_bytes"] / 1024)} KiB | {NONE} | {NONE} |')
    return lines


def counted(results, client, name):
    row = results.get('counts', {}).get(client, {})
    calls = row.get('system_calls')
    return (sum(calls.values()) if calls else None) if name == 'calls' else row.get(name)


def part_section(part, folder):
    """A table of the part, its picture, and the commands."""
    by_time = part['concurrency'] == 1
    key, unit, digits = ('us_per_call', 'µs', 1) if by_time else ('calls_per_second', 'calls/s', 0)
    more = {
        'connections': 'connections', 'kib_per_call': 'KiB a call', 'handshakes': 'handshakes for 1,000 calls',
        'whole_handshakes': 'of them not resumed',
    }
    more = {name: text for name, text in more.items() if any(summary(rows, name) for rows in part['rows'].values())}
    head = ['client', unit, f'ratio to {CLIENTS[part["baseline"]].label}', 'CPU µs a call', 'p50 ms', 'p99 ms', *more.values()]
    lines = ['', f'### {part["title"]}', '', f'![{part["title"]}](pictures/performance-{part["name"]}.svg)', '']
    lines += [f'| {" | ".join(head)} |', f'|---{"|---:" * (len(head) - 1)}|']
    rows = []
    for client in part['clients']:
        samples = part['rows'].get(client, [])
        main = summary(samples, key)
        label = CLIENTS[client].label
        if main is None:
            lines.append(f'| {label} | not measured |{" |" * (len(head) - 2)}')
            continue
        rows.append((label, *main, client in OURS))
        cells = [label, figure(main[0], digits), spread(ratio(part, client, key))]
        cells.append(figure(middle(summary(samples, 'cpu_us_per_call')), 1))
        cells += [figure(middle(summary(samples, name)) / 1e3, 2) for name in ('p50_us', 'p99_us')]
        cells += [figure(middle(summary(samples, name)), 1) for name in more]
        lines.append(f'| {" | ".join(cells)} |')
    commands = sorted(set(part['commands'].values()))
    lines += ['', '<details><summary>Commands</summary>', '', *(f'    {text}' for text in commands), '', '</details>']
    picture = plot.bars(f'{part["title"]}: {unit}', rows, unit)
    (folder / 'pictures' / f'performance-{part["name"]}.svg').write_text(picture)
    return lines


def counts_section(results):
    lines = ['', '## What one call costs', '', COUNTS, '']
    lines += ['| client | instructions | allocations | system calls | which |', '|---|---:|---:|---:|---|']
    for client, row in results.get('counts', {}).items():
        calls = row.get('system_calls') or {}
        which = ', '.join(f'{name} {number:g}' for name, number in sorted(calls.items(), key=lambda item: -item[1]))
        cells = [figure(row.get('instructions'), 0), figure(row.get('allocations'), 1), figure(sum(calls.values()), 1)]
        lines.append(f'| {CLIENTS[client].label} | {" | ".join(cells)} | {which} |')
    return lines


def scale_section(data, folder):
    lines = ['', '## Scale', '', SCALE, '']
    if data.get('threads_with_1024_descriptors') is not None:
        lines += [f'With `ulimit -n 1024`, {data["threads_with_1024_descriptors"]} threads can call at the same time.', '']
    titles = (('threads', 'Threads', 'threads'), ('in_flight', 'Calls in flight', 'calls in flight'))
    for kind, title, horizontal in titles:
        rows = data.get(kind, [])
        lines += ['', f'### {title}, TLS 1.3', '', f'![{title}](pictures/performance-{kind}.svg)', '']
        lines += [f'| {horizontal} | client | calls/s | p50 ms | p99 ms | connections | descriptors | threads | MiB |',
                  '|---:|---|---:|---:|---:|---:|---:|---:|---:|']
        for row in rows:
            if row['error']:
                lines.append(f'| {row["step"]:,} | {CLIENTS[row["client"]].label} | {row["error"][:60]} | | | | | | |')
                continue
            cells = [figure(row['calls_per_second'], 0), *(figure(row[name] / 1e3, 2) for name in ('p50_us', 'p99_us'))]
            cells += [figure(row[name], 0) for name in ('connections', 'descriptors', 'threads')]
            cells.append(figure(row['peak_rss_kib'] / 1024, 1))
            lines.append(f'| {row["step"]:,} | {CLIENTS[row["client"]].label} | {" | ".join(cells)} |')
        series = sizing.series(rows, 'calls_per_second')
        (folder / 'pictures' / f'performance-{kind}.svg').write_text(
            plot.lines(f'{title}, TLS 1.3: calls/s', series, horizontal, 'calls/s')
        )
    return lines


def write(results, folder=None):
    folder = folder or build.ROOT / 'docs'
    (folder / 'pictures').mkdir(parents=True, exist_ok=True)
    lines = ['<!-- Written by bench/report.py from a run of `make bench`. Do not edit. -->', '', '# Performance', '', INTRODUCTION]
    loads = [results['load_before'], results['load_after']]
    # The run itself is a load of one to two in the end; before it there should be none.
    if loads[0] > 0.5:
        lines += ['', f'**This machine was busy with something else (load {loads[0]} before the run): do not trust the times.**']
    if results['profile'] != 'release':
        lines += ['', f'**The library was built with the profile `{results["profile"]}`, not as it is shipped.**']
    lines += ['', '## In short', '', *issue_table(results)]
    lines += ['', '## The machine', '', '| what | |', '|---|---|']
    lines += [f'| {name} | {value} |' for name, value in results['machine'].items()]
    lines += [f'| load before and after | {loads[0]}, {loads[1]} |', f'| seed of the order | {results["seed"]} |']
    lines += ['', '## Every client', '', EVERY_CLIENT]
    for part in results['parts']:
        lines += part_section(part, folder)
    lines += counts_section(results)
    if 'scale' in results:
        lines += scale_section(results['scale'], folder)
        lines += sizing.section(results['scale'], folder, CLIENTS)
    lines += ['', '## Where the rest goes', '', REST, '', '## What is not measured', '', LIMITS, '']
    (folder / 'performance.md').write_text('\n'.join(lines))


INTRODUCTION = """\
`make bench` measured this page, in one run on one machine. Every client sends the same request to the same nginx on
loopback and gets the same answer, a token of 700 bytes. `make bench-quick` prints the first table in 3 minutes.

A ratio compares a client with libcurl in the same round; a page shows the median of the rounds, and the least and the
most in parentheses. Below 1 is better for times and memory, above 1 for calls per second."""

EVERY_CLIENT = """\
In every round each client runs once, in a shuffled order. The first calls, with the handshake, are made before the clock
starts, except that calls in flight open their own connections. The library and Python's clients also decode or check
the answer's JSON; libcurl, hyper, reqwest and the socket hand out bytes. Where 10,000 calls are in flight at once, the server answers when no
request has come for 200 ms; memory is the peak of the process, less the peak of one that makes one call."""

COUNTS = """\
One GET over TLS on a kept connection: the difference of two runs of unequal length, so that nothing is counted that a
process does once. Instructions by `valgrind --tool=callgrind`, which offers fewer processor features than the machine
has; allocations by bench/c/allocations.c; system calls by `strace -f -c`. `make test-budget` holds these for this library."""

SCALE = """\
One run for each row. Descriptors and threads are those of the client process, looked at every 50 ms; memory is its peak.
Connections are counted by nginx."""

REST = """\
What a call costs beyond libcurl's or beyond what one would wish, and why:

- **Instructions of a blocking call.** About half are hyper's, rustls' and ring's (the row `bare hyper`). Preparing the
  request and checking the answer's JSON are some 7,000 each. The library's own code is optimised for size, which saves
  0.3 MB and costs 4,600 instructions and 2 % of the time (`opt-level = 2` for the package wazo-auth-client-rust, measured
  with callgrind and in turns with this one).
- **Calls of a queue** go through reqwest, which parses the URL twice more for each call, and wraps the request in the
  layers of tower; `bare reqwest` is the limit there.
- **Memory of a call in flight.** hyper gives each HTTP/1.1 connection a buffer of 8 KiB for reading and one for writing;
  `bare hyper` shows what that comes to. HTTP/2 needs one connection for all calls."""

LIMITS = """\
- A network: all is loopback, where a call takes as long as its processor time.
- A real wazo-auth: its answer takes milliseconds, and hides most differences of this page.
- Preparing a request and judging an answer on their own, and answers of other sizes: `make bench-criterion` does that."""


if __name__ == '__main__':
    source = Path(sys.argv[1]) if len(sys.argv) > 1 else build.BUILD / 'results.json'
    write(json.loads(source.read_text()), Path(sys.argv[2]) if len(sys.argv) > 2 else None)
