"""Decides about other people's tokens, and remembers what the server said.

    from wazo_auth_client import Client
    from wazo_auth_client.verifier import Verifier

    verifier = Verifier(Client('wazo.example.com'), ttl=60)
    if verifier.decide(token, 'confd.users.read', tenant_uuid):
        ...

`AsyncVerifier` is the same for asyncio: `await verifier.decide(token, 'confd.users.read')`.

docs/decisions.md explains what a verifier knows, for how long, and what happens during an outage.
"""
from __future__ import annotations

import ctypes
import json
import sys
from collections.abc import Mapping

from . import _errors, _signals
from . import _native_decisions as _native
from ._library import OwnedText
from ._native import NativeError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, NoReturn, Optional, Union

    from ._native_decisions import Handle, Question

__all__ = ['ALLOWED', 'INVALID_TOKEN', 'MISSING_ACCESS', 'WRONG_TENANT', 'AsyncVerifier', 'Decision', 'Verifier']

#: The reasons of a decision.
ALLOWED = 'allowed'
INVALID_TOKEN = 'invalid_token'
MISSING_ACCESS = 'missing_access'
WRONG_TENANT = 'wrong_tenant'

_byref = ctypes.byref
_decode = json.JSONDecoder().raw_decode


class Decision:
    """What was decided about a token, and whose it is. It is true only for yes.

    It is read when an attribute other than `is_allowed` is first needed: most decisions are only used in an `if`.
    """

    __slots__ = ('_content', '_members', 'is_allowed')

    def __init__(self, is_allowed: bool, content: bytes) -> None:
        self.is_allowed = is_allowed
        self._content = content
        self._members: Optional[dict[str, Any]] = None

    @classmethod
    def _of(cls, members: dict[str, Any]) -> Decision:
        """The decision that a queue has brought."""
        made = cls(members['verdict'] == ALLOWED, b'')
        made._members = members
        return made

    def __bool__(self) -> bool:
        return self.is_allowed

    def __repr__(self) -> str:
        return f'<Decision {self.reason}{" (stale)" if self.is_stale else ""} about user {self.user_uuid}>'

    def _read(self) -> dict[str, Any]:
        members = self._members
        if members is None:
            self._members = members = _decode(str(self._content, 'utf-8'))[0]
        return members

    @property
    def reason(self) -> str:
        """`allowed`, `invalid_token`, `missing_access` or `wrong_tenant`."""
        return str(self._read()['verdict'])

    @property
    def is_stale(self) -> bool:
        """Whether the server could not be asked, and this is what it said before (see `stale`)."""
        return bool(self._read()['is_stale'])

    @property
    def user_uuid(self) -> Optional[str]:
        """The user whose token it is; None for an invalid token."""
        return self._text('user_uuid')

    @property
    def tenant_uuid(self) -> Optional[str]:
        """The tenant of that user; None for an invalid token."""
        return self._text('tenant_uuid')

    @property
    def session_uuid(self) -> Optional[str]:
        """The session of the token; None for an invalid token."""
        return self._text('session_uuid')

    @property
    def auth_id(self) -> Optional[str]:
        """Whom `me` in an access stands for; None for an invalid token."""
        return self._text('auth_id')

    @property
    def metadata(self) -> dict[str, Any]:
        """The metadata of the token; empty for an invalid token."""
        return self._read()['metadata'] or {}

    def _text(self, name: str) -> Optional[str]:
        text: Optional[str] = self._read()[name]
        return text


class BaseVerifier:
    """What the blocking and the asynchronous verifier have in common: the memory, and what never waits."""

    def __init__(
        self,
        client: Any,
        *,
        ttl: Optional[float] = None,
        negative_ttl: Optional[float] = None,
        stale: Optional[float] = None,
        max_tokens: Optional[int] = None,
        shared: Optional[bool] = None,
    ) -> None:
        native = _native.library()
        self._peek = native.wazo_auth_verifier_peek
        self._peek_decision = native.wazo_auth_verifier_peek_decision
        self._string_free = native.wazo_auth_string_free
        given = {
            'ttl_ms': _milliseconds('ttl', ttl),
            'negative_ttl_ms': _milliseconds('negative_ttl', negative_ttl),
            'stale_ms': _milliseconds('stale', stale),
            'max_tokens': max_tokens,
            'shared': shared,
        }
        options = json.dumps({name: value for name, value in given.items() if value is not None})
        #: The client that it was created with.
        self.client = client
        address = _native.client_address(client)
        self._handle: Optional[Handle] = _native.made(
            native.wazo_auth_verifier_new, native.wazo_auth_verifier_free, address, options.encode()
        )

    def close(self) -> None:
        """Frees the memory as soon as no call uses it. Later calls raise an exception of the kind `closed`."""
        self._handle = None

    def peek(self, token: str, required_access: Optional[str] = None, tenant_uuid: Any = None) -> Optional[Decision]:
        """The decision from memory alone. Never waits. None if it is not known."""
        handle = self._handle or _closed()
        text = OwnedText()
        is_allowed = self._peek_decision(
            handle.address, _token(token), _access(required_access), _tenant(tenant_uuid), _byref(text)
        )
        if not text:
            return None
        content = text.value
        self._string_free(text)
        return Decision(is_allowed, content or b'')

    def invalidate(self, kind: str, id: Any = None) -> None:
        """Forgets what is known of a `token`, a `session`, a `user` or a `tenant`, or of `all`.

        When it returns, nothing is decided by an answer that was asked for before, in any process that shares this
        verifier.
        """
        handle = self._handle or _closed()
        error = ctypes.c_void_p()
        text = None if id is None else str(id)
        if not _native.library().wazo_auth_verifier_invalidate(
            handle.address, _native.encode('kind', kind), _native.encode('id', text), _byref(error)
        ):
            _native.raise_error(error)

    def apply_event(self, event: Union[str, bytes, Mapping[str, Any]]) -> bool:
        """Applies a message of wazo-auth's bus: its body, or that as a dictionary, `{'name': ..., 'data': {...}}`.

        Returns whether something was forgotten. A message that says nothing about tokens returns False.
        """
        handle = self._handle or _closed()
        if isinstance(event, Mapping):
            event = json.dumps(event)
        try:
            text = event if isinstance(event, str) else str(event, 'utf-8')
        except UnicodeDecodeError:
            raise _errors.invalid_argument('event: it is not UTF-8') from None
        error = ctypes.c_void_p()
        if _native.library().wazo_auth_verifier_apply_event(
            handle.address, _native.encode('event', text), _byref(error)
        ):
            return True
        if error:
            _native.raise_error(error)
        return False

    def stats(self) -> dict[str, Any]:
        """What was counted; of a shared verifier, in all processes together. docs/decisions.md lists the counters."""
        handle = self._handle or _closed()
        error = ctypes.c_void_p()
        text = _native.library().wazo_auth_verifier_stats(handle.address, _byref(error))
        if not text:
            _native.raise_error(error)
        counters: dict[str, Any] = _native.parsed(text)
        return counters


class Verifier(BaseVerifier):
    """Decides about tokens. Thread-safe. One that was created before a fork works in every child.

    `ttl` is how long what the server said is used, `negative_ttl` how long it is remembered that it does not know a
    token, and `stale` how long after `ttl` an answer is still used while the server cannot be asked; in seconds.
    `max_tokens` is about how many tokens are remembered. `shared`: the processes that are forked after this one was
    created share what they learn. docs/options.md has the defaults.

    The client needs no token. Its settings are copied: later changes of it have no effect here. A signal handler must
    not ask the verifier: if its thread waits for a decision, it would wait for itself.
    """

    def __enter__(self) -> Verifier:
        return self

    def __exit__(self, *exception: Any) -> None:
        self.close()

    def decide(self, token: str, required_access: Optional[str] = None, tenant_uuid: Any = None) -> Decision:
        """Decides whether a token is valid, has an access, and may be used in a tenant; tells whose it is.

        Asks the server only if that is not known. Raises an exception if the server cannot be asked. The token may come
        from the network and be any text. None for the access or the tenant means that it is not checked; an empty text
        raises `InvalidArgument`.
        """
        handle = self._handle or _closed()
        text = OwnedText()
        question = (handle.address, _token(token), _access(required_access), _tenant(tenant_uuid))
        is_allowed = self._peek_decision(*question, _byref(text))
        if not text:
            hub = _hub()
            if hub is not None:
                return _brought_by(hub, question)
            if _signals.to_watch is not None:
                _signals.watch()
            error = ctypes.c_void_p()
            is_allowed = _native.library().wazo_auth_verifier_decide(*question, _byref(text), _byref(error))
            if not text:
                _native.raise_error(error)
        content = text.value
        self._string_free(text)
        return Decision(is_allowed, content or b'')

    def check(self, token: str, required_access: Optional[str] = None, tenant_uuid: Any = None) -> bool:
        """Whether the answer is yes: `decide`, without telling whose the token is."""
        handle = self._handle or _closed()
        question = (handle.address, _token(token), _access(required_access), _tenant(tenant_uuid))
        if self._peek(*question, None):
            return True
        hub = _hub()
        if hub is not None:
            return bool(self.decide(token, required_access, tenant_uuid))
        if _signals.to_watch is not None:
            _signals.watch()
        error = ctypes.c_void_p()
        if _native.library().wazo_auth_verifier_check(*question, None, _byref(error)):
            return True
        if error:
            _native.raise_error(error)
        return False


class AsyncVerifier(BaseVerifier):
    """A `Verifier` for asyncio: `decide` and `check` are awaited. What is known is decided at once, from memory.

    The constructor has the keywords of `Verifier`; the client may be a `Client` or an `AsyncClient`. No thread waits for
    the server. A task that is cancelled leaves nothing behind, and others that wait for the same answer still get it.
    Works in several event loops at once, and in every forked child.
    """

    @classmethod
    def of(cls, verifier: BaseVerifier) -> AsyncVerifier:
        """A verifier that uses the memory of another, for a program that asks in both ways. Each is closed on its own."""
        if isinstance(verifier, cls):
            return verifier
        made = cls.__new__(cls)
        made.__dict__.update(verifier.__dict__)
        return made

    async def __aenter__(self) -> AsyncVerifier:
        return self

    async def __aexit__(self, *exception: Any) -> None:
        self.close()

    async def aclose(self) -> None:
        """The same as `close`."""
        self.close()

    async def decide(self, token: str, required_access: Optional[str] = None, tenant_uuid: Any = None) -> Decision:
        """Decides as `Verifier.decide`, and raises what that raises."""
        known = self.peek(token, required_access, tenant_uuid)
        if known is not None:
            return known
        from .aio import _ended  # loads asyncio, which a program without it does not need

        handle = self._handle or _closed()
        question = (handle.address, _token(token), _access(required_access), _tenant(tenant_uuid))
        try:
            return Decision._of(await _ended(lambda queue: _native.submit_question(queue, question), False))
        except NativeError as error:
            raise _errors.to_exception(error) from None

    async def check(self, token: str, required_access: Optional[str] = None, tenant_uuid: Any = None) -> bool:
        """Whether the answer is yes: `decide`, without telling whose the token is."""
        handle = self._handle or _closed()
        if self._peek(handle.address, _token(token), _access(required_access), _tenant(tenant_uuid), None):
            return True
        return bool(await self.decide(token, required_access, tenant_uuid))


def _hub() -> Any:
    """The hub of gevent in a program that gevent has patched; else None, for a question that blocks the thread."""
    if 'gevent' not in sys.modules:
        return None
    from . import _gevent

    return _gevent.hub()


def _brought_by(hub: Any, question: Question) -> Decision:
    """The decision, for which only this greenlet waits."""
    try:
        return Decision._of(hub.call(lambda queue: _native.submit_question(queue, question), False))
    except NativeError as error:
        raise _errors.to_exception(error) from None


def _closed() -> NoReturn:
    made = _errors.closed()
    made.args = ('this verifier was closed',)
    raise made


def _milliseconds(name: str, seconds: Optional[float]) -> Optional[int]:
    if seconds is None:
        return None
    if isinstance(seconds, bool) or not isinstance(seconds, (int, float)) or not 0 <= seconds < float('inf'):
        raise _errors.invalid_argument(f'{name}: expected a number of seconds, 0 or more')
    return round(seconds * 1000)


def _token(token: str) -> bytes:
    """The token as the library takes it: whatever the network sent is an answer no, and never an error."""
    encoded = token.encode('utf-8', 'surrogatepass')
    # C would cut the token short, and decide about its beginning. No token has a control character.
    return encoded.replace(b'\0', b'\1') if b'\0' in encoded else encoded


def _access(access: Optional[str]) -> Optional[bytes]:
    if access is None:
        return None
    if not access:
        # The library says so as well, but a peek has no error, and nothing would be known.
        raise _errors.invalid_argument('required_access: it is empty; None checks no access')
    return _native.encode('required_access', access)


def _tenant(tenant: Any) -> Optional[bytes]:
    if tenant is None:
        return None
    text = tenant if type(tenant) is str else str(tenant)
    if not text:
        raise _errors.invalid_argument('tenant_uuid: it is empty; None checks no tenant')
    return _native.encode('tenant_uuid', text)
