"""Finds and loads the shared library, and declares the functions that this package calls.

Only this file uses ctypes. It takes options by key and arguments as JSON, and returns results as Python objects. It
frees all memory that the library returns.

An operation that succeeds costs two calls of the library: the operation itself, and freeing its result. Its status and
headers are fetched only where they are shown. tests/python/test_cost.py counts.
"""
from __future__ import annotations

import ctypes
import json
import os
import sys
from types import SimpleNamespace

from . import _kinds

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any, NoReturn, Optional

#: The environment variable with the path of the library, for development and for special installations.
LIBRARY_VARIABLE = 'WAZO_AUTH_CLIENT_LIBRARY'

_FILE_NAMES = {'darwin': 'libwazo_auth_client.dylib', 'win32': 'wazo_auth_client.dll'}


class _OwnedText(ctypes.c_char_p):
    """A text that has to be freed. ctypes converts a plain c_char_p to bytes, and loses the address."""


_ADDRESS = ctypes.c_void_p
_TEXT = ctypes.c_char_p
_ERROR_OUT = ctypes.POINTER(ctypes.c_void_p)
# These may take time: other Python threads run meanwhile, because `ctypes.CDLL` releases the GIL.
_FUNCTIONS = {
    'wazo_auth_options_new': (_ADDRESS, []),
    'wazo_auth_options_set': (ctypes.c_bool, [_ADDRESS, _TEXT, _TEXT, _ERROR_OUT]),
    'wazo_auth_options_free': (None, [_ADDRESS]),
    'wazo_auth_client_new': (_ADDRESS, [_ADDRESS, _ERROR_OUT]),
    'wazo_auth_client_set': (ctypes.c_bool, [_ADDRESS, _TEXT, _TEXT, _ERROR_OUT]),
    'wazo_auth_client_free': (None, [_ADDRESS]),
    'wazo_auth_call': (_OwnedText, [_ADDRESS, _TEXT, _TEXT, _ERROR_OUT]),
    'wazo_auth_call_response': (_OwnedText, [_ADDRESS, _TEXT, _TEXT, _ERROR_OUT]),
    'wazo_auth_request': (_OwnedText, [_ADDRESS, _TEXT, _TEXT, _TEXT, _TEXT, _ERROR_OUT]),
}
# These only touch memory. `ctypes.PyDLL` keeps the GIL: a thread that released it may have to wait for it again.
_ACCESSORS = {
    'wazo_auth_version': (_TEXT, []),
    'wazo_auth_operations': (_TEXT, []),
    'wazo_auth_string_free': (None, [_OwnedText]),
    'wazo_auth_error_json': (_TEXT, [_ADDRESS]),
    'wazo_auth_error_response': (_TEXT, [_ADDRESS]),
    'wazo_auth_error_free': (None, [_ADDRESS]),
}


class LibraryNotFound(ImportError):
    """The shared library could not be loaded; the message lists the paths that were tried, and why they failed."""


class NativeError(Exception):
    """An error of the library. `_errors` converts it to the exception that the caller sees."""

    def __init__(self, failure: dict[str, Any], answer: Optional[dict[str, Any]]) -> None:
        super().__init__(failure.get('message'))
        self.failure = failure
        self.answer = answer


_loaded: Optional[SimpleNamespace] = None


def library() -> SimpleNamespace:
    """The functions of the library, as attributes. The first call loads it.

    There is no lock: to load it twice is harmless, while a lock that another thread holds during a fork would stay
    locked in the child process for ever.
    """
    global _loaded
    if _loaded is None:
        _loaded = _load()
    return _loaded


def _candidates() -> list[str]:
    named = os.environ.get(LIBRARY_VARIABLE)
    if named:
        # No fallback: it would hide a wrong path.
        return [named]
    file_name = _FILE_NAMES.get(sys.platform, 'libwazo_auth_client.so')
    return [os.path.join(os.path.dirname(os.path.abspath(__file__)), '_native', file_name), file_name]


def _load() -> SimpleNamespace:
    tried = []
    for candidate in _candidates():
        try:
            loaded = ctypes.CDLL(candidate)
            return SimpleNamespace(
                **_declared(loaded, _FUNCTIONS),
                **_declared(ctypes.PyDLL(candidate, handle=loaded._handle), _ACCESSORS),
            )
        except OSError as error:
            tried.append(f'{candidate}: {error}')
        except AttributeError as error:
            tried.append(f'{candidate}: not the library of this version of the package ({error})')
    raise LibraryNotFound(
        'the library of wazo-auth-client could not be loaded. Tried:\n  '
        + '\n  '.join(tried)
        + f'\nInstall a wheel that holds it, or name the file in {LIBRARY_VARIABLE}'
        + ' (from a checkout: cargo build --release makes target/release/libwazo_auth_client.so).'
    )


def _declared(loaded: ctypes.CDLL, functions: Mapping[str, Any]) -> dict[str, Any]:
    found = {}
    for name, (result, arguments) in functions.items():
        found[name] = function = getattr(loaded, name)
        function.restype, function.argtypes = result, arguments
    return found


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


def _raise(error: ctypes.c_void_p) -> NoReturn:
    """Raises an error of the library, and frees it."""
    native = library()
    address = error.value
    if address is None:
        kind = {'kind': _kinds.NUMBERS[_kinds.INTERNAL], 'kind_name': _kinds.INTERNAL}
        raise NativeError({**kind, 'message': 'failed without an error'}, None)
    try:
        failure = json.loads(native.wazo_auth_error_json(address))
        answer = native.wazo_auth_error_response(address)
        raise NativeError(failure, None if answer is None else json.loads(answer))
    finally:
        native.wazo_auth_error_free(address)


# Without what json.loads() does around it: to look for whitespace, with regular expressions, takes longer than to read
# a small result.
_decode = json.JSONDecoder().raw_decode


def _parsed(text: _OwnedText) -> Any:
    """Parses a JSON text that the library returned, and frees it."""
    try:
        copied = text.value or b''
    finally:
        library().wazo_auth_string_free(text)
    return _decode(str(copied, 'utf-8').lstrip())[0]


def version() -> str:
    """The version of the loaded library."""
    return str(library().wazo_auth_version(), 'utf-8')


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
        error = ctypes.c_void_p()
        made = native.wazo_auth_options_new()
        try:
            for key, value in options.items():
                text = _encode(key, value)
                if not native.wazo_auth_options_set(made, _encode('option', key), text, ctypes.byref(error)):
                    _raise(error)
            self._address = native.wazo_auth_client_new(made, ctypes.byref(error))
        finally:
            native.wazo_auth_options_free(made)
        if not self._address:
            _raise(error)

    def __del__(self) -> None:
        if self._address:
            self._free(self._address)
            self._address = None

    def set(self, key: str, value: Optional[str]) -> None:
        """Changes the token, the tenant, the user name or the password; None unsets it."""
        error = ctypes.c_void_p()
        text = _encode(key, value)
        if not library().wazo_auth_client_set(self._address, _encode('option', key), text, ctypes.byref(error)):
            _raise(error)

    def result(self, operation: str, arguments: str) -> Any:
        """Calls an operation. Returns its result; False if the operation asks a question and the answer is no."""
        error = _ADDRESS()
        text = self._call(self._address, _encode('operation', operation), arguments.encode(), ctypes.byref(error))
        if text:
            return _parsed(text)
        if error:
            _raise(error)
        return False

    def response(self, operation: str, arguments: str) -> Any:
        """Calls an operation. Returns `status`, `headers` and `result`."""
        error = _ADDRESS()
        text = self._call_response(
            self._address, _encode('operation', operation), arguments.encode(), ctypes.byref(error)
        )
        if not text:
            _raise(error)
        return _parsed(text)

    def request(self, method: str, path: str, query: Optional[str], body: Optional[str]) -> Any:
        """Sends a request for which there is no operation. Returns `status`, `headers` and `result`."""
        error = _ADDRESS()
        text = library().wazo_auth_request(
            self._address,
            _encode('method', method),
            _encode('path', path),
            _encode('query', query),
            _encode('body', body),
            ctypes.byref(error),
        )
        if not text:
            _raise(error)
        return _parsed(text)
