"""The middlewares and the examples, each in its real framework, over a socket, with the simulator as wazo-auth."""
import asyncio
import http.client
import json
import re
import socket
import sys
import threading
import time
import unittest
from unittest import mock

from wsgiref.simple_server import WSGIRequestHandler, make_server

import uvicorn
from support import PACKAGE, USER
from wazo_auth import Simulator
from werkzeug.serving import WSGIRequestHandler as WerkzeugHandler
from werkzeug.serving import make_server as make_werkzeug_server

import wazo_auth_client
from wazo_auth_client import Client
from wazo_auth_client.asgi import DECISION as ASGI_DECISION
from wazo_auth_client.asgi import AuthMiddleware as AsgiMiddleware
from wazo_auth_client.verifier import AsyncVerifier, Verifier
from wazo_auth_client.wsgi import DECISION as WSGI_DECISION
from wazo_auth_client.wsgi import AuthMiddleware as WsgiMiddleware

sys.path.append(str(PACKAGE / 'examples'))
import fastapi_app  # noqa: E402
import flask_app  # noqa: E402

USER_ACCESS = f'myservice.users.{USER}.read'


class UvicornServer:
    """An ASGI application in uvicorn, on a free port."""

    def __init__(self, app):
        self.socket = socket.socket()
        self.socket.bind(('127.0.0.1', 0))
        self.port = self.socket.getsockname()[1]
        # Without `lifespan`, which some servers never send.
        self.server = uvicorn.Server(uvicorn.Config(app, log_level='critical', lifespan='off', ws='none'))
        self.thread = threading.Thread(target=self.server.run, kwargs={'sockets': [self.socket]})
        self.thread.start()
        deadline = time.monotonic() + 10
        while not self.server.started:
            if not self.thread.is_alive() or time.monotonic() > deadline:
                raise RuntimeError('uvicorn did not start')
            time.sleep(0.01)

    def stop(self):
        self.server.should_exit = True
        self.thread.join()
        self.socket.close()


class ThreadServer:
    """A WSGI server that is made already, in a thread."""

    def __init__(self, server):
        self.server, self.port = server, server.server_port
        self.thread = threading.Thread(target=server.serve_forever)
        self.thread.start()

    def stop(self):
        self.server.shutdown()
        self.thread.join()
        self.server.server_close()


class Quiet(WSGIRequestHandler):
    def log_message(self, *arguments):
        pass


class QuietWerkzeug(WerkzeugHandler):
    def log(self, *arguments):
        pass


class Framework:
    """What every framework must do; a subclass starts its application."""

    def setUp(self):
        self.simulator = Simulator(tls=False).start()
        self.addCleanup(self.simulator.stop)
        self.simulator.user('alice', [USER_ACCESS, 'myservice.config.read'])
        self.simulator.user('bob', ['myservice.other.read'])
        self.token = self.simulator.log_in('alice', 'password')
        self.client = Client('127.0.0.1', self.simulator.port, None, https=False, timeout=3)
        self.verifier = Verifier(self.client)
        self.known = self.client.token.get(self.token)
        self.master = self.known['metadata']['tenant_uuid']
        self.server = self.serve()
        self.addCleanup(self.server.stop)

    def get(self, path=f'/users/{USER}', **headers):
        """The status and the JSON of an answer. A header's name is written with `_`."""
        connection = http.client.HTTPConnection('127.0.0.1', self.server.port, timeout=10)
        try:
            connection.request('GET', path, headers={name.replace('_', '-'): value for name, value in headers.items()})
            answer = connection.getresponse()
            self.assertEqual(answer.getheader('Content-Type'), 'application/json')
            return answer.status, json.loads(answer.read())
        finally:
            connection.close()

    def refused(self, status, **headers):
        """The details of a refusal, whose body has the shape of Wazo's."""
        found, body = self.get(**headers)
        self.assertEqual(found, status, body)
        self.assertEqual(set(body), {'message', 'error_id', 'details', 'timestamp'})
        expected = {
            401: ('Unauthorized', 'unauthorized'),
            503: ('Authentication server unreachable', 'authentication-server-unreachable'),
        }[status]
        self.assertEqual((body['message'], body['error_id']), expected)
        self.assertLess(abs(body['timestamp'] - time.time()), 60)
        return body['details']

    def test_a_token_with_the_access_is_let_through_and_the_application_knows_whose_it_is(self):
        status, body = self.get(X_Auth_Token=self.token)
        self.assertEqual((status, body), (200, {'asked_by': self.known['metadata']['uuid'], 'tenant': self.master}))

    def test_a_token_without_the_access_is_refused(self):
        token = self.simulator.log_in('bob', 'password')
        self.assertEqual(self.refused(401, X_Auth_Token=token), {
            'invalid_token': token, 'reason': 'missing_permission_or_invalid_tenant',
            'required_access': USER_ACCESS, 'tenant_uuid': None,
        })

    def test_an_unknown_token_and_a_missing_one_are_refused(self):
        for token in ['11111111-1111-4111-8111-111111111111', '']:
            headers = {'X_Auth_Token': token} if token else {}
            self.assertEqual(self.refused(401, **headers), {
                'invalid_token': token, 'reason': 'not_found_or_expired', 'required_access': USER_ACCESS,
            })

    def test_a_tenant_below_the_token_s_own_is_let_through_and_another_one_is_refused(self):
        below = self.simulator.ask('POST', '/tenants', {'name': 'below'})['uuid']
        status, body = self.get(X_Auth_Token=self.token, Wazo_Tenant=below)
        self.assertEqual((status, body.get('tenant')), (200, below), body)
        for tenant in ['22222222-2222-4222-8222-222222222222', 'x' * 5000]:
            details = self.refused(401, X_Auth_Token=self.token, Wazo_Tenant=tenant)
            self.assertEqual(details['reason'], 'missing_permission_or_invalid_tenant')
            self.assertEqual(details['tenant_uuid'], tenant)
        asked = json.dumps(self.simulator.control('GET', 'requests')['items'])
        self.assertIn('22222222-2222', asked)
        self.assertNotIn('xxxx', asked)  # no server knows such a tenant, and it would take that for a bad request

    def test_a_server_that_cannot_be_asked_is_503_for_what_is_not_known_and_no_matter_for_what_is(self):
        self.assertEqual(self.get(X_Auth_Token=self.token)[0], 200)
        port = self.simulator.port
        self.simulator.stop()
        self.assertEqual(self.get(X_Auth_Token=self.token)[0], 200)
        details = self.refused(503, X_Auth_Token='33333333-3333-4333-8333-333333333333')
        self.assertEqual((details['auth_server_host'], details['auth_server_port']), ('127.0.0.1', port))
        self.assertNotIn('33333333-3333', details['original_error'])

    def test_a_deleted_session_is_refused_at_once_when_its_event_has_come(self):
        self.assertEqual(self.get(X_Auth_Token=self.token)[0], 200)
        session = self.known['session_uuid']
        self.simulator.ask('DELETE', f'/sessions/{session}')
        self.assertEqual(self.get(X_Auth_Token=self.token)[0], 200)  # it is remembered
        self.assertTrue(self.verifier.apply_event({'name': 'auth_session_deleted', 'data': {'uuid': session}}))
        self.assertEqual(self.refused(401, X_Auth_Token=self.token)['reason'], 'not_found_or_expired')

    def test_what_needs_no_token_is_let_through_without_one(self):
        self.assertEqual(self.get('/status'), (200, {'status': 'ok'}))


class MasterTenant:
    """What the two examples do as well."""

    def test_a_token_of_another_tenant_than_the_required_one_is_refused(self):
        self.assertEqual(self.get('/config', X_Auth_Token=self.token)[0], 200)
        self.server.stop()
        self.master = '22222222-2222-4222-8222-222222222222'
        self.server = self.serve()
        self.addCleanup(self.server.stop)
        self.assertEqual(self.get('/config', X_Auth_Token=self.token)[0], 401)


class Flask(MasterTenant, Framework, unittest.TestCase):
    def serve(self):
        app = flask_app.create_app(self.verifier, self.master)
        return ThreadServer(make_werkzeug_server('127.0.0.1', 0, app, threaded=True, request_handler=QuietWerkzeug))


class FastApi(MasterTenant, Framework, unittest.TestCase):
    def serve(self):
        return UvicornServer(fastapi_app.create_app(self.verifier, self.master))


def access_of(path):
    return f'myservice.users.{path.rpartition("/")[2]}.read'


def answer_of(decision, tenant):
    if decision is None:
        return json.dumps({'status': 'ok'}).encode()
    return json.dumps({'asked_by': decision.user_uuid, 'tenant': tenant or decision.tenant_uuid}).encode()


class Wsgi(Framework, unittest.TestCase):
    def serve(self, bearer=True):
        def application(environ, start_response):
            start_response('200 OK', [('Content-Type', 'application/json')])
            return [answer_of(environ.get(WSGI_DECISION), environ.get('HTTP_WAZO_TENANT'))]

        middleware = WsgiMiddleware(
            application,
            self.verifier,
            lambda environ: access_of(environ['PATH_INFO']),
            bearer=bearer,
            is_public=lambda environ: environ['PATH_INFO'] == '/status',
        )
        return ThreadServer(make_server('127.0.0.1', 0, middleware, handler_class=Quiet))

    def test_a_bearer_token_is_taken_if_it_was_asked_for(self):
        self.assertEqual(self.get(Authorization=f'Bearer {self.token}')[0], 200)
        self.assertEqual(self.get(Authorization=f'Basic {self.token}')[0], 401)
        self.server.stop()
        self.server = self.serve(bearer=False)
        self.addCleanup(self.server.stop)
        self.assertEqual(self.get(Authorization=f'Bearer {self.token}')[0], 401)


class Asgi(Framework, unittest.TestCase):
    def serve(self, bearer=True):
        async def application(scope, receive, send):
            headers = dict(scope['headers'])
            body = answer_of(scope.get(ASGI_DECISION), headers.get(b'wazo-tenant', b'').decode())
            start = {'type': 'http.response.start', 'status': 200, 'headers': [(b'content-type', b'application/json')]}
            await send(start)
            await send({'type': 'http.response.body', 'body': body})

        self.middleware = AsgiMiddleware(
            application,
            self.verifier,
            lambda scope: access_of(scope['path']),
            bearer=bearer,
            is_public=lambda scope: scope['path'] == '/status',
        )
        return UvicornServer(self.middleware)

    def test_a_bearer_token_is_taken_if_it_was_asked_for(self):
        self.assertEqual(self.get(Authorization=f'Bearer {self.token}')[0], 200)
        self.assertEqual(self.get(Authorization=f'Basic {self.token}')[0], 401)
        self.server.stop()
        self.server = self.serve(bearer=False)
        self.addCleanup(self.server.stop)
        self.assertEqual(self.get(Authorization=f'Bearer {self.token}')[0], 401)

    def test_the_event_loop_goes_on_while_the_server_is_asked_and_no_thread_waits(self):
        self.assertEqual(self.get(X_Auth_Token=self.token)[0], 200)
        self.simulator.faults({'fault': 'delay', 'ms': 60000, 'path': '/0.1/token*'})
        statuses = []

        def ask(number):
            statuses.append(self.get(X_Auth_Token=f'33333333-3333-4333-8333-{number:012}')[0])

        waiting = [threading.Thread(target=ask, args=(number,)) for number in range(5)]
        for thread in waiting:
            thread.start()
        # The requests have arrived at wazo-auth, so the application waits for its answers.
        deadline = time.monotonic() + 10
        while sum('33333333' in seen['path'] for seen in self.simulator.control('GET', 'requests')['items']) < 5:
            self.assertLess(time.monotonic(), deadline)
            time.sleep(0.01)
        self.assertEqual(self.get(X_Auth_Token=self.token)[0], 200)
        self.assertEqual(self.get('/status')[0], 200)
        self.assertTrue(all(thread.is_alive() for thread in waiting))
        # Those of the default executor of an event loop.
        self.assertEqual([thread.name for thread in threading.enumerate() if thread.name.startswith('asyncio')], [])
        for thread in waiting:
            thread.join()
        self.assertEqual(statuses, [503] * 5)

    def test_an_asynchronous_verifier_will_do_as_well(self):
        self.server.stop()
        self.verifier = AsyncVerifier.of(self.verifier)
        self.server = self.serve()
        self.addCleanup(self.server.stop)
        self.assertEqual(self.get(X_Auth_Token=self.token)[0], 200)
        self.assertEqual(self.get(X_Auth_Token='bad')[0], 401)

    def test_a_web_socket_with_a_bad_token_is_closed_before_it_is_accepted(self):
        def connect(token):
            sent = []

            async def receive():
                return {'type': 'websocket.connect'}

            async def send(message):
                sent.append(message)

            async def application(scope, receive, send):
                await send({'type': 'websocket.accept', 'user': scope[ASGI_DECISION].user_uuid})

            scope = {'type': 'websocket', 'path': f'/{USER}', 'headers': [(b'x-auth-token', token.encode())]}
            asyncio.run(AsgiMiddleware(application, self.verifier, USER_ACCESS)(scope, receive, send))
            return sent

        self.assertEqual([message['type'] for message in connect(self.token)], ['websocket.accept'])
        self.assertEqual([(message['type'], message.get('code')) for message in connect('bad')], [
            ('websocket.close', 1008)
        ])

    def test_what_is_no_request_passes_untouched(self):
        seen = []

        async def application(scope, receive, send):
            seen.append(scope)

        scope = {'type': 'lifespan'}
        asyncio.run(AsgiMiddleware(application, self.verifier)(scope, None, None))
        self.assertIs(seen[0], scope)


class Readme(unittest.TestCase):
    def test_the_readme_s_blocks_about_decisions_run(self):
        text = (PACKAGE / 'README.md').read_text(encoding='utf-8').partition('\n## Decisions\n')[2]
        blocks = re.findall(r'```python\n(.*?)```', text, re.DOTALL)
        self.assertEqual(len(blocks), 4)
        with Simulator(tls=False) as simulator:
            simulator.user('alice')
            token = simulator.log_in()

            def client(host, **keywords):
                given = {'username': 'admin', 'password': 'secret'} if keywords else {}
                return Client('127.0.0.1', simulator.port, None, https=False, **given)

            names = {'token': {'token': token}}
            with mock.patch.object(wazo_auth_client, 'Client', client), \
                    mock.patch('wazo_auth_client.auth_verifier.Client', client), \
                    mock.patch('builtins.print') as printed:
                for block in blocks:
                    exec(compile(block, 'README.md', 'exec'), names)
                self.addCleanup(names['renewer'].stop)
                shown = [call.args for call in printed.call_args_list]
                self.assertEqual((shown[0][0], shown[1:]), ('allowed', [('alice',)]))
                browser = names['app'].test_client()
                answer = browser.get(f'/users/{USER}', headers={'X-Auth-Token': token})
                self.assertEqual((answer.status_code, answer.json), (200, {'uuid': USER}))
                self.assertEqual(browser.get(f'/users/{USER}').status_code, 401)


if __name__ == '__main__':
    unittest.main()
