#!/usr/bin/env python3
"""`make demo`: runs the C sample and the Python sample against a simulated wazo-auth over HTTPS.

If WAZO_AUTH_URL is set, the samples use that server instead. They log in with WAZO_AUTH_USERNAME and
WAZO_AUTH_PASSWORD, and trust the certificate authorities in WAZO_AUTH_CA_FILE.
"""
import contextlib
import os
import shlex
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / 'tests' / 'support'))
import artifacts  # noqa: E402
from wazo_auth import Simulator, without_settings  # noqa: E402

BUILD = ROOT / 'build' / 'demo'
SAMPLE = ROOT / 'bindings' / 'c' / 'quickstart.c'


def say(text):
    """A line of the demo's own."""
    print(f'== {text}', flush=True)


def compile_sample(library):
    """The C sample as a program, compiled as a user of the library would, with every warning an error."""
    BUILD.mkdir(parents=True, exist_ok=True)
    program = BUILD / 'quickstart'
    command = [*shlex.split(os.environ.get('CC', 'cc')), '-std=c99', '-Wall', '-Wextra', '-Wpedantic', '-Werror']
    command += ['-I', ROOT / 'include', SAMPLE, '-L', library.parent, '-lwazo_auth_client']
    # The program finds the library where it was built.
    command += [f'-Wl,-rpath,{library.parent}', '-o', program]
    command = [str(part) for part in command]
    say('Compiling the C sample')
    print(shlex.join(command), flush=True)
    try:
        if subprocess.run(command).returncode:
            sys.exit('The C sample does not compile.')
    except FileNotFoundError:
        sys.exit(f'There is no {command[0]}: install a C compiler (Debian: apt-get install gcc libc6-dev), or set CC.')
    return program


def run_sample(language, command, environment):
    """Runs a sample, its output shown as it comes; the demo ends where it fails."""
    print(flush=True)
    say(f'{language}: {shlex.join(str(part) for part in command)}')
    began = time.monotonic()
    status = subprocess.run([str(part) for part in command], env=environment).returncode
    if status:
        sys.exit(f'\nThe {language} sample failed (exit status {status}); see its output above for the reason.')
    return f'{language} sample: {time.monotonic() - began:.2f} s'


@contextlib.contextmanager
def server():
    """The environment that tells the samples where wazo-auth is; a simulator lives as long as this."""
    environment = dict(os.environ)
    if environment.get('WAZO_AUTH_URL'):
        # Without its credentials, should it hold any.
        say(f'Using the wazo-auth at {environment["WAZO_AUTH_URL"].rpartition("@")[2]}')
        yield environment
        return
    say('Building the simulator, a wazo-auth in memory')
    artifacts.simulator()
    with Simulator() as simulator:
        say(f'The simulator listens on {simulator.url}; its certificate, new at each start, is in {simulator.ca_file}')
        # What is set for another server must not reach this one.
        yield without_settings(environment) | simulator.settings()
    say('The simulator is stopped')


def main():
    say('Building the library (the first time, this takes a few minutes)')
    library = artifacts.library()
    sample = compile_sample(library)
    with server() as environment:
        environment['PYTHONPATH'] = str(ROOT / 'bindings' / 'python')
        environment['WAZO_AUTH_CLIENT_LIBRARY'] = str(library)
        times = [
            run_sample('C', [sample], environment),
            run_sample('Python', [sys.executable, ROOT / 'bindings' / 'python' / 'examples' / 'quickstart.py'], environment),
        ]
        print(flush=True)
    say(f'{"; ".join(times)}. Start from bindings/c/quickstart.c and bindings/python/examples/quickstart.py.')


if __name__ == '__main__':
    try:
        main()
    except KeyboardInterrupt:
        # The simulator is stopped by then.
        sys.exit(130)
