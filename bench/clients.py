"""The clients that are measured: what each is called, how it is run, and what it speaks.

Every client takes URL CA_FILE COUNT CONCURRENCY and prints one line of JSON (see bench/README.md).
"""

import json
import os
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).resolve().parent


@dataclass(frozen=True)
class Client:
    label: str
    program: str  # an attribute of build.Programs, or 'python:FILE'
    more: tuple = ()  # words after the concurrency
    first: tuple = ()  # words before the URL


CLIENTS = {
    'typed': Client('this library: typed (wazo_auth_token_get)', 'wazo', ('typed',)),
    'name': Client('this library: by name (wazo_auth_call)', 'wazo', ('name',)),
    'check': Client('this library: the question (wazo_auth_token_check, HEAD)', 'wazo', ('check',)),
    'queue': Client('this library: queue', 'wazo', ('queue',)),
    'queue io 2': Client('this library: queue, io_threads=2', 'wazo', ('queue', 'io_threads=2')),
    'queue 32': Client('this library: queue, 32 connections', 'wazo', ('queue', 'queue_connections=32')),
    'queue 25': Client('this library: queue, 25 connections', 'wazo', ('queue', 'queue_connections=25')),
    'threads': Client('this library: threads', 'wazo', ('typed',)),
    'bursts': Client('this library: threads in bursts', 'wazo', ('bursts',)),
    'python': Client('this library: from Python', 'python:wazo.py'),
    'curl easy': Client('libcurl: easy', 'curl_easy', ('easy',)),
    'curl threads': Client('libcurl: easy, a handle for each thread', 'curl_easy', ('easy',)),
    'curl bursts': Client('libcurl: easy, threads in bursts', 'curl_easy', ('bursts',)),
    'curl multi': Client('libcurl: multi', 'curl_multi', ('multi',)),
    'curl socket': Client('libcurl: multi_socket with epoll', 'curl_multi', ('socket',)),
    'curl multi h2': Client('libcurl: multi', 'curl_multi', ('multi', 'h2')),
    'curl socket h2': Client('libcurl: multi_socket with epoll', 'curl_multi', ('socket', 'h2')),
    'hyper': Client('bare hyper', 'rust', first=('hyper',)),
    'hyper h2': Client('bare hyper', 'rust', ('h2',), ('hyper',)),
    'reqwest': Client('bare reqwest', 'rust', first=('reqwest',)),
    'reqwest h2': Client('bare reqwest', 'rust', ('h2',), ('reqwest',)),
    'socket': Client('socket, poll and rustls (the limit)', 'rust', first=('socket',)),
    'http.client': Client('Python: http.client', 'python:http_client.py'),
    'requests': Client('Python: requests.Session', 'python:requests_session.py'),
    'httpx': Client('Python: httpx.Client', 'python:httpx_client.py'),
    'per call': Client('Python: requests, a connection for each call', 'python:per_call.py'),
}


def command(programs, key, url, ca_file, count, concurrency):
    """The words of the command; None where the program could not be built."""
    client = CLIENTS[key]
    if client.program.startswith('python:'):
        words = [str(programs.python), str(HERE / 'python' / client.program.partition(':')[2])]
    else:
        program = getattr(programs, client.program)
        if program is None:
            return None
        words = [str(program)]
    return [*words, *client.first, url, ca_file, str(count), str(concurrency), *client.more]


def shown(words):
    """A command as a page shows it: without the paths and ports of one machine."""
    text = []
    for word in words:
        if word.startswith(('http://', 'https://')):
            scheme, _, rest = word.partition('://')
            word = f'{scheme}://127.0.0.1:PORT/{rest.partition("/")[2]}'
        elif word.startswith('/'):
            word = Path(word).name
        text.append(word)
    return ' '.join(text)


def execute(words, environment, cores, watch=False, seconds=120, more_environment=None):
    """Runs a client on these cores; its line, or {'error': why}. `watch` looks at descriptors and threads meanwhile."""
    process = subprocess.Popen(
        words,
        env={**environment, **(more_environment or {})},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=lambda: os.sched_setaffinity(0, cores),
    )
    most = {'descriptors': 0, 'threads': 0}
    deadline = time.monotonic() + seconds
    while watch and process.poll() is None and time.monotonic() < deadline:
        look(process.pid, most)
        time.sleep(0.05)
    try:
        output, errors = process.communicate(timeout=max(1, deadline - time.monotonic()))
    except subprocess.TimeoutExpired:
        process.kill()
        process.communicate()
        return {'error': f'not done within {seconds} s'}
    try:
        line = json.loads(output)
    except ValueError:
        return {'error': (errors.strip() or f'exit status {process.returncode}, no line of JSON')[-300:]}
    if watch:
        line.update(most)
    if process.returncode:
        line['error'] = f'exit status {process.returncode}'
    elif line.get('failed'):
        line['error'] = f'{line["failed"]} calls failed{": " if errors.strip() else ""}{errors.strip()[-200:]}'
    return line


def look(pid, most):
    try:
        most['descriptors'] = max(most['descriptors'], len(os.listdir(f'/proc/{pid}/fd')))
        most['threads'] = max(most['threads'], len(os.listdir(f'/proc/{pid}/task')))
    except OSError:
        pass  # it has just ended
