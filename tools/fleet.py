#!/usr/bin/env python3
"""`make simulate-fleet`: runs examples/fleet.rs for each scenario and writes docs/fleet.md with its pictures.

    tools/fleet.py [--hosts 10000] [--tokens 1000]

10,000 hosts with 1,000 tokens each need about 4 GB of memory and some minutes. With other numbers nothing is written, and
the figures are printed alone.
"""
import argparse
import json
import os
import shlex
import subprocess
import sys
from html import escape
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
DOCS = ROOT / 'docs'
TARGET = Path(os.environ.get('CARGO_TARGET_DIR', ROOT / 'target'))
SCENARIOS = {
    'none': 'no verifier: every use of a token is a request',
    'retries': 'no verifier, `retries` 3',
    'minute': 'verifier, `ttl_ms` one minute',
    'half-hour': 'verifier, `ttl_ms` half an hour, `stale_ms` an hour',
    'half-hour-without-stale': 'verifier, `ttl_ms` half an hour, `stale_ms` 0',
}
COLOURS = {'none': '#d1242f', 'retries': '#8250df', 'minute': '#9a6700', 'half-hour': '#1f6feb', 'half-hour-without-stale': '#1a7f37'}
HEAD = """<!-- Written by `make simulate-fleet` (tools/fleet.py). Do not edit. -->

# The fleet, simulated

{hosts:,} hosts, each with {tokens:,} callers' tokens, and one wazo-auth of 25 workers, on a virtual clock. The cache, the
breaker, the back-off and the jitter are the library's own code (`examples/fleet.rs`). A token is used once in 300 s. A
question takes a worker 3 ms, a login (250,000 rounds of PBKDF2) 250 ms; so the server can answer {capacity:,.0f} questions a
second. A caller gives up after 10 s. The server is down for five minutes, from second {outage_s} to second {return_s}.

Run by `make simulate-fleet`.
"""


def simulate(program, hosts, tokens, scenario):
    print(f'fleet: {scenario}', file=sys.stderr, flush=True)
    result = subprocess.run([program, str(hosts), str(tokens), scenario], check=True, stdout=subprocess.PIPE)
    return json.loads(result.stdout)


def mean(values):
    return sum(values) / len(values) if values else 0.0


def smooth(values, width=10):
    return [mean(values[at:at + width]) for at in range(0, len(values) - width + 1, width)]


def figures(run):
    requests = [question + login for question, login in zip(run['questions'], run['logins'])]
    outage, back = run['outage_s'], run['return_s']
    uses = sum(sum(run[name][outage:back]) for name in ('decided', 'stale', 'unknown'))
    return {
        'steady': mean(requests[outage - 300:outage]),
        # What the failing itself brings, in its first ten seconds: repetitions, and the failures that open the breakers.
        'onset': mean(requests[outage:outage + 10]) / max(mean(requests[outage - 300:outage]), 1e-9),
        'during': mean(requests[outage + 30:back]),
        'peak': max(requests[back:]),
        'ratio': max(requests[back:]) / max(mean(requests[outage - 300:outage]), 1e-9),
        'logins': mean(run['logins'][:outage]),
        'refused': 100 * sum(run['unknown'][outage:back]) / max(uses, 1),
        'late': 100 * sum(run['unknown'][:outage]) / max(sum(sum(run[n][:outage]) for n in ('decided', 'unknown')), 1),
        'wait': max(run['wait_s'][back:]),
    }


def picture(title, runs, value):
    """Lines over the seconds, as SVG."""
    width, left, top, across, up = 880, 90, 50, 760, 280
    series = {name: smooth(value(run)) for name, run in runs.items()}
    most = max((max(line) for line in series.values()), default=1) or 1
    length = max(len(line) for line in series.values())
    run = next(iter(runs.values()))
    parts = []

    def x(second):
        return left + across * second / (length * 10)

    begin, end = x(run['outage_s']), x(run['return_s'])
    parts.append(f'<rect x="{begin:.1f}" y="{top}" width="{end - begin:.1f}" height="{up}" fill="#f6d5d5"/>')
    parts.append(f'<text x="{(begin + end) / 2:.1f}" y="{top + 16}" text-anchor="middle">outage</text>')
    for part in range(5):
        y = top + up - up * part / 4
        parts.append(f'<line x1="{left}" x2="{left + across}" y1="{y:.1f}" y2="{y:.1f}" stroke="#d0d7de"/>')
        parts.append(f'<text x="{left - 8}" y="{y + 4:.1f}" text-anchor="end">{most * part / 4:,.0f}</text>')
    for second in range(0, length * 10 + 1, 300):
        parts.append(f'<text x="{x(second):.1f}" y="{top + up + 20}" text-anchor="middle">{second} s</text>')
    for index, (name, line) in enumerate(series.items()):
        points = ' '.join(f'{x(at * 10):.1f},{top + up - up * point / most:.1f}' for at, point in enumerate(line))
        parts.append(f'<polyline points="{points}" fill="none" stroke="{COLOURS[name]}" stroke-width="2"/>')
        y = top + up + 44 + 20 * index
        parts.append(f'<rect x="{left}" y="{y - 10}" width="24" height="4" fill="{COLOURS[name]}"/>')
        parts.append(f'<text x="{left + 32}" y="{y - 4}">{escape(SCENARIOS[name].replace("`", ""))}</text>')
    height = top + up + 40 + 20 * len(series)
    head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" role="img" font-family="sans-serif"'
    heading = f'<text x="16" y="26" font-size="16" font-weight="bold">{escape(title)}</text>'
    back = f'<rect width="{width}" height="{height}" fill="white"/>'
    return '\n'.join([f'{head} font-size="13" fill="#24292f">', f'<title>{escape(title)}</title>', back, heading, *parts,
                      '</svg>', ''])


def page(runs):
    run = runs['half-hour']
    text = [HEAD.format(capacity=25 / 0.003, **run)]
    text.append('| hosts | requests a second, steady | first 10 s of the outage, to steady | during it | most in a second after it | to steady | '
                'not decided, steady | not decided in the outage | longest wait at the server after it |')
    text.append('|---|---|---|---|---|---|---|---|---|')
    for name, run in runs.items():
        f = figures(run)
        text.append(f'| {SCENARIOS[name]} | {f["steady"]:,.0f} | {f["onset"]:.2f} | {f["during"]:,.0f} | {f["peak"]:,} | {f["ratio"]:.2f} | '
                    f'{f["late"]:.1f} % | {f["refused"]:.1f} % | {f["wait"]:.1f} s |')
    text.append('')
    text.append(f'Logins of the hosts themselves: {figures(runs["half-hour"])["logins"]:.2f} a second on average.')
    text.append('')
    text.append('![Requests a second](fleet-requests.svg)')
    text.append('')
    text.append('![With half an hour](fleet-return.svg)')
    text.append("""
## What it says

- Without a verifier, and with answers that are kept for a minute, this fleet is too large for this server: calls wait until
  they give up, outage or not. Only answers that are kept for long bring it below what the server can do. They are safe only
  where revocations are heard: `wazo_auth_verifier_apply_event`, bindings/c/revocation_listener.c.
- Repetitions (`retries`) do not double the load of an outage: their budget is used up after five, and fills with successes
  alone. (With ten, the first ten seconds brought 2.6 times the steady load.)
- A steady state is only nearly one here: what the hosts know at the beginning was asked for at random times.
- In the outage, a host asks once in some seconds (the breaker's back-off, 1 to 16 s) and not for each call.
- With `stale_ms`, calls go on during the outage. When the server is back, what became too old meanwhile is asked about one
  after the other, over three times the length of the outage: the return stays below twice the steady state. Before this
  simulation all was asked about at its next use.
- Without `stale_ms` nobody can wait: what has become too old is asked about at its next use, and calls fail meanwhile.
""")
    return '\n'.join(text)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--hosts', type=int, default=10_000)
    parser.add_argument('--tokens', type=int, default=1_000)
    arguments = parser.parse_args()
    cargo = shlex.split(os.environ.get('CARGO', 'cargo'))
    command = [*cargo, 'build', '--locked', '--quiet', '--profile', 'budget', '--example', 'fleet']
    subprocess.run(command, cwd=ROOT, check=True)
    program = TARGET / 'budget' / 'examples' / 'fleet'
    runs = {name: simulate(program, arguments.hosts, arguments.tokens, name) for name in SCENARIOS}
    for name, run in runs.items():
        print(name, json.dumps({key: round(value, 2) for key, value in figures(run).items()}))
    if (arguments.hosts, arguments.tokens) != (10_000, 1_000):
        return
    (DOCS / 'fleet.md').write_text(page(runs))
    everything = picture('Requests a second at wazo-auth', runs, lambda run: run['questions'])
    (DOCS / 'fleet-requests.svg').write_text(everything)
    chosen = {name: runs[name] for name in ('half-hour', 'half-hour-without-stale')}
    (DOCS / 'fleet-return.svg').write_text(
        picture('Requests a second, answers kept for half an hour', chosen, lambda run: run['questions']))
    print('wrote docs/fleet.md and its pictures')


if __name__ == '__main__':
    main()
