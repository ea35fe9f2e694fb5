"""The handles of the library as Python objects: a client, and a queue of calls.

Takes options by key and arguments as JSON, returns results as Python objects, and frees all memory that the library
returns. Only this file and `_library.py` use ctypes for calls.

An operation that succeeds costs two calls of the library: the operation itself, and freeing its result. Its status and
headers are fetched only where they are shown. tests/python/test_cost.py counts.
"""
from __future__ import annotations

import ctypes
import json

from . import _kinds, _signals
from ._library import ADDRESS, WAKE_UP, LibraryNotFound, OwnedText, library, version

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any, NoReturn, Optional

__all__ = ['Handle', 'LibraryNotFound', 'NativeError', 'Queue', 'library', 'operations', 'version']

#: The number of calls that a queue can hold. More than a program has connections: it limits them itself. The library
#: allows more, but a queue has 32 bytes for each from the beginning, and each event loop has a queue.
_QUEUE_LIMIT = 1 << 17


class NativeError(Exception):
    """An error of the library. `_errors` converts it to the exception that the caller sees."""

    def __init__(self, failure: dict[str, Any], answer: Optional[dict[str, Any]]) -> None:
        super().__init__(failure.get('message'))
        self.failure = failure
        self.answer = answer


def _encode(what: str, text: Optional[str]) -> Optional[bytes]:
    """The text as UTF-8. The error contains `what` and not the text, which may be a password."""
    if text is None:
        return None
    if '\0' in text:
        # C would cut the text short.
        raise ValueError(f'{what}: a text without NUL characters is expected')
    try:
        return text.encode('utf-8')
    except UnicodeEncodeError:
        raise ValueError(f'{what}: a text that UTF-8 can hold is expected, not one with lone surrogates') from None


def _error(address: Optional[int]) -> NativeError:
    """An error of the library, which stays the owner of it."""
    if address is None:
        kind = {'kind': _kinds.NUMBERS[_kinds.INTERNAL], 'kind_name': _kinds.INTERNAL}
        return NativeError({**kind, 'message': 'failed without an error'}, None)
    native = library()
    failure = json.loads(native.wazo_auth_error_json(address))
    answer = native.wazo_auth_error_response(address)
    return NativeError(failure, None if answer is None else json.loads(answer))


def raise_error(error: ctypes.c_void_p) -> NoReturn:
    """Raises an error of the library, and frees it."""
    try:
        raised = _error(error.value)
    finally:
        library().wazo_auth_error_free(error)
    if raised.failure['kind_name'] == _kinds.CANCELLED:
        # By a handler, which has raised an exception such as KeyboardInterrupt. Not after another error: an exception can
        # be left of an earlier call, if a second handler has raised another one before this line.
        _signals.raise_caught()
    raise raised


# Without what json.loads() does around it: to look for whitespace, with regular expressions, takes longer than to read
# a small result.
_decode = json.JSONDecoder().raw_decode


def _parsed(text: OwnedText) -> Any:
    """Parses a JSON text that the library returned, and frees it."""
    try:
        copied = text.value or b''
    finally:
        library().wazo_auth_string_free(text)
    return _decode(str(copied, 'utf-8').lstrip())[0]


def operations() -> Any:
    """The library's own table of operations."""
    return json.loads(library().wazo_auth_operations())


class Handle:
    """A client handle of the library. It is freed with the last reference.

    A running call has its own reference, so one thread can drop the handle during a call of another.
    """

    _address: Optional[int] = None

    def __init__(self, options: Mapping[str, str]) -> None:
        native = library()
        self._call, self._call_response = native.wazo_auth_call, native.wazo_auth_call_response
        # For __del__, which may run when the interpreter has already cleared its modules.
        self._free = native.wazo_auth_client_free
        error = ADDRESS()
        made = native.wazo_auth_options_new()
        try:
            for key, value in options.items():
                text = _encode(key, value)
                if not native.wazo_auth_options_set(made, _encode('option', key), text, ctypes.byref(error)):
                    raise_error(error)
            self._address = native.wazo_auth_client_new(made, ctypes.byref(error))
        finally:
            native.wazo_auth_options_free(made)
        if not self._address:
            raise_error(error)

    def __del__(self) -> None:
        if self._address:
            self._free(self._address)
            self._address = None

    @property
    def address(self) -> Optional[int]:
        """The address of the handle, for functions of the library; valid as long as this object."""
        return self._address

    def set(self, key: str, value: Optional[str]) -> None:
        """Changes the token, the tenant, the user name or the password; None unsets it."""
        error = ADDRESS()
        text = _encode(key, value)
        if not library().wazo_auth_client_set(self._address, _encode('option', key), text, ctypes.byref(error)):
            raise_error(error)

    def result(self, operation: str, arguments: str) -> Any:
        """Calls an operation. Returns its result; False if the operation asks a question and the answer is no."""
        if _signals.to_watch is not None:
            _signals.watch()
        error = ADDRESS()
        text = self._call(self._address, _encode('operation', operation), arguments.encode(), ctypes.byref(error))
        if text:
            return _parsed(text)
        if error:
            raise_error(error)
        return False

    def response(self, operation: str, arguments: str) -> Any:
        """Calls an operation. Returns `status`, `headers` and `result`."""
        if _signals.to_watch is not None:
            _signals.watch()
        error = ADDRESS()
        text = self._call_response(
            self._address, _encode('operation', operation), arguments.encode(), ctypes.byref(error)
        )
        if not text:
            raise_error(error)
        return _parsed(text)

    def request(self, method: str, path: str, query: Optional[str], body: Optional[str]) -> Any:
        """Sends a request for which there is no operation. Returns `status`, `headers` and `result`."""
        if _signals.to_watch is not None:
            _signals.watch()
        error = ADDRESS()
        text = library().wazo_auth_request(
            self._address,
            _encode('method', method),
            _encode('path', path),
            _encode('query', query),
            _encode('body', body),
            ctypes.byref(error),
        )
        if not text:
            raise_error(error)
        return _parsed(text)


class Queue:
    """A queue handle of the library: calls that are submitted, and completions that are taken. It never blocks."""

    _address: Optional[int] = None

    def __init__(self) -> None:
        native = library()
        self._native, self._free = native, native.wazo_auth_queue_free
        self._wake_up: Any = None
        error = ADDRESS()
        self._address = native.wazo_auth_queue_new(_QUEUE_LIMIT, ctypes.byref(error))
        if not self._address:
            raise_error(error)

    def __del__(self) -> None:
        if self._address:
            self._free(self._address)
            self._address = None

    def descriptor(self) -> int:
        """The file descriptor that is readable while the queue holds completions; -1 if there is none (Windows)."""
        return int(self._native.wazo_auth_queue_descriptor(self._address))

    def set_wake_up(self, wake_up: Callable[[], None]) -> None:
        """Sets a function that the library calls on its own thread when a completion arrives in the empty queue."""
        error = ADDRESS()
        called = WAKE_UP(lambda _: wake_up())
        if not self._native.wazo_auth_queue_set_wake_up(self._address, called, None, ctypes.byref(error)):
            raise_error(error)
        self._wake_up = called  # ctypes frees the function with the last reference

    def submit(self, handle: Handle, operation: str, arguments: str) -> int:
        """Submits a call of an operation. Returns the number of the call."""
        error = ADDRESS()
        number: int = self._native.wazo_auth_queue_submit(
            self._address, handle._address, _encode('operation', operation), arguments.encode(), None, ctypes.byref(error)
        )
        return number or raise_error(error)

    def submit_request(
        self, handle: Handle, method: str, path: str, query: Optional[str], body: Optional[str]
    ) -> int:
        """Submits a request for which there is no operation. Returns the number of the call."""
        error = ADDRESS()
        number: int = self._native.wazo_auth_queue_submit_request(
            self._address,
            handle._address,
            _encode('method', method),
            _encode('path', path),
            _encode('query', query),
            _encode('body', body),
            None,
            ctypes.byref(error),
        )
        return number or raise_error(error)

    def cancel(self, number: int) -> None:
        """Ends a call. Its completion still arrives."""
        self._native.wazo_auth_queue_cancel(self._address, number)

    def next(self) -> Optional[Completion]:
        """Takes the completion that has waited longest; None if there is none."""
        address = self._native.wazo_auth_queue_next(self._address, 0)
        return Completion(self._native, address) if address else None


class Completion:
    """The end of a call that was submitted. To be read once."""

    def __init__(self, native: Any, address: int) -> None:
        self._native, self._address = native, address
        self.number = native.wazo_auth_completion_id(address)

    def read(self, whole: bool) -> Any:
        """The result; `whole`: a dictionary of `status`, `headers` and `result`. Raises NativeError if the call failed.
        Frees the completion."""
        native = self._native
        try:
            error = native.wazo_auth_completion_error(self._address)
            if error:
                raise _error(error)
            read = native.wazo_auth_completion_response if whole else native.wazo_auth_completion_result
            return _decode(str(read(self._address), 'utf-8').lstrip())[0]
        finally:
            self.free()

    def free(self) -> None:
        """Frees the completion without reading it."""
        if self._address:
            self._native.wazo_auth_completion_free(self._address)
            self._address = 0
