"""Finds and loads the shared library, and declares the functions that this package calls."""
from __future__ import annotations

import ctypes
import os
import sys
from types import SimpleNamespace

from ._version import __version__

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any, Optional

#: The environment variable with the path of the library, for development and for special installations.
LIBRARY_VARIABLE = 'WAZO_AUTH_CLIENT_LIBRARY'

_FILE_NAMES = {'darwin': 'libwazo_auth_client.dylib', 'win32': 'wazo_auth_client.dll'}


class OwnedText(ctypes.c_char_p):
    """A text that has to be freed. ctypes converts a plain c_char_p to bytes, and loses the address."""


ADDRESS = ctypes.c_void_p
TEXT = ctypes.c_char_p
ERROR_OUT = ctypes.POINTER(ctypes.c_void_p)
#: The type of the function that a queue calls when a completion arrives.
WAKE_UP = ctypes.CFUNCTYPE(None, ctypes.c_void_p)
#: The type of the function that the library calls while a blocking call of a thread waits; it returns whether to go on.
INTERRUPT_CHECK = ctypes.CFUNCTYPE(ctypes.c_bool, ctypes.c_void_p)

# These may take time: other Python threads run meanwhile, because `ctypes.CDLL` releases the GIL.
FUNCTIONS = {
    'wazo_auth_options_new': (ADDRESS, []),
    'wazo_auth_options_set': (ctypes.c_bool, [ADDRESS, TEXT, TEXT, ERROR_OUT]),
    'wazo_auth_options_free': (None, [ADDRESS]),
    'wazo_auth_client_new': (ADDRESS, [ADDRESS, ERROR_OUT]),
    'wazo_auth_client_set': (ctypes.c_bool, [ADDRESS, TEXT, TEXT, ERROR_OUT]),
    'wazo_auth_client_free': (None, [ADDRESS]),
    'wazo_auth_call': (OwnedText, [ADDRESS, TEXT, TEXT, ERROR_OUT]),
    'wazo_auth_call_response': (OwnedText, [ADDRESS, TEXT, TEXT, ERROR_OUT]),
    'wazo_auth_request': (OwnedText, [ADDRESS, TEXT, TEXT, TEXT, TEXT, ERROR_OUT]),
    'wazo_auth_queue_new': (ADDRESS, [ctypes.c_uint32, ERROR_OUT]),
    'wazo_auth_queue_set_wake_up': (ctypes.c_bool, [ADDRESS, WAKE_UP, ADDRESS, ERROR_OUT]),
    'wazo_auth_queue_free': (None, [ADDRESS]),
}
# These only touch memory. `ctypes.PyDLL` keeps the GIL: a thread that released it may have to wait for it again.
ACCESSORS = {
    'wazo_auth_operations': (TEXT, []),
    'wazo_auth_string_free': (None, [OwnedText]),
    'wazo_auth_error_json': (TEXT, [ADDRESS]),
    'wazo_auth_error_response': (TEXT, [ADDRESS]),
    'wazo_auth_error_free': (None, [ADDRESS]),
    'wazo_auth_set_interrupt_check': (None, [INTERRUPT_CHECK, ADDRESS]),
    'wazo_auth_queue_submit': (ctypes.c_uint64, [ADDRESS, ADDRESS, TEXT, TEXT, ADDRESS, ERROR_OUT]),
    'wazo_auth_queue_submit_request': (ctypes.c_uint64, [ADDRESS, ADDRESS, *[TEXT] * 4, ADDRESS, ERROR_OUT]),
    'wazo_auth_queue_descriptor': (ctypes.c_int, [ADDRESS]),
    'wazo_auth_queue_next': (ADDRESS, [ADDRESS, ctypes.c_int32]),
    'wazo_auth_queue_cancel': (ctypes.c_bool, [ADDRESS, ctypes.c_uint64]),
    'wazo_auth_completion_id': (ctypes.c_uint64, [ADDRESS]),
    'wazo_auth_completion_result': (TEXT, [ADDRESS]),
    'wazo_auth_completion_response': (TEXT, [ADDRESS]),
    'wazo_auth_completion_error': (ADDRESS, [ADDRESS]),
    'wazo_auth_completion_free': (None, [ADDRESS]),
}


class LibraryNotFound(ImportError):
    """The shared library could not be loaded; the message lists the paths that were tried, and why they failed."""


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


def version() -> str:
    """The version of the loaded library."""
    return str(library().wazo_auth_version(), 'utf-8')


def declare(functions: Mapping[str, Any], accessors: Mapping[str, Any]) -> SimpleNamespace:
    """Further functions of the loaded library. `accessors` are those that keep the GIL, because they only touch
    memory."""
    loaded = library()
    return SimpleNamespace(**_declared(loaded.releasing, functions), **_declared(loaded.keeping, accessors))


def _candidates() -> list[str]:
    named = os.environ.get(LIBRARY_VARIABLE)
    if named:
        # No fallback: it would hide a wrong path.
        return [named]
    file_name = _FILE_NAMES.get(sys.platform, 'libwazo_auth_client.so')
    beside = os.path.join(os.path.dirname(os.path.abspath(__file__)), '_native', file_name)
    # The system's own is found by its SONAME: the name without a number comes with the files for development.
    soname = [] if sys.platform in _FILE_NAMES else [f'{file_name}.{__version__.partition(".")[0]}']
    return [beside, *soname, file_name]


def _load() -> SimpleNamespace:
    tried = []
    for candidate in _candidates():
        try:
            loaded = ctypes.CDLL(candidate)
        except OSError as error:
            tried.append(f'{candidate}: {error}')
            continue
        keeping = ctypes.PyDLL(candidate, handle=loaded._handle)
        try:
            # The version first: of a library of another version, functions may be missing.
            found = _declared(keeping, {'wazo_auth_version': (TEXT, [])})
            library_version = str(found['wazo_auth_version'](), 'utf-8')
        except AttributeError:
            tried.append(f'{candidate}: it is not the library of wazo-auth-client')
            continue
        if library_version != __version__:
            tried.append(f'{candidate}: it has version {library_version}, and this package has version {__version__}')
            continue
        try:
            found.update(_declared(loaded, FUNCTIONS))
            found.update(_declared(keeping, ACCESSORS))
        except AttributeError as error:
            tried.append(f'{candidate}: it is another build of version {library_version} ({error})')
            continue
        return SimpleNamespace(**found, releasing=loaded, keeping=keeping)
    raise LibraryNotFound(
        'wazo_auth_client cannot work without its native library, which could not be loaded: install a wheel of this '
        f'version ({__version__}), which contains it, or set {LIBRARY_VARIABLE} to the path of the file (from a '
        'checkout: cargo build --release builds target/release/libwazo_auth_client.so). Tried:\n  '
        + '\n  '.join(tried)
    )


def _declared(loaded: ctypes.CDLL, functions: Mapping[str, Any]) -> dict[str, Any]:
    found = {}
    for name, (result, arguments) in functions.items():
        found[name] = function = getattr(loaded, name)
        function.restype, function.argtypes = result, arguments
    return found
