"""Behaviour of the reference client that callers rely on and that the generated methods do not have.

Each class replaces the generated one of the same name (`RESOURCES` at the end). Most of them keep the generated methods
with their parameters, and override `_call`, to which those pass their arguments.
"""
from __future__ import annotations

from . import _arguments, _kinds, _operations, _settings
from ._resource import Resource
from .exceptions import InvalidTokenException, MissingPermissionsTokenException

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from typing import Any, Optional, Union

    from ._session import Answer
    from .exceptions import WazoAuthError

    Pairs = Union[Mapping[str, Any], Iterable[tuple[str, Any]]]

# The server stores the user agent of a login with the session, and people recognise their sessions by it. The reference
# client always sends this text for these two operations, whatever the user agent of the client is.
TOKEN_USER_AGENT = 'Wazo Python auth client'

# The operations that ask about a token that may come from the network.
QUESTIONS = ('token.check', 'token.is_valid')


class Token(_operations.Token):
    """Tokens. `check` raises an exception if `is_valid` returns False; `revoke` ignores the status of the response."""

    def _call(self, operation: str, arguments: dict[str, Any], more: Optional[dict[str, Any]] = None) -> Any:
        session = self._session
        if operation == 'token.list' and arguments['user_uuid'] is None:
            raise TypeError('user_uuid cannot be None')
        if operation in QUESTIONS and isinstance(arguments['token'], bytes):
            # Bytes that are not UTF-8 are a token that nobody has, not an error.
            arguments['token'] = arguments['token'].decode('utf-8', 'replace')
        if operation in ('token.new', 'token.check_scopes'):
            arguments = {**arguments, 'user_agent': arguments.get('user_agent') or TOKEN_USER_AGENT}
        elif operation == 'token.check':
            built = _arguments.build(operation, session.operations[operation], arguments)
            return session.perform(operation, built, _checked, whole=True)
        elif operation == 'token.revoke':
            # As in the reference client: a token that is already gone is revoked.
            built = _arguments.build(operation, session.operations[operation], arguments)
            return session.perform(operation, built, _none, forgive=True)
        return super()._call(operation, arguments, more)


def _checked(answer: Answer) -> bool:
    """True for the answer yes; else the exception that the reference client raises."""
    if answer.result:
        return True
    error: WazoAuthError
    if answer.status == 403:
        error = MissingPermissionsTokenException('the token lacks the access, or may not be used in the tenant')
    else:
        error = InvalidTokenException('the token is unknown or expired')
    error.kind = _kinds.PERMISSION_DENIED if answer.status == 403 else _kinds.NOT_FOUND
    error.kind_code = _kinds.NUMBERS[error.kind]
    error.operation, error.status = 'token.check', answer.status
    raise error


def _none(result: Any) -> None:
    return None


class External(_operations.External):
    """External authentication. The reference client calls it `list_`, and its README calls it `list`."""

    resource = 'users'
    list_ = _operations.External.list

    def _build_url(self, auth_type: str, user_uuid: str) -> str:
        """The URL of the external authentication of a user."""
        return '/'.join([self.base_url, user_uuid, 'external', auth_type])

    def _build_config_url(self, auth_type: str) -> str:
        """The URL of the configuration of a type of external authentication."""
        return _settings.url(self._session.given, 'external', auth_type, 'config')


class SamlConfig(_operations.SamlConfig):
    """SAML configuration. `create` and `update` take `data` and `files` as `requests` does, or the fields by name."""

    def create(
        self, tenant_uuid: Any = None, data: Optional[Pairs] = None, files: Optional[Pairs] = None, **fields: Any
    ) -> Any:
        """Creates the SAML configuration of a tenant: `domain_uuid`, `entity_id`, `acs_url` and the file `metadata`.

        Pass the fields in `data` and the file in `files` (text, bytes, an open file, or a tuple of file name and
        content), or pass each by its name.
        """
        return self._send('saml_config.create', tenant_uuid, data, files, fields)

    def update(  # type: ignore[override]
        self, tenant_uuid: Any = None, data: Optional[Pairs] = None, files: Optional[Pairs] = None, **fields: Any
    ) -> Any:
        """Changes the SAML configuration of a tenant. The arguments are those of `create`; all are optional."""
        return self._send('saml_config.update', tenant_uuid, data, files, fields)

    def get_metadata(self, tenant_uuid: Any = None) -> bytes:
        """Reads the metadata of this service provider, an XML document, as bytes."""
        session, operation = self._session, 'saml_config.get_metadata'
        built = _arguments.build(operation, session.operations[operation], {'tenant_uuid': tenant_uuid})
        document: bytes = session.perform(operation, built, _as_bytes)
        return document

    def _send(
        self, operation: str, tenant_uuid: Any, data: Optional[Pairs], files: Optional[Pairs], fields: dict[str, Any]
    ) -> Any:
        given = {**dict(data or {}), **dict(files or {}), **fields, 'tenant_uuid': tenant_uuid}
        places = self._session.operations[operation]['places']
        unknown = sorted(set(given) - set(places))
        if unknown:
            raise TypeError(f'{operation} has no {", ".join(unknown)}')
        for name, value in given.items():
            if places[name] == 'field':
                given[name] = _field(operation, name, value)
        return self._call(operation, given)


def _field(operation: str, name: str, value: Any) -> Any:
    """A field of a form. `requests` sends a list of values as repeated fields; here one value is expected in it."""
    if isinstance(value, (list, tuple)):
        if len(value) != 1:
            raise TypeError(f'{operation}: {name} is a list of {len(value)} values, expected one value')
        return value[0]
    return value


def _as_bytes(result: Any) -> bytes:
    if isinstance(result, dict):  # not UTF-8
        from base64 import b64decode

        document: bytes = b64decode(result['base64'])
        return document
    return str(result).encode('utf-8')


RESOURCES = {**_operations.RESOURCES, 'token': Token, 'external': External, 'saml_config': SamlConfig}

# Where the URLs of a resource begin, if not with its name.
_BEGINNINGS = {'refresh_tokens': 'tokens', 'ldap_config': 'backends/ldap', 'saml_config': 'backends/saml'}

# The names of the reference client's classes, which stand in texts that programs print: `'TenantsCommand' object has no
# attribute 'add_user'`, `TokenCommand.new() got an unexpected keyword argument`.
CLASSES = {
    'admin': 'AdminCommand',
    'backends': 'BackendsCommand',
    'config': 'ConfigCommand',
    'emails': 'EmailsCommand',
    'external': 'ExternalAuthCommand',
    'groups': 'GroupsCommand',
    'idp': 'IDPCommand',
    'ldap_config': 'LDAPBackendConfigCommand',
    'policies': 'PoliciesCommand',
    'refresh_tokens': 'RefreshTokenCommand',
    'saml': 'SAMLCommand',
    'saml_config': 'SAMLConfigCommand',
    'sessions': 'SessionsCommand',
    'status': 'StatusCommand',
    'tenants': 'TenantsCommand',
    'token': 'TokenCommand',
    'users': 'UsersCommand',
}

_class: Any
for _name, _class in RESOURCES.items():
    _class.resource = _class.resource or _BEGINNINGS.get(_name, _name)
    if _name in CLASSES:
        # Not __qualname__ of the class: pickle finds the class by it.
        _class.__name__ = CLASSES[_name]
        for _owner in _class.__mro__[: _class.__mro__.index(Resource)]:
            for _method in vars(_owner).values():
                if hasattr(_method, '__code__'):
                    _method.__qualname__ = f'{CLASSES[_name]}.{_method.__name__}'
