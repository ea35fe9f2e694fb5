"""Responses with the attributes of those of `requests`: `error.response.status_code`, `.json()`."""
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


def status_text(status: int, reason: Any, url: Optional[str]) -> str:
    """The message for an error status: `404 Client Error: <reason> for url: <url>`."""
    party = 'Client Error' if 400 <= status < 500 else 'Server Error' if status >= 500 else 'Unexpected Status'
    words = reason if isinstance(reason, str) else json.dumps(reason)
    return f'{status} {party}: {words} for url: {url}'


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
    """A request: the method and the URL, with secrets masked."""

    def __init__(self, method: Optional[str], url: Optional[str]) -> None:
        self.method = method
        self.url = url

    def __repr__(self) -> str:
        return f'<Request [{self.method}]>'


class Response:
    """A response of the server.

    `reason` is the `message` of an error body, or its first `reason`, or else the standard reason phrase. Secrets in
    `url` are masked.
    """

    encoding = 'utf-8'

    def __init__(
        self,
        status_code: int,
        headers: Optional[Mapping[str, str]] = None,
        text: str = '',
        reason: Any = None,
        request: Optional[Request] = None,
    ) -> None:
        self.status_code = status_code
        self.headers = Headers(headers)
        self.text = text
        self.request = request
        self.url = request.url if request else None
        self.reason = self._own_reason() or reason or phrase(status_code)

    def _own_reason(self) -> Any:
        """The `message` of the body, which may be an object or a list, as in the reference client."""
        try:
            body = json.loads(self.text)
        except ValueError:
            return None
        return body.get('message') if isinstance(body, dict) else None

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
