"""What must pass type checkers, with the types that they have to find. It is checked and never run."""
from __future__ import annotations

from collections.abc import Awaitable, Sequence
from typing import TYPE_CHECKING, Any, List, Optional, Union
from uuid import UUID

from typing_extensions import assert_type

from wazo_auth_client import AsyncClient, Client, exceptions, types
from wazo_auth_client.client import AuthClient
from wazo_auth_client.readiness import until_ready, wait_until_ready
from wazo_auth_client.renewer import TokenRenewer
from wazo_auth_client.verifier import AsyncVerifier, Decision, Verifier

if TYPE_CHECKING:
    from wazo_auth_client._operations import AsyncResources

client = Client('localhost', 9497, prefix=None, https=False, timeout=(1, None), anything='else')
again = AuthClient(host='localhost', port=9497, verify_certificate='/etc/ssl/ca.pem', native_options={'retries': 2})

# A result that depends on an argument, and that it is a token like any other.
assert_type(client.token.new(expiration=60), types.TokenDict)
assert_type(client.token.new('wazo_user', 60), types.TokenDict)
offline = client.token.new(access_type='offline', client_id='phone')
assert_type(offline, types.OfflineTokenDict)
assert_type(offline['refresh_token'], str)
assert_type(client.token.new(expiration=60, access_type='online'), types.TokenDict)


def login(access_type: str) -> types.TokenDict:
    token: types.TokenDict = client.token.new(access_type='offline', client_id='phone')
    return client.token.new(access_type=access_type) if access_type else token


google = client.external.create('google', UUID(int=0), {'scope': ['calendar']})
assert_type(google['authorization_url'] + google['state'], str)
connection: types.ExternalConnectionDict = google
assert_type(client.external.create('mobile', 'u', {'token': 't'}), types.ExternalConnectionDict)
assert_type(client.external.get('microsoft', 'u')['token_expiration'], int)
assert_type(client.external.get('mobile', 'u'), types.ExternalDataDict)



def give(accesses: Sequence[str], listed: List[str]) -> None:
    client.policies.new('name', acl=accesses, shared=True)
    client.policies.edit('p', 'name', 'description', listed)
    client.token.check_scopes('t', ('auth.users.read', 'auth.users.create'))


# Results of every shape.
assert_type(client.token.is_valid('t'), bool)
assert_type(client.token.revoke('t'), None)
assert_type(client.backends.list(), List[str])
assert_type(client.users.list(recurse=True, unknown='x')['items'][0]['emails'], List[types.EmailDict])
assert_type(client.users.update_emails('u', [{'address': 'a@b', 'main': True}]), List[types.EmailDict])
assert_type(client.token.get('t')['metadata'], types.TokenMetadataDict)
assert_type(client.token.get('t')['metadata'].get('uuid'), Optional[str])
assert_type(client.ldap_config.get()['port'], Optional[int])
assert_type(client.saml_config.get_metadata(), bytes)
assert_type(client.api.spec(), Union[str, bytes])
assert_type(client.external.list_('u'), types.ExternalServicesDict)
assert_type(client.call('users.get', {'user_uuid': 'u'}).status, int)

# The names of the reference client's `types`.
single_sign_on: types.SSOResponseDict = client.saml.sso('example.com', 'https://host')
location: types.ACSRedirectLocation = client.saml.acs('response', 'state')
logged_out: types.LogoutRedirectLocation = client.saml.logout()
metadata: types.TokenMetadata = offline['metadata']
value: types.JSON = {'a': [1, None, {'b': 'c'}]}


def purpose(stack: types.TokenMetadataStackDict) -> str:
    return stack.get('admin', '') + stack.get('purpose', '')


# The classes of exceptions.
def kind(error: exceptions.WazoAuthError) -> Optional[str]:
    return error.kind


try:
    client.status.check()
except (exceptions.ConnectionError, exceptions.Timeout) as error:
    assert_type(kind(error), Optional[str])
    assert_type(error.is_retryable, bool)
except exceptions.HTTPError as error:
    assert_type(error.response.status_code, int)
except OSError as error:
    assert_type(error.errno, Optional[int])
value_error: ValueError = exceptions.InvalidArgument('message')
os_error: OSError = exceptions.SSLError('message')


# The asynchronous client, which has these resources: the same methods, awaited.
async def asynchronous(resources: AsyncResources) -> None:
    assert_type(await resources.token.new(expiration=60), types.TokenDict)
    assert_type((await resources.token.new(access_type='offline', client_id='phone'))['refresh_token'], str)
    assert_type(await resources.users.list(), types.UsersDict)
    assert_type(await resources.external.list_('u'), types.ExternalServicesDict)
    assert_type(await resources.saml_config.create('t', data={'entity_id': 'e'}, files={'metadata': '<x/>'}),
                types.SamlConfigurationDict)
    assert_type(await resources.saml_config.get_metadata(), bytes)
    pending: Awaitable[Any] = resources.status.check()
    await pending


# Verifiers, and clients that are bound to a renewer.
verifier = Verifier(client, ttl=60)
assert_type(verifier.decide('t', 'confd.users.read', UUID(int=0)), Decision)
assert_type(TokenRenewer(client).bind(client), AuthClient)
assert_type(wait_until_ready(client, timeout=60), None)


async def decisions(asynchronous: AsyncClient) -> None:
    async with AsyncVerifier(asynchronous, ttl=60, shared=True) as own:
        assert_type(await own.decide('t', 'confd.users.read'), Decision)
        assert_type(await AsyncVerifier.of(verifier).check('t'), bool)
        assert_type(own.peek('t'), Optional[Decision])
    assert_type(TokenRenewer(client).bind(asynchronous), AsyncClient)
    await until_ready(asynchronous, timeout=0.5)
