"""Declares the library's functions for access lists, verifiers, renewers, listings and readiness.

Only the modules that use them import this file, so that `import wazo_auth_client` stays cheap.
"""
from __future__ import annotations

import ctypes
from types import SimpleNamespace

from . import _errors, _native, _signals
from ._library import ADDRESS, ERROR_OUT, TEXT, OwnedText, declare
from ._native import NativeError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, NoReturn, Optional

    from ._native import Queue

    #: A question to a verifier as the library takes it: the address of the verifier, the token, the access, the tenant.
    Question = tuple[Optional[int], bytes, Optional[bytes], Optional[bytes]]

#: The type of the functions that a renewer calls. ctypes takes the GIL before it calls Python.
LISTENER = ctypes.CFUNCTYPE(None, ctypes.c_char_p, ctypes.c_void_p)

_BOOL = ctypes.c_bool
_TEXT_OUT = ctypes.POINTER(OwnedText)
# These may wait: other Python threads run meanwhile.
_FUNCTIONS = {
    'wazo_auth_verifier_new': (ADDRESS, [ADDRESS, TEXT, ERROR_OUT]),
    'wazo_auth_verifier_check': (_BOOL, [ADDRESS, TEXT, TEXT, TEXT, ADDRESS, ERROR_OUT]),
    'wazo_auth_verifier_decide': (_BOOL, [ADDRESS, TEXT, TEXT, TEXT, _TEXT_OUT, ERROR_OUT]),
    'wazo_auth_verifier_invalidate': (_BOOL, [ADDRESS, TEXT, TEXT, ERROR_OUT]),
    'wazo_auth_verifier_apply_event': (_BOOL, [ADDRESS, TEXT, ERROR_OUT]),
    'wazo_auth_verifier_stats': (OwnedText, [ADDRESS, ERROR_OUT]),
    'wazo_auth_verifier_free': (None, [ADDRESS]),
    'wazo_auth_renewer_new': (ADDRESS, [ADDRESS, TEXT, ERROR_OUT]),
    'wazo_auth_renewer_start': (_BOOL, [ADDRESS, ctypes.c_int32, ERROR_OUT]),
    'wazo_auth_renewer_token': (OwnedText, [ADDRESS]),
    'wazo_auth_renewer_snapshot': (OwnedText, [ADDRESS]),
    'wazo_auth_renewer_set_on_change': (_BOOL, [ADDRESS, LISTENER, ADDRESS, ERROR_OUT]),
    'wazo_auth_renewer_set_on_state': (_BOOL, [ADDRESS, LISTENER, ADDRESS, ERROR_OUT]),
    'wazo_auth_renewer_renew': (_BOOL, [ADDRESS, ERROR_OUT]),
    'wazo_auth_renewer_close': (_BOOL, [ADDRESS, ctypes.c_int32, ERROR_OUT]),
    'wazo_auth_renewer_free': (None, [ADDRESS]),
    'wazo_auth_pages_new': (ADDRESS, [ADDRESS, TEXT, TEXT, TEXT, ERROR_OUT]),
    'wazo_auth_pages_next': (OwnedText, [ADDRESS, ERROR_OUT]),
    'wazo_auth_pages_free': (None, [ADDRESS]),
    'wazo_auth_client_visible_tenants': (OwnedText, [ADDRESS, ERROR_OUT]),
    'wazo_auth_client_with_renewer': (ADDRESS, [ADDRESS, ADDRESS, ERROR_OUT]),
    'wazo_auth_client_with_cancellation': (ADDRESS, [ADDRESS, ADDRESS, ERROR_OUT]),
    'wazo_auth_client_wait_until_ready': (_BOOL, [ADDRESS, ctypes.c_int64, ERROR_OUT]),
    'wazo_auth_client_free': (None, [ADDRESS]),
    'wazo_auth_cancellation_new': (ADDRESS, []),
    'wazo_auth_cancellation_cancel': (None, [ADDRESS]),
    'wazo_auth_cancellation_free': (None, [ADDRESS]),
}
# These only touch memory, and never wait for a thread that may wait for the GIL: they keep it. A thread that released
# it may wait for milliseconds until it has it again, and a decision takes less than a microsecond.
_ACCESSORS = {
    'wazo_auth_verifier_peek': (_BOOL, [ADDRESS, TEXT, TEXT, TEXT, ADDRESS]),
    'wazo_auth_verifier_peek_decision': (_BOOL, [ADDRESS, TEXT, TEXT, TEXT, _TEXT_OUT]),
    'wazo_auth_verifier_submit': (ctypes.c_uint64, [ADDRESS, ADDRESS, TEXT, TEXT, TEXT, ADDRESS, ERROR_OUT]),
    'wazo_auth_access_new': (ADDRESS, [TEXT, TEXT, TEXT, ERROR_OUT]),
    'wazo_auth_access_matches': (_BOOL, [ADDRESS, TEXT, ERROR_OUT]),
    'wazo_auth_access_matches_each': (OwnedText, [ADDRESS, TEXT, ERROR_OUT]),
    'wazo_auth_access_may_add': (_BOOL, [ADDRESS, TEXT, ERROR_OUT]),
    'wazo_auth_access_may_remove': (_BOOL, [ADDRESS, TEXT, ERROR_OUT]),
    'wazo_auth_access_fill': (OwnedText, [TEXT, TEXT, ERROR_OUT]),
    'wazo_auth_access_free': (None, [ADDRESS]),
    'wazo_auth_string_free': (None, [OwnedText]),
}

_declared: Optional[SimpleNamespace] = None


def library() -> SimpleNamespace:
    """The functions, as attributes. Loads the library if nothing has done so yet; without a lock, as `_library` does."""
    global _declared
    if _signals.to_watch is not None:
        _signals.watch()  # most of these functions wait
    if _declared is None:
        _declared = declare(_FUNCTIONS, _ACCESSORS)
    return _declared


class Address(ctypes.c_void_p):
    """The address of a handle. It keeps the handle's owner, so that no other thread frees it meanwhile."""

    owner: Any = None


def client_address(client: Any) -> Address:
    """The address of the native handle of a client, or of one of its resources."""
    session = getattr(client, '_session', None)
    if session is None:
        raise TypeError(f'expected a wazo_auth_client.Client, not a {type(client).__name__}')
    handle = session.handle()
    address = Address(handle._address)
    address.owner = handle
    return address


def raise_error(error: ctypes.c_void_p) -> NoReturn:
    """Raises the exception for an error of the library, and frees the error."""
    try:
        _native.raise_error(error)
    except NativeError as native:
        raise _errors.to_exception(native) from None


def submit_question(queue: Queue, question: Question) -> int:
    """Submits a question to a queue. Returns the number of the call. Raises NativeError, as the queue does."""
    verifier, *rest = question
    error = ctypes.c_void_p()
    number: int = library().wazo_auth_verifier_submit(verifier, queue._address, *rest, None, ctypes.byref(error))
    return number or _native.raise_error(error)


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
