"""Shows calls without their secrets: the path for log records, the request for exceptions.

The library's own table says which arguments are secret. It is read when a first call is shown.
"""
from __future__ import annotations

import json
from collections.abc import Mapping

from . import _native, _settings

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Optional

MASK = '***'

_table: dict[str, Any] = {}
# The fields of bodies that are secret in any operation, and what the names of other secrets contain: a program can send
# fields that no operation describes.
_secret_fields: set[str] = set()
_SECRET_WORDS = ('password', 'secret', 'token')


def described(operation: str) -> Any:
    """The entry of an operation in the library's table; None if there is none."""
    if not _table:
        entries = _native.operations()
        parameters = [parameter for entry in entries for parameter in entry['parameters'] if parameter['secret']]
        for parameter in parameters:
            if parameter['place'] != 'document':
                _secret_fields.update((parameter['name'], parameter['wire']))
        _table.update({entry['name']: entry for entry in entries})
    return _table.get(operation)


def shown(given: Mapping[str, Any], operation: str, arguments: Mapping[str, Any]) -> tuple[str, str]:
    """The method and the path of a call, with its prefix and version, and without its query. `operation` is a name, or
    the method and the path of a request for which there is no operation."""
    from urllib.parse import quote

    entry = described(operation)
    if entry is None:
        method, _, path = operation.partition(' ')
        path = _without_secrets(path.partition('?')[0])
    else:
        method, path = entry['method'], entry['path']
        for parameter in entry['parameters']:
            if parameter['place'] == 'path':
                value = arguments.get(parameter['name'])
                value = MASK if parameter['secret'] else quote('' if value is None else str(value), safe='')
                path = path.replace('{' + parameter['name'] + '}', value)
    version = f'/{given["version"]}' if given['version'] else ''
    return method, f'{_settings.prefix(given["prefix"])}{version}{path}'


def _without_secrets(path: str) -> str:
    """A path that a program has written, with the mask where an operation has a secret."""
    from urllib.parse import unquote

    # A server that decodes a segment, or that skips an empty one, finds the same operation.
    segments = [segment for segment in path.split('/') if segment]
    plain = [unquote(segment) for segment in segments]
    for entry in _table.values():
        secret = {'{' + parameter['name'] + '}' for parameter in entry['parameters'] if parameter['secret']}
        expected = entry['path'].strip('/').split('/')
        for place, segment in enumerate(expected):
            if segment in secret and plain[:place] == expected[:place] and place < len(segments):
                segments[place] = MASK
    # The same as the library does: what stands behind `token`, however that is written.
    is_token = False
    for place, segment in enumerate(segments):
        for _ in range(4):  # some servers decode twice
            segment = unquote(segment)
        for part in filter(None, segment.replace('\\', '/').split('/')):
            if is_token:
                segments[place] = MASK
            is_token = part.partition(';')[0].strip().lower() == 'token'
    return '/' + '/'.join(segments)


def request(
    given: Mapping[str, Any], operation: Optional[str], arguments: Mapping[str, Any], failure: Mapping[str, Any]
) -> dict[str, Any]:
    """The request of a failed call: `method`, `url`, `headers` and `body`. Secrets are masked."""
    entry = described(operation) if operation else None
    headers = {'Accept': 'application/json', 'User-Agent': _settings.user_agent(given) or NAME}
    body = None
    if entry:
        credentials = entry['credentials']
        # The arguments that are headers, by their place; `header` has several.
        placed = {parameter['place']: arguments.get(parameter['name']) for parameter in entry['parameters']}
        if credentials == 'basic':
            headers['Authorization'] = f'Basic {MASK}'
        elif (given['token'] or placed.get('token')) and credentials != 'none':
            headers['X-Auth-Token'] = MASK
        tenant = placed.get('tenant') or given['tenant']
        if tenant:
            headers['Wazo-Tenant'] = str(tenant)
        for parameter in entry['parameters']:
            if parameter['place'] == 'header' and arguments.get(parameter['name']):
                headers[_HEADERS[parameter['name']]] = str(arguments[parameter['name']])
        body = _body(entry, arguments)
        if body is not None:
            headers['Content-Type'] = 'application/json'
    method = failure.get('method') or (entry['method'] if entry else None)
    return {'method': method, 'url': failure.get('url'), 'headers': headers, 'body': body}


_HEADERS = {'user_agent': 'User-Agent', 'session_type': 'Wazo-Session-Type'}

#: The user agent of the library, where there is no name of a program.
NAME = 'wazo-auth-client'


def _body(entry: Mapping[str, Any], arguments: Mapping[str, Any]) -> Optional[str]:
    """The JSON body of a call; None if it has none, or if it is not JSON. An operation whose whole body is secret shows
    only the mask."""
    if entry['encoding'] != 'json':
        return None
    parameters = {parameter['name']: parameter for parameter in entry['parameters']}
    for name, parameter in parameters.items():
        if parameter['place'] == 'document':
            return json.dumps(MASK if parameter['secret'] else _without_secret_fields(arguments.get(name)), default=str)
    body = arguments.get('body') or {}
    if not isinstance(body, Mapping):  # sent as it is, and no name says what is secret in it
        return json.dumps(MASK)
    fields = dict(body)
    for name, parameter in parameters.items():
        if parameter['place'] == 'field' and name in arguments:
            fields[parameter['wire']] = arguments[name]
    return json.dumps(_without_secret_fields(fields), default=str)


def _is_secret(field: str) -> bool:
    return field in _secret_fields or any(word in field.lower() for word in _SECRET_WORDS)


def _without_secret_fields(value: Any) -> Any:
    """A part of a body, with the mask for its secret fields, also inside another field."""
    if isinstance(value, Mapping):
        return {
            name: MASK if inner is not None and _is_secret(str(name)) else _without_secret_fields(inner)
            for name, inner in value.items()
        }
    if isinstance(value, (list, tuple)):
        return [_without_secret_fields(inner) for inner in value]
    return value
