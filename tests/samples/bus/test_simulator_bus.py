"""`wazo-auth-simulator --events` with a real RabbitMQ, and bindings/c/revocation_listener.c as the one who listens: what
happens in the simulator is known on the bus.

`make test-bus` runs it. It is skipped without rabbitmq-server and librabbitmq-dev.
"""
import json
import pathlib
import subprocess
import sys
import tempfile
import time
import unittest

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))
import programs  # noqa: E402
import rabbitmq  # noqa: E402
from programs import LONG, Simulator  # noqa: E402
from test_bus import LISTENING, Conversation  # noqa: E402


def setUpModule():
    global path, server
    if not rabbitmq.is_here() or not programs.has_header('amqp.h'):
        raise unittest.SkipTest('rabbitmq-server or librabbitmq-dev is missing: make setup')
    folder = tempfile.TemporaryDirectory(prefix='simulator-bus-')
    unittest.addModuleCleanup(folder.cleanup)
    path = pathlib.Path(folder.name)
    library = programs.artifacts.library().parent
    programs.compile_c(path / 'revocation_listener', '-pthread', 'revocation_listener.c', f'-L{library}',
                       f'-I{programs.ROOT / "include"}', '-lwazo_auth_client', '-lrabbitmq')
    server = rabbitmq.RabbitMQ()
    unittest.addModuleCleanup(server.stop)
    server.start()


class SimulatorBus(unittest.TestCase):
    def start(self, url=None):
        simulator = Simulator(tls=False, arguments=['--events', url or server.url]).start()
        self.addCleanup(simulator.stop)
        return simulator

    def listen(self, simulator):
        listens = Conversation(path / 'revocation_listener', '--bus', server.url, env=programs.environment(simulator))
        listens.__enter__()
        self.addCleanup(listens.__exit__, None, None, None)
        listens.wait_until_it_says(LISTENING)
        return listens

    def until(self, what):
        end = time.monotonic() + LONG
        while not what():
            self.assertLess(time.monotonic(), end, 'it never came')

    def revoked(self, listens):
        return json.loads(listens.ask('stats'))['invalidations']

    def test_a_session_that_ends_in_the_simulator_is_refused_by_who_listens(self):
        simulator = self.start()
        listens = self.listen(simulator)
        for end in (
            lambda token, session: simulator.ask('DELETE', f'/token/{token}'),
            lambda token, session: simulator.ask('DELETE', f'/sessions/{session}'),
            lambda token, session: simulator.control('DELETE', f'tokens/{token}'),
        ):
            token, other = (simulator.log_in(expiration=3600) for _ in range(2))
            session = simulator.request('GET', f'/0.1/token/{token}')['data']['session_uuid']
            self.assertEqual([listens.ask(token), listens.ask(other)], ['yes', 'yes'])
            end(token, session)
            self.until(lambda: listens.ask(token) == 'no')
            self.assertEqual(listens.ask(other), 'yes')

    def test_a_session_that_expires_is_told_without_a_request(self):
        simulator = self.start()
        listens = self.listen(simulator)
        before = self.revoked(listens)
        simulator.log_in(expiration=1)
        self.until(lambda: self.revoked(listens) > before)

    def test_a_tenant_that_changes_is_told(self):
        simulator = self.start()
        listens = self.listen(simulator)
        before = self.revoked(listens)
        tenant = simulator.ask('POST', '/tenants', {'name': 'é' * 100, 'slug': 'new'})['uuid']
        self.until(lambda: self.revoked(listens) == before + 1)
        simulator.ask('DELETE', f'/tenants/{tenant}')
        self.until(lambda: self.revoked(listens) == before + 2)

    def test_after_a_restart_of_rabbitmq_messages_arrive_again(self):
        simulator = self.start()
        listens = self.listen(simulator)
        server.kill()
        listens.wait_until_it_says('lost the bus')
        server.start()
        listens.wait_until_it_says(LISTENING)
        token = simulator.log_in(expiration=3600)
        self.assertEqual(listens.ask(token), 'yes')
        simulator.ask('DELETE', f'/token/{token}')
        self.until(lambda: listens.ask(token) == 'no')

    def test_the_simulator_answers_while_the_bus_stands_still(self):
        simulator = self.start()
        server.pause()
        try:
            for _ in range(10):
                simulator.ask('DELETE', f'/token/{simulator.log_in()}')
        finally:
            server.go_on()

    def test_the_simulator_ends_while_the_bus_stands_still(self):
        simulator = self.start()
        server.pause()
        try:
            for _ in range(3):
                simulator.log_in()
            # It waits a moment for the bus, and then gives the messages up.
            simulator.stop()
        finally:
            server.go_on()

    def test_a_bus_that_cannot_be_used_is_told_at_the_start(self):
        nowhere = rabbitmq.free_port()
        for url, told in (
            (f'amqp://127.0.0.1:{nowhere}', f'--events: the RabbitMQ at 127.0.0.1:{nowhere}'),
            (server.url.replace('guest@', 'a-secret@'), 'ACCESS_REFUSED'),
            (f'{server.url}/no-such-host', 'NOT_ALLOWED'),
        ):
            ended = subprocess.run([programs.artifacts.simulator(), '--port', '0', '--events', url], text=True,
                                   capture_output=True, timeout=LONG)
            self.assertEqual(ended.returncode, 1)
            self.assertIn(told, ended.stderr)
            self.assertNotIn('a-secret', ended.stderr)


if __name__ == '__main__':
    unittest.main()
