"""Long listings, item by item, and the tenants that a token can see.

    from wazo_auth_client.paging import pages

    for user in pages(client.users.list, search='ali'):
        print(user['username'])
"""
from __future__ import annotations

import ctypes
import json
from types import SimpleNamespace

from . import _native_decisions as _native

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from typing import Any

__all__ = ['iterate', 'pages', 'visible_tenants']


def pages(method: Callable[..., Any], *arguments: Any, page_size: int = 100, max_items: int = 0, **keywords: Any) -> (
    Iterator[dict[str, Any]]
):
    """Every item of a listing. `method` is a method of a client that takes `limit` and `offset`; the arguments are its.

    A page of `page_size` items is fetched when its first item is needed; `max_items` ends the iteration earlier. No item
    comes twice. If a page cannot be fetched, an exception is raised, and the next item asks for that page again. Ctrl-C
    takes effect between two pages. The iteration is that of the client's settings when it began.
    """
    for name in ('limit', 'offset'):
        if name in keywords:
            raise TypeError(f'{name}: the pages are fetched one after the other; see page_size and max_items')
    operation, given = _recorded(method, arguments, keywords)
    return _Items(getattr(method, '__self__'), operation, given, page_size, max_items)


def iterate(client: Any, operation: str, *, page_size: int = 100, max_items: int = 0, **arguments: Any) -> (
    Iterator[dict[str, Any]]
):
    """The same by the name of the operation: `iterate(client, 'users.list', search='ali')`.

    The arguments are those of the C function wazo_auth_call(), by the names in docs/operations.md.
    """
    return _Items(client, operation, arguments, page_size, max_items)


def visible_tenants(client: Any) -> list[dict[str, Any]]:
    """The tenants that the client's token can see. The answer is kept for 60 s: call it as often as you like."""
    error = ctypes.c_void_p()
    text = _native.library().wazo_auth_client_visible_tenants(_native.client_address(client), ctypes.byref(error))
    if not text:
        _native.raise_error(error)
    tenants: list[dict[str, Any]] = _native.parsed(text)
    return tenants


class _Items:
    """An iterator. A generator would end with the first exception; this one can be asked again."""

    def __init__(
        self, client: Any, operation: str, arguments: Mapping[str, Any], page_size: int, max_items: int
    ) -> None:
        native = _native.library()
        self._next = native.wazo_auth_pages_next
        self._handle = _native.made(
            native.wazo_auth_pages_new,
            native.wazo_auth_pages_free,
            _native.client_address(client),
            _native.encode('operation', operation),
            json.dumps(arguments, default=str).encode(),
            json.dumps({'page_size': page_size, 'max_items': max_items}).encode(),
        )

    def __iter__(self) -> _Items:
        return self

    def __next__(self) -> dict[str, Any]:
        error = ctypes.c_void_p()
        text = self._next(self._handle.address, ctypes.byref(error))
        if text:
            item: dict[str, Any] = _native.parsed(text)
            return item
        if error:
            _native.raise_error(error)
        raise StopIteration


class _Recorder:
    """Stands for the session of a client, and keeps what a method would have called."""

    def __init__(self, operations: Mapping[str, Any]) -> None:
        self.operations = operations
        self.called: list[tuple[str, dict[str, Any]]] = []

    def perform(self, operation: str, arguments: dict[str, Any], finish: Any = None) -> None:
        self.called.append((operation, arguments))


def _recorded(method: Any, arguments: tuple[Any, ...], keywords: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    """The operation of a method, and its arguments as the library takes them: the method itself converts them."""
    resource: Any = getattr(method, '__self__', None)
    session = getattr(resource, '_session', None)
    if session is None:
        raise TypeError('expected a method of a client, such as client.users.list')
    recorder = _Recorder(session.operations)
    getattr(type(resource)(SimpleNamespace(_session=recorder)), method.__name__)(*arguments, **keywords)
    if len(recorder.called) != 1:
        raise TypeError(f'{method.__name__} is not a method that lists')
    return recorder.called[0]
