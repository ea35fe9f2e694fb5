"""Commands that other packages add: entry points of the group `wazo_auth_client.commands`.

An entry point is a class. It is called with the client, and its instance becomes an attribute of the client, with the
name of the entry point. If an entry point cannot be loaded, a warning is logged.
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
    """Creates the commands as attributes of the client. They do not replace its own attributes."""
    for name, command in _commands().items():
        if not hasattr(client, name):
            try:
                setattr(client, name, command(client))
            except Exception:
                logger.warning('the command %s cannot be made', name, exc_info=True)


def _commands() -> dict[str, Callable[[Any], Any]]:
    """The classes by name. Cached, since it reads the metadata of all installed packages."""
    global _found
    if _found is None:
        found = {}
        for entry_point in _entry_points():
            # Ignore the commands of the reference client itself, if it is installed too.
            if entry_point.value.startswith('wazo_auth_client.'):
                continue
            try:
                found[entry_point.name] = entry_point.load()
            except Exception:
                # A broken package must not break authentication.
                logger.warning('the command %s cannot be loaded', entry_point.name, exc_info=True)
        _found = found
    return _found


def _entry_points() -> Iterable[Any]:
    if sys.version_info >= (3, 10):
        return metadata.entry_points(group=GROUP)
    return metadata.entry_points().get(GROUP, ())
