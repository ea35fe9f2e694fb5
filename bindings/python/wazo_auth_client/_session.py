"""What the resources of a client share: its settings, the library's handle, which the first call creates, and the way
of a call: the arguments become JSON, the library carries the call out, the result or the exception is returned.

A resource refers to the session and not to the client. Without a reference cycle, the connections are closed together
with the last reference to the client, and not at some later garbage collection.
"""
from __future__ import annotations

import json
import os
import sys
import threading
from collections import namedtuple
from collections.abc import Mapping
from time import perf_counter

from . import _errors, _log, _settings
from ._native import Handle, NativeError
from ._response import Headers

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from logging import Logger
    from typing import Any, NamedTuple, Optional
    from weakref import ref

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

#: The settings that can change in an existing handle, with the option of the library; the others need a new handle.
_IDENTITY = {'token': 'token', 'tenant': 'tenant_uuid', 'username': 'username', 'password': 'password'}


class Answer(_Answer):
    """A successful response: the HTTP status, the headers, and the result of the operation.

    It is false only if the result is False: the operation asks a question, such as `token.check`, and the answer is no.
    """

    __slots__ = ()

    def __bool__(self) -> bool:
        # A tuple is true, and `if client.call('token.check', ...)` would then take every no for a yes.
        return self.result is not False


class BaseSession:
    """The settings and the handle of one client."""

    def __init__(self, given: dict[str, Any], operations: Mapping[str, Any]) -> None:
        #: The settings as the constructor of the client took them.
        self.given = given
        #: The generated description of each operation.
        self.operations = operations
        #: The client, while it exists.
        self.client: Optional[ref[Any]] = None
        #: Makes another client of a session, when that one is gone. The client sets it.
        self.make_client: Callable[[BaseSession], Any]
        self._options = {key: value for key, value in _settings.options(given).items() if value is not None}
        #: Makes a handle from options. A client that is bound to a renewer has another way (`_binding.py`).
        self.make_handle: Callable[[dict[str, str]], Handle] = Handle
        self._handle: Optional[Handle] = None
        self._closed = False

    def change(self, name: str, value: Any) -> None:
        """Changes a setting for the calls that begin afterwards."""
        with _changes:
            given = {**self.given, name: value}
            changed = _settings.options(given)
            if self._handle is not None and name in _IDENTITY:
                option = _IDENTITY[name]
                try:
                    self._handle.set(option, changed[option])
                except NativeError as error:
                    raise _errors.to_exception(error) from None
            else:
                self._handle = None
            self._options = {key: value for key, value in changed.items() if value is not None}
            self.given = given

    def close(self) -> None:
        """Closes the connections as soon as no call uses them."""
        with _changes:
            self._closed = True
            self._handle = None

    def handle(self) -> Handle:
        """The handle of the library, which is created if there is none."""
        handle = self._handle
        if handle is None:
            with _changes:
                if self._closed:
                    raise _errors.closed()
                if self._handle is None:
                    try:
                        self._handle = self.make_handle(self._options)
                    except NativeError as error:
                        raise _errors.to_exception(error) from None
                handle = self._handle
        return handle

    def failed(
        self, error: NativeError, operation: str, arguments: Mapping[str, Any], log: Optional[Logger], begun: float
    ) -> WazoAuthError:
        """The exception for a call that failed; logs the end of the call."""
        raised = _errors.to_exception(error, self, operation, arguments)
        if log is not None:
            self.log_end(log, operation, arguments, raised.status, begun, raised.kind)
        return raised

    def log_end(
        self,
        log: Logger,
        operation: str,
        arguments: Mapping[str, Any],
        status: Optional[int],
        begun: float,
        kind: Optional[str] = None,
    ) -> None:
        """Logs the end of a call: of an operation, or of a request for which there is none (`GET /path`)."""
        from . import _masked

        seconds = perf_counter() - begun
        method, path = _masked.shown(self.given, operation, arguments)
        _log.ended(log, operation if operation in self.operations else None, method, path, status, kind, seconds)


class Session(BaseSession):
    """The session of a client whose calls block."""

    def perform(
        self,
        operation: str,
        arguments: Mapping[str, Any],
        finish: Optional[Callable[[Any], Any]] = None,
        whole: bool = False,
        forgive: bool = False,
    ) -> Any:
        """Calls an operation with the arguments of the C function wazo_auth_call(). Returns its result; `whole`: an
        Answer with its status and headers as well.

        `finish` converts what is returned. `forgive`: an HTTP error of the server is no exception, and returns None.
        """
        text = arguments_json(operation, arguments)
        log = _log.debugging()
        begun = perf_counter() if log is not None else 0.0
        try:
            handle = self._handle or self.handle()
            if 'gevent' in sys.modules and (hub := _gevent_hub()) is not None:
                answer = hub.call(lambda queue: queue.submit(handle, operation, text), whole or log is not None)
            elif whole or log is not None:
                answer = handle.response(operation, text)
            else:
                answer = handle.result(operation, text)
        except NativeError as error:
            raised = self.failed(error, operation, arguments, log, begun)
            if forgive and _errors.is_refusal(raised):
                return None
            raise raised from None
        if log is not None:
            self.log_end(log, operation, arguments, answer['status'], begun)
            answer = answer if whole else answer['result']
        if whole:
            answer = to_answer(answer)
        return finish(answer) if finish is not None else answer

    def request(self, method: str, path: str, query: Optional[Mapping[str, Any]] = None, body: Any = None) -> Answer:
        """Sends a request for which there is no operation."""
        query_text, body_text = request_json(path, query, body)
        log = _log.debugging()
        begun = perf_counter() if log is not None else 0.0
        try:
            handle = self._handle or self.handle()
            if 'gevent' in sys.modules and (hub := _gevent_hub()) is not None:
                given = (handle, method, path, query_text, body_text)
                answer = hub.call(lambda queue: queue.submit_request(*given), True)
            else:
                answer = handle.request(method, path, query_text, body_text)
        except NativeError as error:
            raise self.failed(error, f'{method} {path}', {}, log, begun) from None
        if log is not None:
            self.log_end(log, f'{method} {path}', {}, answer['status'], begun)
        return to_answer(answer)


def _gevent_hub() -> Any:
    """The hub of gevent in a program that gevent has patched; else None, for a call that blocks the thread."""
    from . import _gevent

    return _gevent.hub()


def to_answer(answer: Mapping[str, Any]) -> Answer:
    """What the library returns of a whole response, as an Answer."""
    return Answer(answer['status'], Headers(answer['headers']), answer['result'])


def arguments_json(operation: str, arguments: Mapping[str, Any]) -> str:
    """The arguments as a JSON object. Most are texts, which json encodes much faster alone than in a dictionary."""
    try:
        return '{' + ', '.join([f'{_encode(name)}: {_encode(value)}' for name, value in arguments.items()]) + '}'
    except ValueError as error:
        raise _not_json(operation, error) from None


def request_json(path: str, query: Any, body: Any) -> tuple[Optional[str], Optional[str]]:
    """The query and the body of a request as JSON; None stays None."""
    try:
        return None if query is None else _encode(query), None if body is None else _encode(body)
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
