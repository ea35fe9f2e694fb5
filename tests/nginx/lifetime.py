"""nginx over its life: reload and quit under load, 20,000 requests, a worker that dies."""
import os
import signal
import threading
import uuid
from pathlib import Path

from nginx import Client, Nginx, wait_until

SERVER = '''
    location / { wazo_auth_access nginx.read; empty_gif; }
    location = /control { wazo_auth_control; access_log off; }
'''
REQUESTS, UNKNOWN_EACH, AT_ONCE = 20_000, 10, 50
GROWTH_KIB = 512


def run(place, promise):
    reload_under_load(place, promise)
    quit_while_waiting(place, promise)
    growth(place, promise)
    death(place, promise)


class Load(threading.Thread):
    """Requests one after the other, each over a connection of its own, until told to stop."""

    def __init__(self, nginx, token):
        super().__init__(daemon=True)
        self.nginx, self.token = nginx, token
        self.right, self.wrong, self.stopping = 0, [], False

    def run(self):
        while not self.stopping:
            for token, wanted in [(self.token, 200), (str(uuid.uuid4()), 401)]:
                try:
                    status = self.nginx.get('/', token).status
                except OSError as problem:
                    status = repr(problem)
                self.right += status == wanted
                if status != wanted:
                    self.wrong.append(status)


def reload_under_load(place, promise):
    token = place.token('nginx.read')
    with Nginx(place.module_dir, SERVER, place.http()) as nginx:
        loads = [Load(nginx, token) for _ in range(4)]
        for load in loads:
            load.start()
        reloaded = [nginx.reload() for _ in range(3)]
        wait_until(lambda: all(load.right > 20 for load in loads))
        for load in loads:
            load.stopping = True
        for load in loads:
            load.join()
        right, wrong = sum(load.right for load in loads), [status for load in loads for status in load.wrong]
        promise(all(reloaded) and right >= 80 and not wrong, 'three reloads under load lose no request', (reloaded, right, wrong))
        is_alone = wait_until(lambda: len(children(nginx)) == 4)
        promise(is_alone, 'and the old workers end', children(nginx))
        place.check_logs(promise, nginx)


def children(nginx):
    return Path(f'/proc/{nginx.process.pid}/task/{nginx.process.pid}/children').read_text().split()


def quit_while_waiting(place, promise):
    """A request waits for wazo-auth when nginx is told to reload, and another one when it is told to quit."""
    with Nginx(place.module_dir, SERVER, place.http(), workers=1) as nginx:
        place.simulator.faults({'fault': 'delay', 'ms': 1500, 'path': '*/token/*'})
        waits = lambda: nginx.control()[1]['worker']['in_flight'] == 1  # noqa: E731
        with Client(nginx.port) as first:
            first.send('/', place.token('nginx.read'))
            is_waiting = wait_until(waits)
            reloaded = nginx.reload()
            with Client(nginx.port) as second:
                second.send('/', place.token('nginx.read'))
                is_waiting = is_waiting and wait_until(waits)
                nginx.process.send_signal(signal.SIGQUIT)
                answers = [first.answer(), second.answer()]
        status = nginx.process.wait(10)
        place.simulator.faults()
        promise(is_waiting and reloaded and [answer.status for answer in answers] == [200, 200],
                'a request that waits gets its answer over a reload, and over a quit', (is_waiting, reloaded, answers))
        promise(status == 0, 'and nginx ends', status)
        place.check_logs(promise, nginx)


def used(worker):
    """What memory of its own a worker has, in KiB, and how many descriptors."""
    text = Path(f'/proc/{worker}/status').read_text()
    memory = next(int(line.split()[1]) for line in text.splitlines() if line.startswith('RssAnon'))
    return memory, len(os.listdir(f'/proc/{worker}/fd'))


def send(nginx, token, count):
    """Requests over as many connections as workers, and more; one of so many has a token that nobody knows."""
    wrong = 0
    clients = [Client(nginx.port, 60) for _ in range(8)]
    for start in range(0, count, AT_ONCE * len(clients)):
        for client in clients:
            tokens = [token if number % UNKNOWN_EACH else str(uuid.uuid4()) for number in range(AT_ONCE)]
            client.socket.sendall(b''.join(client.request('/', each) for each in tokens))
        for client in clients:
            statuses = [client.answer().status for _ in range(AT_ONCE)]
            wrong += statuses != [200 if number % UNKNOWN_EACH else 401 for number in range(AT_ONCE)]
    for client in clients:
        client.close()
    return wrong


def growth(place, promise):
    token = place.token('nginx.read')
    # So few tokens that their memory is all in use after the first round.
    with Nginx(place.module_dir, SERVER, place.http(
            'wazo_auth_verifier max_tokens 500;', 'wazo_auth_option pool_idle_timeout_ms 200;')) as nginx:
        start = {worker: used(worker) for worker in nginx.workers()}
        wrong = send(nginx, token, 8_000)
        before = {worker: used(worker) for worker in nginx.workers()}
        wrong += send(nginx, token, REQUESTS)
        after = {worker: used(worker) for worker in nginx.workers()}
        grown = {worker: after[worker][0] - before[worker][0] for worker in before if worker in after}
        is_right = not wrong and len(grown) == 4 and max(grown.values()) <= GROWTH_KIB
        promise(is_right, f'{REQUESTS} requests, {REQUESTS // UNKNOWN_EACH} of them with new tokens: no worker has more memory',
                (wrong, before, after))
        # The idle connections to wazo-auth are closed after pool_idle_timeout_ms.
        is_as_before = wait_until(lambda: all(used(worker)[1] <= start[worker][1] for worker in start))
        promise(is_as_before, 'nor more descriptors', {worker: (start[worker], used(worker)) for worker in start})
        place.check_logs(promise, nginx)


def death(place, promise):
    """A worker is killed; nginx starts another, which shares what is known."""
    token = place.token('nginx.read')
    with Nginx(place.module_dir, SERVER, place.http()) as nginx:
        nginx.get('/', token)
        place.asked()
        killed = nginx.workers()
        for worker in killed:
            os.kill(worker, signal.SIGKILL)
        started = wait_until(lambda: len(now := nginx.workers()) == 4 and not set(now) & set(killed))
        statuses = {nginx.get('/', token).status for _ in range(20)}
        promise(started and statuses == {200} and place.asked() == 0,
                'workers that take the place of killed ones know what these knew', (started, statuses))
