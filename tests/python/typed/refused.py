"""What must not pass type checkers: behind each line, the codes that mypy and pyright have to give it. Never run."""
from __future__ import annotations

from typing import TYPE_CHECKING

from wazo_auth_client import Client, exceptions, types

if TYPE_CHECKING:
    from wazo_auth_client._operations import AsyncResources

client = Client('localhost')

client.users.get(42)  # refused: arg-type, reportArgumentType
client.users.gte('u')  # refused: attr-defined, reportAttributeAccessIssue
client.user.get('u')  # refused: attr-defined, reportAttributeAccessIssue
client.users.get()  # refused: call-arg, reportCallIssue
client.users.get('u', tenant='t')  # refused: call-arg, reportCallIssue
client.users.list(limit='25')  # refused: arg-type, reportArgumentType
client.users.list(recurse='yes')  # refused: arg-type, reportArgumentType
client.token.new(expiration='3600')  # refused: call-overload, reportArgumentType
client.token.new(expire=3600)  # refused: call-overload, reportCallIssue
client.token.check('t', required_acl=['auth.users.read'])  # refused: arg-type, reportArgumentType
client.token.check_scopes('t', 'auth.users.read', tenant=7)  # refused: arg-type, reportArgumentType
client.token.check_scopes('t', 'auth.users.read')  # refused: arg-type, reportArgumentType
client.policies.new('name', acl={'auth.users.read'})  # refused: arg-type, reportArgumentType
client.policies.new('name', acl='auth.users.read', shared='no')  # refused: arg-type, reportArgumentType
client.groups.new(name=7)  # refused: arg-type, reportArgumentType
client.users.update_emails('u', {'emails': []})  # refused: arg-type, reportArgumentType
client.saml_config.get_metadata().encode()  # refused: attr-defined, reportAttributeAccessIssue
client.token.revoke('t')['token']  # refused: func-returns-value, reportOptionalSubscript
client.users.get('u')['name']  # refused: typeddict-item, reportGeneralTypeIssues
client.users.list()['itmes']  # refused: typeddict-item, reportGeneralTypeIssues
number: int = client.token.new()['token']  # refused: assignment, reportAssignmentType
offline: types.OfflineTokenDict = client.token.new()  # refused: assignment, reportAssignmentType
address: str = client.users.get('u')['username']  # refused: assignment, reportAssignmentType
client.host = 42  # refused: assignment, reportAttributeAccessIssue
client.set_token(42)  # refused: arg-type, reportArgumentType
Client()  # refused: call-arg, reportCallIssue
Client('localhost', timeout='10')  # refused: arg-type, reportArgumentType
Client('localhost', native_options=['retries'])  # refused: arg-type, reportArgumentType

try:
    client.status.check()
except exceptions.WazoAuthError as error:
    text: str = error.kind  # refused: assignment, reportAssignmentType
    error.knid  # refused: attr-defined, reportAttributeAccessIssue
except exceptions.HttpError:  # refused: attr-defined, reportAttributeAccessIssue
    pass


async def asynchronous(resources: AsyncResources) -> types.UsersDict:
    resources.users.list()['items']  # refused: index, reportIndexIssue
    await resources.users.get(42)  # refused: arg-type, reportArgumentType
    return resources.users.list()  # refused: return-value, reportReturnType
