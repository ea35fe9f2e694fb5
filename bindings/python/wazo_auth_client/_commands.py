"""Commands that other packages add: entry points of the group `wazo_auth_client.commands`.

An entry point is a class. When the attribute of a client with its name is first used, the class is called with the
client, and the instance becomes the attribute, also in place of a resource of this package. If an entry point cannot be
loaded, a warning is logged.

Most programs have none, and the standard library takes long to say so: it is a large module, which parses the metadata
of all installed packages. So this module looks first whether a file of metadata mentions the group at all.
"""
from __future__ import annotations

import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from typing import Any, Optional

GROUP = 'wazo_auth_client.commands'

# The names, and the classes by name. Cached, since the metadata of all packages is read for them.
_names: Optional[frozenset[str]] = None
_classes: Optional[dict[str, Callable[[Any], Any]]] = None


def names() -> frozenset[str]:
    """The names of the commands of other packages."""
    global _names
    if _names is None:
        _names = frozenset(point.name for point in _entry_points()) if _is_mentioned() else frozenset()
    return _names


def create(name: str, client: Any) -> Any:
    """The command of this name; None if there is none, or if it cannot be made."""
    command = _commands().get(name)
    if command is None:
        return None
    try:
        return command(client)
    except Exception:
        _warn('the command %s cannot be made', name)
        return None


def _commands() -> dict[str, Callable[[Any], Any]]:
    """The classes by name."""
    global _classes
    if _classes is None:
        found = {}
        for point in _entry_points():
            try:
                found[point.name] = point.load()
            except Exception:
                # A broken package must not break authentication.
                _warn('the command %s cannot be loaded', point.name)
        _classes = found
    return _classes


def _warn(message: str, name: str) -> None:
    import logging

    logging.getLogger(__name__).warning(message, name, exc_info=True)


def _entry_points() -> Iterable[Any]:
    from importlib import metadata

    if sys.version_info >= (3, 10):
        found = metadata.entry_points(group=GROUP)
    else:
        found = metadata.entry_points().get(GROUP, ())
    # Not those of the reference client itself, if it is installed too.
    return [point for point in found if not point.value.startswith('wazo_auth_client.')]


def _is_mentioned() -> bool:
    """Whether a package that is installed in a folder has entry points of the group."""
    return any(_mentions(folder or os.curdir) for folder in sys.path)


def _mentions(folder: str) -> bool:
    try:
        packages = [name for name in os.listdir(folder) if name.endswith(('.dist-info', '.egg-info'))]
    except OSError:  # not a folder
        return False
    for package in packages:
        try:
            with open(os.path.join(folder, package, 'entry_points.txt'), 'rb') as file:
                if GROUP.encode() in file.read():
                    return True
        except OSError:  # no entry points
            pass
    return False
