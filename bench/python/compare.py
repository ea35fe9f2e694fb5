"""One measurement of one Python client of wazo-auth, the reference's or this one's: both have the same package name.

    compare.py WHAT HOST PORT CA_FILE TOKEN SECONDS

WHAT is `start`, or words with commas: `kept` or `new` (a new client for each call), `threads` or `asyncio` (32 calls at
once). PYTHONPATH says which client it is. The call is `token.is_valid`. Prints one line of JSON, which
bench/python_compare.py reads.
"""
import json
import resource
import sys
import threading
import time

AT_ONCE = 32
WARM_UP = 3


def memory_kib(name):
    with open('/proc/self/status') as status:
        return next(int(line.split()[1]) for line in status if line.startswith(f'{name}:'))


def arguments():
    what, host, port, ca_file, token, seconds = sys.argv[1:]
    https = ca_file != '-'
    keywords = {'port': int(port), 'prefix': None, 'https': https, 'timeout': 30, 'user_agent': 'bench'}
    keywords['verify_certificate'] = ca_file if https else True
    return set(what.split(',')), host, keywords, token, float(seconds)


def start(host, keywords, token):
    """The import, a client, its first call; memory that is more than the interpreter's own."""
    before, began = memory_kib('VmRSS'), time.perf_counter()
    from wazo_auth_client import Client

    imported = time.perf_counter()
    client = Client(host, **keywords)
    made = time.perf_counter()
    good = client.token.is_valid(token)
    called = time.perf_counter()
    return {
        'failed': int(good is not True), 'import_ms': (imported - began) * 1e3, 'client_ms': (made - imported) * 1e3,
        'first_call_ms': (called - made) * 1e3, 'ready_ms': (called - began) * 1e3,
        'memory_kib': memory_kib('VmRSS') - before, 'modules': len(sys.modules),
    }


class Clock:
    """Counts calls and their latencies until the time is over."""

    def __init__(self, seconds):
        self.latencies, self.errors = [], []
        self.used = resource.getrusage(resource.RUSAGE_SELF)
        self.began = time.perf_counter()
        self.deadline = self.began + seconds

    def note(self, began, good):
        ended = time.perf_counter()
        if good is True:
            self.latencies.append(ended - began)
        else:
            self.errors.append(repr(good))
        return ended < self.deadline

    def result(self):
        seconds, now = time.perf_counter() - self.began, resource.getrusage(resource.RUSAGE_SELF)
        latencies, calls = sorted(self.latencies), len(self.latencies)
        if self.errors:
            print(self.errors[0], file=sys.stderr)
        return {
            'calls': calls, 'failed': len(self.errors), 'seconds': seconds, 'calls_per_second': calls / seconds,
            'cpu_us': (now.ru_utime + now.ru_stime - self.used.ru_utime - self.used.ru_stime) / max(calls, 1) * 1e6,
            'p50_ms': latencies[calls // 2] * 1e3 if calls else 0,
            'p99_ms': latencies[calls * 99 // 100] * 1e3 if calls else 0,
            'peak_kib': memory_kib('VmHWM'),
        }


def blocking(what, host, keywords, token, seconds):
    from wazo_auth_client import Client

    kept = Client(host, **keywords)
    client_of = (lambda: Client(host, **keywords)) if 'new' in what else (lambda: kept)

    def work(clock):
        while True:
            began = time.perf_counter()
            try:
                good = client_of().token.is_valid(token)
            except Exception as error:
                good = error
            if not clock.note(began, good):
                return

    for _ in range(WARM_UP):
        client_of().token.is_valid(token)
    clock = Clock(seconds)
    threads = [threading.Thread(target=work, args=(clock,)) for _ in range(AT_ONCE - 1 if 'threads' in what else 0)]
    for thread in threads:
        thread.start()
    work(clock)
    for thread in threads:
        thread.join()
    return clock.result()


def in_a_loop(host, keywords, token, seconds):
    import asyncio

    try:
        from wazo_auth_client.aio import AsyncClient
    except ImportError:
        return {'missing': 'this version has no wazo_auth_client.aio'}

    async def work(client, clock):
        while True:
            began = time.perf_counter()
            try:
                good = await client.token.is_valid(token)
            except Exception as error:
                good = error
            if not clock.note(began, good):
                return

    async def run():
        async with AsyncClient(host, **keywords) as client:
            for _ in range(WARM_UP):
                await client.token.is_valid(token)
            clock = Clock(seconds)
            await asyncio.gather(*(work(client, clock) for _ in range(AT_ONCE)))
            return clock.result()

    return asyncio.run(run())


def main():
    what, host, keywords, token, seconds = arguments()
    if 'start' in what:
        result = start(host, keywords, token)
    elif 'asyncio' in what:
        result = in_a_loop(host, keywords, token, seconds)
    else:
        result = blocking(what, host, keywords, token, seconds)
    print(json.dumps(result))


if __name__ == '__main__':
    main()
