"""The package against the simulator's mock mode, as the tests of Wazo's daemons run it: what a daemon asks of wazo-auth, and
what a test sets before.
"""
import json
import unittest
import urllib.request

import requests
import support
from wazo_auth import Simulator
from wazo_auth_client import Client
from wazo_auth_client.exceptions import InvalidTokenException, MissingPermissionsTokenException

TENANT, BELOW = 'eeeeeeee-eeee-eeee-eeee-eeeeeeeeee10', 'eeeeeeee-eeee-eeee-eeee-eeeeeeeeee11'
USER = support.USER


class DaemonOnTheMock(unittest.TestCase):
    def setUp(self):
        self.mock = Simulator(mock=True, tls=False, admin=None).start()
        self.addCleanup(self.mock.stop)
        # As a daemon's configuration has it, and its service's own login.
        self.client = Client('127.0.0.1', port=self.mock.port, prefix=None, https=False, username='calld-service',
                             password='opensesame')
        self.set('_set_tenants', [{'uuid': TENANT, 'name': 'one', 'parent_uuid': TENANT},
                                  {'uuid': BELOW, 'name': 'two', 'parent_uuid': TENANT}])

    def set(self, route, body):
        request = urllib.request.Request(f'{self.mock.url}/{route}', json.dumps(body).encode(),
                                         {'Content-Type': 'application/json'}, method='POST')
        urllib.request.urlopen(request, timeout=10).close()

    def set_token(self, token, *acl, tenant=TENANT):
        self.set('_set_token', {'token': token, 'auth_id': USER, 'metadata': {'uuid': USER, 'tenant_uuid': tenant},
                                'acl': list(acl)})

    def log_in(self):
        self.set_token('of-the-service', '#')
        self.set('_add_valid_credentials', {'username': 'calld-service', 'password': 'opensesame',
                                            'token': 'of-the-service'})
        token = self.client.token.new(expiration=3600)['token']
        self.client.set_token(token)
        return token

    def test_a_service_logs_in_with_the_credentials_that_a_test_has_set(self):
        with self.assertRaises(requests.HTTPError) as refused:
            self.client.token.new(expiration=3600)
        self.assertEqual(refused.exception.response.status_code, 401)
        self.assertEqual(self.log_in(), 'of-the-service')

    def test_tokens_of_any_form_are_checked_as_the_daemon_does(self):
        self.log_in()
        self.set_token('my-token', 'calld.calls.read')
        tokens = self.client.token
        self.assertTrue(tokens.is_valid('my-token', 'calld.calls.read'))
        self.assertFalse(tokens.is_valid('my-token', 'calld.calls.create'))
        self.assertFalse(tokens.is_valid('unknown', 'calld.calls.read'))
        self.assertTrue(tokens.check('my-token', 'calld.calls.read', tenant=BELOW))
        with self.assertRaises(MissingPermissionsTokenException):
            tokens.check('my-token', 'calld.calls.create')
        with self.assertRaises(InvalidTokenException):
            tokens.check('unknown', 'calld.calls.read')
        self.assertEqual(tokens.get('my-token')['metadata']['tenant_uuid'], TENANT)

    def test_the_tenants_that_a_token_sees_are_listed(self):
        self.log_in()
        self.assertEqual({item['uuid'] for item in self.client.tenants.list()['items']}, {TENANT, BELOW})
        self.set_token('of-below', '#', tenant=BELOW)
        self.client.set_token('of-below')
        self.assertEqual([item['uuid'] for item in self.client.tenants.list()['items']], [BELOW])

    def test_users_are_read_edited_and_removed(self):
        self.log_in()
        self.set('_set_users', [{'uuid': USER, 'firstname': 'Alice', 'username': 'alice'}])
        self.assertEqual(self.client.users.get(USER)['firstname'], 'Alice')
        self.client.users.edit(USER, firstname='Zoé')
        self.assertEqual(self.client.users.get(USER)['firstname'], 'Zoé')
        self.client.users.delete(USER)
        with self.assertRaises(requests.HTTPError) as missing:
            self.client.users.get(USER)
        self.assertEqual(missing.exception.response.status_code, 404)

    def test_sessions_refresh_tokens_and_external_data_are_what_a_test_has_set(self):
        self.log_in()
        self.set('_set_sessions', [{'uuid': 's', 'user_uuid': USER, 'mobile': True}])
        self.set('_set_refresh_tokens', [{'client_id': 'phone', 'user_uuid': USER, 'mobile': True}])
        self.set('_set_external_auth', {'access_token': 'secret'})
        self.set('_set_external_config', {'mobile': {'fcm_api_key': 'key'}})
        self.assertEqual(self.client.sessions.list()['items'][0]['uuid'], 's')
        self.assertEqual(self.client.refresh_tokens.list()['items'][0]['client_id'], 'phone')
        self.assertEqual(self.client.external.get('microsoft', USER), {'access_token': 'secret'})
        self.assertEqual(self.client.external.get_config('mobile'), {'fcm_api_key': 'key'})


if __name__ == '__main__':
    unittest.main()
