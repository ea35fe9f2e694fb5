"""The refusals of a web service of Wazo, as exceptions with a status and a body.

The body has the members that Wazo's daemons send, among them the token that was refused. It is for the sender of that
token: do not log it. The text of the exceptions contains no token.
"""
from __future__ import annotations

import json
import time

from . import verifier

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Optional

    from .verifier import Decision

__all__ = [
    'APIException',
    'AuthServerUnreachable',
    'InvalidTokenAPIException',
    'MissingPermissionsTokenAPIException',
    'Unauthorized',
    'refusal',
    'unreachable',
]


class APIException(Exception):
    """A refusal with a status, an `error_id` (the attribute `id_`), and details."""

    def __init__(
        self, status_code: int, message: str, error_id: str, details: Any = None, resource: Optional[str] = None
    ) -> None:
        super().__init__(message)
        self.status_code = status_code
        self.message = message
        self.id_ = error_id
        self.details = details or {}
        self.resource = resource

    def body(self) -> dict[str, Any]:
        """The body of the response, as an object for JSON."""
        body = {'message': self.message, 'error_id': self.id_, 'details': self.details, 'timestamp': time.time()}
        if self.resource:
            body['resource'] = self.resource
        return body

    def content(self) -> bytes:
        """The body of the response as JSON."""
        return json.dumps(self.body()).encode()


class Unauthorized(APIException):
    """401: the token may not be used for this."""

    def __init__(self, token: Optional[str], required_access: Optional[str] = None) -> None:
        details = {'invalid_token': token}
        if required_access:
            details['required_access'] = required_access
        super().__init__(401, 'Unauthorized', 'unauthorized', details)


class InvalidTokenAPIException(Unauthorized):
    """401: the token is unknown or has expired, or there is none."""

    def __init__(self, token: Optional[str], required_access: Optional[str] = None) -> None:
        super().__init__(token, required_access)
        self.details['reason'] = 'not_found_or_expired'


class MissingPermissionsTokenAPIException(Unauthorized):
    """401: the token is valid, but lacks the access, or may not be used in the tenant."""

    def __init__(
        self, token: Optional[str], required_access: Optional[str] = None, tenant_uuid: Optional[str] = None
    ) -> None:
        super().__init__(token)
        self.details.update(
            reason='missing_permission_or_invalid_tenant', required_access=required_access, tenant_uuid=tenant_uuid
        )


class AuthServerUnreachable(APIException):
    """503: wazo-auth cannot be asked."""

    def __init__(self, host: Any, port: Any, error: Any) -> None:
        super().__init__(
            503,
            'Authentication server unreachable',
            'authentication-server-unreachable',
            {'auth_server_host': host, 'auth_server_port': port, 'original_error': str(error)},
        )


def refusal(
    decision: Decision, token: Optional[str], required_access: Optional[str], tenant_uuid: Optional[str]
) -> APIException:
    """The exception for a decision that is no."""
    if decision.reason == verifier.INVALID_TOKEN:
        return InvalidTokenAPIException(token, required_access)
    return MissingPermissionsTokenAPIException(token, required_access, tenant_uuid)


def unreachable(client: Any, error: Any) -> AuthServerUnreachable:
    """The exception for a failure to ask the server of a client, or of none that is known."""
    return AuthServerUnreachable(getattr(client, 'host', None), getattr(client, 'port', None), error)
