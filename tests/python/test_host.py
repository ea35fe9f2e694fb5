"""What a host process may do around the client: threads, forks, exits, plug-ins."""
import base64
import os
import tempfile
import threading
import time
import unittest
from pathlib import Path

import requests
from support import DATA, TENANT, TOKEN, USER, Server, ServerTest, run_python

import wazo_auth_client
from wazo_auth_client import _native


class Threads(ServerTest):
    def test_calls_of_many_threads_do_not_mix(self):
        self.server.answer = lambda request: (200, {}, f'{{"uuid": "{request.path.rsplit("/", 1)[1]}"}}')
        wrong = []

        def work(number):
            for turn in range(20):
                expected = f'{number}-{turn}'
                if self.client.users.get(expected) != {'uuid': expected}:
                    wrong.append(expected)

        threads = [threading.Thread(target=work, args=(number,)) for number in range(16)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(wrong, [])
        self.assertEqual(len(self.server.seen), 320)

    def test_other_threads_run_while_one_waits_for_the_server(self):
        self.server.answer = lambda request: time.sleep(0.5) or (200, {}, '{}')
        waiting = threading.Thread(target=self.client.users.get, args=(USER,))
        waiting.start()
        turns = 0
        while waiting.is_alive():
            turns += 1
            time.sleep(0.01)
        self.assertGreater(turns, 10)

    def test_closing_and_changing_under_calls_in_flight_is_safe(self):
        self.server.answer = lambda request: time.sleep(0.2) or (200, {}, '{}')
        results = []
        threads = [threading.Thread(target=lambda: results.append(self.client.users.get(USER))) for _ in range(8)]
        for thread in threads:
            thread.start()
        time.sleep(0.1)
        self.client.set_token('another')
        self.client.timeout = 5
        self.client.close()
        for thread in threads:
            thread.join()
        self.assertEqual(results, [{}] * 8)


@unittest.skipUnless(hasattr(os, 'fork'), 'this system has no fork')
class Fork(ServerTest):
    def test_a_client_that_is_in_use_works_in_every_child_and_the_parent_goes_on(self):
        self.server.answer = lambda request: (200, {}, f'{{"uuid": "{request.path.rsplit("/", 1)[1]}"}}')
        self.client.users.get('warm')
        children = []
        for number in range(4):
            child = os.fork()
            if not child:
                try:
                    good = all(self.client.users.get(f'{number}-{n}') == {'uuid': f'{number}-{n}'} for n in range(10))
                    self.client.set_token('another')
                    good = good and self.client.users.get('last') == {'uuid': 'last'}
                finally:
                    os._exit(0 if good else 1)
            children.append(child)
            self.assertEqual(self.client.users.get('parent'), {'uuid': 'parent'})
        statuses = [os.waitpid(child, 0)[1] for child in children]
        self.assertEqual(statuses, [0] * 4)
        self.assertEqual(self.client.users.get('after'), {'uuid': 'after'})
        self.assertEqual(len(self.server.seen), 4 * 11 + 6)

    def test_a_fork_while_other_threads_change_the_client_leaves_the_child_free_to_change_it(self):
        output = run_python(
            'import os, threading\n'
            'from wazo_auth_client import Client\n'
            f'client = Client("127.0.0.1", {self.server.port}, None, https=False)\n'
            'client.backends\n'
            'stop = threading.Event()\n'
            'def change():\n'
            '    while not stop.is_set():\n'
            '        client.port = client.port\n'
            '        client.set_token("x")\n'
            'threading.Thread(target=change, daemon=True).start()\n'
            'statuses = []\n'
            'for _ in range(30):\n'
            '    child = os.fork()\n'
            '    if not child:\n'
            '        import signal\n'
            '        signal.alarm(10)\n'
            '        client.set_token("y")\n'
            '        os._exit(0 if client.users.get("u") == {} else 1)\n'
            '    statuses.append(os.waitpid(child, 0)[1])\n'
            'stop.set()\n'
            'print(statuses)\n'
        )
        self.assertEqual(output.strip(), str([0] * 30))


class Exit(ServerTest):
    def test_a_program_may_end_with_calls_in_flight(self):
        self.server.answer = lambda request: time.sleep(3) or (200, {}, '{}')
        started = time.monotonic()
        output = run_python(
            'import threading, time\n'
            'from wazo_auth_client import Client\n'
            f'client = Client("127.0.0.1", {self.server.port}, None, https=False)\n'
            'for _ in range(8):\n'
            '    threading.Thread(target=client.users.get, args=("u",), daemon=True).start()\n'
            'time.sleep(0.5)\n'
            'print("bye")\n'
        )
        self.assertEqual(output, 'bye\n')
        self.assertLess(time.monotonic() - started, 3)

    def test_connections_go_with_the_last_reference(self):
        code = (
            'import gc, os\n'
            'gc.disable()\n'
            'from wazo_auth_client import Client\n'
            'def descriptors():\n    return len(os.listdir("/proc/self/fd"))\n'
            'def use():\n'
            f'    client = Client("127.0.0.1", {self.server.port}, None, https=False)\n'
            '    client.users.get("u")\n'
            '    return client\n'
            'use()\n'
            'before = descriptors()\n'
            'kept = [use() for _ in range(10)]\n'
            'during = descriptors()\n'
            'kept.clear()\n'
            'print(during > before, descriptors() <= before)\n'
        )
        if not os.path.isdir('/proc/self/fd'):
            self.skipTest('this system does not show descriptors')
        self.assertEqual(run_python(code).split(), ['True', 'True'])


class Commands(ServerTest):
    def test_other_packages_add_commands_which_are_made_when_first_used_and_break_nothing(self):
        with tempfile.TemporaryDirectory() as folder:
            (Path(folder) / 'extra.py').write_text(
                'class Extra:\n'
                '    def __init__(self, client):\n        self.client = client\n        print("made")\n'
                '    def hello(self):\n        return self.client.request("GET", "/hello")\n'
                'class Broken:\n'
                '    def __init__(self, client):\n        raise RuntimeError("broken")\n'
            )
            metadata = Path(folder) / 'extra-1.0.dist-info'
            metadata.mkdir()
            (metadata / 'METADATA').write_text('Metadata-Version: 2.1\nName: extra\nVersion: 1.0\n')
            (metadata / 'entry_points.txt').write_text(
                '[wazo_auth_client.commands]\n'
                'extra = extra:Extra\nmissing = extra:Missing\nbroken = extra:Broken\nusers = extra:Extra\n'
                'policies = extra:Broken\n'
                'groups = wazo_auth_client.commands.groups:GroupsCommand\n'
            )
            output = run_python(
                f'import logging, sys; sys.path.append({folder!r})\n'
                'logging.basicConfig(stream=sys.stdout, format="%(message)s")\n'
                'logging.getLogger().handlers[0].formatter.formatException = lambda information: ""\n'
                'from wazo_auth_client import Client\n'
                f'client = Client("127.0.0.1", {self.server.port}, None, https=False)\n'
                'print("using")\n'
                'client.extra.hello()\n'
                'assert client.extra is client.extra\n'
                'print(type(client.users).__module__, hasattr(client, "missing"), hasattr(client, "broken"))\n'
                'print(type(client.groups).__module__, type(client.policies).__module__)\n'
            )
        self.assertEqual(self.server.last.path, '/0.1/hello')
        self.assertEqual(
            [line for line in output.splitlines() if line],
            [
                'using',
                'the command missing cannot be loaded',
                'made',
                # In place of a resource of the package, as in the reference client.
                'made',
                'the command broken cannot be made',
                'extra False False',
                'the command policies cannot be made',
                'wazo_auth_client._operations wazo_auth_client._operations',
            ],
        )

    def test_a_command_made_for_the_reference_client_sends_its_requests_with_the_client_s_settings(self):
        self.server = self.start(Server((200, {}, '{"hello": "world"}'), tls=True))
        client = self.server.client(verify_certificate=str(DATA / 'loopback-ca.pem'), tenant=TENANT, user_agent='own/1')

        class Command:
            """As RESTCommand of wazo-lib-rest-client uses its client."""

            def __init__(self, client):
                self._client = client
                self.base_url, self.timeout = client.url('hello'), client.timeout

            def get(self):
                return self._client.session().get(self.base_url, headers={'Accept': 'application/json'}).json()

        self.assertEqual(Command(client).get(), {'hello': 'world'})
        seen = self.server.last
        self.assertEqual((seen.path, seen.headers['x-auth-token']), ('/0.1/hello', TOKEN))
        self.assertEqual((seen.headers['wazo-tenant'], seen.headers['user-agent']), (TENANT, 'own/1'))
        with self.assertRaises(requests.exceptions.SSLError):
            Command(self.server.client()).get()
        self.assertEqual(Command(self.server.client(verify_certificate=False)).get(), {'hello': 'world'})

    def test_its_credentials_are_sent_as_utf_8_as_the_server_reads_them(self):
        client = self.server.client(username='zoé', password='pa€s')
        self.server.answer = (200, {}, '{}')
        client.session().get(client.url('hello'))
        sent = base64.b64decode(self.server.last.headers['authorization'][6:]).decode()
        self.assertEqual(sent, 'zoé:pa€s')


class Library(unittest.TestCase):
    def test_package_and_library_have_one_version(self):
        self.assertEqual(wazo_auth_client.__version__, _native.version())

    def test_nothing_that_the_library_gives_away_is_kept(self):
        def answer(request):
            return 200 if request.path.endswith('known') else 404, {}, '{"message": "' + 'x' * 50_000 + '"}'

        with Server(answer) as server:
            output = run_python(
                'import resource\n'
                'from wazo_auth_client import Client, exceptions\n'
                f'client = Client("127.0.0.1", {server.port}, None, https=False, token="{TOKEN}")\n'
                'def turn(count):\n'
                '    for _ in range(count):\n'
                '        client.users.get("known")\n'
                '        try:\n            client.users.get("nobody")\n'
                '        except exceptions.HTTPError:\n            pass\n'
                '    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss\n'
                'turn(100)\n'
                'print(turn(50), turn(400))\n'
            )
        first, last = map(int, output.split())
        # 400 results of 50 kB, and as many errors of several such texts: at least 20 MB if either were kept.
        # ru_maxrss is in kB (in bytes on macOS).
        self.assertLess(last - first, 15_000 if last < 10_000_000 else 15_000_000)


if __name__ == '__main__':
    unittest.main()
