"""Shows calls without their secrets: the path for log records, the request for exceptions.

The library's own table says which arguments are secret. It is read when a first call is shown.
"""
from __future__ import annotations

import json

from . import _native, _settings

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any, Optional

MASK = '***'

_table: dict[str, Any] = {}


def described(operation: str) -> Any:
    """The entry of an operation in the library's table; None if there is none."""
    if not _table:
        _table.update({entry['name']: entry for entry in _native.operations()})
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
    segments = path.split('/')
    for entry in _table.values():
        secret = {'{' + parameter['name'] + '}' for parameter in entry['parameters'] if parameter['secret']}
        for place, segment in enumerate(entry['path'].split('/')):
            if segment in secret and segments[:place] == entry['path'].split('/')[:place] and place < len(segments):
                segments[place] = MASK
    return '/'.join(segments)


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
    secret = {name for name, parameter in parameters.items() if parameter['secret']}
    secret |= {parameter['wire'] for parameter in parameters.values() if parameter['secret']}
    for name, parameter in parameters.items():
        if parameter['place'] == 'document':
            return json.dumps(MASK if name in secret else arguments.get(name), default=str)
    fields = dict(arguments.get('body') or {})
    for name, parameter in parameters.items():
        if parameter['place'] == 'field' and name in arguments:
            fields[parameter['wire']] = arguments[name]
    shown = {name: MASK if name in secret and value is not None else value for name, value in fields.items()}
    return json.dumps(shown, default=str)
