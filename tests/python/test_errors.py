"""What is raised: the types that callers of the reference client catch, what they tell, and what they keep secret."""
import copy
import json
import pickle
import socket
import threading
import unittest

import requests
from support import PASSWORD, TENANT, TOKEN, USER, Server, ServerTest, refused, run_python

from wazo_auth_client import exceptions


def raw_server(test, answer):
    """A server that says these bytes to whoever connects, and hangs up; its port."""
    listening = socket.create_server(('127.0.0.1', 0))
    test.addCleanup(listening.close)

    def serve():
        while True:
            try:
                connection, _ = listening.accept()
            except OSError:
                return
            with connection:
                connection.recv(65536)
                connection.sendall(answer)

    threading.Thread(target=serve, daemon=True).start()
    return listening.getsockname()[1]


class Refusals(ServerTest):
    def caught(self, answer, call=None):
        self.server.answer = answer
        with self.assertRaises(exceptions.HTTPError) as raised:
            call() if call else self.client.users.get(USER)
        return raised.exception

    def test_a_refusal_tells_what_the_server_said(self):
        error = self.caught(refused(404, 'No such user', 'unknown-user', {'uuid': USER}, {'X-Extra': 'yes'}))
        url = f'http://127.0.0.1:{self.server.port}/0.1/users/{USER}'
        self.assertEqual(str(error), f'404 Client Error: No such user for url: {url}')
        self.assertEqual((error.kind, error.kind_code, error.status), ('not_found', 6, 404))
        self.assertEqual((error.error_id, error.details), ('unknown-user', {'uuid': USER}))
        self.assertEqual((error.operation, error.method, error.url), ('users.get', 'GET', url))
        self.assertEqual((error.is_retryable, error.is_in_doubt, error.is_token_invalid), (False, False, False))
        self.assertEqual((error.request.method, error.request.url), ('GET', url))

    def test_a_text_of_the_server_writes_no_line_of_its_own(self):
        said = 'no\r\n2026-11-29 admin \x1b[31m\x85\u2028\u202e\x00'
        error = self.caught(refused(400, said, said))
        self.assertIn(r'no\r\n2026-11-29 admin \u{1b}[31m\u{85}\u{2028}\u{202e}\u{0} for url', str(error))
        self.assertEqual(error.response.json()['message'], said)

    def test_the_answer_is_there_as_requests_shows_it(self):
        response = self.caught(refused(409, 'Conflict detected', headers={'X-Extra': 'yes'})).response
        self.assertEqual((response.status_code, response.reason, response.ok), (409, 'Conflict detected', False))
        self.assertEqual(response.json()['error_id'], 'refused')
        self.assertEqual(json.loads(response.text), json.loads(response.content))
        self.assertEqual(response.headers['x-extra'], 'yes')
        self.assertEqual(response.headers.get('X-EXTRA'), 'yes')
        self.assertIsNone(response.headers.get('x-other'))
        self.assertFalse(response)
        with self.assertRaisesRegex(requests.HTTPError, '^409 Client Error: Conflict detected') as again:
            response.raise_for_status()
        self.assertIs(again.exception.response, response)

    def test_response_and_request_are_those_of_requests(self):
        self.client.set_tenant(TENANT)
        call = lambda: self.client.users.list(search='a b')  # noqa: E731
        error = self.caught(refused(409, 'Conflict detected'), call)
        self.assertIsInstance(error.response, requests.Response)
        self.assertIsInstance(error.request, requests.PreparedRequest)
        self.assertIs(error.response.request, error.request)
        self.assertEqual(error.request.path_url, '/0.1/users?search=a+b')
        self.assertEqual((error.request.method, error.request.body), ('GET', None))
        self.assertEqual(error.request.headers['x-auth-token'], '***')
        self.assertEqual(error.request.headers['wazo-tenant'], TENANT)
        call = lambda: self.client.token.new(username='bob', password='s3', expiration=5)  # noqa: E731
        error = self.caught(refused(401, 'no'), call)
        self.assertEqual((error.request.method, json.loads(error.request.body)), ('POST', {'expiration': 5}))
        self.assertEqual(error.request.headers['authorization'], 'Basic ***')
        call = lambda: self.client.users.change_password(USER, 'old', 'new')  # noqa: E731
        error = self.caught(refused(401, 'no'), call)
        self.assertEqual(json.loads(error.request.body), {'old_password': '***', 'new_password': '***'})

    def test_the_reason_is_found_in_each_shape_of_error(self):
        html = '<html>Bad gateway</html>'
        for answer, reason in [
            ((401, {}, '{"reason": ["Authentication Failed"], "status_code": 401}'), 'Authentication Failed'),
            (refused(400, 'Invalid'), 'Invalid'),
            ((405, {}, '{"message": "The method is not allowed"}'), 'The method is not allowed'),
            ((502, {'Content-Type': 'text/html'}, html), 'Bad Gateway'),
            ((500, {}, ''), 'Internal Server Error'),
            (refused(400, {'users': {'message': 'Invalid type.'}}), {'users': {'message': 'Invalid type.'}}),
        ]:
            with self.subTest(answer):
                error = self.caught(answer)
                self.assertEqual(error.response.reason, reason)
                party = 'Client' if answer[0] < 500 else 'Server'
                self.assertTrue(str(error).startswith(f'{answer[0]} {party} Error: {reason} for url: http'), str(error))

    def test_kinds_tell_the_meanings_of_401_apart(self):
        expired = refused(401, 'Unauthorized', 'unauthorized', {'reason': 'not_found_or_expired'})
        self.assertTrue(self.caught(expired).is_token_invalid)
        tenant = self.caught(refused(401, 'Unauthorized tenant', 'unauthorized-tenant'))
        self.assertEqual((tenant.kind, tenant.is_token_invalid), ('tenant_unauthorized', False))

    def test_a_server_that_is_away_for_a_moment_is_worth_another_try(self):
        self.assertTrue(self.caught((503, {}, '')).is_retryable)
        self.assertFalse(self.caught((500, {}, '')).is_retryable)

    def test_a_redirect_is_not_followed(self):
        elsewhere = self.start(Server())
        location = f'http://127.0.0.1:{elsewhere.port}/0.1/users'
        error = self.caught((302, {'Location': location}, ''), self.client.users.list)
        self.assertEqual(error.response.status_code, 302)
        # Only where it leads: the rest may carry a secret of the server's.
        self.assertEqual(error.response.headers['location'], f'http://127.0.0.1:{elsewhere.port}')
        self.assertEqual(elsewhere.seen, [])

    def test_an_answer_that_is_not_json_is_a_value_error(self):
        self.server.answer = (200, {}, 'not json')
        with self.assertRaises(ValueError) as raised:
            self.client.users.get(USER)
        error = raised.exception
        self.assertIsInstance(error, exceptions.JSONDecodeError)
        self.assertEqual((error.pos, error.lineno, error.colno), (0, 1, 1))
        self.assertEqual(error.response.text, 'not json')
        with self.assertRaises(requests.JSONDecodeError):
            error.response.json()

    def test_an_answer_of_another_shape_is_a_value_error(self):
        self.server.answer = (200, {}, '{"no": "data"}')
        with self.assertRaises(exceptions.ProtocolError) as raised:
            self.client.token.new()
        self.assertIsInstance(raised.exception, ValueError)
        self.assertEqual(raised.exception.kind, 'protocol')

    def test_secrets_are_in_no_text_of_an_error(self):
        own = 'mail-t0ken'

        def repeating(request):
            """An answer that repeats what it can, as wazo-auth repeats the token of whoever may not do something."""
            token = request.headers.get('x-auth-token')
            return refused(401, f'Unauthorized: {token}', details={'invalid_token': token, 'url': request.target})

        for call in [
            lambda: self.client.token.get(TOKEN, tenant=TENANT),
            lambda: self.client.token.new(),
            lambda: self.client.token.new(username='bob', password='0ther-pa55'),
            lambda: self.client.token.new(refresh_token='r3fresh-t0ken', client_id='app'),
            lambda: self.client.users.set_password(USER, 'n3w-pa55', token=own),
            lambda: self.client.users.change_password(USER, old_password='0ld-pa55', new_password='n3w-pa55'),
        ]:
            error = self.caught(repeating, call)
            request = error.request
            shown = f'{error} {error!r} {error.args} {error.url} {error.details} {error.response!r}'
            shown += f'{vars(error)} {request.url} {request.headers} {request.body} {error.response.text}'
            for secret in (TOKEN, PASSWORD, '0ther-pa55', 'r3fresh-t0ken', own, 'n3w-pa55', '0ld-pa55'):
                self.assertNotIn(secret, shown)

    def test_secrets_are_not_shown_in_fields_that_the_operation_does_not_describe(self):
        secrets = {'new_password': 's3cret', 'client_secret': 's3cret', 'extra': [{'access_token': 's3cret', 'mode': 'm0de'}]}
        for call in [
            lambda: self.client.users.new(username='bob', **secrets),
            lambda: self.client.groups.new(name='agents', **secrets),
            lambda: self.client.call('users.new', {'body': secrets}),
            lambda: self.client.tenants.edit(TENANT, **secrets),
        ]:
            error = self.caught(refused(400, 'no'), call)
            self.assertNotIn('s3cret', f'{vars(error)} {error.request.body}')
            self.assertIn(b'm0de', error.request.body)

    def test_a_body_that_is_no_object_does_not_hide_what_the_server_answered(self):
        for body in ('text', ['list'], 5):
            error = self.caught(refused(400, 'an object is expected'), lambda: self.client.call('users.new', {'body': body}))
            self.assertEqual((error.status, error.request.body), (400, b'"***"'))

    def test_an_error_survives_copying_and_pickling(self):
        self.server.answer = (200, {}, 'not json')
        with self.assertRaises(exceptions.JSONDecodeError) as raised:
            self.client.users.get(USER)
        for error in (raised.exception, self.caught(refused(404, 'No such user'))):
            for again in (pickle.loads(pickle.dumps(error)), copy.copy(error)):
                self.assertIs(type(again), type(error))
                self.assertEqual((str(again), again.kind), (str(error), error.kind))
                self.assertEqual(again.response.status_code, error.response.status_code)

    def test_a_token_exception_says_what_the_server_answered(self):
        for status, expected, kind in [
            (404, exceptions.InvalidTokenException, 'not_found'),
            (403, exceptions.MissingPermissionsTokenException, 'permission_denied'),
        ]:
            self.server.answer = (status, {}, '')
            with self.assertRaises(expected) as raised:
                self.client.token.check(TOKEN, required_acl='auth.users.read')
            self.assertEqual((raised.exception.status, raised.exception.kind), (status, kind))
            self.assertNotIsInstance(raised.exception, exceptions.RequestException)
            self.assertIsInstance(raised.exception, Exception)
            self.assertNotIn(TOKEN, str(raised.exception))


class NoAnswer(unittest.TestCase):
    def raised_by(self, port, **keywords):
        from wazo_auth_client import Client

        with self.assertRaises(exceptions.RequestException) as raised:
            Client('127.0.0.1', **{'port': port, 'https': False, 'timeout': 5, 'token': TOKEN, **keywords}).users.list()
        self.assertIsNone(raised.exception.response)
        self.assertNotIn(TOKEN, str(raised.exception))
        return raised.exception

    def test_a_server_that_is_not_there_is_a_connection_error(self):
        with socket.create_server(('127.0.0.1', 0)) as listening:
            port = listening.getsockname()[1]
        error = self.raised_by(port)
        self.assertIsInstance(error, exceptions.ConnectionError)
        self.assertEqual((error.kind, error.is_retryable, error.is_in_doubt), ('connect', True, False))

    def test_a_server_that_hangs_up_is_a_connection_error(self):
        self.assertIsInstance(self.raised_by(raw_server(self, b'')), exceptions.ConnectionError)

    def test_a_server_that_speaks_no_http_is_a_connection_error(self):
        self.assertIsInstance(self.raised_by(raw_server(self, b'SSH-2.0-x\r\n\r\n')), exceptions.ConnectionError)

    def test_a_server_that_speaks_no_tls_is_an_ssl_error(self):
        error = self.raised_by(raw_server(self, b'HTTP/1.1 400 Bad Request\r\n\r\n'), https=True)
        self.assertIsInstance(error, exceptions.SSLError)
        self.assertIsInstance(error, exceptions.ConnectionError)
        self.assertEqual(error.kind, 'tls')

    def test_a_server_that_does_not_answer_in_time_is_a_timeout(self):
        with socket.create_server(('127.0.0.1', 0)) as silent:
            error = self.raised_by(silent.getsockname()[1], timeout=0.2)
        self.assertIsInstance(error, exceptions.ReadTimeout)
        self.assertIsInstance(error, requests.ReadTimeout)
        self.assertEqual((error.kind, error.is_retryable), ('timeout', True))

    def test_a_server_that_cannot_be_connected_to_in_time_is_a_connect_timeout(self):
        # Its queue of connections is full: it drops what comes.
        listening = socket.socket()
        self.addCleanup(listening.close)
        listening.bind(('127.0.0.1', 0))
        listening.listen(0)
        for _ in range(4):
            waiting = socket.socket()
            self.addCleanup(waiting.close)
            waiting.setblocking(False)
            waiting.connect_ex(listening.getsockname())
        for timeout in (0.3, (0.3, 5)):
            error = self.raised_by(listening.getsockname()[1], timeout=timeout)
            for expected in (exceptions.ConnectTimeout, exceptions.ConnectionError, requests.ConnectTimeout):
                self.assertIsInstance(error, expected)

    def test_an_argument_that_cannot_be_used_is_a_value_error(self):
        error = self.raised_by(1, verify_certificate='/nowhere/ca.pem', https=True)
        self.assertIsInstance(error, ValueError)
        self.assertEqual(error.kind, 'invalid_argument')
        self.assertIn('/nowhere/ca.pem', str(error))


CATCH = '''
import sys
{before}
from wazo_auth_client import Client, exceptions
assert 'requests' not in sys.modules, 'the package imports requests before it is needed'
try:
    Client('127.0.0.1', port=1, https=False).users.list()
except exceptions.RequestException as error:
    print([c.__module__ + '.' + c.__name__ for c in type(error).__mro__])
'''
BLOCKED = '''
class Block:
    def find_spec(self, name, path=None, target=None):
        if name.partition('.')[0] == 'requests':
            raise ModuleNotFoundError('No module named ' + repr(name), name=name)
sys.meta_path.insert(0, Block())
'''
# The part of requests that callers catch by, for machines that do not have it: what matters is whose classes they are.
STAND_IN = '''
from importlib.machinery import ModuleSpec
class RequestException(IOError):
    def __init__(self, *args, **kwargs):
        self.response, self.request = kwargs.pop('response', None), kwargs.pop('request', None)
        super().__init__(*args, **kwargs)
names = {'RequestException': RequestException}
for name, base in [('HTTPError', 'RequestException'), ('ConnectionError', 'RequestException'),
                   ('SSLError', 'ConnectionError'), ('Timeout', 'RequestException'), ('ReadTimeout', 'Timeout'),
                   ('ConnectTimeout', 'ConnectionError Timeout')]:
    bases = tuple(names[one] for one in base.split())
    names[name] = type(name, bases, {'__module__': 'requests.exceptions'})
RequestException.__module__ = 'requests.exceptions'
class Give:
    def find_spec(self, name, path=None, target=None):
        if name in ('requests', 'requests.exceptions'):
            return ModuleSpec(name, self, is_package=name == 'requests')
    def create_module(self, spec):
        return None
    def exec_module(self, module):
        module.__dict__.update(names)
sys.meta_path.insert(0, Give())
'''


class WithAndWithoutRequests(unittest.TestCase):
    def test_errors_are_those_of_requests_where_it_is_installed(self):
        types = run_python(CATCH.format(before=STAND_IN))
        for name in ('ConnectionError', 'RequestException'):
            self.assertIn(f"'wazo_auth_client.exceptions.{name}'", types)
            self.assertIn(f"'requests.exceptions.{name}'", types)

    def test_errors_have_the_same_shape_where_requests_is_not_installed(self):
        types = run_python(CATCH.format(before=BLOCKED))
        self.assertIn("'wazo_auth_client.exceptions.ConnectionError'", types)
        self.assertNotIn("'requests.", types)
        self.assertIn("'builtins.OSError'", types)

    def test_every_exception_can_be_made_and_read_without_requests(self):
        output = run_python(
            'import sys\n' + BLOCKED + 'from wazo_auth_client import exceptions\n'
            'import pickle\n'
            'for name in exceptions.__all__:\n'
            '    error = getattr(exceptions, name)("text")\n'
            '    error.kind = "kind"\n'
            '    again = pickle.loads(pickle.dumps(error))\n'
            '    assert isinstance(error, exceptions.WazoAuthError) and error.response is None\n'
            '    print(type(again).__name__, again, again.kind)\n'
        )
        self.assertEqual(len(output.splitlines()), len(exceptions.__all__))
        self.assertIn('HTTPError text kind', output)
        self.assertIn('JSONDecodeError text: line 1 column 1 (char 0) kind', output)

    def test_threads_that_fail_first_at_once_get_the_same_types(self):
        types = run_python(
            'import threading\n'
            'from wazo_auth_client import exceptions\n'
            'gate, seen = threading.Barrier(8), []\n'
            'def fail():\n'
            '    gate.wait()\n'
            '    seen.append((exceptions.HTTPError, exceptions.RequestException))\n'
            'threads = [threading.Thread(target=fail) for _ in range(8)]\n'
            '[t.start() for t in threads], [t.join() for t in threads]\n'
            'print(len(set(seen)), all(issubclass(a, b) for a, b in seen))\n'
        )
        self.assertEqual(types.strip(), '1 True')


if __name__ == '__main__':
    unittest.main()
