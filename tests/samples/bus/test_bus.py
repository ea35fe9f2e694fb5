"""bindings/c/revocation_listener.c with a real RabbitMQ and the simulator: what the bus revokes is refused at once.

`make test-bus` runs it. It is skipped without rabbitmq-server and librabbitmq-dev. The messages are the tests' own, in the
form of wazo-auth (publisher.c), so that a test decides what comes when; test_simulator_bus.py has the simulator publish.
"""
import contextlib
import json
import pathlib
import queue
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import unittest

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))
import programs  # noqa: E402
import rabbitmq  # noqa: E402
from programs import LONG, Simulator  # noqa: E402

TRIES, MOST_MS = 9, 50
LISTENING = 'listening to the bus'
VALGRIND = ['valgrind', '-q', '--error-exitcode=9', '--leak-check=full', '--errors-for-leak-kinds=definite,possible',
            f'--suppressions={programs.ROOT / "tests" / "c" / "valgrind.supp"}']


def setUpModule():
    global path, simulator
    if not rabbitmq.is_here() or not programs.has_header('amqp.h'):
        raise unittest.SkipTest('rabbitmq-server or librabbitmq-dev is missing: make setup')
    folder = tempfile.TemporaryDirectory(prefix='bus-')
    unittest.addModuleCleanup(folder.cleanup)
    path = pathlib.Path(folder.name)
    library = programs.artifacts.library().parent
    programs.compile_c(path / 'revocation_listener', '-pthread', 'revocation_listener.c', f'-L{library}',
                       f'-I{programs.ROOT / "include"}', '-lwazo_auth_client', '-lrabbitmq')
    programs.compile_c(path / 'publisher', str(HERE / 'publisher.c'), '-lrabbitmq')
    simulator = Simulator(tls=False).start()
    unittest.addModuleCleanup(simulator.stop)


class Conversation:
    """A program that answers lines with lines. As a context manager it must end well, with its input."""

    def __init__(self, *command, env=None):
        self.process = subprocess.Popen([str(part) for part in command], env=env, stdin=subprocess.PIPE, text=True,
                                        stdout=subprocess.PIPE, stderr=subprocess.PIPE, bufsize=1)
        self.answers, self.said = queue.Queue(), queue.Queue()
        self.log = []
        self.readers = [threading.Thread(target=self.read, args=args)
                        for args in ((self.process.stdout, self.answers), (self.process.stderr, self.said))]
        for reader in self.readers:
            reader.start()

    def read(self, file, lines):
        for line in file:
            if lines is self.said:
                self.log.append(line)
            lines.put(line.rstrip('\n'))
        lines.put(None)

    def ask(self, line):
        self.process.stdin.write(line + '\n')
        answer = self.answers.get(timeout=LONG)
        if answer is None:
            raise AssertionError(f'it ended: {"".join(self.log)}')
        return answer

    def wait_until_it_says(self, text):
        end = time.monotonic() + LONG
        while (line := self.said.get(timeout=max(0.01, end - time.monotonic()))) is not None:
            if text in line:
                return
        raise AssertionError(f'it ended without {text!r}: {"".join(self.log)}')

    def end(self, number=None):
        """Ends it by a signal, or with its input; gives the exit status."""
        if number:
            self.process.send_signal(number)
        else:
            self.process.stdin.close()
        return self.process.wait(timeout=LONG)

    def __enter__(self):
        return self

    def __exit__(self, kind, *_):
        status = self.process.poll()
        try:
            if kind is None and status is None and (status := self.end()) != 0:
                raise AssertionError(f'it ended with {status}: {"".join(self.log)}')
        finally:
            self.process.kill()
            self.process.wait()
            for reader in self.readers:
                reader.join(timeout=LONG)
            for file in (self.process.stdin, self.process.stdout, self.process.stderr):
                with contextlib.suppress(BrokenPipeError):
                    file.close()


def listener(bus, *arguments, under=()):
    """The sample."""
    return Conversation(*under, path / 'revocation_listener', '--bus', bus, *arguments,
                        env=programs.environment(simulator))


class Publisher(Conversation):
    """wazo-auth's part of the bus."""

    def __init__(self, server):
        super().__init__(path / 'publisher', '127.0.0.1', server.port)

    def publish(self, event, /, **data):
        """Comes back when the message is in the queues that it belongs in."""
        self.publish_text(event, json.dumps({'name': event, 'origin_uuid': 'a-wazo', 'data': data}))

    def publish_text(self, name, body):
        if self.ask(f'{name}\t{body}') != 'published':
            raise AssertionError('not published')


class Session:
    """A login of a user: its token, which the simulator knows until the session is deleted there."""

    def __init__(self):
        self.token = simulator.log_in(expiration=3600)
        answer = simulator.request('GET', f'/0.1/token/{self.token}')['data']
        self.uuid, self.user_uuid = answer['session_uuid'], answer['metadata']['uuid']
        self.tenant_uuid = answer['metadata']['tenant_uuid']

    def delete(self):
        simulator.ask('DELETE', f'/sessions/{self.uuid}')

    def data(self):
        return {'uuid': self.uuid, 'user_uuid': self.user_uuid, 'tenant_uuid': self.tenant_uuid}


class Bus(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = rabbitmq.RabbitMQ()
        cls.addClassCleanup(cls.server.stop)
        cls.server.start()

    def talk(self, *arguments, **more):
        """A listener that listens, and a publisher, for one test."""
        listens = self.enterContext(listener(self.server.url, *arguments, **more))
        listens.wait_until_it_says(LISTENING)
        return listens, self.enterContext(Publisher(self.server))

    def enterContext(self, manager):  # new in Python 3.11
        result = manager.__enter__()
        self.addCleanup(manager.__exit__, None, None, None)
        return result

    def counted(self, listens, name):
        return json.loads(listens.ask('stats'))[name]

    def until(self, what):
        end = time.monotonic() + LONG
        while not what():
            self.assertLess(time.monotonic(), end, 'it never came')

    def refused_after(self, listens, publishes, session):
        """Ends a session; the milliseconds from publishing that until its token is refused."""
        self.assertEqual(listens.ask(session.token), 'yes')
        session.delete()
        self.assertEqual(listens.ask(session.token), 'yes', 'it must be the message that ends it')
        began = time.monotonic()
        publishes.publish('auth_session_deleted', **session.data())
        self.until(lambda: listens.ask(session.token) == 'no')
        return (time.monotonic() - began) * 1000

    def test_the_token_of_a_session_that_ended_is_refused_within_50_ms_of_the_message(self):
        listens, publishes = self.talk()
        taken = [self.refused_after(listens, publishes, Session()) for _ in range(TRIES)]
        print(f'#   from publishing to the refusal: {min(taken):.1f} ms at best, {statistics.median(taken):.1f} ms in '
              f'the middle, {max(taken):.1f} ms at worst, of {TRIES} tries', flush=True)
        # One may be late on a busy machine; a listener that is slow is slow most of the time.
        self.assertLess(statistics.median(taken), MOST_MS)

    def test_a_message_ends_what_it_is_about_and_others_change_nothing(self):
        listens, publishes = self.talk()
        session, other = Session(), Session()
        self.assertEqual([listens.ask(session.token), listens.ask(other.token)], ['yes', 'yes'])
        asked, revoked = self.counted(listens, 'misses'), self.counted(listens, 'invalidations')
        for name in ('auth_session_created', 'auth_session_expire_soon', 'auth_refresh_token_deleted', 'call_created',
                     'auth_session_deleted_not'):
            publishes.publish(name, **session.data())
        # RabbitMQ keeps the order of a queue: when this one has been applied, so have those before it.
        publishes.publish('auth_session_deleted', **other.data())
        self.until(lambda: self.counted(listens, 'invalidations') > revoked)
        self.assertEqual(listens.ask(session.token), 'yes')
        self.assertEqual(self.counted(listens, 'misses'), asked)
        self.assertEqual(self.counted(listens, 'invalidations'), revoked + 1)
        # The simulator still has it.
        self.assertEqual(listens.ask(other.token), 'yes')
        self.assertEqual(self.counted(listens, 'misses'), asked + 1)

    def test_what_is_known_of_a_tenant_is_asked_anew_when_the_tenant_changes(self):
        listens, publishes = self.talk()
        session = Session()
        self.assertEqual(listens.ask(session.token), 'yes')
        for name in ('auth_tenant_added', 'auth_tenant_updated', 'auth_tenant_deleted'):
            asked, revoked = self.counted(listens, 'misses'), self.counted(listens, 'invalidations')
            publishes.publish(name, uuid=session.tenant_uuid, name='a', slug='a')
            self.until(lambda: self.counted(listens, 'invalidations') > revoked)
            self.assertEqual((listens.ask(session.token), self.counted(listens, 'misses')), ('yes', asked + 1), name)

    def test_a_message_that_cannot_be_read_ends_everything(self):
        listens, publishes = self.talk()
        session = Session()
        for body in ('no JSON', '', '{"name": "auth_session_deleted", "data": {}}'):
            self.assertEqual(listens.ask(session.token), 'yes')
            asked = self.counted(listens, 'misses')
            publishes.publish_text('auth_session_deleted', body)
            listens.wait_until_it_says('could not be read')
            self.until(lambda: listens.ask(session.token) == 'yes' and self.counted(listens, 'misses') > asked)

    def test_after_a_restart_of_rabbitmq_it_forgets_what_it_may_have_missed_and_listens_again(self):
        with listener(self.server.url) as listens:
            listens.wait_until_it_says(LISTENING)
            session = Session()
            self.assertEqual([listens.ask(session.token), listens.ask(f'{session.token} a.b\0c')], ['yes', 'no'])
            self.server.kill()
            listens.wait_until_it_says('lost the bus')
            session.delete()
            self.assertEqual(listens.ask(session.token), 'yes', 'the program goes on')
            self.server.start()
            listens.wait_until_it_says(LISTENING)
            self.assertEqual(listens.ask(session.token), 'no')
            with Publisher(self.server) as publishes:
                self.assertGreater(self.refused_after(listens, publishes, Session()), 0)
            # It says what is wrong once, however often it tries.
            what = [line.split(': ')[1] for line in listens.log]
            self.assertNotIn(True, [one == next_one for one, next_one in zip(what, what[1:])], listens.log)

    def test_works_without_rabbitmq_and_listens_when_it_comes(self):
        server = rabbitmq.RabbitMQ()
        self.addCleanup(server.stop)
        with listener(server.url.replace('guest@', 'a-secret@')) as refused, listener(server.url) as listens:
            for one in (refused, listens):
                one.wait_until_it_says('cannot connect to the bus')
                self.assertEqual([one.ask(Session().token), one.ask('nonsense'), one.ask('')], ['yes', 'no', 'no'])
            server.start()
            listens.wait_until_it_says(LISTENING)
            refused.wait_until_it_says('cannot log in to the bus')
            self.assertEqual(refused.ask(Session().token), 'yes')
            self.assertNotIn('secret', ''.join(refused.log))

    def test_a_connection_without_messages_stays_and_a_dead_one_is_noticed(self):
        with listener(self.server.url, '--heartbeat', '1') as listens:
            listens.wait_until_it_says(LISTENING)
            # RabbitMQ hangs up on who has been silent for two heartbeats, or three.
            with self.assertRaises(queue.Empty):
                listens.said.get(timeout=5)
            self.server.pause()
            try:
                listens.wait_until_it_says('lost the bus')
                listens.wait_until_it_says('cannot log in to the bus')
                self.assertEqual(listens.ask(Session().token), 'yes')
            finally:
                self.server.go_on()
            listens.wait_until_it_says(LISTENING)

    def test_ends_well_whether_it_listens_or_has_nobody_to_listen_to(self):
        for url in (self.server.url, f'amqp://127.0.0.1:{rabbitmq.free_port()}'):
            for number in (signal.SIGTERM, signal.SIGINT, None):
                with self.subTest(url=url, signal=number), listener(url) as listens:
                    listens.wait_until_it_says(LISTENING if url == self.server.url else 'cannot connect')
                    self.assertEqual(listens.end(number), 0)

    @unittest.skipUnless(shutil.which('valgrind'), 'valgrind is missing: make setup')
    def test_uses_memory_rightly(self):
        listens, publishes = self.talk(under=VALGRIND)
        session = Session()
        self.assertGreater(self.refused_after(listens, publishes, session), 0)
        publishes.publish_text('auth_session_deleted', 'no JSON')
        listens.wait_until_it_says('could not be read')
        self.assertEqual(listens.ask('stats')[0], '{')


if __name__ == '__main__':
    unittest.main()
