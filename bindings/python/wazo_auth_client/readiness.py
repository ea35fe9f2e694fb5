"""Waits until wazo-auth is ready, for a program that may start before it.

    from wazo_auth_client.readiness import wait_until_ready

    wait_until_ready(client, timeout=60)

For asyncio: `await until_ready(async_client, timeout=60)`.
"""
from __future__ import annotations

import ctypes
import math
import sys

from . import _errors, _signals
from . import _native_decisions as _native

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Optional

__all__ = ['until_ready', 'wait_until_ready']


def wait_until_ready(client: Any, timeout: Optional[float] = None) -> None:
    """Returns when the server says that it is ready. Between the attempts there are pauses of 0.1 to 5 seconds.

    `timeout` is in seconds, None for no limit; a single attempt takes no longer than a call of the client. Raises the
    exception of the last attempt if the server was not ready in time. In the main thread, Ctrl-C ends it.
    """
    waiting = _Waiting(client, timeout)
    hub = _hub()
    if hub is None:
        if _signals.to_watch is not None:
            _signals.watch()
        waiting.wait()
        return
    # In a program that gevent has patched, only the greenlet waits: a thread of the hub's pool does it.
    try:
        hub.threadpool.apply(waiting.wait)
    except BaseException:
        waiting.cancel()
        raise


async def until_ready(client: Any, timeout: Optional[float] = None) -> None:
    """The same for asyncio; the client may be a `Client` or an `AsyncClient`.

    A thread of the loop's executor waits. If the task is cancelled, it ends at once.
    """
    from asyncio import get_running_loop

    waiting = _Waiting(client, timeout)
    try:
        await get_running_loop().run_in_executor(None, waiting.wait)
    except BaseException:
        waiting.cancel()
        raise


class _Waiting:
    """One wait, which another thread can end."""

    def __init__(self, client: Any, timeout: Optional[float]) -> None:
        self._milliseconds = _milliseconds(timeout)
        native, address = _native.library(), _native.client_address(client)
        self._cancellation = _native.Handle(native.wazo_auth_cancellation_new(), native.wazo_auth_cancellation_free)
        self._client = _native.made(
            native.wazo_auth_client_with_cancellation,
            native.wazo_auth_client_free,
            address,
            self._cancellation.address,
        )

    def wait(self) -> None:
        error = ctypes.c_void_p()
        if not _native.library().wazo_auth_client_wait_until_ready(
            self._client.address, self._milliseconds, ctypes.byref(error)
        ):
            _native.raise_error(error)

    def cancel(self) -> None:
        _native.library().wazo_auth_cancellation_cancel(self._cancellation.address)


def _milliseconds(seconds: Optional[float]) -> int:
    if seconds is None or seconds == math.inf:
        return -1
    if isinstance(seconds, bool) or not isinstance(seconds, (int, float)) or not seconds >= 0:
        raise _errors.invalid_argument('timeout: expected a number of seconds, 0 or more, or None for no limit')
    return math.ceil(seconds * 1000)


def _hub() -> Any:
    """The hub of gevent in a program that gevent has patched; else None."""
    if 'gevent' not in sys.modules:
        return None
    from . import _gevent

    if _gevent.hub() is None:
        return None
    from gevent import get_hub  # type: ignore[import-untyped, import-not-found, unused-ignore]

    return get_hub()
