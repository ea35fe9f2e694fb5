"""Gives the log records of the native library to `logging`: connections, repeated attempts, renewals, outages.

    from wazo_auth_client import events
    events.log(logging.INFO)

Each record goes to the logger `wazo_auth_client.events`; its fields are attributes, such as `record.call_id` and
`record.kind`. docs/logging.md lists them. No record holds a secret. (The end of each call of a client is logged without
this, by the logger `wazo_auth_client`, at the level DEBUG.)

A handler runs on the thread where something happened, which may be a thread of the library. It must be short, and must
not use this package.
"""
from __future__ import annotations

import atexit
import ctypes
import json
import logging
from typing import Any

from . import _native
from ._library import ADDRESS, ERROR_OUT, TEXT, declare

__all__ = ['LOGGER', 'log', 'stop']

#: The name of the logger.
LOGGER = 'wazo_auth_client.events'

_CALLBACK = ctypes.CFUNCTYPE(None, ctypes.c_int, TEXT, TEXT, ADDRESS)
#: The levels of the library and those of `logging`.
_LEVELS = {1: logging.ERROR, 2: logging.WARNING, 3: logging.INFO, 4: logging.DEBUG}

_logger = logging.getLogger(LOGGER)
_set: Any = None


def _record(level: int, message: bytes, fields: bytes, _: Any) -> None:
    level = _LEVELS.get(level, logging.ERROR)
    if _logger.isEnabledFor(level):
        extra = json.loads(fields)
        del extra['level']
        _logger.log(level, '%s', str(message, 'utf-8'), extra=extra)


# It lives as long as the process: a thread may be on its way to it when another is set. ctypes reports an exception to
# `sys.unraisablehook`, and the library goes on.
_callback = _CALLBACK(_record)
_none = _CALLBACK()


def log(level: int = logging.INFO) -> None:
    """Logs records of this level and above, in the whole process. Another call changes the level."""
    _change(_callback, max((own for own, known in _LEVELS.items() if known >= level), default=1))


def stop() -> None:
    """Ends it. When this returns, no handler is running for the library any more; do not call it in a handler."""
    _change(_none, 0)


def _change(callback: Any, level: int) -> None:
    global _set
    if _set is None:
        arguments = [_CALLBACK, ctypes.c_int, ADDRESS, ERROR_OUT]
        # It waits for a callback that runs, and that waits for the GIL: this must release it.
        functions = {'wazo_auth_set_log_callback': (ctypes.c_bool, arguments)}
        _set = declare(functions, {}).wazo_auth_set_log_callback
        # A thread of the library must not enter Python when the interpreter has begun to end.
        atexit.register(stop)
    error = ctypes.c_void_p()
    if not _set(callback, level, None, ctypes.byref(error)):
        _native.raise_error(error)
