"""Commands that other packages add: entry points of the group `wazo_auth_client.commands`.

An entry point is a class. When the attribute of a client with its name is first used, the class is called with the
client, and the instance becomes the attribute. If an entry point cannot be loaded, a warning is logged.

The client imports this module when a program uses an attribute that the client does not have. It is not imported
earlier, because it loads a large part of the standard library, and reads the metadata of all installed packages.
"""
from __future__ import annotations

import logging
import sys
from importlib import metadata

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from typing import Any, Optional

GROUP = 'wazo_auth_client.commands'

logger = logging.getLogger(__name__)

_found: Optional[dict[str, Callable[[Any], Any]]] = None


def create(name: str, client: Any) -> Any:
    """The command of this name; None if there is none, or if it cannot be made."""
    command = _commands().get(name)
    if command is None:
        return None
    try:
        return command(client)
    except Exception:
        logger.warning('the command %s cannot be made', name, exc_info=True)
        return None


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
