"""WSGI middleware that lets only requests with a valid token through.

    from wazo_auth_client.wsgi import AuthMiddleware

    application = AuthMiddleware(application, verifier, required_access='myservice.use')

A refusal is 401, or 503 if wazo-auth cannot be asked, with the JSON body of Wazo's daemons.
"""
from __future__ import annotations

from ._asking import Question, bearer_token
from .http_exceptions import APIException

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from typing import Any, Optional, Union

    from .verifier import Verifier

    Environ = dict[str, Any]

__all__ = ['DECISION', 'AuthMiddleware']

#: The key of the decision in the environ: `environ['wazo_auth.decision'].user_uuid`.
DECISION = 'wazo_auth.decision'

_STATUS_LINES = {401: '401 Unauthorized', 503: '503 Service Unavailable'}


class AuthMiddleware:
    """Asks about the token in `X-Auth-Token`, in the tenant in `Wazo-Tenant` if there is one.

    `required_access` is an access, or a function that returns one for an environ; None requires a valid token only.
    `bearer` accepts `Authorization: Bearer` too. `is_public` returns true for an environ that needs no token.
    """

    def __init__(
        self,
        application: Callable[..., Iterable[bytes]],
        verifier: Verifier,
        required_access: Union[None, str, Callable[[Environ], Optional[str]]] = None,
        *,
        bearer: bool = False,
        is_public: Optional[Callable[[Environ], bool]] = None,
    ) -> None:
        self._application = application
        self._verifier = verifier
        self._required_access = required_access
        self._bearer = bearer
        self._is_public = is_public

    def __call__(self, environ: Environ, start_response: Callable[..., Any]) -> Iterable[bytes]:
        if self._is_public is None or not self._is_public(environ):
            try:
                environ[DECISION] = self._question(environ).asked(self._verifier)
            except APIException as error:
                content = error.content()
                headers = [('Content-Type', 'application/json'), ('Content-Length', str(len(content)))]
                start_response(_STATUS_LINES[error.status_code], headers)
                return [content]
        return self._application(environ, start_response)

    def _question(self, environ: Environ) -> Question:
        token = environ.get('HTTP_X_AUTH_TOKEN', '')
        if not token and self._bearer:
            token = bearer_token(environ.get('HTTP_AUTHORIZATION', ''))
        required = self._required_access
        access = required(environ) if callable(required) else required
        return Question(token, access, environ.get('HTTP_WAZO_TENANT'))
