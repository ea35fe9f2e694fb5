"""Logs calls with `logging.getLogger('wazo_auth_client')`, if the program has imported `logging`.

A program that has not imported it sees no records anyway, and this package does not load it for nothing.
"""
from __future__ import annotations

import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from logging import Logger
    from typing import Any, Optional

NAME = 'wazo_auth_client'
_DEBUG = 10

_logger: Any = None


def debugging() -> Optional[Logger]:
    """The logger if its records of the level DEBUG are wanted; else None."""
    global _logger
    if _logger is None:
        get = getattr(sys.modules.get('logging'), 'getLogger', None)
        if get is None:
            return None
        _logger = get(NAME)
    return _logger if _logger.isEnabledFor(_DEBUG) else None


def ended(
    logger: Logger,
    operation: Optional[str],
    method: str,
    path: str,
    status: Optional[int],
    kind: Optional[str],
    seconds: float,
) -> None:
    """Logs the end of a call: its HTTP status, or the kind of its error. `status` is None if there was no response."""
    from ._response import one_line

    # The path of a request for which there is no operation is the program's own text, even where it was refused.
    method, path = one_line(method), one_line(path)
    milliseconds = seconds * 1000
    facts = {'operation': operation, 'method': method, 'status': status, 'duration_ms': milliseconds}
    logger.debug('%s %s %s in %.1f ms', method, path, kind or status, milliseconds, extra=facts)
