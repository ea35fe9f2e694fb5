"""ASGI middleware that lets only requests and WebSockets with a valid token through.

    from wazo_auth_client.asgi import AuthMiddleware

    app = AuthMiddleware(app, verifier, required_access='myservice.use')

A refusal is 401, or 503 if wazo-auth cannot be asked, with the JSON body of Wazo's daemons; a WebSocket is closed
before it is accepted. The event loop never waits: what is known is decided at once, and wazo-auth is asked through the
loop's queue of calls, without a thread.
"""
from __future__ import annotations

from ._asking import Question, bearer_token
from .http_exceptions import APIException
from .verifier import AsyncVerifier

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from typing import Any, Optional, Union

    from .verifier import Decision, Verifier

    Scope = dict[str, Any]
    Application = Callable[[Scope, Callable[..., Any], Callable[..., Any]], Awaitable[None]]

__all__ = ['DECISION', 'AuthMiddleware', 'decide']

#: The key of the decision in the scope: `scope['wazo_auth.decision'].user_uuid`.
DECISION = 'wazo_auth.decision'

#: The code for a WebSocket that is closed because of a policy (RFC 6455).
_POLICY_VIOLATION = 1008


async def decide(
    verifier: Union[Verifier, AsyncVerifier],
    token: str,
    required_access: Optional[str] = None,
    tenant_uuid: Optional[str] = None,
) -> Decision:
    """Decides as `Verifier.decide` does, without blocking the event loop. Raises an `APIException` for a no, and if
    wazo-auth cannot be asked."""
    question = Question(token, required_access, tenant_uuid)
    known = question.known(verifier)
    if known is not None:
        return known
    return await question.awaited(AsyncVerifier.of(verifier))


class AuthMiddleware:
    """Asks about the token in `X-Auth-Token`, in the tenant in `Wazo-Tenant` if there is one.

    `required_access` is an access, or a function that returns one for a scope; None requires a valid token only.
    `bearer` accepts `Authorization: Bearer` too. `is_public` returns true for a scope that needs no token.
    """

    def __init__(
        self,
        app: Application,
        verifier: Union[Verifier, AsyncVerifier],
        required_access: Union[None, str, Callable[[Scope], Optional[str]]] = None,
        *,
        bearer: bool = False,
        is_public: Optional[Callable[[Scope], bool]] = None,
    ) -> None:
        self._app = app
        self._verifier = verifier
        self._required_access = required_access
        self._bearer = bearer
        self._is_public = is_public

    async def __call__(self, scope: Scope, receive: Callable[..., Any], send: Callable[..., Any]) -> None:
        # `lifespan` has no request.
        if scope['type'] in ('http', 'websocket') and (self._is_public is None or not self._is_public(scope)):
            try:
                decision = await self._decide(scope)
            except APIException as error:
                await _refuse(scope, receive, send, error)
                return
            scope = {**scope, DECISION: decision}
        await self._app(scope, receive, send)

    async def _decide(self, scope: Scope) -> Decision:
        headers: dict[bytes, str] = {}
        for name, value in scope['headers']:
            headers.setdefault(name.lower(), value.decode('latin-1'))
        token = headers.get(b'x-auth-token', '')
        if not token and self._bearer:
            token = bearer_token(headers.get(b'authorization', ''))
        required = self._required_access
        access = required(scope) if callable(required) else required
        return await decide(self._verifier, token, access, headers.get(b'wazo-tenant'))


async def _refuse(scope: Scope, receive: Callable[..., Any], send: Callable[..., Any], error: APIException) -> None:
    if scope['type'] == 'websocket':
        await receive()  # the message `websocket.connect`
        await send({'type': 'websocket.close', 'code': _POLICY_VIOLATION, 'reason': error.message})
        return
    content = error.content()
    headers = [(b'content-type', b'application/json'), (b'content-length', str(len(content)).encode())]
    await send({'type': 'http.response.start', 'status': error.status_code, 'headers': headers})
    await send({'type': 'http.response.body', 'body': content})
