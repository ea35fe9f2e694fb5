"""Converts the arguments of a Python method to the JSON object that the library takes.

The rules are those of the reference client. A query key that is None is omitted. If the operation accepts free
keywords, a body field that is None is sent as null. Otherwise an empty argument that is not required is omitted:
`token.new(expiration=0)` uses the server's default.
"""
from __future__ import annotations

from collections.abc import Iterable, Mapping

from . import _errors

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Optional


class _Unset:
    """The default of parameters for which None has a meaning."""

    def __repr__(self) -> str:
        return 'UNSET'

    def __bool__(self) -> bool:
        return False


UNSET: Any = _Unset()


def build(
    operation: str, entry: Mapping[str, Any], given: dict[str, Any], more: Optional[dict[str, Any]] = None
) -> dict[str, Any]:
    """The arguments of `operation`, which the generated `entry` describes. Changes `given` and `more`."""
    places, free, required = entry['places'], entry['open'], entry['required']
    body = _accept_body(places, given) if free == 'body' else {}
    if more:
        _accept_tenant(places, given, more)
    arguments: dict[str, Any] = {}
    has_field = False
    for name, value in given.items():
        if value is UNSET:
            continue
        place = places[name]
        if place == 'path':
            if type(value) is not str:
                # None is an empty text: both name nothing.
                value = '' if value is None else _text(operation, name, value)
            arguments[name] = value
        elif place == 'query':
            # So an empty access of `token.check` is not asked about, as in the reference client. (The library refuses
            # it: in other languages, an empty text is more likely a variable that was never set.)
            if value is not None and (free or value or name in required):
                arguments[name] = _query(operation, name, value)
        elif place == 'field':
            if free == 'body' or name in required or value:
                arguments[name] = value
                has_field = True
        elif place == 'document':
            arguments[name] = value
        elif place == 'file':
            if value is not None:
                arguments[name] = _file(operation, name, value)
        elif value:  # a header, a tenant, a token, a user name or a password; if empty, that of the client
            arguments[name] = _text(operation, name, value)
    if more and free == 'query':
        query = {key: _query(operation, key, value) for key, value in more.items() if value is not None}
        if query:
            arguments['query'] = query
    elif free == 'body':
        body.update(more or {})
        # A body without any field is sent too, as in the reference client: the server says what is missing.
        if body or not has_field:
            arguments['body'] = body
    elif more:
        raise TypeError(f'{operation} has no {", ".join(sorted(more))}')
    return arguments


def _accept_tenant(places: Mapping[str, str], given: dict[str, Any], more: dict[str, Any]) -> None:
    """Accepts `tenant=`, as in the reference client's README, for `tenant_uuid=`."""
    if 'tenant' in more and 'tenant' not in places and places.get('tenant_uuid') == 'tenant':
        tenant = more.pop('tenant')
        if not given.get('tenant_uuid'):
            given['tenant_uuid'] = tenant


def _accept_body(places: Mapping[str, str], given: dict[str, Any]) -> dict[str, Any]:
    """Accepts a dictionary with the whole body as the first field: `groups.edit(uuid, {'name': 'agents'})`."""
    for name, value in given.items():
        if places[name] in ('field', 'tenant'):
            if isinstance(value, Mapping):
                given[name] = UNSET
                return dict(value)
            if places[name] == 'field':
                break
    return {}


def _text(operation: str, name: str, value: Any) -> str:
    """A text. A UUID or a number is converted by str()."""
    if isinstance(value, bytes):
        try:
            return value.decode('utf-8')
        except UnicodeDecodeError:
            raise _errors.invalid_argument(f'{operation}: {name} is not UTF-8', operation) from None
    if isinstance(value, (Mapping, list, tuple, set)):
        raise TypeError(f'{operation}: {name} is a {type(value).__name__}, expected a text')
    return str(value)


def _query(operation: str, name: str, value: Any) -> Any:
    """A value of a query: a scalar, or a list of them for a key that is repeated."""
    if isinstance(value, (bool, int, float, str)):
        return value
    if isinstance(value, (bytes, Mapping)) or not isinstance(value, Iterable):
        return _text(operation, name, value)
    return [_query(operation, name, item) for item in value if item is not None]


def _file(operation: str, name: str, value: Any) -> Any:
    """The content of a file as `requests` takes one: text, bytes, an open file, or a tuple (name, content, ...)."""
    if isinstance(value, (tuple, list)):
        if len(value) < 2:
            raise TypeError(f'{operation}: {name} as a tuple is (file name, content)')
        value = value[1]
    if hasattr(value, 'read'):
        value = value.read()
    if isinstance(value, str):
        return value
    if isinstance(value, (bytes, bytearray, memoryview)):
        from base64 import b64encode

        return {'base64': b64encode(value).decode('ascii')}
    raise TypeError(f'{operation}: {name} is a {type(value).__name__}, expected text, bytes or an open file')

