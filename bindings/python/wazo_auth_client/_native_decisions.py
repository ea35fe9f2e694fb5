"""Declares the library's functions for access lists, verifiers, renewers and listings.

Only the modules that use them import this file, so that `import wazo_auth_client` stays cheap. It depends on `_native`,
`_errors` and the client's session in three places: `_load`, `client_address` and `raise_error`.
"""
from __future__ import annotations

import ctypes
from types import SimpleNamespace

from . import _errors, _native
from ._native import NativeError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, NoReturn, Optional

#: The place for a text that the library gives and that has to be freed.
OwnedText = _native._OwnedText

#: The type of the functions that a renewer calls. ctypes takes the GIL before it calls Python.
LISTENER = ctypes.CFUNCTYPE(None, ctypes.c_char_p, ctypes.c_void_p)

_ADDRESS = ctypes.c_void_p
_TEXT = ctypes.c_char_p
_BOOL = ctypes.c_bool
_ERROR_OUT = ctypes.POINTER(ctypes.c_void_p)
_TEXT_OUT = ctypes.POINTER(OwnedText)
# These may wait: other Python threads run meanwhile.
_FUNCTIONS = {
    'wazo_auth_verifier_new': (_ADDRESS, [_ADDRESS, _TEXT, _ERROR_OUT]),
    'wazo_auth_verifier_check': (_BOOL, [_ADDRESS, _TEXT, _TEXT, _TEXT, _ADDRESS, _ERROR_OUT]),
    'wazo_auth_verifier_decide': (_BOOL, [_ADDRESS, _TEXT, _TEXT, _TEXT, _TEXT_OUT, _ERROR_OUT]),
    'wazo_auth_verifier_invalidate': (_BOOL, [_ADDRESS, _TEXT, _TEXT, _ERROR_OUT]),
    'wazo_auth_verifier_apply_event': (_BOOL, [_ADDRESS, _TEXT, _ERROR_OUT]),
    'wazo_auth_verifier_stats': (OwnedText, [_ADDRESS, _ERROR_OUT]),
    'wazo_auth_verifier_free': (None, [_ADDRESS]),
    'wazo_auth_renewer_new': (_ADDRESS, [_ADDRESS, _TEXT, _ERROR_OUT]),
    'wazo_auth_renewer_start': (_BOOL, [_ADDRESS, ctypes.c_int32, _ERROR_OUT]),
    'wazo_auth_renewer_token': (OwnedText, [_ADDRESS]),
    'wazo_auth_renewer_snapshot': (OwnedText, [_ADDRESS]),
    'wazo_auth_renewer_set_on_change': (_BOOL, [_ADDRESS, LISTENER, _ADDRESS, _ERROR_OUT]),
    'wazo_auth_renewer_set_on_state': (_BOOL, [_ADDRESS, LISTENER, _ADDRESS, _ERROR_OUT]),
    'wazo_auth_renewer_renew': (_BOOL, [_ADDRESS, _ERROR_OUT]),
    'wazo_auth_renewer_close': (_BOOL, [_ADDRESS, ctypes.c_int32, _ERROR_OUT]),
    'wazo_auth_renewer_free': (None, [_ADDRESS]),
    'wazo_auth_pages_new': (_ADDRESS, [_ADDRESS, _TEXT, _TEXT, _TEXT, _ERROR_OUT]),
    'wazo_auth_pages_next': (OwnedText, [_ADDRESS, _ERROR_OUT]),
    'wazo_auth_pages_free': (None, [_ADDRESS]),
    'wazo_auth_client_visible_tenants': (OwnedText, [_ADDRESS, _ERROR_OUT]),
}
# These only touch memory, and never wait for a thread that may wait for the GIL: they keep it. A thread that released
# it may wait for milliseconds until it has it again, and a decision takes less than a microsecond.
_ACCESSORS = {
    'wazo_auth_verifier_peek': (_BOOL, [_ADDRESS, _TEXT, _TEXT, _TEXT, _ADDRESS]),
    'wazo_auth_verifier_peek_decision': (_BOOL, [_ADDRESS, _TEXT, _TEXT, _TEXT, _TEXT_OUT]),
    'wazo_auth_access_new': (_ADDRESS, [_TEXT, _TEXT, _TEXT, _ERROR_OUT]),
    'wazo_auth_access_matches': (_BOOL, [_ADDRESS, _TEXT, _ERROR_OUT]),
    'wazo_auth_access_matches_each': (OwnedText, [_ADDRESS, _TEXT, _ERROR_OUT]),
    'wazo_auth_access_may_add': (_BOOL, [_ADDRESS, _TEXT, _ERROR_OUT]),
    'wazo_auth_access_may_remove': (_BOOL, [_ADDRESS, _TEXT, _ERROR_OUT]),
    'wazo_auth_access_fill': (OwnedText, [_TEXT, _TEXT, _ERROR_OUT]),
    'wazo_auth_access_free': (None, [_ADDRESS]),
    'wazo_auth_string_free': (None, [OwnedText]),
}

_loaded: Optional[SimpleNamespace] = None


def library() -> SimpleNamespace:
    """The functions, as attributes. Loads the library if nothing has done so yet; without a lock, as `_native` does."""
    global _loaded
    if _loaded is None:
        _loaded = _load()
    return _loaded


def _load() -> SimpleNamespace:
    _native.library()  # reports well what cannot be loaded
    for candidate in _native._candidates():
        try:
            # The same file is loaded once: these are other descriptions of the functions of one library.
            loaded = ctypes.CDLL(candidate)
        except OSError:
            continue
        return SimpleNamespace(
            **_native._declared(loaded, _FUNCTIONS),
            **_native._declared(ctypes.PyDLL(candidate, handle=loaded._handle), _ACCESSORS),
        )
    raise _native.LibraryNotFound('the library of wazo-auth-client could not be loaded a second time')


class Address(ctypes.c_void_p):
    """The address of a handle. It keeps the handle's owner, so that no other thread frees it meanwhile."""

    owner: Any = None


def client_address(client: Any) -> Address:
    """The address of the native handle of a client, or of one of its resources."""
    session = getattr(client, '_session', None)
    if session is None:
        raise TypeError(f'expected a wazo_auth_client.Client, not a {type(client).__name__}')
    try:
        handle = session._native()
    except NativeError as error:
        raise _errors.to_exception(error) from None
    address = Address(handle._address)
    address.owner = handle
    return address


def raise_error(error: ctypes.c_void_p) -> NoReturn:
    """Raises the exception for an error of the library, and frees the error."""
    try:
        _native._raise(error)
    except NativeError as native:
        raise _errors.to_exception(native) from None


def encode(what: str, text: Optional[str]) -> Optional[bytes]:
    """A text for the library. The message of the exception contains `what`, and not the text."""
    try:
        return _native._encode(what, text)
    except ValueError as error:
        raise _errors.invalid_argument(str(error)) from None


def parsed(text: Any) -> Any:
    """Parses a JSON text of the library, and frees it."""
    return _native._parsed(text)


def taken(text: Any) -> bytes:
    """The content of a text of the library, which is freed."""
    try:
        return text.value or b''
    finally:
        library().wazo_auth_string_free(text)


class Handle:
    """An object of the library. It is freed with the last reference; a running call has one of its own."""

    __slots__ = ('_free', 'address')

    def __init__(self, address: Optional[int], free: Callable[[int], None]) -> None:
        self.address = address
        self._free = free

    def __del__(self) -> None:
        if self.address:
            self._free(self.address)
            self.address = None


def made(function: Any, free: Callable[[int], None], *arguments: Any) -> Handle:
    """Calls a constructor of the library."""
    error = ctypes.c_void_p()
    address = function(*arguments, ctypes.byref(error))
    if not address:
        raise_error(error)
    return Handle(address, free)
