"""Commands that other packages add: entry points of the group `wazo_auth_client.commands`.

Each names a class. It is made with the client, and stands on it under the entry point's name. A package that cannot be
loaded is reported to the log and left out.
"""
from __future__ import annotations

import logging
import sys
from collections.abc import Callable, Iterable
from importlib import metadata
from typing import Any, Optional

GROUP = 'wazo_auth_client.commands'

logger = logging.getLogger(__name__)

_found: Optional[dict[str, Callable[[Any], Any]]] = None


def attach(client: Any) -> None:
    """Makes each command and puts it on the client; what the client has of its own stays."""
    for name, command in _commands().items():
        if not hasattr(client, name):
            try:
                setattr(client, name, command(client))
            except Exception:
                logger.warning('the command %s cannot be made', name, exc_info=True)


def _commands() -> dict[str, Callable[[Any], Any]]:
    """The classes by name. Looked for once: it means reading the metadata of every package that is installed."""
    global _found
    if _found is None:
        found = {}
        for entry_point in _entry_points():
            # The reference client registers its own commands in this group; its metadata may still be about.
            if entry_point.value.startswith('wazo_auth_client.'):
                continue
            try:
                found[entry_point.name] = entry_point.load()
            except Exception:
                # One broken package must not take authentication away from the program.
                logger.warning('the command %s cannot be loaded', entry_point.name, exc_info=True)
        _found = found
    return _found


def _entry_points() -> Iterable[Any]:
    if sys.version_info >= (3, 10):
        return metadata.entry_points(group=GROUP)
    return metadata.entry_points().get(GROUP, ())
