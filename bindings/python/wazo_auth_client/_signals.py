"""Lets signal handlers of Python run while a blocking call of the main thread waits, so that Ctrl-C ends the call.

The interpreter runs signal handlers in the main thread, and only between instructions of Python. While the library
waits, there are none. So the library calls a check from time to time, and at once after a signal: it runs the handlers
that are due. If one raises an exception, the call ends, and the exception is raised where the call was made.

The check is a generator. The interpreter may run the handlers before the first instruction of a function, where no
`try` could catch their exceptions; a generator that waits inside a `try` is resumed inside it. While it notes an
exception, the handler of a further signal can raise another one: so there is a `try` around the `try`, and another one.
"""
from __future__ import annotations

import os
import threading

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Generator
    from typing import Any, Optional

#: The number of the main thread, until its check is set. Calls look here first, which costs them almost nothing.
to_watch: Optional[int] = threading.main_thread().ident

# What a handler has raised during a call.
_caught: list[BaseException] = []
# The checks, the last of which is set. ctypes frees one with the last reference, and an older one may be running: its
# handler has forked, and the child process makes a call in it.
_kept: list[Any] = []


def watch() -> None:
    """Sets the check if this is the main thread."""
    global to_watch
    if threading.get_ident() != to_watch:
        return
    from ._library import INTERRUPT_CHECK, library

    checks = _checks()
    next(checks)
    # A method of C, and no function of Python: see above. It takes the argument of the check as the value to resume
    # the generator with.
    _kept.append(INTERRUPT_CHECK(checks.send))
    library().wazo_auth_set_interrupt_check(_kept[-1], None)
    to_watch = None


def _checks() -> Generator[bool, Any, None]:
    """Each resumption runs the handlers of the signals that have arrived. Yields whether to go on with the call."""
    from ctypes import pythonapi

    run_handlers = pythonapi.PyErr_CheckSignals
    go_on = True
    while True:
        try:
            while True:
                try:
                    while True:
                        try:
                            # Most often, the interpreter runs the handlers when it resumes the generator. Where it does
                            # not (Python 3.13, in a child process that another thread than the main thread has forked),
                            # the function does.
                            while True:
                                yield go_on
                                go_on = True
                                run_handlers()
                        except GeneratorExit:
                            raise
                        except BaseException as raised:
                            go_on = False
                            _caught.append(raised)
                except GeneratorExit:
                    raise
                except BaseException as raised:
                    go_on = False
                    _caught.append(raised)
        except GeneratorExit:
            raise
        except BaseException as raised:
            go_on = False
            _caught.append(raised)


def raise_caught() -> None:
    """Raises what a handler has raised during the call of this thread, which has ended it: of several exceptions the
    last one, with the one before as its context, as everywhere in Python."""
    if _caught and threading.current_thread() is threading.main_thread():
        raised = _caught.pop()
        if _caught and raised.__context__ is None and raised is not _caught[-1]:
            raised.__context__ = _caught[-1]
        _caught.clear()
        raise raised


def _in_child() -> None:
    """After a fork, the thread that forked is the main thread."""
    global to_watch
    to_watch = threading.get_ident()


if hasattr(os, 'register_at_fork'):
    os.register_at_fork(after_in_child=_in_child)
