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


# What each thread has: a `threading.local` as it was before gevent made it one for greenlets. It ends with the thread,
# while gevent keeps the hub of a thread that has ended.
_of_thread: Any = None


def hub() -> Optional[_Hub]:
    """The hub of this thread, if gevent has patched sockets; None if it has not, and in the hub itself, which cannot
    wait."""
    monkey = sys.modules.get('gevent.monkey')
    if monkey is None or not monkey.is_module_patched('socket'):
        return None
    from gevent import get_hub, getcurrent  # type: ignore[import-untyped, import-not-found, unused-ignore]

    global _of_thread
    own = get_hub()
    if getcurrent() is own:
        return None
    if _of_thread is None:
        _of_thread = monkey.get_original('_thread', '_local')()
    found: Optional[_Hub] = getattr(_of_thread, 'found', None)
    if found is None or found.loop is not own.loop or found.calls.process != os.getpid():
        found = _of_thread.found = _Hub(own.loop)
    return found


class _Hub:
    """The calls of the greenlets of one thread."""

    def __init__(self, loop: Any) -> None:
        self.calls = Calls()
        self.loop = loop
        self._watcher: Any = None
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
            self._watcher = self.loop.io(self.calls.queue.descriptor(), 1)
            self._watcher.start(self.calls.drain)
        try:
            return ended.get()
        except BaseException:
            self.calls.cancel(number)
            raise
        finally:
            self._in_progress -= 1
            if self._in_progress == 0:
                self._watcher.close()
