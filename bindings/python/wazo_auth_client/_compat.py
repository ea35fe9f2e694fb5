"""Where the reference client does not follow its own rules, and callers rely on it: all of that is in this file.

Each class stands in for the generated one of the same name (`RESOURCES` at the end). What a method takes stays as
generated wherever it can: the classes come in between where the method hands its arguments on.
"""
from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Optional, Union

from . import _kinds, _operations
from .exceptions import InvalidTokenException, MissingPermissionsTokenException, WazoAuthError

# The server stores the user agent of a login with the session, and people recognise their sessions by it: this text
# is what the reference client has always sent for these two, whatever the client's own user agent is.
TOKEN_USER_AGENT = 'Wazo Python auth client'


class Token(_operations.Token):
    """Tokens. `check` raises where `is_valid` answers False, and `revoke` raises for no status."""

    def _call(self, operation: str, arguments: Mapping[str, Any], more: Optional[Mapping[str, Any]] = None) -> Any:
        if operation in ('token.new', 'token.check_scopes'):
            arguments = {**arguments, 'user_agent': arguments.get('user_agent') or TOKEN_USER_AGENT}
        elif operation == 'token.check':
            return self._check(operation, arguments)
        elif operation == 'token.revoke':
            return self._revoke(operation, arguments)
        return super()._call(operation, arguments, more)

    def _check(self, operation: str, arguments: Mapping[str, Any]) -> bool:
        answer = self._answer(operation, arguments, None)
        if answer.result:
            return True
        error: WazoAuthError
        if answer.status == 403:
            error = MissingPermissionsTokenException('the token lacks the access, or may not work in the tenant')
        else:
            error = InvalidTokenException('the token does not exist (any more)')
        error.kind = _kinds.PERMISSION_DENIED if answer.status == 403 else _kinds.NOT_FOUND
        error.kind_code = _kinds.NUMBERS[error.kind]
        error.operation, error.status = operation, answer.status
        raise error

    def _revoke(self, operation: str, arguments: Mapping[str, Any]) -> None:
        from .exceptions import HTTPError

        try:
            super()._call(operation, arguments)
        except HTTPError:
            pass  # whoever ends a token on the way out has no use for the server's refusal


class External(_operations.External):
    """External authentication. `list_` is the reference's name for what its README calls `list`."""

    list_ = _operations.External.list


Pairs = Union[Mapping[str, Any], Iterable[tuple[str, Any]]]


class SamlConfig(_operations.SamlConfig):
    """SAML configuration. `create` and `update` take `data` and `files` as `requests` does, or the fields by name."""

    def create(
        self, tenant_uuid: Any = None, data: Optional[Pairs] = None, files: Optional[Pairs] = None, **fields: Any
    ) -> Any:
        """Creates the SAML configuration of a tenant: `domain_uuid`, `entity_id`, `acs_url` and the file `metadata`.

        The fields stand in `data`, the file in `files` (text, bytes, an open file, or a tuple of file name and
        content), or each is given by its name.
        """
        return self._send('saml_config.create', tenant_uuid, data, files, fields)

    def update(  # type: ignore[override]
        self, tenant_uuid: Any = None, data: Optional[Pairs] = None, files: Optional[Pairs] = None, **fields: Any
    ) -> None:
        """Changes the SAML configuration of a tenant; takes what `create` takes, all of it optional."""
        self._send('saml_config.update', tenant_uuid, data, files, fields)

    def get_metadata(self, tenant_uuid: Any = None) -> bytes:
        """Reads the metadata of this service provider, an XML document, as bytes."""
        text = super().get_metadata(tenant_uuid)
        return text.encode('utf-8') if isinstance(text, str) else text

    def _send(
        self, operation: str, tenant_uuid: Any, data: Optional[Pairs], files: Optional[Pairs], fields: dict[str, Any]
    ) -> Any:
        given = {**dict(data or {}), **dict(files or {}), **fields, 'tenant_uuid': tenant_uuid}
        places = self._session.operations[operation]['places']
        unknown = sorted(set(given) - set(places))
        if unknown:
            raise TypeError(f'{operation} has no {", ".join(unknown)}')
        return self._call(operation, given)


RESOURCES = {**_operations.RESOURCES, 'token': Token, 'external': External, 'saml_config': SamlConfig}
