"""Converts what the constructor of a client takes to options of the library, and to URLs."""
from __future__ import annotations

import math
import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any, Optional, Union

    Number = Union[int, float]
    Timeout = Union[None, Number, tuple[Optional[Number], Optional[Number]]]
    Verification = Union[bool, str, os.PathLike[str], None]

#: The settings of a client, by the names of its constructor, with their defaults.
DEFAULTS = {
    'host': None,
    'port': 443,
    'prefix': '/api/auth',
    'version': '0.1',
    'username': None,
    'password': None,
    'token': None,
    'tenant': None,
    'https': True,
    'timeout': 10,
    'verify_certificate': True,
    'user_agent': '',
    'native_options': None,
}


def options(given: Mapping[str, Any]) -> dict[str, Optional[str]]:
    """The options of the library for the settings of a client."""
    return {
        'host': host(given['host']),
        'port': str(port(given['port']) or 0),
        'prefix': prefix(given['prefix']),
        'version': str(given['version'] or ''),
        'https': _boolean(bool(given['https'])),
        'username': text(given['username']),
        'password': text(given['password']),
        'token': text(given['token']),
        'tenant_uuid': text(given['tenant']),
        'user_agent': user_agent(given),
        **timeouts(given['timeout']),
        **verification(given['verify_certificate']),
        **{key: _option(value) for key, value in (given['native_options'] or {}).items()},
    }


def url(given: Mapping[str, Any], *parts: Any) -> str:
    """The URL of the API, followed by `parts`, which are not encoded."""
    name = str(given['host'])
    name = f'[{name}]' if ':' in name and not name.startswith('[') else name
    number = f':{given["port"]}' if port(given['port']) else ''
    version = f'/{given["version"]}' if given['version'] else ''
    base = f'{"https" if given["https"] else "http"}://{name}{number}{prefix(given["prefix"])}{version}'
    return '/'.join([base, *(str(part) for part in parts)])


def prefix(given: Optional[str]) -> str:
    """The prefix of the path, which begins with a slash and does not end with one."""
    given = (given or '').rstrip('/')
    return given if not given or given.startswith('/') else f'/{given}'


def host(given: Any) -> str:
    """The server's name. Raises ValueError if it is empty."""
    if not given:
        raise ValueError('host: the name or the address of the server is expected, not an empty text')
    return str(given)


def port(given: Union[int, str, None]) -> Optional[int]:
    """The server's port as a number; None or 0 if the URL has none."""
    if given is None or given == '':
        return None
    try:
        return int(given)
    except ValueError:
        raise ValueError(f'port: a number is expected, not {given!r}') from None


def text(value: Any) -> Optional[str]:
    """The value as a text; None stays None."""
    return None if value is None else str(value)


def user_agent(given: Mapping[str, Any]) -> Optional[str]:
    """The user agent; if it is empty, the name of the running program. None, for the library's default, if it has none."""
    if given['user_agent']:
        return str(given['user_agent'])
    name = os.path.basename((getattr(sys, 'argv', None) or [''])[0])
    return name.encode('ascii', 'ignore').decode() or None


def timeouts(timeout: Timeout) -> dict[str, Optional[str]]:
    """The options of the library for `timeout`.

    The library's timeout is for the whole call. For a pair, it is the sum; if the second one is None, there is none.
    """
    connect, rest = timeout if isinstance(timeout, (tuple, list)) else (None, timeout)
    connect_ms, rest_ms = _milliseconds(connect), _milliseconds(rest)
    whole_ms = 0 if not rest_ms else rest_ms + connect_ms
    return {'timeout_ms': str(whole_ms), 'connect_timeout_ms': str(connect_ms)}


def _milliseconds(seconds: Optional[Number]) -> int:
    """Milliseconds, rounded up; 0 for no limit."""
    if seconds is None or seconds == math.inf:
        return 0
    if isinstance(seconds, bool) or not isinstance(seconds, (int, float)):
        raise TypeError(f'timeout: seconds, a pair of them, or None are expected, not {seconds!r}')
    if not seconds > 0:
        raise ValueError(f'timeout: more than 0 seconds are expected, or None for no limit, not {seconds!r}')
    return math.ceil(seconds * 1000)


def verification(verify: Verification) -> dict[str, Optional[str]]:
    """The options of the library for `verify_certificate`.

    None verifies: the reference client does not verify then, so that a setting that is missing turns the check off.
    """
    if verify is None:
        verify = True
    if isinstance(verify, int):  # a Boolean, or 0 and 1 of a configuration file
        return {'verify_certificate': _boolean(bool(verify))}
    path = os.fspath(verify)
    if not path:
        raise ValueError(
            'verify_certificate: True, False or the path of a file or directory is expected, not an empty text'
        )
    return {'verify_certificate': 'true', 'ca_file': path if isinstance(path, str) else os.fsdecode(path)}


def _boolean(value: bool) -> str:
    return 'true' if value else 'false'


def _option(value: Any) -> Optional[str]:
    return _boolean(value) if isinstance(value, bool) else text(value)
