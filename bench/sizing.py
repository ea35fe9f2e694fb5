"""The section on sizing for wazo-auth's 25 workers, from the measurements of bench/scale.py."""

import plot


def series(rows, key):
    """A line for each client, by the number in flight."""
    from clients import CLIENTS

    lines = {}
    for row in rows:
        if not row['error']:
            lines.setdefault(row['client'], []).append((row['step'], row[key]))
    return [(CLIENTS[client].label, points) for client, points in lines.items()]


def section(data, folder, clients):
    rows, workers, answer_ms = data.get('sizing', []), data['workers'], data['answer_ms']
    most = workers * 1000 / answer_ms
    text = TEXT.format(workers=workers, answer_ms=answer_ms, most=f'{most:,.0f}')
    lines = ['', f'## Sizing for the {workers} workers of wazo-auth', '', text, '']
    lines += ['![Calls per second](pictures/performance-sizing.svg)', '']
    lines += ['![The slowest hundredth](pictures/performance-sizing-p99.svg)', '']
    lines += ['| submitted at once | client | calls/s | of the most | p50 ms | p99 ms |', '|---:|---|---:|---:|---:|---:|']
    for row in rows:
        label = clients[row['client']].label
        if row['error']:
            lines.append(f'| {row["step"]:,} | {label} | {row["error"][:60]} | | | |')
            continue
        speed = row['calls_per_second']
        times = ' | '.join(f'{row[name] / 1e3:,.1f}' for name in ('p50_us', 'p99_us'))
        lines.append(f'| {row["step"]:,} | {label} | {speed:,.0f} | {speed / most:.0%} | {times} |')
    for name, key, vertical in (
        ('sizing', 'calls_per_second', 'calls/s'),
        ('sizing-p99', 'p99_us', 'microseconds until 99 of 100 answers have come'),
    ):
        title = f'A server with {workers} workers, {answer_ms} ms an answer'
        picture = plot.lines(title, series(rows, key), 'calls submitted at once', vertical)
        (folder / 'pictures' / f'performance-{name}.svg').write_text(picture)
    return lines + ['', ADVICE.format(workers=workers, answer_ms=answer_ms, most=f'{most:,.0f}')]


TEXT = """\
wazo-auth answers {workers} requests at a time; further ones wait in the server. The server of this section does the same
and takes {answer_ms} ms for an answer, which is an assumption: measure yours, and scale the figures. So it answers
{most} calls/s at most, whatever the client does. `queue` sends all submitted calls at once; `queue, 32 connections` has
the default of `queue_connections`, and keeps the other calls in the client, where they cost memory alone."""

ADVICE = """\
- **Throughput ends at {workers} calls in flight.** More connections make no call faster: they move the wait from the
  client into the server, where every other program that uses wazo-auth waits behind them.
- **Leave some for the others.** Several hosts share the {workers} workers. With two hosts of equal load,
  `queue_connections=12` each is enough for the whole throughput.
- **The wait is the number of calls ahead divided by the throughput**: with 1,000 calls submitted at {most} calls/s the
  last is answered after {answer_ms} ms * 1,000 / {workers}. `timeout_ms` counts that wait, and a call ends with `busy`
  when it has waited for `queue_wait_ms` (half of `timeout_ms` unless set): so a host hears early that the server is behind.
  `queue_waiting` limits how many wait.
- **Threads that make blocking calls** need no more than {workers} at a time either. Each has one descriptor while it calls,
  and the pool keeps `pool_size` of them.
- **More I/O threads** (`io_threads`) help where one is busy all the time, which is far beyond what {workers} workers answer:
  compare the rows `queue` and `queue, io_threads=2` of the calls in flight above. They cannot help where client and
  server share the cores, as here."""
