"""The shared library: found, loaded once, and the functions of it that this package calls.

All of ctypes is in this file. What crosses it is text: options by key, arguments and answers as JSON. Whatever the
library hands over to its caller is freed here, so that no other file knows that there is anything to free.

The functions are called through `ctypes.CDLL`, which lets other Python threads run while one waits for the server.
"""
from __future__ import annotations

import ctypes
import json
import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NoReturn, Optional

from . import _kinds

#: Names the library's file, for development and for systems that keep it in a place of their own.
LIBRARY_VARIABLE = 'WAZO_AUTH_CLIENT_LIBRARY'

_FILE_NAMES = {'darwin': 'libwazo_auth_client.dylib', 'win32': 'wazo_auth_client.dll'}

# Every pointer is a plain address (c_void_p) and not a c_char_p where the library gives a text away: ctypes would turn
# a c_char_p into bytes at once and forget the address that has to be freed.
_ADDRESS = ctypes.c_void_p
_TEXT = ctypes.c_char_p
_ERROR_OUT = ctypes.POINTER(ctypes.c_void_p)
_FUNCTIONS = {
    'wazo_auth_version': (_TEXT, []),
    'wazo_auth_operations': (_TEXT, []),
    'wazo_auth_string_free': (None, [_ADDRESS]),
    'wazo_auth_options_new': (_ADDRESS, []),
    'wazo_auth_options_set': (ctypes.c_bool, [_ADDRESS, _TEXT, _TEXT, _ERROR_OUT]),
    'wazo_auth_options_free': (None, [_ADDRESS]),
    'wazo_auth_client_new': (_ADDRESS, [_ADDRESS, _ERROR_OUT]),
    'wazo_auth_client_set': (ctypes.c_bool, [_ADDRESS, _TEXT, _TEXT, _ERROR_OUT]),
    'wazo_auth_client_free': (None, [_ADDRESS]),
    'wazo_auth_call_response': (_ADDRESS, [_ADDRESS, _TEXT, _TEXT, _ERROR_OUT]),
    'wazo_auth_request': (_ADDRESS, [_ADDRESS, _TEXT, _TEXT, _TEXT, _TEXT, _ERROR_OUT]),
    'wazo_auth_error_json': (_TEXT, [_ADDRESS]),
    'wazo_auth_error_response': (_TEXT, [_ADDRESS]),
    'wazo_auth_error_free': (None, [_ADDRESS]),
}


class LibraryNotFound(ImportError):
    """The shared library could not be loaded; the text names each place that was tried and why it failed."""


class NativeError(Exception):
    """An error as the library describes it; `_errors` turns it into the exception that the caller sees."""

    def __init__(self, failure: dict[str, Any], answer: Optional[dict[str, Any]]) -> None:
        super().__init__(failure.get('message'))
        self.failure = failure
        self.answer = answer


_loaded: Optional[ctypes.CDLL] = None


def library() -> ctypes.CDLL:
    """The library, loaded when first needed.

    There is no lock: loading twice gives the same library twice, while a lock that another thread holds during a fork
    would stay closed in the child for ever.
    """
    global _loaded
    if _loaded is None:
        _loaded = _load()
    return _loaded


def _candidates() -> list[str]:
    named = os.environ.get(LIBRARY_VARIABLE)
    if named:
        # Whoever names a file wants that file: falling back on another one would hide the mistake.
        return [named]
    file_name = _FILE_NAMES.get(sys.platform, 'libwazo_auth_client.so')
    return [str(Path(__file__).parent / '_native' / file_name), file_name]


def _load() -> ctypes.CDLL:
    tried = []
    for candidate in _candidates():
        try:
            loaded = ctypes.CDLL(candidate)
            for name, (result, arguments) in _FUNCTIONS.items():
                function = getattr(loaded, name)
                function.restype, function.argtypes = result, arguments
            return loaded
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


def _encode(what: str, text: Optional[str]) -> Optional[bytes]:
    """The text as C takes it. An error names `what` and never the text: it may be a password."""
    if text is None:
        return None
    if '\0' in text:
        # C texts end at the first NUL: what follows it would be dropped without a word.
        raise ValueError(f'{what}: a text without NUL characters is expected')
    try:
        return text.encode('utf-8')
    except UnicodeEncodeError:
        raise ValueError(f'{what}: a text that UTF-8 can hold is expected, not one with lone surrogates') from None


def _raise(error: ctypes.c_void_p) -> NoReturn:
    """Raises what the library reported, and frees it."""
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


def _taken(address: int) -> str:
    """A text that the library gave away: copied, freed."""
    try:
        return str(ctypes.string_at(address), 'utf-8')
    finally:
        library().wazo_auth_string_free(address)


def _answer(address: Optional[int], error: ctypes.c_void_p) -> dict[str, Any]:
    """The answer of a call, or its error raised."""
    if not address:
        _raise(error)
    answer: dict[str, Any] = json.loads(_taken(address))
    return answer


def version() -> str:
    """The version of the library that is loaded."""
    return str(library().wazo_auth_version(), 'utf-8')


def operations() -> Any:
    """The library's own table of operations."""
    return json.loads(library().wazo_auth_operations())


class Handle:
    """One client of the library: connections, options, identity. Freed with its last reference.

    A call keeps the handle alive by its own reference, so that one thread may drop it while another is in a call.
    """

    _address: Optional[int] = None

    def __init__(self, options: Mapping[str, str]) -> None:
        native = library()
        # Kept for __del__, which may run when the modules of a dying interpreter are already empty.
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

    def call(self, operation: str, arguments: str) -> dict[str, Any]:
        """Calls an operation of the table; the answer's `status`, `headers` and `result`."""
        error = ctypes.c_void_p()
        answer = library().wazo_auth_call_response(
            self._address, _encode('operation', operation), _encode('arguments', arguments), ctypes.byref(error)
        )
        return _answer(answer, error)

    def request(self, method: str, path: str, query: Optional[str], body: Optional[str]) -> dict[str, Any]:
        """Sends a request that the table does not have; the answer's `status`, `headers` and `result`."""
        error = ctypes.c_void_p()
        answer = library().wazo_auth_request(
            self._address,
            _encode('method', method),
            _encode('path', path),
            _encode('query', query),
            _encode('body', body),
            ctypes.byref(error),
        )
        return _answer(answer, error)
