"""gevent: in a program that it has patched, a call lets the other greenlets run."""
import sys
import threading
import unittest

from support import ServerTest, run_python

BEGIN = '''
from gevent import monkey
monkey.patch_all()
import gevent, time
from wazo_auth_client import Client, exceptions
client = Client('127.0.0.1', {port}, None, https=False, token='t', timeout={timeout})
'''


@unittest.skipIf(sys.version_info < (3, 10), 'gevent is not installed for so old a Python')
class Greenlets(ServerTest):
    def run_patched(self, code, timeout=30):
        return run_python(BEGIN.format(port=self.server.port, timeout=timeout) + code)

    def test_eight_calls_wait_for_the_server_together(self):
        # The server answers none before all eight have arrived: a hub that is blocked would wait for ever.
        together = threading.Barrier(8, timeout=30)
        self.server.answer = lambda request: together.wait() * 0 or (200, {}, '{"items": []}')
        output = self.run_patched(
            'greenlets = [gevent.spawn(client.users.list) for _ in range(8)]\n'
            'gevent.joinall(greenlets, timeout=25)\n'
            'print([greenlet.value for greenlet in greenlets] == [{"items": []}] * 8)\n'
        )
        self.assertEqual(output.strip(), 'True')

    def test_results_errors_and_requests_are_those_of_other_programs(self):
        def answer(request):
            if request.method == 'HEAD':
                return 404, {}, ''
            if request.path == '/0.1/users':
                return 200, {}, '{"items": []}'
            return 409, {}, '{"message": "it is there"}'

        self.server.answer = answer
        output = self.run_patched(
            'print(client.users.list(), client.token.is_valid("t"), client.request("GET", "/users").status)\n'
            'try:\n    client.groups.get("g")\n'
            'except exceptions.HTTPError as error:\n    print(error.response.status_code)\n'
        )
        self.assertEqual(output.split('\n')[:2], ["{'items': []} False 200", '409'])

    def test_a_greenlet_that_is_killed_or_timed_out_by_gevent_ends_its_call(self):
        # A server in the program, as greenlets: it never answers, and notices that the connection is closed.
        output = self.run_patched(
            'import socket\n'
            'from gevent.event import Event\n'
            'listening = socket.create_server(("127.0.0.1", 0))\n'
            'def serve(asked, hung_up):\n'
            '    connection, _ = listening.accept()\n'
            '    while connection.recv(65536): asked.set()\n'
            '    hung_up.set()\n'
            'client = Client("127.0.0.1", listening.getsockname()[1], None, https=False, timeout=None)\n'
            'asked, hung_up = Event(), Event()\n'
            'gevent.spawn(serve, asked, hung_up)\n'
            'with gevent.Timeout(0.2, False):\n    client.users.list()\n'
            'print(hung_up.wait(20))\n'
            'asked, hung_up = Event(), Event()\n'
            'gevent.spawn(serve, asked, hung_up)\n'
            'greenlet = gevent.spawn(client.users.list)\n'
            'asked.wait(20)\n'
            'greenlet.kill()\n'
            'print(greenlet.dead, hung_up.wait(20))\n'
        )
        self.assertEqual(output.split(), ['True', 'True', 'True'])

    def test_the_hub_goes_on_while_a_verifier_asks_and_many_greenlets_cost_one_request(self):
        # The decisions wait for the server until another greenlet has made a call: a hub that is blocked never makes it.
        called = threading.Event()

        def answer(request):
            if request.path == '/0.1/users':
                called.set()
                return 200, {}, '{}'
            return (404, {}, '') if called.wait(30) else (500, {}, '')

        self.server.answer = answer
        output = self.run_patched(
            'from wazo_auth_client.verifier import Verifier\n'
            'verifier = Verifier(client)\n'
            'deciding = [gevent.spawn(verifier.decide, "t") for _ in range(50)]\n'
            'checking = [gevent.spawn(verifier.check, "t") for _ in range(50)]\n'
            'while verifier.stats()["coalesced"] < 99: gevent.sleep(0.005)\n'
            'client.users.list()\n'
            'gevent.joinall(deciding + checking, timeout=25)\n'
            'print({g.value.reason for g in deciding}, {g.value for g in checking}, verifier.stats()["misses"])\n'
            'print(bool(verifier.decide("t")), verifier.check("t"), verifier.peek("t").reason)\n'
        )
        self.assertEqual(output.splitlines(), ["{'invalid_token'} {False} 1", 'False False invalid_token'])
        self.assertEqual(len(self.server.seen), 2)

    def test_a_greenlet_that_is_killed_ends_its_question_and_errors_are_those_of_other_programs(self):
        release = threading.Event()
        self.addCleanup(release.set)
        self.server.answer = lambda request: release.wait(30) and (404, {}, '')
        output = self.run_patched(
            'from wazo_auth_client import _gevent\n'
            'from wazo_auth_client.verifier import Verifier\n'
            'verifier = Verifier(client)\n'
            'with gevent.Timeout(0.2, False):\n    verifier.decide("t")\n'
            'print(_gevent.hub().calls._waiting)\n'
            'try:\n    Verifier(Client("127.0.0.1", 1, https=False)).check("t")\n'
            'except exceptions.ConnectionError as error:\n    print(error.kind)\n'
            'try:\n    verifier.check("t", "")\n'
            'except exceptions.InvalidArgument as error:\n    print(error.kind)\n'
        )
        self.assertEqual(output.splitlines(), ['{}', 'connect', 'invalid_argument'])

    def test_threads_of_its_pool_and_child_processes_work(self):
        self.server.answer = (200, {}, '{"items": []}')
        output = self.run_patched(
            'import os\n'
            'print(client.users.list())\n'
            'print(gevent.get_hub().threadpool.apply(client.users.list))\n'
            'process = os.fork()\n'
            'if process == 0:\n'
            '    print(client.users.list(), flush=True)\n'
            '    os._exit(0)\n'
            'os.waitpid(process, 0)\n'
        )
        self.assertEqual(output.splitlines(), ["{'items': []}"] * 3)

    def test_a_thread_that_has_ended_leaves_no_descriptor_behind(self):
        self.server.answer = (200, {}, '{"items": []}')
        output = self.run_patched(
            'import gc, os, threading\n'
            'from gevent.threadpool import ThreadPool\n'
            'from wazo_auth_client import _native\n'
            'client.users.list()\n'
            'for _ in range(5):\n'
            '    pool = ThreadPool(1)\n'
            '    pool.spawn(client.users.list).get()\n'
            '    pool.kill()\n'
            'def count():\n'
            '    gc.collect()\n'
            '    return sum(isinstance(found, _native.Queue) for found in gc.get_objects())\n'
            # The threads end a little later than kill() returns.
            'with gevent.Timeout(20, False):\n'
            '    while count() > 1: gevent.sleep(0.01)\n'
            'print(count())\n'
        )
        self.assertEqual(output.strip(), '1')

    def test_a_program_that_only_imports_gevent_is_not_changed(self):
        self.server.answer = (200, {}, '{"items": []}')
        output = run_python(
            'import gevent\nfrom wazo_auth_client import Client, _gevent\n'
            f'client = Client("127.0.0.1", {self.server.port}, None, https=False)\n'
            'print(client.users.list(), _gevent.hub())\n'
        )
        self.assertEqual(output.strip(), "{'items': []} None")


if __name__ == '__main__':
    unittest.main()
