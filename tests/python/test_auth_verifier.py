"""The decorators with the call forms of Wazo's own packages, with Flask's request and with none."""
import unittest

import flask
from test_verifier import ACCESS, UNKNOWN, SimulatorTest

from wazo_auth_client import Client, exceptions
from wazo_auth_client.auth_verifier import (
    APIException,
    AuthServerUnreachable,
    AuthVerifier,
    InvalidTokenAPIException,
    MissingPermissionsTokenAPIException,
    Unauthorized,
    extract_token_id_from_query_or_header,
    no_auth,
    required_acl,
    required_tenant,
)
from wazo_auth_client.verifier import Verifier

app = flask.Flask(__name__)


class Decorators(SimulatorTest):
    def setUp(self):
        super().setUp()
        self.auth = AuthVerifier(extract_token_id=lambda: self.given, extract_tenant_uuid=lambda: self.tenant)
        self.auth.set_client(self.client)
        self.given, self.tenant = self.token, ''

    def test_the_function_is_called_with_its_arguments_only_if_the_token_has_the_access(self):
        @self.auth.verify_token
        @required_acl('auth.{what}.read')
        def view(*arguments, what):
            return arguments, what

        self.assertEqual(view.__name__, 'view')
        self.assertEqual(view(1, what='users'), ((1,), 'users'))
        with self.assertRaises(MissingPermissionsTokenAPIException) as raised:
            view(what='o.ther')
        self.assertEqual(raised.exception.details, {
            'invalid_token': self.token, 'reason': 'missing_permission_or_invalid_tenant',
            'required_access': 'auth.o_ther.read', 'tenant_uuid': None,
        })
        self.assertEqual((raised.exception.status_code, raised.exception.id_), (401, 'unauthorized'))
        self.assertNotIn(self.token, f'{raised.exception} {raised.exception!r}')
        for self.given in (UNKNOWN, '', None):
            with self.assertRaises(InvalidTokenAPIException) as raised:
                view(what='users')
            self.assertIsInstance(raised.exception, Unauthorized)

    def test_a_pattern_whose_placeholder_has_no_value_is_a_mistake_and_never_a_yes(self):
        @self.auth.verify_token
        @required_acl('{what}')
        def view(**arguments):
            return 'called'

        for arguments in ({}, {'what': ''}):
            with self.assertRaises(exceptions.InvalidArgument):
                view(**arguments)

    def test_without_a_pattern_a_valid_token_will_do_and_without_auth_none_is_needed(self):
        for decorate in (lambda view: view, required_acl('')):
            view = self.auth.verify_token(decorate(lambda: 'called'))
            self.given = self.token
            self.assertEqual(view(), 'called')
            self.given = UNKNOWN
            with self.assertRaises(Unauthorized):
                view()
        self.assertEqual(self.auth.verify_token(no_auth(lambda: 'called'))(), 'called')

    def test_the_access_must_be_granted_in_the_tenant_of_the_request(self):
        view = self.auth.verify_token(required_acl(ACCESS)(lambda: 'called'))
        self.tenant = self.verifier.decide(self.token).tenant_uuid
        self.assertEqual(view(), 'called')
        self.tenant = UNKNOWN
        with self.assertRaises(MissingPermissionsTokenAPIException) as raised:
            view()
        self.assertEqual(raised.exception.details['tenant_uuid'], UNKNOWN)

    def test_a_required_tenant_is_the_token_s_own_and_an_empty_one_has_no_tokens(self):
        own = self.verifier.decide(self.token).tenant_uuid
        self.assertEqual(self.auth.verify_tenant(required_tenant(own)(lambda: 'called'))(), 'called')
        self.assertEqual(self.auth.verify_tenant(lambda: 'called')(), 'called')
        for tenant in (UNKNOWN, '', None):
            with self.assertRaises(Unauthorized, msg=tenant):
                self.auth.verify_tenant(required_tenant(tenant)(lambda: 'called'))()
        for self.given in (UNKNOWN, ''):
            for tenant in (own, '', None):
                with self.assertRaises(Unauthorized):
                    self.auth.verify_tenant(required_tenant(tenant)(lambda: 'called'))()

    def test_a_function_may_have_its_own_place_for_the_token(self):
        view = self.auth.verify_token(required_acl(ACCESS, extract_token_id=lambda: self.token)(lambda: 'called'))
        self.given = UNKNOWN
        self.assertEqual(view(), 'called')

    def test_a_server_that_cannot_be_asked_is_503(self):
        self.simulator.stop()
        for view in (self.auth.verify_token(lambda: 'called'),
                     self.auth.verify_tenant(required_tenant('t')(lambda: 'called'))):
            with self.assertRaises(AuthServerUnreachable) as raised:
                view()
            self.assertEqual(raised.exception.status_code, 503)
            self.assertEqual(raised.exception.details['auth_server_host'], '127.0.0.1')
            self.assertEqual(raised.exception.details['auth_server_port'], self.simulator.port)
            self.assertTrue(raised.exception.details['original_error'])

    def test_a_subclass_may_answer_in_place_of_raising(self):
        class Answering(AuthVerifier):
            def token(self):
                return UNKNOWN

            def handle_refusal(self, refusal):
                return refusal.details['reason']

            def handle_unauthorized(self, token, required_access=None):
                return 'unauthorized'

            def handle_unreachable(self, error):
                return error.kind

        auth = Answering(extract_tenant_uuid=lambda: None)
        auth.set_client(self.client)
        self.assertEqual(auth.verify_token(lambda: 'called')(), 'not_found_or_expired')
        self.assertEqual(auth.verify_tenant(required_tenant('t')(lambda: 'called'))(), 'unauthorized')
        auth.verifier().invalidate('all')
        self.simulator.stop()
        self.assertEqual(auth.verify_token(lambda: 'called')(), 'connect')

    def test_it_is_configured_by_keywords_a_client_or_a_verifier(self):
        config = {'host': '127.0.0.1', 'port': 1, 'username': 'u', 'password': 'p', 'key_file': 'f', 'https': False}
        auth = AuthVerifier(ttl=1, shared=True)
        with self.assertRaises(RuntimeError):
            auth.client()
        with self.assertRaises(RuntimeError):
            auth.verify_tenant(required_tenant('t')(lambda: 'called'))()
        auth.set_config(config)
        self.assertEqual((auth.client().host, auth.client().port, auth.client().username), ('127.0.0.1', 1, None))
        self.assertIs(auth.verifier(), auth.verifier())
        auth.set_client(self.client)
        self.assertIs(auth.client(), self.client)
        self.assertIs(auth.verifier().client, self.client)
        verifier = Verifier(Client('elsewhere'))
        auth.set_verifier(verifier)
        self.assertIs(auth.verifier(), verifier)
        self.assertEqual(auth.client().host, 'elsewhere')
        self.assertEqual(AuthVerifier(config).client().host, '127.0.0.1')
        self.assertIsInstance(Unauthorized('t'), APIException)


class InFlask(SimulatorTest):
    def test_the_request_tells_whose_the_token_is(self):
        auth = AuthVerifier()
        auth.set_verifier(self.verifier)
        known = self.client.token.get(self.token)

        @auth.verify_token
        @required_acl(ACCESS, extract_token_id=extract_token_id_from_query_or_header)
        def view():
            request, g = flask.request, flask.g
            return request.token_id, request.user_uuid, request.token_content, g.verified_acl, g.wazo_auth.tenant_uuid

        content = {name: known[name] for name in ('token', 'auth_id', 'session_uuid', 'metadata')}
        user, tenant = known['metadata']['uuid'], known['metadata']['tenant_uuid']
        for query, headers in [('', {'X-Auth-Token': self.token}), (f'?token={self.token}', {'X-Auth-Token': UNKNOWN})]:
            with app.test_request_context(f'/{query}', headers=headers):
                self.assertEqual(view(), (self.token, user, content, ACCESS, tenant))
        with app.test_request_context('/'), self.assertRaises(InvalidTokenAPIException):
            view()


del SimulatorTest

if __name__ == '__main__':
    unittest.main()
