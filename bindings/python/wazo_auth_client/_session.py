"""What the resources of a client share: its settings, and the library's handle, which the first call creates.

A resource refers to the session and not to the client. Without a reference cycle, the connections are closed together
with the last reference to the client, and not at some later garbage collection.
"""
from __future__ import annotations

import json
import os
import threading
from collections.abc import Mapping
from typing import Any, NamedTuple, Optional
from uuid import UUID

from . import _errors
from ._native import Handle, NativeError
from ._response import Headers

# One lock for creating and changing all handles. No request is sent while it is held. A fork acquires it first, so that
# the child process gets a free lock and no session in the middle of a change.
_changes = threading.RLock()
if hasattr(os, 'register_at_fork'):
    os.register_at_fork(
        before=_changes.acquire, after_in_parent=_changes.release, after_in_child=_changes.release
    )

#: The settings that can change in an existing handle; the others need a new one.
IDENTITY = frozenset({'token', 'tenant_uuid', 'username', 'password'})


class Answer(NamedTuple):
    """A successful response: the HTTP status, the headers, and the result of the operation.

    It is false only if the result is False: the operation asks a question, such as `token.check`, and the answer is no.
    """

    status: int
    headers: Headers
    result: Any

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

    def call(self, operation: str, arguments: Mapping[str, Any]) -> Answer:
        """Calls an operation with the arguments of the C function wazo_auth_call()."""
        text = _json(operation, arguments)
        try:
            return _answer(self._native().call(operation, text))
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


def _json(operation: str, value: Any) -> str:
    try:
        return json.dumps(value, default=_plain, allow_nan=False)
    except ValueError as error:  # NaN, or a list that holds itself
        raise _errors.invalid_argument(f'{operation}: {error}', operation) from None


def _plain(value: Any) -> Any:
    """Converts what the json module cannot write: UUIDs, and mappings that are no dict."""
    if isinstance(value, UUID):
        return str(value)
    if isinstance(value, Mapping):
        return dict(value)
    raise TypeError(f'a {type(value).__name__} cannot be sent as JSON')
