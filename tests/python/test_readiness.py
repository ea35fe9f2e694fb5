"""Waiting until the server is ready: what ends it, and what runs meanwhile."""
import asyncio
import socket
import sys
import threading
import time
import unittest

from support import ServerTest, run_python
from test_aio import run
from test_signals import SILENT

from wazo_auth_client import AsyncClient, Client, exceptions
from wazo_auth_client.readiness import until_ready, wait_until_ready


class Ready(ServerTest):
    def make(self, kind=Client, **keywords):
        return kind('127.0.0.1', self.server.port, None, https=False, **keywords)

    def becomes_ready(self, attempts=3):
        """Has the server be ready from the last of so many attempts on."""
        def answer(request):
            return (200 if len(self.server.seen) >= attempts else 503), {}, '{}'

        self.server.answer = answer

    def test_it_returns_when_the_server_is_ready(self):
        self.becomes_ready()
        self.assertIsNone(wait_until_ready(self.make(), 30))
        self.assertEqual(len(self.server.seen), 3)
        wait_until_ready(self.make())
        self.assertEqual(len(self.server.seen), 4)

    def test_a_task_waits_with_both_kinds_of_client(self):
        for kind in (Client, AsyncClient):
            self.server.seen.clear()
            self.becomes_ready()
            run(until_ready(self.make(kind), 30))
            self.assertEqual(len(self.server.seen), 3)

    def test_the_error_of_the_last_attempt_is_raised_in_the_end(self):
        self.server.answer = (503, {}, '{}')
        for wait in (wait_until_ready, lambda *arguments: run(until_ready(*arguments))):
            with self.assertRaises(exceptions.HTTPError) as raised:
                wait(self.make(), 0.3)
            self.assertEqual(raised.exception.status, 503)
        with socket.create_server(('127.0.0.1', 0)) as free:
            port = free.getsockname()[1]
        with self.assertRaises(exceptions.ConnectionError):
            wait_until_ready(Client('127.0.0.1', port, https=False), 0.2)

    def test_a_timeout_that_makes_no_sense_is_refused(self):
        for timeout in (-1, '60', True, float('nan')):
            with self.assertRaises(exceptions.InvalidArgument):
                wait_until_ready(self.make(), timeout)
        with self.assertRaises(TypeError):
            wait_until_ready('wazo.example.com', 1)

    def test_a_cancelled_task_ends_the_wait_and_the_loop_goes_on_meanwhile(self):
        self.server.answer = (503, {}, '{}')

        async def work():
            with self.assertRaises(asyncio.TimeoutError):
                await asyncio.wait_for(until_ready(self.make()), 0.3)
            # The thread of the executor has come to its end: this would wait for it.
            await asyncio.get_running_loop().shutdown_default_executor()

        begun = time.monotonic()
        run(work())
        self.assertLess(time.monotonic() - begun, 20)


class Interrupted(unittest.TestCase):
    def test_ctrl_c_ends_a_wait_without_a_time_limit_and_a_question_to_a_verifier(self):
        for call in ('wait_until_ready(client)', 'Verifier(client).decide("t")', 'Verifier(client).check("t")'):
            with self.subTest(call):
                # Nothing else has been called: each has to set the check itself.
                output = run_python(
                    SILENT + 'from wazo_auth_client.readiness import wait_until_ready\n'
                    'from wazo_auth_client.verifier import Verifier\n'
                    'when_asked(lambda: os.kill(os.getpid(), signal.SIGINT))\n'
                    f'try:\n    {call}\n'
                    'except KeyboardInterrupt as error:\n    print("interrupted", error.__context__)\n'
                )
                self.assertEqual(output.strip(), 'interrupted None')


@unittest.skipIf(sys.version_info < (3, 10), 'gevent is not installed for so old a Python')
class Gevent(ServerTest):
    def test_other_greenlets_run_while_one_waits_and_a_kill_ends_the_wait(self):
        ready = threading.Event()

        def answer(request):
            if request.path == '/0.1/users':
                ready.set()
            return (200 if ready.is_set() or request.path == '/0.1/users' else 503), {}, '{}'

        self.server.answer = answer
        output = run_python(
            'from gevent import monkey\nmonkey.patch_all()\nimport gevent\n'
            'from wazo_auth_client import Client\n'
            'from wazo_auth_client.readiness import wait_until_ready\n'
            f'client = Client("127.0.0.1", {self.server.port}, None, https=False, token="t")\n'
            'with gevent.Timeout(0.3, False):\n    wait_until_ready(client)\n'
            'greenlet = gevent.spawn(wait_until_ready, client)\n'
            'gevent.sleep(0)\n'
            'client.users.list()\n'  # which makes the server ready
            'greenlet.get(timeout=30)\n'
            'print("ready")\n'
        )
        self.assertEqual(output.strip(), 'ready')


if __name__ == '__main__':
    unittest.main()
