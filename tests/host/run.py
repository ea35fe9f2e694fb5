#!/usr/bin/env python3
"""Runs the host tests: starts the peers, runs each program under a watchdog, and counts the promises.

    run.py --programs FOLDER [--full] [NAME ...]

--programs is where the compiled programs are (see targets.mk). Lines and counts as in tests/support/report.py; library
and simulator as in tests/support/artifacts.py.
"""

import argparse
import base64
import json
import os
import re
import secrets
import signal
import subprocess
import sys
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
SUPPORT = HERE.parent / 'support'
sys.path.insert(0, str(SUPPORT))
import artifacts  # noqa: E402
from report import Report  # noqa: E402
from wazo_auth import Simulator  # noqa: E402


class Runner(Report):
    def __init__(self, arguments, environment):
        super().__init__()
        self.arguments, self.environment = arguments, environment
        self.spied = {'LD_PRELOAD': str(arguments.programs.resolve() / 'spy.so')}

    def promise(self, holds, what, figure):
        return super().promise(holds, f'{what}: {figure}')

    def start(self, command, **more):
        """Starts a program of the test in a group of its own, so that nothing of it outlives it."""
        return subprocess.Popen(
            command,
            env={**self.environment, **more.pop('environment', {})},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            text=True,
            errors='replace',
            **more,
        )

    def end_group(self, process):
        try:
            os.killpg(process.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        process.wait()

    def run(self, name, *parameters, seconds=None, wrapper=(), environment=None):
        """Runs a program to its end and counts its lines; false where it did not end well."""
        # Under a sanitizer everything takes longer.
        seconds = (seconds or (240 if self.arguments.full else 90)) * int(os.environ.get('SLOWER', '1'))
        started = time.monotonic()
        command = [*wrapper, str(self.arguments.programs / name), *parameters]
        process = self.start(command, environment=environment or {})
        try:
            output, _ = process.communicate(timeout=seconds)
        except subprocess.TimeoutExpired:
            self.end_group(process)
            output, _ = process.communicate()
            self.note(f'{name} was ended after {seconds} s')
        finally:
            self.end_group(process)
        self.program(output, process.returncode, f'{name} {" ".join(parameters)}'.strip())
        print(f'# {name} {" ".join(parameters)}: {time.monotonic() - started:.1f} s', flush=True)


def ends_at_once(runner):
    """A process with calls in flight ends as it wants to, at once."""
    ways = [('return', 7), ('exit', 7), ('quick_exit', 7), ('thread', 7), ('wait', -signal.SIGTERM)]
    for scheme in 'HTTP', 'HTTPS':
        for how, due in ways:
            slowest, good, rounds = 0.0, 0, 10 if runner.arguments.full else 2
            for _ in range(rounds):
                process = runner.start([str(runner.arguments.programs / 'exit'), how, scheme])
                try:
                    began = int(process.stdout.readline())
                    if how == 'wait':
                        process.terminate()
                    process.wait(20)
                    took = (time.monotonic_ns() - began) / 1e6
                except (ValueError, subprocess.TimeoutExpired):
                    took = float('inf')
                finally:
                    runner.end_group(process)
                if process.returncode != due:
                    print(f'#   {how}: ended with {process.returncode}, not {due}')
                good += process.returncode == due
                slowest = max(slowest, took)
            what = 'SIGTERM' if how == 'wait' else 'exit by another thread' if how == 'thread' else how
            runner.promise(
                good == rounds and slowest < 1000,
                f'exit: {what} with calls in flight ends the process ({scheme})',
                f'{good} of {rounds} as due, slowest {slowest:.0f} ms',
            )


def checked_by_valgrind(runner):
    """No invalid access, no use of what was never set, nothing lost: parent and child."""
    if runner.lacks('valgrind', 'memory: valgrind finds no error in parent and children, and nothing lost'):
        runner.run('memory')
        return
    folder = runner.arguments.programs
    for old in folder.glob('valgrind.*.log'):
        old.unlink()
    runner.run(
        'memory',
        wrapper=[
            'valgrind',
            '--quiet',
            '--leak-check=full',
            '--show-leak-kinds=definite',
            '--errors-for-leak-kinds=definite',
            '--num-callers=20',
            f'--suppressions={HERE / "valgrind.supp"}',
            f'--log-file={folder / "valgrind.%p.log"}',
        ],
    )
    logs = sorted(folder.glob('valgrind.*.log'), key=lambda path: int(path.name.split('.')[1]))
    errors = []
    for index, path in enumerate(logs):
        lines = [line.partition('== ')[2] for line in path.read_text().splitlines()]
        for block in '\n'.join(lines).split('\n\n'):
            # A child leaves its parent's state where it is, which is what it is for; the first process is the parent.
            if block.strip() and not (index > 0 and 'definitely lost' in block):
                errors.append(block)
                print('\n'.join('#   ' + line for line in block.strip().splitlines()))
    runner.promise(
        len(logs) == 3 and not errors,
        'memory: valgrind finds no error in parent and children, and nothing lost',
        f'{len(logs)} processes, {len(errors)} errors',
    )


def loading_does_nothing(runner):
    """What the system is asked for while the library is loaded: to map its files, and nothing else."""
    what = 'loading: asks the system for nothing but to map libraries'
    if runner.lacks('strace', what):
        return
    command = ['strace', '-f', '-e', 'signal=none', str(runner.arguments.programs / 'load'), '--look']
    process = runner.start(command)
    try:
        output, _ = process.communicate(timeout=60)
    finally:
        runner.end_group(process)
    between = re.search(r'close\(-1001\)[^\n]*\n(.*)close\(-1002\)', output, re.DOTALL)
    if between is None:
        runner.skip(what, 'strace is not allowed to trace here')
        return
    calls = between.group(1).splitlines()
    # How the loader works: it looks for files, maps them, and sets memory up for them.
    loader = re.compile(
        r'(openat|open|read|pread64|fstat|newfstatat|mmap|mprotect|munmap|close|brk|getcwd|access|futex)\('
    )
    opened = re.compile(r'open(?:at)?\([^"]*"([^"]*)".*= \d+$')
    strange = [call for call in calls if not loader.match(call)]
    files = [match.group(1) for call in calls if (match := opened.match(call))]
    strange += [name for name in files if '.so' not in name]
    for call in strange:
        print(f'#   {call}')
    runner.promise(
        not strange,
        what,
        f'{len(calls)} system calls, {len(files)} files: {", ".join(Path(name).name for name in files)}',
    )


def start_server(command, first_line):
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    return process, first_line(process)


def end_server(process):
    """The end of their standard input is the peers' own."""
    process.stdin.close()
    try:
        process.wait(5)
    except subprocess.TimeoutExpired:
        process.kill()


def over_http2(runner):
    """Calls that share connections, by a server that speaks HTTP/2."""
    with Simulator(tls=False, both=True) as simulator:
        port = simulator.urls['https'].rpartition(':')[2]
        runner.run('http2', environment={'SIMULATOR': port, 'SIMULATOR_CA': simulator.ca_file})
        requests = simulator.control('GET', 'requests')['items']
    # HTTP/1.1 has the server's name in a header, HTTP/2 beside them. A blocking call has its connection for itself.
    by_http2 = [request['headers'].get('user-agent') for request in requests if 'host' not in request['headers']]
    queued = sum(request['headers'].get('user-agent') == 'queue' for request in requests)
    runner.promise(
        queued > 0 and by_http2 == ['queue'] * queued and len(requests) > queued,
        'HTTP/2 sends the calls of a queue, HTTP/1.1 blocking calls',
        f'{len(by_http2)} of {len(requests)} by HTTP/2, {queued} of them a queue\'s',
    )


def secrets_are_wiped(runner):
    """What remains of secrets in a process. They reach it masked, so that it holds no copy that is not the library's."""

    def masked(text):
        return bytes(byte ^ 0x5A for byte in text.encode()).hex()

    password = secrets.token_hex(16)
    basic = base64.b64encode(f'admin:{password}'.encode()).decode()
    with Simulator(tls=False, both=True, admin=f'admin:{password}') as simulator:
        for url in simulator.urls.values():
            environment = {
                'SIMULATOR_URL': url,
                'SIMULATOR_CA': simulator.ca_file,
                'MASKED_PASSWORD': masked(password),
                'MASKED_BASIC': masked(basic),
            }
            runner.run('secrets', environment=environment)


def memory_is_bounded(runner):
    """What a server can do to the memory of a host."""
    giant, ports = start_server([sys.executable, str(HERE / 'giant.py')], lambda p: json.loads(p.stdout.readline()))
    try:
        runner.run('bounds', environment=ports, seconds=500 if runner.arguments.full else 240)
    finally:
        end_server(giant)


def after_closing(runner):
    """Descriptors that the host has closed; the renewer logs in at the simulator."""
    with Simulator(tls=False) as simulator:
        port = simulator.urls['http'].rpartition(':')[2]
        runner.run('closed', environment={'SIMULATOR': port}, seconds=900 if runner.arguments.full else 120)


def under_loom(runner):
    """What threads race for, in every order that they may run in, by the sources themselves: see loom/src/lib.rs."""
    environment = {'CARGO_TARGET_DIR': str(runner.arguments.programs.resolve() / 'loom'), 'RUST_BACKTRACE': '0'}
    for room, promise in LOOM.items():
        # Apart from the others: a model that fails may abort, and take its process with it.
        command = [os.environ.get('CARGO', 'cargo'), 'test', '--locked', '--release', '--lib', '--', f'{room}::']
        process = runner.start(command, environment=environment, cwd=HERE / 'loom')
        try:
            output, _ = process.communicate(timeout=1800 if runner.arguments.full else 480)
        except subprocess.TimeoutExpired:
            runner.end_group(process)
            output, _ = process.communicate()
        finally:
            runner.end_group(process)
        models = re.findall(rf'^test {room}::\S+ \.\.\. (\w+)', output, re.MULTILINE)
        holds = process.returncode == 0 and len(models) > 0
        if not holds:
            runner.note(output[-4000:])
        runner.promise(holds, f'loom: {promise}', f'{models.count("ok")} of {len(models)} models, ended with {process.returncode}')


# What the models of each room are to show.
LOOM = {
    'per_process': 'the state of a process is made once, however its threads race',
    'alarm': 'a wake of the driver is never lost, and ends no wait but its own',
    'cells': 'what is found in shared memory is whole, and what was revoked is not used',
    'queue': 'no completion is lost, and nobody waits for one that is there',
    'renewer': 'one thread renews, and whoever waits for a token gets it or is told why not',
}


def programs(runner):
    """Every test by its name."""
    run = runner.run
    return {
        'fork-http': lambda: run('fork', 'HTTP'),
        'fork-https': lambda: run('fork', 'HTTPS'),
        'fork-http2': lambda: over_http2(runner),
        'load': lambda: (
            run('load', environment={**runner.spied, 'SPY_LOOK_UP_MS': '300'}),
            loading_does_nothing(runner),
        ),
        'exit': lambda: ends_at_once(runner),
        'sigpipe': lambda: run('sigpipe'),
        'threads': lambda: run('threads', 'calls', seconds=500 if runner.arguments.full else 90),
        'stack': lambda: run('threads', 'stack'),
        'deadline': lambda: run('deadline', environment=runner.spied),
        'cancel': lambda: run('deadline', 'cancel', environment=runner.spied),
        'idle': lambda: run('idle'),
        'queue': lambda: run('queue'),
        'closed': lambda: after_closing(runner),
        'verifier': lambda: run('verifier', seconds=500 if runner.arguments.full else 90),
        'secrets': lambda: secrets_are_wiped(runner),
        'bounds': lambda: memory_is_bounded(runner),
        'memory': lambda: checked_by_valgrind(runner),
        # The same program by itself, for sanitized.py.
        'short-life': lambda: run('memory') if 'short-life' in runner.arguments.names else None,
        # It builds loom, which takes a minute once.
        'loom': lambda: under_loom(runner),
        'guest': lambda: run('guest', environment=runner.spied),
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--programs', type=Path, required=True)
    parser.add_argument('--full', action='store_true')
    parser.add_argument('names', nargs='*')
    arguments = parser.parse_args()
    started, library = time.monotonic(), artifacts.library()

    # An early end of the peers' standard input is their end, however this program ends.
    echo, ports = start_server([sys.executable, str(HERE / 'server.py')], lambda p: json.loads(p.stdout.readline()))
    environment = {
        **os.environ,
        **{name: str(port) for name, port in ports.items()},
        'CA': str(SUPPORT / 'data' / 'loopback-ca.pem'),
        'LIBRARY': str(library),
        'LD_LIBRARY_PATH': str(library.parent),
        'FULL': '1' if arguments.full else '',
    }
    runner = Runner(arguments, environment)
    try:
        every = programs(runner)
        unknown = [name for name in arguments.names if name not in every]
        if unknown:
            parser.error(f'no test named {", ".join(unknown)}; there are {", ".join(every)}')
        for name, test in every.items():
            if not arguments.names or name in arguments.names:
                test()
    finally:
        end_server(echo)
    print(f'# {time.monotonic() - started:.0f} s in all')
    return runner.end()


if __name__ == '__main__':
    sys.exit(main())
