"""What the resources of a client share: its settings, and the library's handle, which the first call creates.

A resource refers to the session and not to the client. Without a reference cycle, the connections are closed together
with the last reference to the client, and not at some later garbage collection.
"""
from __future__ import annotations

import json
import os
import threading
from collections import namedtuple
from collections.abc import Mapping

from . import _errors
from ._native import Handle, NativeError
from ._response import Headers

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, NamedTuple, Optional

    from .exceptions import WazoAuthError

    class _Answer(NamedTuple):
        status: int
        headers: Headers
        result: Any

else:
    _Answer = namedtuple('_Answer', 'status headers result')

# One lock for creating and changing all handles. No request is sent while it is held. A fork acquires it first, so that
# the child process gets a free lock and no session in the middle of a change.
_changes = threading.RLock()
if hasattr(os, 'register_at_fork'):
    os.register_at_fork(
        before=_changes.acquire, after_in_parent=_changes.release, after_in_child=_changes.release
    )

#: The settings that can change in an existing handle; the others need a new one.
IDENTITY = frozenset({'token', 'tenant_uuid', 'username', 'password'})


class Answer(_Answer):
    """A successful response: the HTTP status, the headers, and the result of the operation.

    It is false only if the result is False: the operation asks a question, such as `token.check`, and the answer is no.
    """

    __slots__ = ()

    def __bool__(self) -> bool:
        # A tuple is true, and `if client.call('token.check', ...)` would then take every no for a yes.
        return self.result is not False


class Session:
    """The settings and the handle of one client."""

    def __init__(self, settings: Mapping[str, Optional[str]], operations: Mapping[str, Any]) -> None:
        self._settings = {key: value for key, value in settings.items() if value is not None}
        self._handle: Optional[Handle] = None
        self._closed = False
        #: The generated description of each operation.
        self.operations = operations

    def change(self, settings: Mapping[str, Optional[str]]) -> None:
        """Changes settings for the calls that begin afterwards; None unsets a setting."""
        with _changes:
            for key, value in settings.items():
                if self._handle is not None and key in IDENTITY:
                    try:
                        self._handle.set(key, value)
                    except NativeError as error:
                        raise _errors.to_exception(error) from None
                else:
                    self._handle = None
                if value is None:
                    self._settings.pop(key, None)
                else:
                    self._settings[key] = value

    def close(self) -> None:
        """Closes the connections as soon as no call uses them."""
        with _changes:
            self._closed = True
            self._handle = None

    def _native(self) -> Handle:
        handle = self._handle
        if handle is None:
            with _changes:
                if self._closed:
                    raise _errors.closed()
                if self._handle is None:
                    self._handle = Handle(self._settings)
                handle = self._handle
        return handle

    def result(self, operation: str, arguments: Mapping[str, Any]) -> Any:
        """Calls an operation with the arguments of the C function wazo_auth_call(). Returns its result."""
        text = _arguments_json(operation, arguments)
        try:
            return (self._handle or self._native()).result(operation, text)
        except NativeError as error:
            raise _errors.to_exception(error) from None

    def call(self, operation: str, arguments: Mapping[str, Any]) -> Answer:
        """The same. Returns the status and the headers as well."""
        text = _arguments_json(operation, arguments)
        try:
            return _answer((self._handle or self._native()).response(operation, text))
        except NativeError as error:
            raise _errors.to_exception(error) from None

    def request(self, method: str, path: str, query: Optional[Mapping[str, Any]] = None, body: Any = None) -> Answer:
        """Sends a request for which there is no operation."""
        query_text = None if query is None else _json(path, query)
        body_text = None if body is None else _json(path, body)
        try:
            return _answer(self._native().request(method, path, query_text, body_text))
        except NativeError as error:
            raise _errors.to_exception(error) from None


def _answer(answer: Mapping[str, Any]) -> Answer:
    return Answer(answer['status'], Headers(answer['headers']), answer['result'])


def _arguments_json(operation: str, arguments: Mapping[str, Any]) -> str:
    """The arguments as a JSON object. Most are texts, which json encodes much faster alone than in a dictionary."""
    try:
        return '{' + ', '.join([f'{_encode(name)}: {_encode(value)}' for name, value in arguments.items()]) + '}'
    except ValueError as error:
        raise _not_json(operation, error) from None


def _json(path: str, value: Any) -> str:
    try:
        return _encode(value)
    except ValueError as error:
        raise _not_json(path, error) from None


def _not_json(operation: str, error: ValueError) -> WazoAuthError:
    """The exception for NaN, or for a list that holds itself."""
    return _errors.invalid_argument(f'{operation}: {error}', operation)


def _plain(value: Any) -> Any:
    """Converts what the json module cannot write: UUIDs, and mappings that are no dict."""
    from uuid import UUID  # loads `platform` and more, which a program without UUIDs does not need

    if isinstance(value, UUID):
        return str(value)
    if isinstance(value, Mapping):
        return dict(value)
    raise TypeError(f'a {type(value).__name__} cannot be sent as JSON')


# Made once: json.dumps() with these settings would make one for each call.
_encode = json.JSONEncoder(default=_plain, allow_nan=False).encode
