"""Where the reference client has ways of its own, and where its README promises what it does not do: both work here."""
import importlib
import io
import threading
import unittest
from email.parser import BytesParser
from unittest import mock

from support import TENANT, TOKEN, USER, ServerTest, refused

from wazo_auth_client import exceptions

TOKEN_EXCEPTIONS = {404: exceptions.InvalidTokenException, 403: exceptions.MissingPermissionsTokenException}
FIELDS = {'domain_uuid': USER, 'entity_id': 'entity', 'acs_url': 'https://host/acs'}


class Tokens(ServerTest):
    def test_check_raises_where_is_valid_answers_false(self):
        for status, error in TOKEN_EXCEPTIONS.items():
            self.server.answer = (status, {}, '')
            self.assertIs(self.client.token.is_valid(TOKEN), False)
            with self.assertRaises(error):
                self.client.token.check(TOKEN)
        self.server.answer = (204, {}, '')
        self.assertIs(self.client.token.is_valid(TOKEN), True)
        self.assertIs(self.client.token.check(TOKEN), True)

    def test_an_empty_access_or_tenant_is_not_asked_about(self):
        self.server.answer = lambda request: (204 if request.method == 'HEAD' else 200, {}, '{"data": {}}')
        target = f'/0.1/token/{TOKEN}'
        for method in (self.client.token.get, self.client.token.check, self.client.token.is_valid):
            for empty in ('', None, b''):
                method(TOKEN, empty, empty)
                self.assertEqual(self.server.last.target, target)
                method(TOKEN, required_acl=empty, tenant=TENANT)
                self.assertEqual(self.server.last.target, f'{target}?tenant={TENANT}')
                method(TOKEN, required_acl='auth.users.read', tenant=empty)
                self.assertEqual(self.server.last.target, f'{target}?scope=auth.users.read')

    def test_by_name_an_empty_access_or_tenant_is_refused(self):
        for operation in ('token.get', 'token.check', 'token.is_valid'):
            for name in ('required_acl', 'tenant'):
                with self.assertRaises(exceptions.InvalidArgument) as raised:
                    self.client.call(operation, {'token': TOKEN, name: ''})
                self.assertIn('it is empty', str(raised.exception))
        self.assertEqual(self.server.seen, [])

    def test_by_name_only_the_answer_no_is_false(self):
        for status, truth in [(204, True), (404, False), (403, False)]:
            self.server.answer = (status, {}, '')
            answer = self.client.call('token.check', {'token': TOKEN})
            self.assertIs(bool(answer), truth)
            self.assertIs(answer.result, truth)
        for body in ('0', '""', '[]', 'null'):
            self.server.answer = (200, {}, body)
            self.assertTrue(self.client.call('users.list'))

    def test_a_token_that_no_server_can_know_is_not_valid_without_a_request(self):
        hostile = [None, '', '.', '..', '../users', 'a/../b', 'a\\..\\b', 'a\nb', '\x7f', 'a\0b', '\0', '\ud800', '\udc00a']
        hostile += ['x' * 8001, '%' * 2667, b'', b'..', b'\xff', b'caf\xc3', b'\xed\xa0\x80', b'a\0b']
        for token in hostile:
            with self.subTest(str(token)[:20]):
                self.assertIs(self.client.token.is_valid(token), False)
                with self.assertRaises(exceptions.InvalidTokenException):
                    self.client.token.check(token, required_acl='auth.users.read')
                if isinstance(token, str):
                    self.assertIs(self.client.call('token.check', {'token': token}).result, False)
        self.assertEqual(self.server.seen, [])

    def test_a_token_that_no_server_can_know_is_answered_as_the_server_would(self):
        # Wazo's own verifier turns exactly InvalidTokenException into 401, and every RequestException into 503.
        for token in (None, '', '.', '..', b'', 'x' * 8001):
            with self.subTest(str(token)[:20]):
                with self.assertRaises(exceptions.HTTPError) as raised:
                    self.client.token.get(token)
                self.assertEqual((raised.exception.response.status_code, raised.exception.status), (404, 404))
                self.assertIsNone(self.client.token.revoke(token))
        self.assertEqual(self.server.seen, [])

    def test_check_and_is_valid_raise_where_the_server_cannot_tell(self):
        for status in (500, 503, 302):
            self.server.answer = (status, {'Location': 'http://127.0.0.1:1/'}, '')
            for question in (self.client.token.check, self.client.token.is_valid):
                with self.assertRaises(exceptions.HTTPError):
                    question(TOKEN)

    def test_a_thread_survives_a_token_that_is_not_valid(self):
        self.server.answer = (404, {}, '')
        survived = []

        def check():
            try:
                self.client.token.check(TOKEN)
            except Exception:
                survived.append(True)

        thread = threading.Thread(target=check)
        thread.start()
        thread.join()
        self.assertEqual(survived, [True])

    def test_revoke_raises_for_no_status_but_for_a_server_that_is_not_there(self):
        for status in (200, 401, 404, 500, 503):
            self.server.answer = refused(status, 'no')
            self.assertIsNone(self.client.token.revoke(TOKEN))
        with self.assertRaises(exceptions.ConnectionError):
            self.server.client(port=1).token.revoke(TOKEN)

    def test_logins_are_recognised_by_their_user_agent(self):
        self.server.answer = (200, {}, '{"data": {}}')
        self.client.token.new()
        self.assertEqual(self.server.last.headers['user-agent'], 'Wazo Python auth client')
        self.client.token.new(user_agent='softphone/2')
        self.assertEqual(self.server.last.headers['user-agent'], 'softphone/2')
        self.client.token.check_scopes(TOKEN, ['auth.users.read'])
        self.assertEqual(self.server.last.headers['user-agent'], 'Wazo Python auth client')

    def test_a_token_can_be_had_from_a_saml_session(self):
        self.server.answer = (200, {}, '{"data": {"token": "t"}}')
        self.assertEqual(self.client.token.new(saml_session_id='s'), {'token': 't'})
        self.assertEqual(self.server.last.json(), {'saml_session_id': 's'})


class WhatTheServerRefuses(ServerTest):
    """Programs leave it to the server to refuse, and catch HTTPError."""

    def test_a_body_without_a_required_field_is_sent_and_the_server_s_400_comes_back(self):
        self.server.answer = refused(400, 'Missing data', 'invalid-data')
        for call, body in [
            (lambda: self.client.groups.new(), {}),
            (lambda: self.client.groups.edit(USER), {}),
            (lambda: self.client.policies.new(description='all'), {'description': 'all'}),
            (lambda: self.client.users.new(), {}),
            (lambda: self.client.users.register(), {}),
            (lambda: self.client.users.change_password(USER, new_password='n3w'), {'new_password': 'n3w'}),
        ]:
            with self.assertRaises(exceptions.HTTPError) as raised:
                call()
            self.assertEqual(raised.exception.response.status_code, 400)
            self.assertEqual(self.server.last.json(), body)

    def test_a_resource_that_cannot_exist_is_not_found_and_nothing_is_sent(self):
        for call in [
            lambda: self.client.users.get(''),
            lambda: self.client.users.get(None),
            lambda: self.client.groups.delete('..'),
            lambda: self.client.policies.get('a/../b'),
            lambda: self.client.tenants.edit('x' * 8001, name='t'),
        ]:
            with self.assertRaises(exceptions.HTTPError) as raised:
                call()
            error = raised.exception
            self.assertIsInstance(error, exceptions.InvalidArgument)
            self.assertEqual((error.kind, error.response.status_code), ('invalid_argument', 404))
            self.assertTrue(error.response.json()['message'].startswith('argument '))
        self.assertEqual(self.server.seen, [])


class Names(ServerTest):
    def test_a_resource_has_the_attributes_of_the_reference_s_commands(self):
        base = self.client.url()
        for name, beginning in [
            ('token', 'token'), ('refresh_tokens', 'tokens'), ('external', 'users'), ('ldap_config', 'backends/ldap'),
            ('saml_config', 'backends/saml'), ('admin', 'admin'), ('saml', 'saml'),
        ]:
            resource = getattr(self.client, name)
            self.assertEqual(resource.base_url, f'{base}/{beginning}')
            self.assertEqual(resource.timeout, 10)
            self.assertIs(resource._client, self.client)
        self.assertEqual(
            self.client.external._build_url('google', USER), f'{base}/users/{USER}/external/google'
        )
        self.assertEqual(
            self.client.users._get_headers(tenant_uuid=TENANT), {'Accept': 'application/json', 'Wazo-Tenant': TENANT}
        )
        client = self.client
        self.assertEqual((client._https, client._prefix, client._version, client._user_agent), (False, '', '0.1', ''))
        self.assertEqual(self.client._token_id, TOKEN)
        self.client._token_id = 'another'
        self.client.users.list()
        self.assertEqual(self.server.last.headers['x-auth-token'], 'another')

    def test_a_resource_keeps_working_when_its_client_is_gone(self):
        users = self.server.client().users
        users.list()
        self.assertEqual(users._client.url(), self.client.url())

    def test_the_reference_s_modules_and_classes_are_those_that_the_client_uses(self):
        from wazo_auth_client import commands

        for name, class_name in commands.CLASSES.items():
            module = importlib.import_module(f'wazo_auth_client.commands.{name}')
            self.assertIsInstance(getattr(self.client, name), getattr(module, class_name))
        with mock.patch('wazo_auth_client.commands.token.TokenCommand.new', return_value={'token': 'patched'}):
            self.assertEqual(self.client.token.new(), {'token': 'patched'})
        from wazo_auth_client.commands.users import UsersCommand

        self.assertEqual(UsersCommand(self.client).list(), {})

    def test_external_list_has_both_of_its_names(self):
        for call in (self.client.external.list, self.client.external.list_):
            call(USER, limit=1)
            self.assertEqual(self.server.last.target, f'/0.1/users/{USER}/external?limit=1')

    def test_saml_logout_reads_both_spellings(self):
        for name in ('location', 'Location'):
            self.server.answer = (200, {}, f'{{"{name}": "https://idp/logout"}}')
            self.assertEqual(self.client.saml.logout(), 'https://idp/logout')


class SamlConfiguration(ServerTest):
    def parts(self):
        """The multipart form that arrived: name -> (content, whether it is a file)."""
        seen = self.server.last
        head = b'Content-Type: ' + seen.headers['content-type'].encode() + b'\r\n\r\n'
        found = {}
        for part in BytesParser().parsebytes(head + seen.body).get_payload():
            name = part.get_param('name', header='content-disposition')
            found[name] = part.get_payload(decode=True), part.get_filename() is not None
        return found

    def test_a_file_is_taken_in_every_form_that_requests_takes(self):
        for metadata, content in [
            ('<xml/>', b'<xml/>'),
            (b'<xml>\xe9</xml>', b'<xml>\xe9</xml>'),
            (io.BytesIO(b'<xml/>'), b'<xml/>'),
            (io.StringIO('<xml>\u00e9</xml>'), '<xml>\u00e9</xml>'.encode()),
            (('metadata.xml', b'<xml/>'), b'<xml/>'),
            (('metadata.xml', io.BytesIO(b'<xml/>'), 'application/xml'), b'<xml/>'),
        ]:
            with self.subTest(metadata):
                self.client.saml_config.create(TENANT, data=FIELDS, files={'metadata': metadata})
                self.assertEqual(self.server.last.headers['wazo-tenant'], TENANT)
                parts = self.parts()
                self.assertEqual(parts.pop('metadata'), (content, True))
                self.assertEqual(parts, {name: (value.encode(), False) for name, value in FIELDS.items()})

    def test_fields_are_also_taken_by_name_and_as_pairs(self):
        self.client.saml_config.create(**FIELDS, metadata='<xml/>')
        by_name = self.parts()
        self.client.saml_config.create(data=list(FIELDS.items()), files=[('metadata', '<xml/>')])
        self.assertEqual(self.parts(), by_name)
        self.assertEqual(set(by_name), {*FIELDS, 'metadata'})

    def test_a_list_of_one_value_is_the_value_as_in_requests(self):
        for value in ((USER,), [USER]):
            self.client.saml_config.update(data={'domain_uuid': value})
            self.assertEqual(self.parts(), {'domain_uuid': (USER.encode(), False)})
        with self.assertRaises(TypeError):
            self.client.saml_config.update(data={'domain_uuid': (USER, USER)})

    def test_an_update_takes_part_of_the_fields(self):
        self.assertIsNone(self.client.saml_config.update(data={'entity_id': 'y'}))
        self.assertEqual((self.server.last.method, self.parts()), ('PUT', {'entity_id': (b'y', False)}))

    def test_what_is_neither_a_field_nor_a_file_is_refused(self):
        with self.assertRaises(TypeError):
            self.client.saml_config.create(**FIELDS, metadata=7)
        with self.assertRaises(TypeError):
            self.client.saml_config.create(data={**FIELDS, 'colour': 'red'}, files={'metadata': '<xml/>'})
        self.assertEqual(self.server.seen, [])

    def test_metadata_is_bytes(self):
        self.server.answer = (200, {'Content-Type': 'application/xml'}, '<xml>\u00e9</xml>')
        self.assertEqual(self.client.saml_config.get_metadata(), '<xml>\u00e9</xml>'.encode())


if __name__ == '__main__':
    unittest.main()
