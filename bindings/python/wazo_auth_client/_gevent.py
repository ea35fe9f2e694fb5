"""Calls in a program that gevent has patched: only the greenlet waits, and not the thread with all other greenlets.

The call goes through a queue of the library, whose descriptor the hub watches.
"""
from __future__ import annotations

import os
import sys

from ._calls import Calls

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, Optional

    from ._native import Queue


def hub() -> Optional[_Hub]:
    """The hub of this thread, if gevent has patched sockets; None if it has not, and in the hub itself, which cannot
    wait."""
    monkey = sys.modules.get('gevent.monkey')
    if monkey is None or not monkey.is_module_patched('socket'):
        return None
    from gevent import get_hub, getcurrent  # type: ignore[import-untyped, import-not-found, unused-ignore]

    own = get_hub()
    if getcurrent() is own:
        return None
    found: Optional[_Hub] = getattr(own, '_wazo_auth_client', None)
    if found is None or found.calls.process != os.getpid():
        found = own._wazo_auth_client = _Hub(own)
    return found


class _Hub:
    """The calls of the greenlets of one thread."""

    def __init__(self, hub: Any) -> None:
        self.calls = Calls()
        self._watcher = hub.loop.io(self.calls.queue.descriptor(), 1)
        self._in_progress = 0

    def call(self, submit: Callable[[Queue], int], whole: bool) -> Any:
        """Makes a call. Other greenlets run meanwhile. If this greenlet is killed, the call ends."""
        from gevent.event import AsyncResult  # type: ignore[import-untyped, import-not-found, unused-ignore]

        ended = AsyncResult()
        number = self.calls.submit(
            submit, whole, lambda result, error: ended.set(result) if error is None else ended.set_exception(error)
        )
        # The watcher runs while there are calls: a program whose greenlets have all ended does not wait for it.
        self._in_progress += 1
        if self._in_progress == 1:
            self._watcher.start(self.calls.drain)
        try:
            return ended.get()
        except BaseException:
            self.calls.cancel(number)
            raise
        finally:
            self._in_progress -= 1
            if self._in_progress == 0:
                self._watcher.stop()
