"""The response and the request of an error: those of `requests` if it is installed, else with the same attributes."""
from __future__ import annotations

import json
from collections.abc import Mapping

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any, Optional


def phrase(status: int) -> str:
    """The standard reason phrase of a status (`Not Found`), empty for an unknown status."""
    from http import HTTPStatus

    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return ''


def reason(answer: Mapping[str, Any], words: Any) -> Any:
    """The `message` of the body, which may be an object or a list, as in the reference client; else `words`, the
    library's reading of the body; else the standard phrase."""
    try:
        body = json.loads(answer['body'])
    except ValueError:
        body = None
    message = body.get('message') if isinstance(body, dict) else None
    return message or words or phrase(answer['status'])


# Line breaks and other controls, and what changes the direction of text: as the library escapes them in its messages.
_BREAKS_A_LINE = {
    code: {9: '\\t', 10: '\\n', 13: '\\r'}.get(code, f'\\u{{{code:x}}}')
    for codes in (range(32), range(127, 160), (0x61C, 0x200E, 0x200F), range(0x2028, 0x202F), range(0x2066, 0x206A))
    for code in codes
}


def one_line(text: str) -> str:
    """The text without what could look like another line of a log."""
    return text.translate(_BREAKS_A_LINE)


def status_text(status: int, reason: Any, url: Optional[str]) -> str:
    """The message for an error status: `404 Client Error: <reason> for url: <url>`. A reason that is an object or a list
    looks as Python writes it, as in `requests`. It is one line, whatever the server said."""
    reason = one_line(str(reason))
    party = 'Client Error' if 400 <= status < 500 else 'Server Error' if status >= 500 else 'Unexpected Status'
    return f'{status} {party}: {reason} for url: {url}'


class Headers(Mapping[str, str]):
    """Response headers, with case-insensitive names. The names are folded when a header is first read."""

    _folded: Optional[dict[str, tuple[str, str]]] = None

    def __init__(self, headers: Optional[Mapping[str, str]] = None) -> None:
        self._given = headers or {}

    def _by_name(self) -> dict[str, tuple[str, str]]:
        if self._folded is None:
            self._folded = {name.lower(): (name, value) for name, value in self._given.items()}
        return self._folded

    def __getitem__(self, name: str) -> str:
        return self._by_name()[name.lower()][1]

    def __iter__(self) -> Iterator[str]:
        return (name for name, _ in self._by_name().values())

    def __len__(self) -> int:
        return len(self._by_name())

    def __repr__(self) -> str:
        return repr(dict(self))


class Request:
    """A request, if `requests` is not installed: secrets are masked."""

    def __init__(self, method: Optional[str], url: Optional[str], headers: Mapping[str, str], body: Optional[str]) -> None:
        self.method = method
        self.url = url
        self.headers = Headers(headers)
        self.body = body

    @property
    def path_url(self) -> str:
        """The path and the query of the URL."""
        from urllib.parse import urlsplit

        parts = urlsplit(self.url or '')
        return (parts.path or '/') + (f'?{parts.query}' if parts.query else '')

    def __repr__(self) -> str:
        return f'<Request [{self.method}]>'


class Response:
    """A response of the server, if `requests` is not installed. Secrets in `url` are masked."""

    encoding = 'utf-8'

    def __init__(
        self, status_code: int, headers: Mapping[str, str], text: str, reason: Any, request: Optional[Request]
    ) -> None:
        self.status_code = status_code
        self.headers = Headers(headers)
        self.text = text
        self.reason = reason
        self.request = request
        self.url = request.url if request else None

    @property
    def content(self) -> bytes:
        """The body as bytes."""
        return self.text.encode('utf-8')

    @property
    def ok(self) -> bool:
        """Whether the status is below 400."""
        return self.status_code < 400

    def __bool__(self) -> bool:
        return self.ok

    def __repr__(self) -> str:
        return f'<Response [{self.status_code}]>'

    def json(self) -> Any:
        """The body as JSON; raises `exceptions.JSONDecodeError` (a ValueError) if it is not JSON."""
        try:
            return json.loads(self.text)
        except json.JSONDecodeError as error:
            from . import exceptions

            raise exceptions.JSONDecodeError(error.msg, error.doc, error.pos) from None

    def raise_for_status(self) -> None:
        """Raises `exceptions.HTTPError` for a status of 400 and more."""
        if not self.ok:
            from . import exceptions

            error = exceptions.HTTPError(status_text(self.status_code, self.reason, self.url))
            error.response, error.request, error.status = self, self.request, self.status_code
            raise error


def make_request(sent: Mapping[str, Any]) -> Any:
    """The request: a `requests.PreparedRequest` if `requests` is installed."""
    requests = _requests()
    if requests is None:
        return Request(sent['method'], sent['url'], sent['headers'], sent['body'])
    request = requests.PreparedRequest()
    request.method, request.url = sent['method'], sent['url']
    # Bytes, as `requests` sends JSON.
    request.body = sent['body'] and sent['body'].encode()
    request.headers = requests.structures.CaseInsensitiveDict(sent['headers'])
    return request


def make_response(answer: Mapping[str, Any], request: Any) -> Any:
    """The response: a `requests.Response` if `requests` is installed. `answer` has `status`, `headers`, `body` and
    `reason`."""
    requests = _requests()
    if requests is None:
        return Response(answer['status'], answer['headers'], answer['body'], answer['reason'], request)
    response = requests.Response()
    response.status_code, response.reason = answer['status'], answer['reason']
    response.headers = requests.structures.CaseInsensitiveDict(answer['headers'])
    response.encoding, response.request = 'utf-8', request
    response.url = request.url if request is not None else None
    response._content, response._content_consumed = answer['body'].encode('utf-8'), True
    return response


def _requests() -> Any:
    """The module `requests`; None if it is not installed, broken, or replaced by a part of it."""
    from importlib import import_module

    try:
        requests = import_module('requests')
        return requests if hasattr(requests, 'PreparedRequest') else None
    except Exception:
        return None
