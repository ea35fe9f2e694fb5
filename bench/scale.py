"""Scale: 1 to 512 threads, 1 to 10,000 calls in flight, and what a server with 25 workers makes of it."""

from clients import CLIENTS

THREADS = (1, 8, 64, 512)
IN_FLIGHT = (1, 8, 64, 512, 2000, 10000)
SIZING = (1, 8, 16, 25, 32, 64, 128, 256, 1024)
# What the server of the sizing takes for an answer, and how many it works on at once: as many as wazo-auth has threads.
ANSWER_MS, WORKERS = 10, 25
KEPT = ('calls_per_second', 'p50_us', 'p99_us', 'connections', 'peak_rss_kib', 'descriptors', 'threads', 'failed')


def measure(runner, kind, keys, steps, url, calls_of):
    """A row for each client and step."""
    rows = []
    for step in steps:
        for key in keys:
            sample, words = runner.once(key, url, calls_of(step), step, watch=True)
            if sample is None:
                runner.skip(f'{kind} {step}, {CLIENTS[key].label}', 'the program could not be built')
                continue
            runner.count(sample, f'{kind} {step}, {CLIENTS[key].label}')
            row = {name: sample.get(name) for name in KEPT}
            rows.append({'client': key, 'step': step, 'command': words, 'error': sample.get('error'), **row})
            if 'error' not in sample:
                print(
                    f'    {step:6} {CLIENTS[key].label:44} {sample["calls_per_second"]:7.0f} calls/s'
                    f'  p50 {sample["p50_us"] / 1e3:8.2f} ms  p99 {sample["p99_us"] / 1e3:8.2f} ms'
                    f'  {sample.get("connections", 0):6} conn.  {sample["descriptors"]:6} descriptors'
                    f'  {sample["peak_rss_kib"] / 1024:6.1f} MiB',
                    flush=True,
                )
    return rows


def descriptor_limit(runner):
    """How many threads can call at once where the limit of descriptors is 1,024: the most at which no call fails."""
    least, most = 0, 1024
    while most - least > 8:
        middle = (least + most) // 2
        sample, _ = runner.once('threads', 'slow plain', middle, middle, more_environment={'BENCH_DESCRIPTORS': '1024'})
        if sample is None:
            return None
        least, most = (least, middle) if 'error' in sample else (middle, most)
    return least


def run(runner, quick):
    data = {}
    print('bench: threads, TLS', flush=True)
    threads = (1, 64) if quick else THREADS
    calls = 2000 if quick else 10000
    data['threads'] = measure(runner, 'threads', ['threads', 'curl threads'], threads, 'tls', lambda n: max(calls, n))
    print('bench: in flight, TLS', flush=True)
    in_flight = (1, 64) if quick else IN_FLIGHT
    keys = ['queue', 'curl socket']
    data['in_flight'] = measure(runner, 'in flight', keys, in_flight, 'tls', lambda n: max(calls, n))
    print(f'bench: a server with {WORKERS} workers that answers after {ANSWER_MS} ms, without TLS', flush=True)
    sizing = (8, 25, 64) if quick else SIZING
    data['sizing'] = measure(
        runner, 'sizing', ['queue', 'queue 32', 'queue 25'], sizing, 'sizing', lambda n: max(500, min(40 * n, 4000), n)
    )
    data['answer_ms'], data['workers'] = ANSWER_MS, WORKERS
    if not quick:
        data['threads_with_1024_descriptors'] = descriptor_limit(runner)
        print(f'    1,024 descriptors are enough for {data["threads_with_1024_descriptors"]} threads', flush=True)
    return data
