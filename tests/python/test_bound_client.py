"""What a client that is bound to a renewer promises: the renewer's token, and one renewal for all calls that need it."""
import asyncio
import json
import os
import threading
import time
import unittest

from support import Server
from test_verifier import SimulatorTest
from wazo_auth import PASSWORD, USERNAME

from wazo_auth_client import AsyncClient, Client, exceptions
from wazo_auth_client.renewer import TokenRenewer


class Bound(SimulatorTest):
    def setUp(self):
        super().setUp()
        self.client.username, self.client.password = USERNAME, PASSWORD
        self.renewer = TokenRenewer(self.client)
        self.addCleanup(self.renewer.stop)

    def works(self, token):
        return self.client.token.is_valid(token, 'auth.users.read')

    def revoke(self):
        """Has the server forget the renewer's token, which the renewer does not hear of. Returns it."""
        token = self.renewer.token()
        self.simulator.request('DELETE', f'/0.1/token/{token}')
        self.assertFalse(self.works(token))
        return token

    def logins(self):
        """How often somebody has logged in since the last call."""
        items = self.simulator.control('GET', 'requests')['items']
        self.simulator.control('DELETE', 'requests')
        return len([item for item in items if item['method'] == 'POST' and item['path'] == '/0.1/token'])

    def test_the_calls_of_a_bound_client_have_the_renewer_s_token(self):
        self.client.set_token('of the client itself')
        client = self.renewer.bind(self.client)
        self.assertIs(type(client), Client)
        self.renewer.start()
        self.assertGreater(client.users.list()['total'], 0)
        with self.assertRaises(exceptions.HTTPError):
            self.client.users.list()

    def test_a_rejected_token_is_renewed_once_for_all_calls_and_each_is_repeated(self):
        client = self.renewer.bind(self.client)
        self.renewer.start()
        client.users.list()
        before, answers = self.revoke(), []
        self.logins()
        threads = [threading.Thread(target=lambda: answers.append(client.users.list()['total'])) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual((len(answers), self.logins()), (8, 1))
        self.assertNotEqual(self.renewer.token(), before)

    def test_an_asynchronous_client_is_bound_in_the_same_way(self):
        given = AsyncClient('127.0.0.1', self.simulator.port, None, https=False, timeout=5)
        client = self.renewer.bind(given)
        self.assertIs(type(client), AsyncClient)
        self.renewer.start()

        async def work():
            first = await client.users.list()
            self.revoke()
            self.logins()
            return [first, *await asyncio.gather(*(client.users.list() for _ in range(8)))]

        self.assertEqual(len([answer for answer in asyncio.run(work()) if answer['total']]), 9)
        self.assertEqual(self.logins(), 1)

    def test_a_call_that_finds_no_token_waits_for_one_within_its_timeout(self):
        may_log_in = threading.Event()
        self.addCleanup(may_log_in.set)

        def answer(request):
            if request.path == '/0.1/users':
                return 200, {}, json.dumps({'token': request.headers['x-auth-token']})
            may_log_in.wait(30)
            return 200, {}, json.dumps({'data': {
                'token': 'new', 'auth_id': 'u', 'session_uuid': 's', 'acl': [], 'metadata': {},
                'utc_expires_at': '2099-01-01T00:00:00.000000', 'utc_issued_at': '2020-01-01T00:00:00.000000',
            }})

        with Server(answer) as server:
            self.renewer = TokenRenewer(server.client(token=None))
            self.addCleanup(self.renewer.stop)
            client = self.renewer.bind(server.client(timeout=0.2))
            starting = threading.Thread(target=self.renewer.start)
            starting.start()
            while not self.renewer.snapshot():
                time.sleep(0.005)
            with self.assertRaises(exceptions.Timeout):
                client.users.list()
            client.timeout = 30
            threading.Timer(0.1, may_log_in.set).start()
            self.assertEqual(client.users.list(), {'token': 'new'})
            starting.join()

    def test_its_settings_are_its_own_and_a_token_that_is_set_takes_the_place_of_the_renewer(self):
        client = self.renewer.bind(self.client)
        self.renewer.start()
        client.users.list()
        client.timeout = 7
        client.set_tenant(self.renewer.snapshot()['tenant_uuid'])
        self.assertGreater(client.users.list()['total'], 0)
        self.assertEqual((self.client.timeout, self.client.tenant()), (5, None))
        client.set_token('of the client itself')
        with self.assertRaises(exceptions.HTTPError) as raised:
            client.users.list()
        self.assertTrue(raised.exception.is_token_invalid)
        client.set_token(None)
        client.timeout = 8  # which takes another handle: it has no renewer either
        with self.assertRaises(exceptions.HTTPError):
            client.users.list()

    def test_it_works_when_the_other_client_is_closed(self):
        client = self.renewer.bind(self.client)
        self.renewer.start()
        self.client.close()
        self.assertGreater(client.users.list()['total'], 0)

    def test_both_share_their_connections_as_long_as_they_have_the_same_settings(self):
        self.renewer.start()
        with Server((200, {}, '{}')) as server:
            connections = set()
            server.process_request = lambda request, address, go_on=server.process_request: (
                connections.add(address), go_on(request, address))
            given = server.client()
            given.users.list()
            client = self.renewer.bind(given)
            client.users.list()
            self.assertEqual(len(connections), 1)
            client.timeout = 7
            client.users.list()
            self.assertEqual(len(connections), 2)

    def test_a_client_of_a_renewer_that_does_not_run_says_so(self):
        client = self.renewer.bind(self.client)
        with self.assertRaisesRegex(RuntimeError, 'not started'):
            client.users.list()
        with self.assertRaises(TypeError):
            self.renewer.bind('wazo.example.com')
        self.renewer.start()
        client.users.list()
        self.revoke()
        self.renewer.stop()
        begun = time.monotonic()
        with self.assertRaises(exceptions.RequestException):
            client.users.list()
        self.assertLess(time.monotonic() - begun, 30)
        with self.assertRaises(exceptions.RequestException) as raised:
            self.renewer.bind(self.client).users.list()
        self.assertEqual(raised.exception.kind, 'closed')

    @unittest.skipUnless(hasattr(os, 'fork'), 'this system has no fork')
    def test_a_bound_client_works_in_a_child_that_starts_nothing(self):
        client = self.renewer.bind(self.client)
        self.renewer.start()
        client.users.list()
        token = self.renewer.token()
        pid = os.fork()
        if not pid:
            status = 1
            try:
                client.users.list()
                self.simulator.request('DELETE', f'/0.1/token/{token}')
                status = 0 if client.users.list()['total'] and self.renewer.token() != token else 1
            finally:
                os._exit(status)
        self.assertEqual(os.waitpid(pid, 0)[1], 0)
        self.assertGreater(client.users.list()['total'], 0)


del SimulatorTest

if __name__ == '__main__':
    unittest.main()
