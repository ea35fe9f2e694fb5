"""How arguments become a request: what is sent, what is left out, and what is refused before anything is sent."""
import unittest
import uuid

from support import GROUP, TENANT, TOKEN, USER, ServerTest


class Arguments(ServerTest):
    def test_a_query_key_that_is_none_is_left_out(self):
        self.client.users.list(search=None, uuid=None, limit=0, unknown_to_the_table=None)
        self.assertEqual(self.server.last.query, {'limit': ['0']})

    def test_truth_values_and_lists_stand_in_a_query_as_the_server_reads_them(self):
        self.client.tenants.list(uuids=[TENANT, uuid.UUID(USER)], recurse=False, something_new=[True, None, 3])
        query = self.server.last.query
        self.assertEqual(query['uuids'], [TENANT, USER])
        self.assertEqual([value.lower() for value in query['recurse']], ['false'])
        self.assertEqual([value.lower() for value in query['something_new']], ['true', '3'])

    def test_query_keys_that_the_table_does_not_know_pass_through(self):
        self.client.users.list(key_of_a_newer_server='a b&c')
        self.assertEqual(self.server.last.query, {'key_of_a_newer_server': ['a b&c']})

    def test_body_fields_that_the_table_does_not_know_pass_through(self):
        self.client.users.new(username='alice', field_of_a_newer_server={'a': [1]})
        self.assertEqual(self.server.last.json(), {'username': 'alice', 'field_of_a_newer_server': {'a': [1]}})

    def test_an_explicit_none_in_an_open_body_is_sent(self):
        self.client.users.edit(USER, firstname=None, username='bob')
        self.assertEqual(self.server.last.json(), {'firstname': None, 'username': 'bob'})

    def test_a_field_that_is_not_given_is_not_sent(self):
        self.client.users.edit(USER, username='bob')
        self.assertEqual(self.server.last.json(), {'username': 'bob'})

    def test_empty_optional_values_of_a_closed_method_are_left_out(self):
        self.server.answer = (200, {}, '{"data": {}}')
        self.client.token.new(expiration=0, backend='', client_id=None)
        self.assertEqual(self.server.last.json(), {})
        self.client.token.get(TOKEN, required_acl='', tenant=None)
        self.assertEqual(self.server.last.query, {})

    def test_an_empty_value_that_is_required_is_sent(self):
        self.client.users.update_emails(USER, [])
        self.assertEqual(self.server.last.json(), {'emails': []})

    def test_uuids_and_numbers_are_taken_where_a_text_is_due(self):
        self.client.users.get(uuid.UUID(USER), tenant_uuid=uuid.UUID(TENANT))
        self.assertEqual(self.server.last.path, f'/0.1/users/{USER}')
        self.assertEqual(self.server.last.headers['wazo-tenant'], TENANT)
        self.client.groups.new(name='agents', slug=uuid.UUID(USER))
        self.assertEqual(self.server.last.json()['slug'], USER)
        self.client.users.list(uuid=uuid.UUID(USER), search=12)
        self.assertEqual(self.server.last.query, {'uuid': [USER], 'search': ['12']})

    def test_tenant_is_taken_for_tenant_uuid_where_the_operation_knows_no_other(self):
        self.client.users.new(username='alice', tenant=TENANT)
        self.assertEqual(self.server.last.headers['wazo-tenant'], TENANT)
        self.assertNotIn('tenant', self.server.last.json())

    def test_tenant_keeps_its_own_meaning_where_the_operation_has_one(self):
        self.server.answer = (204, {}, '')
        self.client.token.is_valid(TOKEN, tenant=TENANT)
        self.assertEqual(self.server.last.query, {'tenant': [TENANT]})
        self.assertNotIn('wazo-tenant', self.server.last.headers)

    def test_a_call_s_tenant_wins_over_the_client_s(self):
        client = self.server.client(tenant=USER)
        client.users.get(USER)
        self.assertEqual(self.server.last.headers['wazo-tenant'], USER)
        client.users.get(USER, tenant_uuid=TENANT)
        self.assertEqual(self.server.last.headers['wazo-tenant'], TENANT)

    def test_a_dictionary_in_place_of_the_first_field_is_the_body(self):
        self.client.groups.edit(GROUP, {'name': 'agents'})
        self.assertEqual((self.server.last.method, self.server.last.json()), ('PUT', {'name': 'agents'}))
        self.client.users.edit(USER, {'username': 'bob', 'firstname': None})
        self.assertEqual(self.server.last.json(), {'username': 'bob', 'firstname': None})
        self.client.users.new({'username': 'bob'}, tenant=TENANT)
        self.assertEqual(self.server.last.json(), {'username': 'bob'})
        self.assertEqual(self.server.last.headers['wazo-tenant'], TENANT)

    def test_a_policy_is_edited_with_positional_arguments(self):
        self.client.policies.edit('admins', 'name', 'description', ['#'])
        self.assertEqual(self.server.last.json(), {'name': 'name', 'description': 'description', 'acl': ['#']})

    def test_a_document_goes_out_as_it_is(self):
        for document in ({}, {'host': None, 'port': 0}):
            self.client.ldap_config.update(document)
            self.assertEqual(self.server.last.json(), document)

    def test_a_path_argument_stays_one_segment(self):
        self.client.policies.add_access('a/b?c#d', 'auth.#')
        self.assertEqual(self.server.last.target, '/0.1/policies/a%2Fb%3Fc%23d/acl/auth.%23')

    def test_a_path_argument_that_would_name_something_else_is_refused_before_anything_is_sent(self):
        for wrong in ('', '.', '..'):
            with self.subTest(wrong), self.assertRaises(ValueError) as raised:
                self.client.users.get(wrong)
            self.assertEqual(raised.exception.kind, 'invalid_argument')
            self.assertIn('user_uuid', str(raised.exception))
        self.assertEqual(self.server.seen, [])

    def test_a_missing_user_is_a_type_error(self):
        with self.assertRaises(TypeError):
            self.client.token.list()
        self.assertEqual(self.server.seen, [])

    def test_an_unknown_keyword_of_a_closed_method_is_a_type_error(self):
        with self.assertRaises(TypeError):
            self.client.token.new(expiratoin=3600)
        self.assertEqual(self.server.seen, [])

    def test_what_json_cannot_say_is_refused_before_anything_is_sent(self):
        with self.assertRaisesRegex(ValueError, 'users.new: .* not JSON compliant'):
            self.client.users.new(username=float('nan'))
        with self.assertRaises(TypeError):
            self.client.users.new(username=object())
        with self.assertRaises(TypeError):
            self.client.users.get(['a', 'list'])
        self.assertEqual(self.server.seen, [])

    def test_texts_of_any_script_arrive_as_they_are(self):
        self.client.users.new(firstname='Zoë \U0001f600', lastname='\u0000"\\')
        self.assertEqual(self.server.last.json(), {'firstname': 'Zoë \U0001f600', 'lastname': '\u0000"\\'})


if __name__ == '__main__':
    unittest.main()
