"""What programs of the Wazo platform rely on besides the calls: texts that they print, objects that they look into."""
import base64
import inspect
import pickle
import sys
import unittest
from unittest import mock

from support import TENANT, TOKEN, USER, ServerTest, refused

from wazo_auth_client import AsyncClient, AuthClient, exceptions

try:
    import requests
except ImportError:
    requests = None


class Texts(ServerTest):
    # wazo-auth-cli prints the text of the exception, whatever it is.

    def test_a_message_that_is_an_object_or_a_list_stands_in_the_text_as_python_writes_it(self):
        for message in ({'limit': [{'constraint_id': 'range', 'constraint': {'min': 0}}]}, ["it's", None, True], 'plain'):
            self.server.answer = refused(400, message)
            with self.assertRaises(exceptions.HTTPError) as raised:
                self.client.groups.list()
            self.assertEqual(str(raised.exception), f'400 Client Error: {message} for url: {self.client.groups.base_url}')

    def test_a_method_that_does_not_exist_is_named_with_the_class_of_the_reference(self):
        for client in (self.client, AsyncClient('localhost')):
            for resource, class_name in [('tenants', 'TenantsCommand'), ('ldap_config', 'LDAPBackendConfigCommand')]:
                with self.assertRaises(AttributeError) as raised:
                    getattr(client, resource).add_user
                self.assertEqual(str(raised.exception), f"'{class_name}' object has no attribute 'add_user'")

    @unittest.skipIf(sys.version_info < (3, 10), 'the text has no class before Python 3.10')
    def test_a_wrong_argument_is_named_with_the_class_of_the_reference(self):
        for call, text in [
            (lambda: self.client.token.new(acl=1), "TokenCommand.new() got an unexpected keyword argument 'acl'"),
            (lambda: self.client.users.get(), "UsersCommand.get() missing 1 required positional argument: 'user_uuid'"),
        ]:
            with self.assertRaises(TypeError) as raised:
                call()
            self.assertEqual(str(raised.exception), text)

    def test_a_resource_and_its_methods_are_still_found_by_pickle_and_inspect(self):
        for name in ('users', 'token', 'saml_config'):
            resource = getattr(self.client, name)
            self.assertIs(pickle.loads(pickle.dumps(type(resource))), type(resource))
            self.assertIn(f'class {type(resource).__qualname__}(', inspect.getsource(type(resource)))

    def test_a_listing_of_refresh_tokens_without_a_user_is_a_type_error(self):
        for call in (lambda: self.client.token.list(), lambda: self.client.token.list(user_uuid=None)):
            with self.assertRaisesRegex(TypeError, 'user_uuid'):
                call()
        self.assertEqual(self.server.seen, [])


class Objects(ServerTest):
    def test_the_client_names_the_group_of_its_commands(self):
        self.assertEqual((AuthClient.namespace, self.client.namespace), ('wazo_auth_client.commands',) * 2)

    def test_a_mock_of_the_client_has_its_settings_and_no_others(self):
        for made in (mock.create_autospec(AuthClient, instance=True), mock.Mock(spec=AuthClient)):
            made.set_token(TOKEN)
            made.tenant_uuid = TENANT
            self.assertIsInstance(made, AuthClient)
            with self.assertRaises(AttributeError):
                made.nothing_like_this

    def test_the_request_of_an_error_has_the_headers_that_were_sent(self):
        self.server.answer = refused(400, 'Invalid')
        client = self.server.client(tenant=TENANT, user_agent='mine')
        for call in [
            lambda: client.token.new(session_type='mobile', user_agent='a phone'),
            lambda: client.token.new(),
            lambda: client.token.check_scopes(TOKEN, []),
            lambda: client.tenants.get(USER),
            lambda: client.tenants.new(parent_uuid=USER),
            lambda: client.tenants.list(USER),
            lambda: client.users.get(USER),
        ]:
            with self.assertRaises(exceptions.HTTPError) as raised:
                call()
            sent, shown = self.server.last.headers, raised.exception.request.headers
            for name in ('user-agent', 'wazo-session-type', 'wazo-tenant'):
                self.assertEqual(shown.get(name), sent.get(name), f'{name} of {self.server.last.target}')

    @unittest.skipIf(requests is None, 'needs requests')
    def test_the_body_of_the_request_of_an_error_is_bytes_as_in_requests(self):
        self.server.answer = refused(400, 'Invalid')
        with self.assertRaises(requests.HTTPError) as raised:
            self.client.groups.new(name='é')
        self.assertEqual(raised.exception.request.body, b'{"name": "\\u00e9"}')

    @unittest.skipIf(requests is None, 'needs requests')
    def test_the_session_sends_user_name_and_password_as_utf_8(self):
        # wazo-auth reads UTF-8; `requests` alone writes Latin-1, and fails for a letter that Latin-1 lacks.
        for username, password in [('pépé', 'pépéç€'), ('alice', 'plain')]:
            session = self.server.client(username=username, password=password).session()
            session.get(self.client.url('status'))
            _, _, encoded = self.server.last.headers['authorization'].partition(' ')
            self.assertEqual(base64.b64decode(encoded).decode(), f'{username}:{password}')
            self.assertEqual((session.auth.username, session.auth.password), (username.encode(), password.encode()))


if __name__ == '__main__':
    unittest.main()
