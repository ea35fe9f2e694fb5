"""The calls that one event loop has in progress: a queue of the library, and who waits for which call."""
from __future__ import annotations

import os

from ._native import Queue

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    #: Takes the result, or the error.
    Deliver = Callable[[Any, Any], None]


class Calls:
    """Not thread-safe: for the thread of the event loop."""

    def __init__(self) -> None:
        self.queue = Queue()
        #: After a fork, the child process has its own event loop and needs its own queue.
        self.process = os.getpid()
        self._waiting: dict[int, tuple[bool, Deliver]] = {}

    def submit(self, submit: Callable[[Queue], int], whole: bool, deliver: Deliver) -> int:
        """Submits a call. When it has ended, `drain` calls `deliver`. Returns the number of the call."""
        number = submit(self.queue)
        self._waiting[number] = whole, deliver
        return number

    def cancel(self, number: int) -> None:
        """Ends a call. Nobody waits for it any more."""
        if self._waiting.pop(number, None) is not None:
            self.queue.cancel(number)

    def drain(self) -> None:
        """Delivers what has ended. To be called when the descriptor of the queue is readable. It never blocks."""
        while True:
            completion = self.queue.next()
            if completion is None:
                return
            whole, deliver = self._waiting.pop(completion.number, (False, None))
            if deliver is None:
                completion.free()
                continue
            try:
                result, error = completion.read(whole), None
            except Exception as failed:  # of the library, or of json: a number with thousands of digits
                result, error = None, failed
            deliver(result, error)
