"""Requests that wait for wazo-auth: many for one answer, slow ones beside fast ones, and clients that go away."""
import contextlib
import json
import shutil
import subprocess
import time
import uuid

from nginx import Client, Nginx, wait_until

SERVER = '''
    location / { wazo_auth_access nginx.read; empty_gif; }
    location = /open { empty_gif; }
    location = /control { wazo_auth_control; access_log off; }
'''
CONCURRENT = 200
SLOW = {'fault': 'delay', 'ms': 60_000, 'path': '*/token/*'}


def run(place, promise):
    crowd(place, promise)
    beside(place, promise)
    over_http2(place, promise)


def crowd(place, promise):
    """All arrive while the first one waits for wazo-auth."""
    with Nginx(place.module_dir, SERVER, place.http('wazo_auth_option timeout_ms 30000;')) as nginx:
        delay_s = 0.5
        is_in_time = False
        # A machine that is busy with other things takes longer to send them.
        while not is_in_time and delay_s < 10:
            delay_s *= 2
            token = place.token('nginx.read')
            place.simulator.faults({'fault': 'delay', 'ms': int(delay_s * 1000), 'path': '*/token/*'})
            place.asked()
            with contextlib.ExitStack() as stack:
                clients = [stack.enter_context(Client(nginx.port, 30)) for _ in range(CONCURRENT)]
                began = time.monotonic()
                for client in clients:
                    client.send('/', token)
                sent_s = time.monotonic() - began
                answers = [client.answer() for client in clients]
            place.simulator.faults()
            is_in_time = sent_s < delay_s / 2
        requests, workers = place.asked(), {answer.worker for answer in answers}
        figures = f'{requests} requests; {len(workers)} workers; sent in {sent_s * 1000:.0f} ms'
        is_right = {answer.status for answer in answers} == {200} and requests == 1 and len(workers) == 4
        promise(is_right and is_in_time,
                f'{CONCURRENT} requests at once with a new token, in 4 workers, ask wazo-auth once', figures)
        afterwards = {nginx.get('/', token).status for _ in range(20)}
        promise(afterwards == {200} and place.asked() == 0, 'and later ones do not ask', afterwards)
        place.check_logs(promise, nginx)


def in_flight(nginx):
    return nginx.control()[1]['worker']['in_flight']


def beside(place, promise):
    """One worker, so that what waits and what does not are on the same event loop."""
    known = place.token('nginx.read')
    with Nginx(place.module_dir, SERVER, place.http('wazo_auth_option timeout_ms 3000;'), workers=1) as nginx:
        nginx.get('/', known)
        place.simulator.faults(SLOW)
        with Client(nginx.port) as slow:
            began = time.monotonic()
            slow.send('/', place.remember(str(uuid.uuid4())))
            is_waiting = wait_until(lambda: in_flight(nginx) == 1)
            promise(is_waiting and time.monotonic() - began < 2, 'a request with an unknown token waits, and its worker not')
            others = [nginx.get('/open').status, nginx.get('/', known).status, nginx.get('/').status]
            is_waiting = slow.is_silent() and in_flight(nginx) == 1
            promise(others == [200, 200, 401] and is_waiting, 'while it waits, its worker serves others', (others, is_waiting))
            answer = slow.answer()
            took_s = time.monotonic() - began
            promise(answer.status == 503 and 2.9 < took_s < 8, 'a wazo-auth that stalls costs it timeout_ms, and is a 503',
                    (answer, took_s))
        gone(place, promise, nginx)
        place.simulator.faults()
        promise(wait_until(lambda: nginx.get('/', place.token('nginx.read')).status == 200, 20),
                'when wazo-auth is back, requests pass again')
        place.check_logs(promise, nginx)


def gone(place, promise, nginx):
    """Clients that do not wait for their answer, by a close and by a reset."""
    clients = [Client(nginx.port) for _ in range(10)]
    for client in clients:
        client.send('/', place.remember(str(uuid.uuid4())))
    waited = wait_until(lambda: in_flight(nginx) == len(clients))
    began = time.monotonic()
    for number, client in enumerate(clients):
        if number % 2:
            client.socket.setsockopt(1, 13, b'\1\0\0\0\0\0\0\0')  # SO_LINGER: close with a reset
        client.close()
    ended = wait_until(lambda: in_flight(nginx) == 0, 2)
    took_s = time.monotonic() - began
    logged = [line for line in nginx.log('statuses.log').splitlines() if line.startswith('499 asking')]
    promise(waited and ended and took_s < 2 and len(logged) == len(clients),
            'a client that goes away cancels its question', (waited, ended, took_s, logged))


def over_http2(place, promise):
    """The client of HTTP/2 is curl."""
    if not shutil.which('curl'):
        promise(None, 'requests over HTTP/2 wait for their answer', 'curl is missing: make setup')
        return
    token = place.token('nginx.read')
    with Nginx(place.module_dir, SERVER, place.http(), workers=1, listen='http2') as nginx:

        def curl(*arguments):
            url = f'http://127.0.0.1:{nginx.port}'
            command = ['curl', '-s', '--http2-prior-knowledge', '-w', '%{http_code} ', '-o', '/dev/null', *arguments]
            done = subprocess.run([part.replace('URL', url) for part in command], capture_output=True, text=True, timeout=60)
            return done.stdout.split()

        def waiting():
            return json.loads(subprocess.run(
                ['curl', '-s', '--http2-prior-knowledge', f'http://127.0.0.1:{nginx.port}/control'],
                capture_output=True, text=True, timeout=60).stdout)['worker']['in_flight']

        seen = curl('-H', f'X-Auth-Token: {token}', '--parallel', '--parallel-immediate', 'URL/?[1-20]')
        bad = curl('-H', f'X-Auth-Token: {uuid.uuid4()}', 'URL/')
        promise(seen == ['200'] * 20 and bad == ['401'], 'requests over HTTP/2 wait for their answer', (seen, bad))
        place.simulator.faults(SLOW)
        gave_up = curl('-H', f'X-Auth-Token: {uuid.uuid4()}', '--max-time', '0.5', 'URL/')
        ended = wait_until(lambda: waiting() == 0, 2)
        promise(gave_up == ['000'] and ended, 'and a client of HTTP/2 that goes away cancels its question', (gave_up, ended))
        place.simulator.faults()
        place.check_logs(promise, nginx)
