"""What the Python clients share: arguments, threads, clocks, and the line of JSON (see bench/README.md)."""

import json
import resource
import sys
import threading
import time
from urllib.parse import urlsplit

WARM_UP = 3


class Arguments:
    def __init__(self, words):
        if len(words) < 4:
            sys.exit('expected URL CA_FILE COUNT CONCURRENCY')
        self.url, self.ca_file, self.count, self.concurrency = words[0], words[1], int(words[2]), int(words[3])
        parts = urlsplit(self.url)
        self.https, self.host, self.port, self.path = parts.scheme == 'https', parts.hostname, parts.port, parts.path
        self.token = self.path.rpartition('/')[2]


def peak_rss_kib():
    """Not getrusage's: that one begins with the memory of the process that started this one."""
    with open('/proc/self/status') as status:
        return next(int(line.split()[1]) for line in status if line.startswith('VmHWM:'))


def run(prepare):
    """Measures calls. `prepare(arguments)` gives a function that makes one call and returns the decoded answer."""
    arguments = Arguments(sys.argv[1:])
    left, lock, latencies, errors = [arguments.count], threading.Lock(), [], []

    def take():
        with lock:
            left[0] -= 1
            return left[0] >= 0

    def work(call):
        while take():
            began = time.perf_counter()
            try:
                good = call()['data']['token'] == arguments.token
            except Exception as error:
                good = False
                errors.append(repr(error))
            if good:
                latencies.append(time.perf_counter() - began)

    first = prepare(arguments)
    for _ in range(WARM_UP):
        first()
    threads = [threading.Thread(target=lambda: work(prepare(arguments))) for _ in range(arguments.concurrency - 1)]
    used, began = resource.getrusage(resource.RUSAGE_SELF), time.perf_counter()
    for thread in threads:
        thread.start()
    work(first)
    for thread in threads:
        thread.join()
    seconds, now = time.perf_counter() - began, resource.getrusage(resource.RUSAGE_SELF)
    if errors:
        print(errors[0], file=sys.stderr)
    latencies.sort()
    print(
        json.dumps(
            {
                'calls': len(latencies),
                'failed': arguments.count - len(latencies),
                'seconds': round(seconds, 6),
                'cpu_seconds': round(now.ru_utime + now.ru_stime - used.ru_utime - used.ru_stime, 6),
                'p50_us': int(latencies[len(latencies) // 2] * 1e6) if latencies else 0,
                'p99_us': int(latencies[len(latencies) * 99 // 100] * 1e6) if latencies else 0,
                'peak_rss_kib': peak_rss_kib(),
            }
        )
    )
