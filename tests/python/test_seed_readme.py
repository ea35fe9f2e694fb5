"""The calls that the README of the reference client shows, in its order and with its arguments, against the simulator.

Placeholders (`<user_uuid>`, `my-tenant-uuid`) are values of the simulator. Three things of that README cannot be done
on one server as they stand there, and are done as it means them: it sets a token that it has revoked (a new one
follows), it creates `alice` four times (each time with another name), and it uses a group and a user that it has
deleted (another one is made).

Some calls name what neither the server nor the newest reference client has any more. `gone` and `GONE` say why for
each, and that it fails as a missing name does.
"""
import re
import unittest

import support  # noqa: F401 - finds the package
from wazo_auth import Simulator

from wazo_auth_client import Client, exceptions

GONE = {
    'token.get required_acls': 'required_acls never was a parameter of the client; it is required_acl',
    'policies.remove_acl_template': 'templates of accesses became accesses: policies.remove_access',
    'policies.add_acl_template': 'templates of accesses became accesses: policies.add_access',
    'tenants.get_policies': 'the server has no policies of tenants; policies.list(tenant_uuid=...)',
    'tenants.get_users': 'the server has no users of tenants; users.list(tenant_uuid=...)',
    'users.get_tenants': 'a user is in one tenant; the server lost the route',
}
TEMPLATES = ['{% for line in user.lines %}confd.lines.{{ line.id }}.read\n{% endfor %}', 'dird.me.#']
TOKEN_KEYS = {'expires_at', 'issued_at', 'token', 'auth_id', 'xivo_user_uuid', 'acl'}
LIST_KEYS = {'total', 'filtered', 'items'}


class SeedReadme(unittest.TestCase):
    maxDiff = None

    def setUp(self):
        self.simulator = Simulator()
        self.simulator.start()
        self.addCleanup(self.simulator.stop)
        self.simulator.control('PUT', 'settings', {'user_registration': True})
        self.tenant = self.simulator.ask('GET', '/tenants')['items'][0]['uuid']
        # Alice may do everything, but lacks the access of the README's example.
        self.alice = self.simulator.ask('POST', '/users', {'username': 'alice', 'password': 'alice'})['uuid']
        policy = self.simulator.ask('POST', '/policies', {'name': 'alice', 'acl': ['#', '!foobar']})['uuid']
        self.simulator.ask('PUT', f'/users/{self.alice}/policies/{policy}')
        self.client = self.client_of_alice()
        self.gone_seen = set()

    def client_of_alice(self):
        return Client('localhost', username='alice', password='alice', verify_certificate=self.simulator.ca_file,
                      port=self.simulator.port, prefix=None)

    def test_every_call_returns_what_the_readme_shows_or_is_gone_from_the_server(self):
        parts = (self.tokens, self.policies, self.users, self.groups, self.sessions, self.tenants, self.external,
                 self.certificate)
        for part in parts:
            with self.subTest(part.__name__):
                part(self.client)
        self.assertEqual(self.gone_seen, set(GONE))

    def gone(self, name, call):
        """`call` names what is gone: a resource's method or a keyword."""
        with self.assertRaises(TypeError if ' ' in name else AttributeError, msg=GONE[name]) as raised:
            call()
        self.assertIn(re.split(r'[. ]', name)[-1], str(raised.exception))
        self.gone_seen.add(name)

    def assert_same_token(self, one, other):
        """Their times aside, which the server gives with microseconds when it makes a token, and without later."""
        self.assertLessEqual(TOKEN_KEYS, set(one))
        self.assertEqual(*({key: value for key, value in token.items() if not key.endswith('_at')}
                           for token in (one, other)))

    def mailed(self, kind, address):
        """The tokens of the mails of this kind to this address."""
        mails = self.simulator.control('GET', 'mails')['items']
        return [mail['token'] for mail in mails if (mail['kind'], mail['to']) == (kind, address)]

    def tokens(self, c):
        token_data = c.token.new('wazo_user', expiration=3600, session_type='mobile')
        self.assertLessEqual(TOKEN_KEYS, set(token_data))
        self.assertEqual(token_data['auth_id'], self.alice)
        self.assertIs(c.token.is_valid(token_data['token']), True)
        self.assert_same_token(c.token.get(token_data['token']), token_data)

        self.gone('token.get required_acls', lambda: c.token.get(token_data['token'], required_acls='foobar'))
        with self.assertRaises(exceptions.HTTPError) as raised:  # what was meant
            c.token.get(token_data['token'], required_acl='foobar')
        self.assertEqual(raised.exception.response.status_code, 403)
        self.assertIs(c.token.is_valid(token_data['token'], required_acl='foobar'), False)

        self.assert_same_token(c.token.get(token_data['token'], tenant=self.tenant), token_data)
        self.assertIs(c.token.is_valid(token_data['token'], tenant=self.tenant), True)

        self.assertIsNone(c.token.revoke(token_data['token']))
        self.assertIs(c.token.is_valid(token_data['token']), False)
        self.assertIn('wazo_user', c.backends.list())

        self.assertIsNone(c.set_token(token_data['token']))
        with self.assertRaises(exceptions.HTTPError) as raised:
            c.policies.list()
        self.assertEqual(raised.exception.response.status_code, 401)
        c.set_token(c.token.new('wazo_user')['token'])

    def policies(self, c):
        policy = c.policies.new(
            'user',
            description='The default policy for users',
            acl_templates=TEMPLATES,
            tenant_uuid=self.tenant,
        )
        expected = {'name': 'user', 'description': 'The default policy for users', 'tenant_uuid': self.tenant}
        self.assertEqual({key: policy[key] for key in expected}, expected)
        self.assertEqual(policy['acl'], [])  # the server ignores the templates of old servers
        self.assertEqual(c.policies.get(policy['uuid']), policy)
        listed = c.policies.list(search='user', order='name', direction='asc', limit=10, offset=0,
                                 tenant_uuid=self.tenant, recurse=True)
        self.assertIn(policy, listed['items'])
        self.assertGreaterEqual(listed['total'], len(listed['items']))
        edited = c.policies.edit(policy['uuid'], 'user', 'A new description', ['#'])
        self.assertEqual(edited, {**policy, 'description': 'A new description', 'acl': ['#']})

        self.gone('policies.remove_acl_template', lambda: c.policies.remove_acl_template(policy['uuid'], '#'))
        self.gone('policies.add_acl_template', lambda: c.policies.add_acl_template('dird.me.#'))
        self.gone(
            'policies.add_acl_template', lambda: c.policies.add_acl_template('confd.user.{{ user.uuid }}.read')
        )
        self.assertEqual(c.policies.get(policy['uuid']), edited)
        self.assertIsNone(c.policies.delete(policy['uuid']))
        with self.assertRaises(exceptions.HTTPError):
            c.policies.get(policy['uuid'])
        self.gone('tenants.get_policies', lambda: c.tenants.get_policies(
            self.tenant, search='policy', order='name', direction='asc', limit=10, offset=0
        ))

    def users(self, c):
        bob = c.users.new(username='bob', email_address='bob@example.com', password='s3cr37')
        self.assertEqual((bob['username'], bob['tenant_uuid']), ('bob', self.tenant))
        tenant = c.tenants.new(name='my-tenant')['uuid']
        other = c.users.new(username='carol', email_address='carol@example.com', password='s3cr37', tenant=tenant)
        self.assertEqual((other['username'], other['tenant_uuid']), ('carol', tenant))

        user = c.users.register(username='dave', email_address='dave@example.com', password='s3cr37')
        self.assertEqual(user['username'], 'dave')
        email = user['emails'][0]  # `email_addresses` in the README
        self.assertEqual((email['address'], email['main'], email['confirmed']), ('dave@example.com', True, False))

        before = self.mailed('email_confirmation', 'dave@example.com')
        self.assertIsNone(c.users.request_confirmation_email(user['uuid'], email['uuid']))
        self.assertEqual(len(self.mailed('email_confirmation', 'dave@example.com')), len(before) + 1)
        self.assertIsNone(c.users.change_password(user['uuid'], old_password='s3cr37', new_password='n3w'))
        self.simulator.log_in('dave', 'n3w')

        self.assertIsNone(c.users.reset_password(username='bob'))
        self.assertIsNone(c.users.reset_password(email='bob@example.com'))
        token, _ = self.mailed('password_reset', 'bob@example.com')
        self.assertIsNone(c.users.set_password(bob['uuid'], 'n3w3st', token=token))
        self.simulator.log_in('bob', 'n3w3st')

        emails = [{'address': 'foobar@example.com', 'main': True}]
        updated = c.users.update_emails(user['uuid'], emails)
        self.assertEqual([(e['address'], e['main'], e['confirmed']) for e in updated],
                         [('foobar@example.com', True, False)])
        emails = [{'address': 'foobar@example.com', 'main': True, 'confirmed': True}]
        updated = c.admin.update_user_emails(user['uuid'], emails)
        self.assertEqual([(e['address'], e['main'], e['confirmed']) for e in updated],
                         [('foobar@example.com', True, True)])

        policy = c.policies.new('dave', acl=['dird.#'])['uuid']
        self.assertIsNone(c.users.add_policy(user['uuid'], policy))
        self.assertIn(policy, [item['uuid'] for item in c.users.get_policies(user['uuid'])['items']])
        self.assertIsNone(c.users.remove_policy(user['uuid'], policy))
        self.assertNotIn(policy, [item['uuid'] for item in c.users.get_policies(user['uuid'])['items']])

        for number in range(12):
            c.users.new(username=f'foo{number:02}')
        listed = c.users.list(search='foo', limit=5, offset=10, order='username', direction='asc')
        self.assertLessEqual(LIST_KEYS, set(listed))
        self.assertEqual([item['username'] for item in listed['items'] if item['username'] != 'dave'][-2:],
                         ['foo10', 'foo11'])
        self.assertGreaterEqual(listed['total'], listed['filtered'])

        self.assertIsNone(c.users.delete(other['uuid']))
        with self.assertRaises(exceptions.HTTPError):
            c.users.get(other['uuid'])
        shown = c.users.get(user['uuid'])
        self.assertEqual((shown['uuid'], shown['username']), (user['uuid'], 'dave'))
        edited = c.users.edit(user['uuid'], firstname='foo', username='bar')
        self.assertEqual((edited['firstname'], edited['username'], edited['lastname']), ('foo', 'bar', None))
        self.user = bob['uuid']  # whoever registers is in a tenant of his own

    def groups(self, c):
        group = c.groups.new(name='agents')
        self.assertEqual(c.groups.get(group['uuid']), group)
        self.assertEqual(c.groups.edit(group['uuid'], {'name': 'operators'})['name'], 'operators')
        listed = c.groups.list(search='oper', name='operators', order='name', direction='desc', limit=10, offset=0)
        self.assertEqual([item['uuid'] for item in listed['items']], [group['uuid']])
        listed = c.groups.list(search='oper', name='operators', order='name', direction='desc', limit=10, offset=20)
        self.assertEqual((set(listed) >= LIST_KEYS, listed['items']), (True, []))
        self.assertIsNone(c.groups.delete(group['uuid']))
        group = c.groups.new(name='agents')
        self.assertIsNone(c.groups.add_user(group['uuid'], self.user))
        self.assertEqual([item['uuid'] for item in c.groups.get_users(group['uuid'])['items']], [self.user])
        self.assertIsNone(c.groups.remove_user(group['uuid'], self.user))
        self.assertEqual(c.groups.get_users(group['uuid'])['items'], [])
        groups = c.users.get_groups(self.user)
        self.assertLessEqual(LIST_KEYS, set(groups))
        self.assertNotIn(group['uuid'], [item['uuid'] for item in groups['items']])

    def sessions(self, c):
        everyone = c.sessions.list()['total']
        listed = c.sessions.list(limit=10, offset=20)
        self.assertLessEqual(LIST_KEYS, set(listed))
        self.assertEqual((listed['total'], len(listed['items'])), (everyone, max(0, min(10, everyone - 20))))
        sessions = c.users.get_sessions(self.alice)
        self.assertEqual({item['user_uuid'] for item in sessions['items']}, {self.alice})

    def tenants(self, c):
        tenant = c.tenants.new(name='new tenant')
        self.assertEqual(tenant['name'], 'new tenant')
        self.assertEqual(c.tenants.edit(tenant['uuid'], name='newer tenant')['name'], 'newer tenant')
        self.gone('tenants.get_users', lambda: c.tenants.get_users(
            tenant['uuid'], limit=5, offset=10, order='username', direction='asc'
        ))
        self.gone('users.get_tenants', lambda: c.users.get_tenants(
            self.user, limit=5, offset=10, order='name', direction='asc'
        ))

    def external(self, c):
        self.assertTrue(c.external.create('bar', self.user, {'key': 'value'}))
        self.assertEqual(c.external.update('bar', self.user, {'key': 'value'}), {'key': 'value'})
        self.assertEqual(c.external.get('bar', self.user), {'key': 'value'})
        self.assertIsNone(c.external.delete('bar', self.user))
        with self.assertRaises(exceptions.HTTPError):
            c.external.get('bar', self.user)
        listed = c.external.list(self.user, search='bar', limit=5, offset=0, order='type', direction='asc')
        self.assertEqual([(item['type'], item['enabled']) for item in listed['items']], [('bar', False)])
        listed = c.external.list(self.user, search='bar', limit=5, offset=10, order='type', direction='asc')
        self.assertEqual((set(listed) >= LIST_KEYS, listed['items']), (True, []))

    def certificate(self, _):
        c = self.client_of_alice()
        self.assertEqual(c.token.new('wazo_user')['auth_id'], self.alice)
        distrustful = Client('localhost', port=self.simulator.port, prefix=None, username='alice', password='alice')
        with self.assertRaises(exceptions.SSLError):
            distrustful.token.new('wazo_user')


if __name__ == '__main__':
    unittest.main()
