"""A client's settings in one URL: `https://alice:secret@host:443/api/auth?timeout_ms=3000`."""
from __future__ import annotations

import re
from urllib.parse import parse_qsl, unquote, urlsplit

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_EXPECTED = 'expected https://[user:password@]host[:port][/prefix][?option=value&...]'


def keywords(url: str) -> dict[str, Any]:
    """What the URL says, as keywords of the client's constructor. Errors do not repeat it: it may hold a password."""
    try:
        parts = urlsplit(url.strip())
        host, port = parts.hostname, parts.port
    except ValueError:
        raise ValueError(f'url: it is not a URL; {_EXPECTED}') from None
    if parts.scheme not in ('https', 'http') or not host:
        raise ValueError(f'url: it has no scheme or no host; {_EXPECTED}')
    # A version at the end of the path (`/api/auth/0.1`) is one.
    path = parts.path.rstrip('/')
    version = re.search(r'/([0-9]+\.[0-9.]+)$', path)
    prefix = path[: version.start()] if version else path
    found: dict[str, Any] = {'host': host, 'port': port, 'prefix': prefix, 'https': parts.scheme == 'https'}
    if version:
        found['version'] = version.group(1)
    if parts.username:
        found['username'] = unquote(parts.username)
    if parts.password is not None:
        found['password'] = unquote(parts.password)
    options = dict(parse_qsl(parts.query, keep_blank_values=True))
    if options:
        found['native_options'] = options
    return found
