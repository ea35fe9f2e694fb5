"""What the tests of the samples stand on: building them, running them, and a wazo-auth with known tokens.

Standard library only. Nothing here waits for luck: a program is ready when it says so, and every wait has an end.
"""
import os
import pathlib
import queue
import re
import signal
import socket
import subprocess
import sys
import threading
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
SOURCES = ROOT / 'bindings' / 'c'
STRICT = ['-std=c99', '-Wall', '-Wextra', '-Wpedantic', '-Werror', '-g']
LONG = 60  # seconds after which something has gone wrong; nothing that is right comes near it

sys.path.insert(0, str(ROOT / 'tests' / 'support'))
import artifacts  # noqa: E402
from wazo_auth import Simulator, without_settings  # noqa: E402

# Tokens, and what the simulator says of them.
ALL, READER, UNKNOWN, SLOW = (f'00000000-0000-4000-8000-00000000000{n}' for n in range(1, 5))
QUESTIONS = {
    ALL: 'ALLOW',
    f'{ALL} auth.users.read': 'ALLOW',
    READER: 'ALLOW',
    f'{READER} auth.users.read': 'ALLOW',
    f'{READER} auth.users.create': 'DENY',
    UNKNOWN: 'DENY',
    f'{UNKNOWN} auth.users.read': 'DENY',
    'no-token-at-all': 'DENY',
    f'{ALL}%2f..%2f{ALL}': 'DENY',
    f'{UNKNOWN}", "token": "{ALL}': 'DENY',  # a text that is not quoted would become another question
    '..': 'DENY',
    '': 'DENY',
}


def wazo_auth(tls):
    """A simulator that knows the tokens, and takes a minute for SLOW."""
    simulator = Simulator(tls=tls).start()
    state = simulator.control('GET', 'state')
    admin = state['users'][0]['uuid']
    accesses = {ALL: ['#'], READER: ['auth.users.read'], SLOW: ['#']}
    state['tokens'] = [{'uuid': uuid, 'auth_id': admin, 'acl': acl} for uuid, acl in accesses.items()]
    simulator.control('PUT', 'state', state)
    simulator.control('PUT', 'faults', [{'fault': 'delay', 'ms': 60000, 'path': f'*{SLOW}*'}])
    return simulator


def environment(simulator=None, **more):
    """The environment of a sample: no setting of the caller's, and time enough on a busy machine."""
    kept = without_settings(os.environ)
    if simulator:
        # By its address: a name look-up has a thread, which may be seen where threads are counted.
        kept['WAZO_AUTH_URL'] = simulator.url.replace('localhost', '127.0.0.1')
        if simulator.tls:
            kept['WAZO_AUTH_CA_FILE'] = simulator.ca_file
    library = artifacts.library()
    return {**kept, 'WAZO_AUTH_TIMEOUT_MS': '50000', 'LD_LIBRARY_PATH': str(library.parent), **more}


def has_header(header):
    """Whether a library's header is there; where it is not, what needs it is skipped."""
    found = subprocess.run(['gcc', '-E', '-'], input=f'#include <{header}>\n', text=True, capture_output=True)
    return found.returncode == 0


def build(folder):
    """Compiles all samples into the folder, with every warning an error; the names of those that were built."""
    library = artifacts.library()
    linked = [f'-I{ROOT / "include"}', f'-L{library.parent}', '-lwazo_auth_client']
    wanted = {
        'admission': ['admission.c', *linked],
        'epoll_server': ['epoll_server.c', *linked],
        'prefork_workers': ['prefork_workers.c', *linked],
        'module.so': ['-shared', '-fPIC', '-fvisibility=hidden', 'module.c', *linked],
        'module_host': ['-pthread', 'module_host.c'],
    }
    if has_header('event2/event.h'):
        wanted['libevent_server'] = ['libevent_server.c', *linked, '-levent']
    if has_header('amqp.h'):
        wanted['revocation_listener'] = ['-pthread', 'revocation_listener.c', *linked, '-lrabbitmq']
    for name, arguments in wanted.items():
        compile_c(folder / name, *arguments)
    return set(wanted)


def compile_c(program, *arguments):
    """Compiles a program, with every warning an error; the sources are named from bindings/c."""
    done = subprocess.run(['gcc', *STRICT, *arguments, '-o', str(program)], cwd=SOURCES, text=True, capture_output=True)
    if done.returncode != 0:
        raise AssertionError(f'{program.name} does not compile:\n{done.stderr}')


class Program:
    """A sample that runs until it is ended. As a context manager it must end well, of SIGTERM."""

    def __init__(self, command, env, errors):
        self.errors_path = errors
        with open(errors, 'wb') as file:
            self.process = subprocess.Popen(command, env=env, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                            stderr=file, text=True)
        self.lines = queue.Queue()
        self.reader = threading.Thread(target=self.read)
        self.reader.start()
        try:
            self.port = int(self.line(r'listening on 127\.0\.0\.1:(\d+)')[1])
        except BaseException:
            self.kill()
            raise

    def read(self):
        for line in self.process.stdout:
            self.lines.put(line)
        self.lines.put(None)  # the program, and all that it forked, are gone

    def line(self, pattern):
        """Waits for a line of the program's output."""
        end = time.monotonic() + LONG
        while (line := self.lines.get(timeout=max(0.01, end - time.monotonic()))) is not None:
            if match := re.search(pattern, line):
                return match
        raise AssertionError(f'no line like {pattern!r}; it said: {self.errors()}')

    def errors(self):
        return pathlib.Path(self.errors_path).read_text(encoding='utf-8', errors='replace')

    def processor_seconds(self):
        """How much of the processor it has had."""
        fields = pathlib.Path(f'/proc/{self.process.pid}/stat').read_text().rpartition(')')[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf('SC_CLK_TCK')

    def end(self):
        """Ends it as an administrator does, and sees that it goes well and leaves no process behind."""
        self.process.send_signal(signal.SIGTERM)
        status = self.process.wait(timeout=LONG)
        self.reader.join(timeout=LONG)
        if status != 0 or self.reader.is_alive():
            raise AssertionError(f'{self.process.args[0]} ended with {status}: {self.errors()}')

    def kill(self):
        """Ends it whatever state it is in."""
        self.process.kill()
        self.process.wait()
        self.reader.join(timeout=LONG)
        self.process.stdout.close()

    def __enter__(self):
        return self

    def __exit__(self, kind, *_):
        try:
            if kind is None and self.process.poll() is None:
                self.end()
        finally:
            self.kill()


class Lines:
    """A client over TCP, line by line."""

    def __init__(self, port):
        self.socket = socket.create_connection(('127.0.0.1', port), timeout=LONG)
        self.file = self.socket.makefile('rb')

    def send(self, *lines):
        self.socket.sendall(b''.join(line if isinstance(line, bytes) else line.encode() + b'\n' for line in lines))

    def answer(self):
        """The next line; '' where the server has hung up."""
        try:
            return self.file.readline().decode().rstrip('\n')
        except ConnectionResetError:
            return ''

    def ask(self, line):
        self.send(line)
        return self.answer()

    def reset(self):
        """Goes without a goodbye, as a program that crashed."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b'\x01\0\0\0\0\0\0\0')
        self.close()

    def close(self):
        self.file.close()
        self.socket.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


def ask_by_udp(port, question):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
        client.settimeout(LONG)
        client.connect(('127.0.0.1', port))
        client.send(question if isinstance(question, bytes) else question.encode())
        return client.recv(100).decode()


def in_threads(number, work):
    """Runs work(0), work(1) ... at once; raises what the first of them raised."""
    failures = []

    def guarded(index):
        try:
            work(index)
        except BaseException as failure:  # noqa: B902 - handed on
            failures.append(failure)

    threads = [threading.Thread(target=guarded, args=(index,)) for index in range(number)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failures:
        raise failures[0]


class Unreachable:
    """An address of a server that is away (`refusing`: nobody listens) or hangs (nobody answers)."""

    def __init__(self, refusing):
        self.socket = socket.socket()
        self.socket.bind(('127.0.0.1', 0))  # held, so that nobody else gets the port
        if not refusing:
            self.socket.listen(64)
        self.url = f'http://127.0.0.1:{self.socket.getsockname()[1]}'

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()
