"""Checks the tokens of requests in a Flask application, by the names and call forms of Wazo's own packages.

    auth_verifier = AuthVerifier({'host': 'wazo.example.com'})

    class Users(Resource):
        method_decorators = [auth_verifier.verify_tenant, auth_verifier.verify_token]

        @required_acl('myservice.users.{user_uuid}.read')
        def get(self, user_uuid): ...

A refusal is raised as an `APIException`: 401 with the reason, and 503 if wazo-auth cannot be asked. Flask is imported
by the functions that read the request; with other functions for that, another framework can be used.
"""
from __future__ import annotations

import sys
from functools import wraps

from . import access, exceptions
from ._asking import TENANT_HEADER, TOKEN_HEADER, Question
from .client import Client
from .http_exceptions import (
    APIException,
    AuthServerUnreachable,
    InvalidTokenAPIException,
    MissingPermissionsTokenAPIException,
    Unauthorized,
)
from .verifier import Verifier

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any, NamedTuple, Optional, TypeVar

    from .verifier import Decision

    F = TypeVar('F', bound=Callable[..., Any])

    class _ACLCheck(NamedTuple):
        pattern: str
        extract_token_id: Optional[Callable[[], str]]

else:
    from collections import namedtuple

    _ACLCheck = namedtuple('_ACLCheck', 'pattern extract_token_id')

__all__ = [
    'APIException',
    'AuthServerUnreachable',
    'AuthVerifier',
    'InvalidTokenAPIException',
    'MissingPermissionsTokenAPIException',
    'Unauthorized',
    'extract_tenant_id_from_header',
    'extract_token_id_from_header',
    'extract_token_id_from_query_or_header',
    'extract_token_id_from_query_string',
    'no_auth',
    'required_acl',
    'required_tenant',
]

_NOT_REQUIRED = object()


def required_acl(acl_pattern: str, extract_token_id: Optional[Callable[[], str]] = None) -> Callable[[F], F]:
    """Requires an access of the token, with the arguments of the function for its placeholders.

    `extract_token_id` finds the token of this function's requests in another way than the verifier.
    """

    def decorate(function: F) -> F:
        function.acl = _ACLCheck(acl_pattern, extract_token_id)  # type: ignore[attr-defined]
        return function

    return decorate


def required_tenant(tenant_uuid: Any) -> Callable[[F], F]:
    """Requires that the token is one of this tenant, and not one of a tenant above it. An empty tenant has no tokens."""

    def decorate(function: F) -> F:
        function.tenant_uuid = tenant_uuid  # type: ignore[attr-defined]
        return function

    return decorate


def no_auth(function: F) -> F:
    """Needs no token."""
    function.no_auth = True  # type: ignore[attr-defined]
    return function


def _request() -> Any:
    from importlib import import_module

    return import_module('flask').request


def _header(name: str) -> str:
    return str(_request().headers.get(name, ''))


def extract_token_id_from_header() -> str:
    """The header `X-Auth-Token` of Flask's request; empty if there is none."""
    return _header(TOKEN_HEADER)


def extract_token_id_from_query_string() -> str:
    """The key `token` of the query of Flask's request; empty if there is none."""
    return str(_request().args.get('token', ''))


def extract_token_id_from_query_or_header() -> str:
    """The one or the other, the query first."""
    return extract_token_id_from_query_string() or extract_token_id_from_header()


def extract_tenant_id_from_header() -> str:
    """The header `Wazo-Tenant` of Flask's request; empty if there is none."""
    return _header(TENANT_HEADER)


class AuthVerifier:
    """Decorators for the functions that answer requests. Thread-safe, and works in forked children.

    `auth_config` has the keywords of a `Client`, `options` those of a `Verifier` (`ttl=60, shared=True`). Configure it
    by the constructor, by `set_config`, `set_client` or `set_verifier`, the last before the first request.
    """

    def __init__(
        self,
        auth_config: Optional[Mapping[str, Any]] = None,
        extract_token_id: Optional[Callable[[], str]] = None,
        extract_tenant_uuid: Optional[Callable[[], Optional[str]]] = None,
        **options: Any,
    ) -> None:
        self._auth_config = auth_config
        self._extract_token_id = extract_token_id or extract_token_id_from_header
        self._extract_tenant_uuid = extract_tenant_uuid or extract_tenant_id_from_header
        self._options = options
        # The client and the verifier, once they are made. A verifier keeps what it knows; two threads that come first
        # at the same time get the same one.
        self._made: dict[str, Any] = {}

    def set_config(self, auth_config: Mapping[str, Any]) -> None:
        """Sets how the client is made. It needs no login: `username`, `password` and `key_file` are left out."""
        self._auth_config = {
            name: value for name, value in auth_config.items() if name not in ('username', 'password', 'key_file')
        }
        self._made = {}

    def set_client(self, auth_client: Client) -> None:
        """Sets the client that asks."""
        self._made = {'client': auth_client}

    def set_verifier(self, verifier: Verifier) -> None:
        """Sets the verifier, such as one that hears events or that was made before a fork."""
        self._made = {'verifier': verifier, 'client': verifier.client}

    def client(self) -> Client:
        """The client that asks."""
        made = self._made
        if 'client' not in made:
            if not self._auth_config:
                raise RuntimeError('AuthVerifier is not configured')
            made.setdefault('client', Client(**self._auth_config))
        client: Client = made['client']
        return client

    def verifier(self) -> Verifier:
        """The verifier that decides: call its `apply_event` and `invalidate`."""
        made = self._made
        if 'verifier' not in made:
            made.setdefault('verifier', Verifier(self.client(), **self._options))
        verifier: Verifier = made['verifier']
        return verifier

    def token(self) -> str:
        """The token of the current request."""
        return self._extract_token_id()

    def verify_token(self, func: Callable[..., Any]) -> Callable[..., Any]:
        """Calls the function only if the token has the access of `required_acl`; a valid token will do without one.

        The access must be granted in the tenant that the request names. In Flask, `g.wazo_auth` is the decision then,
        `g.verified_acl` the access, `g.verified_tenant_uuid` the tenant, and `request` has `token_id`, `user_uuid` and
        `token_content` (`token`, `auth_id`, `session_uuid`, `metadata`).
        """

        @wraps(func)
        def verified(*args: Any, **kwargs: Any) -> Any:
            if getattr(func, 'no_auth', False):
                return func(*args, **kwargs)
            check = getattr(func, 'acl', None) or _ACLCheck('', None)
            token = (check.extract_token_id or self.token)()
            # As in Wazo's: no pattern, or an empty one, requires no access.
            required = access.fill(str(check.pattern), kwargs) if check.pattern else None
            try:
                question = Question(token, required, self._extract_tenant_uuid())
                decision = question.asked(self.verifier())
            except Unauthorized as refusal:
                return self.handle_refusal(refusal)
            except AuthServerUnreachable as unreachable:
                return self.handle_unreachable(unreachable.__cause__)
            _remember(decision, question)
            return func(*args, **kwargs)

        return verified

    def verify_tenant(self, func: Callable[..., Any]) -> Callable[..., Any]:
        """Calls the function only if the token is one of the tenant of `required_tenant`."""

        @wraps(func)
        def verified(*args: Any, **kwargs: Any) -> Any:
            required = getattr(func, 'tenant_uuid', _NOT_REQUIRED)
            if required is _NOT_REQUIRED:
                return func(*args, **kwargs)
            token = self.token()
            try:
                decision = self.verifier().decide(token)
            except exceptions.RequestException as error:
                return self.handle_unreachable(error)
            if decision and required and required == decision.tenant_uuid:
                return func(*args, **kwargs)
            return self.handle_unauthorized(token)

        return verified

    # A subclass may return a response of its framework from these, in place of raising.

    def handle_unreachable(self, error: Any) -> Any:
        """wazo-auth cannot be asked."""
        raise AuthServerUnreachable(
            getattr(self.client(), 'host', None), getattr(self.client(), 'port', None), error
        ) from error

    def handle_unauthorized(self, token: str, required_access: Optional[str] = None) -> Any:
        """The token is not one of the tenant."""
        raise Unauthorized(token, required_access)

    def handle_refusal(self, refusal: Unauthorized) -> Any:
        """The token is not valid, or lacks the access: `refusal` says which, and is an exception to raise."""
        raise refusal


def _remember(decision: Decision, question: Question) -> None:
    """Tells the application whose the token is, if it is one of Flask."""
    flask = sys.modules.get('flask')
    if flask is None or not flask.has_request_context():
        return
    flask.g.wazo_auth = decision
    flask.g.verified_acl, flask.g.verified_tenant_uuid = question.access, question.tenant
    request = flask.request
    request.token_id, request.user_uuid = question.token, decision.user_uuid
    request.token_content = {
        'token': question.token,
        'auth_id': decision.auth_id,
        'session_uuid': decision.session_uuid,
        'metadata': decision.metadata,
    }
