"""The client itself: its constructor, its attributes, its identity, and what decides about certificates and time."""
import base64
import copy
import os
import pickle
import shutil
import socket
import tempfile
import threading
import time
import unittest
import uuid

from support import DATA, PASSWORD, TENANT, TOKEN, USER, Server, ServerTest, run_python

from wazo_auth_client import AuthClient, Client, exceptions
from wazo_auth_client.client import AuthClient as AuthClientOfTheModule


class Construction(unittest.TestCase):
    def test_both_names_are_one_class(self):
        self.assertIs(Client, AuthClient)
        self.assertIs(Client, AuthClientOfTheModule)

    def test_an_empty_host_is_refused(self):
        client = Client('localhost')
        for host in ('', None):
            with self.assertRaises(ValueError):
                Client(host)
            with self.assertRaises(ValueError):
                client.host = host
        self.assertEqual(client.host, 'localhost')

    def test_a_daemon_can_pass_its_whole_configuration(self):
        Client('localhost', key_file='/etc/key', master_tenant_uuid=TENANT, anything='else')

    def test_the_defaults_are_the_reference_s(self):
        client = Client('wazo.example.com')
        self.assertEqual(client.url(), 'https://wazo.example.com:443/api/auth/0.1')
        self.assertEqual((client.host, client.port, client.timeout), ('wazo.example.com', 443, 10))
        self.assertEqual((client.username, client.password, client.tenant_uuid), (None, None, None))

    def test_positional_arguments_stand_in_the_reference_s_order(self):
        client = Client('h', 9497, 'p', '0.2', 'alice', 'secret', 'token', TENANT, False, 3, False, 'agent')
        self.assertEqual(client.url(), 'http://h:9497/p/0.2')
        self.assertEqual((client.username, client.password), ('alice', 'secret'))
        self.assertEqual((client.timeout, client.tenant()), (3, TENANT))

    def test_urls_are_composed_as_the_reference_composes_them(self):
        for keywords, expected in [
            ({'port': 0}, 'https://h/api/auth/0.1'),
            ({'port': None}, 'https://h/api/auth/0.1'),
            ({'port': 9497, 'prefix': None, 'https': False}, 'http://h:9497/0.1'),
            ({'prefix': ''}, 'https://h:443/0.1'),
            ({'prefix': 'auth'}, 'https://h:443/auth/0.1'),
            ({'prefix': '/auth/'}, 'https://h:443/auth/0.1'),
        ]:
            with self.subTest(keywords):
                self.assertEqual(Client('h', **keywords).url(), expected)
        self.assertEqual(Client('h').url('users', USER), f'https://h:443/api/auth/0.1/users/{USER}')
        self.assertEqual(Client('::1').url(), 'https://[::1]:443/api/auth/0.1')

    def test_a_timeout_that_is_none_of_the_three_forms_is_refused(self):
        for wrong in (0, -1, (1, 0), float('nan')):
            with self.subTest(wrong), self.assertRaises(ValueError):
                Client('h', timeout=wrong)
        for wrong in ('10', True):
            with self.subTest(wrong), self.assertRaises(TypeError):
                Client('h', timeout=wrong)

    def test_an_empty_certificate_path_does_not_turn_the_check_off(self):
        with self.assertRaises(ValueError):
            Client('h', verify_certificate='')

    def test_a_url_says_what_the_keywords_say(self):
        client = Client.from_url('https://alice:p%40ss@h:9497/api/auth/0.2?retries=2', timeout=3)
        self.assertEqual(client.url(), 'https://h:9497/api/auth/0.2')
        self.assertEqual((client.username, client.password, client.timeout), ('alice', 'p@ss', 3))
        self.assertEqual(Client.from_url('http://h').url(), 'http://h/0.1')
        self.assertEqual(Client.from_url('http://h/api/auth/').url(), 'http://h/api/auth/0.1')

    def test_a_wrong_url_is_refused_without_its_password(self):
        for wrong in ('h:443', 'ftp://alice:s3cr3t@h', 'https://', 'https://alice:s3cr3t@h:port'):
            with self.subTest(wrong), self.assertRaises(ValueError) as raised:
                Client.from_url(wrong)
            self.assertNotIn('s3cr3t', str(raised.exception))

    def test_a_copy_and_a_pickled_client_have_the_same_settings(self):
        client = Client('h', 9497, username='alice', password=PASSWORD, token=TOKEN, tenant=TENANT, timeout=(1, 2))
        client.set_token('later')
        client.my_own = 7
        for again in (copy.copy(client), copy.deepcopy(client), pickle.loads(pickle.dumps(client))):
            self.assertIsInstance(again, Client)
            self.assertEqual((again.url(), again.username, again.password), (client.url(), 'alice', PASSWORD))
            self.assertEqual((again.tenant(), again.timeout, again._token_id), (TENANT, (1, 2), 'later'))
            self.assertEqual(again.my_own, 7)
            self.assertIsNot(again.users, client.users)

    def test_its_attributes_hold_no_secret(self):
        client = Client('h', username='alice', password=PASSWORD, token=TOKEN)
        for secret in (PASSWORD, TOKEN):
            self.assertNotIn(secret, str(vars(client)))

    def test_its_text_holds_no_secret(self):
        client = Client('h', username='alice', password=PASSWORD, token=TOKEN)
        for secret in (PASSWORD, TOKEN):
            self.assertNotIn(secret, repr(client) + repr(client.users))

    def test_importing_loads_no_library(self):
        run_python(
            'from wazo_auth_client import Client, _library\n'
            'assert _library._loaded is None\n',
            WAZO_AUTH_CLIENT_LIBRARY='/nowhere/lib.so',
        )

    def test_a_library_that_cannot_be_used_is_noticed_when_the_client_is_made_and_the_first_sentence_says_what_to_do(self):
        import ctypes.util

        code = (
            'from wazo_auth_client import Client, _library\n'
            '_library.__version__ = {version!r}\n'
            'try:\n    Client("localhost")\n'
            'except ImportError as error:\n    print(error)\n'
        )
        own = os.environ['WAZO_AUTH_CLIENT_LIBRARY']
        for version, library, why in [
            ('0.1.0', '/nowhere/lib.so', 'No such file'),
            ('0.1.0', ctypes.util.find_library('c'), 'not the library of wazo-auth-client'),
            ('9.9.9', own, 'it has version 0.1.0, and this package has version 9.9.9'),
        ]:
            message = run_python(code.format(version=version), WAZO_AUTH_CLIENT_LIBRARY=library)
            self.assertRegex(message, '^wazo_auth_client cannot work without its native library.*install a wheel')
            self.assertIn(why, message)

    def test_a_missing_library_says_what_was_tried_and_what_to_do(self):
        message = run_python(
            'from wazo_auth_client import Client\n'
            'try:\n    Client("localhost")\n'
            'except ImportError as error:\n    print(error)\n',
            WAZO_AUTH_CLIENT_LIBRARY='/nowhere/lib.so',
        )
        for part in ('/nowhere/lib.so', 'WAZO_AUTH_CLIENT_LIBRARY', 'cargo build'):
            self.assertIn(part, message)

    def test_native_options_are_passed_on_and_none_leaves_one_out(self):
        client = Client('localhost', port=1, https=False, native_options={'retries': None})
        self.assertIs(client.is_server_reachable(), False)
        with Server((200, {}, '{"items": "' + 'x' * 2000 + '"}')) as server:
            with self.assertRaises(exceptions.RequestException) as raised:
                server.client(native_options={'max_response_bytes': 1000}).users.list()
        self.assertEqual(raised.exception.kind, 'too_large')

    def test_an_unknown_native_option_is_named_together_with_the_known_ones(self):
        with self.assertRaisesRegex(exceptions.InvalidArgument, '(?s)retires.*retries'):
            Client('localhost', native_options={'retires': 2}).status.check()

    def test_a_setting_that_c_would_cut_short_is_refused_without_being_shown(self):
        for wrong in ('s3cr3t\0more', 's3cr3t\udc80'):
            with self.assertRaisesRegex(ValueError, 'password') as raised:
                Client('localhost', password=wrong).status.check()
            self.assertNotIn('s3cr3t', str(raised.exception))


class Identity(ServerTest):
    def sent(self, header):
        self.client.backends.list()
        return self.server.last.headers.get(header)

    def setUp(self):
        super().setUp()
        self.server.answer = (200, {}, '{"data": {}}')

    def test_the_token_may_change(self):
        self.assertEqual(self.sent('x-auth-token'), TOKEN)
        self.client.set_token('another')
        self.assertEqual(self.sent('x-auth-token'), 'another')
        self.client.set_token(None)
        self.assertIsNone(self.sent('x-auth-token'))

    def test_the_token_may_change_before_the_first_call(self):
        self.client.set_token('another')
        self.assertEqual(self.sent('x-auth-token'), 'another')

    def test_changes_of_two_threads_before_the_first_call_are_both_made(self):
        self.server.answer = (200, {}, '{"data": {"token": "t"}}')
        client = self.server.client(tenant=TENANT)
        other = threading.Thread(target=client.set_token, args=('other',))

        class Name(str):
            def __str__(self):
                # In the middle of the change, as another thread may run there.
                if other.ident is None:
                    other.start()
                    other.join(0.2)  # it ends, or it waits for this change
                return 'bob'

        client.username = Name('bob')
        other.join()
        client.users.list()
        self.assertEqual(self.server.last.headers['x-auth-token'], 'other')
        client.token.new()
        self.assertEqual(base64.b64decode(self.server.last.headers['authorization'][6:]).decode(), f'bob:{PASSWORD}')

    def test_the_tenant_may_change(self):
        self.assertIsNone(self.sent('wazo-tenant'))
        self.client.set_tenant(uuid.UUID(TENANT))
        self.assertEqual(self.sent('wazo-tenant'), TENANT)
        self.assertEqual(str(self.client.tenant()), TENANT)
        self.client.tenant_uuid = None
        self.assertIsNone(self.sent('wazo-tenant'))

    def test_user_name_and_password_may_change(self):
        self.client.token.new()
        first = self.server.last.headers['authorization']
        self.client.username, self.client.password = 'bob', 'n3w'
        self.client.token.new()
        self.assertEqual(self.server.last.headers['authorization'], 'Basic Ym9iOm4zdw==')
        self.assertNotEqual(first, self.server.last.headers['authorization'])

    def test_the_server_may_change(self):
        self.sent('x-auth-token')
        other = self.start(Server((200, {}, '{"data": {}}')))
        self.client.port = other.port
        self.client.backends.list()
        self.assertEqual(len(other.seen), 1)
        self.assertEqual(other.last.headers['x-auth-token'], TOKEN)
        self.client.port, self.client.host = self.server.port, 'localhost'
        self.client.backends.list()
        self.assertEqual(len(other.seen), 1)
        self.assertEqual(self.server.last.headers['host'], f'localhost:{self.server.port}')

    def test_a_change_that_is_refused_changes_nothing(self):
        self.sent('x-auth-token')
        with self.assertRaises(ValueError):
            self.client.set_token('line\nbreak')
        self.assertEqual(self.sent('x-auth-token'), TOKEN)

    def test_the_user_agent_is_the_running_program_s_name(self):
        code = (
            'import sys; sys.argv[0] = "/usr/bin/wazo-confd"\n'
            'from wazo_auth_client import Client\n'
            f'Client("127.0.0.1", {self.server.port}, None, https=False).backends.list()\n'
        )
        run_python(code)
        self.assertEqual(self.server.last.headers['user-agent'], 'wazo-confd')

    def test_the_user_agent_may_be_given(self):
        self.server.client(user_agent='softphone/2').backends.list()
        self.assertEqual(self.server.last.headers['user-agent'], 'softphone/2')

    def test_a_reachable_server_is_one_that_answers_anything(self):
        for status in (200, 404, 503):
            self.server.answer = (status, {}, '')
            self.assertIs(self.client.is_server_reachable(), True)
        with socket.create_server(('127.0.0.1', 0)) as listening:
            port = listening.getsockname()[1]
        self.assertIs(Client('127.0.0.1', port, https=False).is_server_reachable(), False)

    def test_a_closed_client_says_so(self):
        with self.client as client:
            client.backends.list()
        with self.assertRaises(exceptions.RequestException) as raised:
            client.backends.list()
        self.assertEqual(raised.exception.kind, 'closed')
        client.close()

    def test_an_operation_can_be_called_by_name_and_shows_status_and_headers(self):
        self.server.answer = (200, {'Wazo-Sessions-Revoked': '2'}, '{"data": {"token": "t"}}')
        answer = self.client.call('token.new', {'expiration': 60})
        self.assertEqual((answer.status, answer.result), (200, {'token': 't'}))
        self.assertEqual(answer.headers['Wazo-Sessions-Revoked'], '2')
        self.assertEqual(self.server.last.json(), {'expiration': 60})

    def test_whitespace_around_a_result_is_no_part_of_it(self):
        self.server.answer = (200, {}, '\r\n {"uuid": "u"} \n')
        self.assertEqual(self.client.users.get(USER), {'uuid': 'u'})
        self.assertEqual(self.client.call('users.get', {'user_uuid': USER}).result, {'uuid': 'u'})
        self.assertEqual(self.client.request('GET', '/users').result, {'uuid': 'u'})

    def test_a_request_that_no_operation_describes_can_be_sent(self):
        self.client.request('POST', '/new/thing', query={'a': [1, 2]}, body={'b': None})
        seen = self.server.last
        self.assertEqual((seen.method, seen.path, seen.query), ('POST', '/0.1/new/thing', {'a': ['1', '2']}))
        self.assertEqual((seen.json(), seen.headers['x-auth-token']), ({'b': None}, TOKEN))


class Time(ServerTest):
    def fails_after(self, seconds, **keywords):
        started = time.monotonic()
        with self.assertRaises(exceptions.Timeout):
            self.server.client(**keywords).backends.list()
        took = time.monotonic() - started
        self.assertGreater(took, seconds * 0.8)
        self.assertLess(took, seconds + 2)

    def setUp(self):
        super().setUp()
        self.server.answer = lambda request: time.sleep(4) or (200, {}, '{"data": []}')

    def test_a_timeout_bounds_the_whole_call(self):
        self.fails_after(0.3, timeout=0.3)

    def test_a_pair_bounds_connecting_and_what_follows(self):
        self.fails_after(0.4, timeout=(0.2, 0.2))

    def test_a_timeout_may_change(self):
        client = self.server.client(timeout=30)
        client.timeout = 0.3
        self.assertEqual(client.timeout, 0.3)
        with self.assertRaises(exceptions.Timeout):
            client.backends.list()

    def test_none_is_no_limit(self):
        self.server.answer = lambda request: time.sleep(0.3) or (200, {}, '{"data": []}')
        self.assertEqual(self.server.client(timeout=None).backends.list(), [])


class Certificates(ServerTest):
    CA = str(DATA / 'loopback-ca.pem')

    def setUp(self):
        super().setUp()
        self.server = self.start(Server((200, {}, '{"data": []}'), tls=True))

    def test_a_certificate_that_nobody_vouches_for_is_an_ssl_error(self):
        for checked in (True, None):
            with self.assertRaises(exceptions.SSLError) as raised:
                self.server.client(verify_certificate=checked).backends.list()
            self.assertEqual(raised.exception.kind, 'tls')
        self.assertEqual(self.server.seen, [])

    def test_a_directory_of_authorities_can_be_trusted(self):
        with tempfile.TemporaryDirectory() as folder:
            # The name that `openssl rehash` gives: eight digits of the hash of the subject.
            shutil.copy(self.CA, os.path.join(folder, '1a2b3c4d.0'))
            self.assertEqual(self.server.client(verify_certificate=folder).backends.list(), [])
        with tempfile.TemporaryDirectory() as folder:
            with self.assertRaisesRegex(ValueError, 'has no certificates'):
                self.server.client(verify_certificate=folder).backends.list()

    def test_zero_and_one_of_a_configuration_file_are_false_and_true(self):
        self.assertEqual(self.server.client(verify_certificate=0).backends.list(), [])
        with self.assertRaises(exceptions.SSLError):
            self.server.client(verify_certificate=1).backends.list()

    def test_a_path_names_the_authorities_to_trust(self):
        self.assertEqual(self.server.client(verify_certificate=self.CA).backends.list(), [])
        self.assertEqual(self.server.client(verify_certificate=DATA / 'loopback-ca.pem').backends.list(), [])

    def test_false_checks_no_certificate(self):
        self.assertEqual(self.server.client(verify_certificate=False).backends.list(), [])

    def test_the_environment_decides_neither_about_certificates_nor_about_the_way(self):
        output = run_python(
            'from support import *\n'
            'from wazo_auth_client import Client, exceptions\n'
            f'given = dict(port={self.server.port}, prefix=None, timeout=5)\n'
            'try:\n    Client("127.0.0.1", **given).backends.list()\n'
            'except exceptions.SSLError:\n    print("refused")\n'
            f'print(Client("127.0.0.1", verify_certificate={self.CA!r}, **given).backends.list())\n',
            REQUESTS_CA_BUNDLE=self.CA,
            CURL_CA_BUNDLE=self.CA,
            HTTPS_PROXY='http://127.0.0.1:1',
            https_proxy='http://127.0.0.1:1',
        )
        self.assertEqual(output.split(), ['refused', '[]'])


if __name__ == '__main__':
    unittest.main()
