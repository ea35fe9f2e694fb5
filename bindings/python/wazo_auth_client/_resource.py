"""The base class of the generated resources. Their methods pass their arguments to `Resource._call`.

A resource has the attributes of the reference client's commands as well (`base_url`, `session`, `_client` ...), for
programs that use them.
"""
from __future__ import annotations

from . import _arguments, _settings
from ._arguments import UNSET

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, Optional

    from ._session import Session

__all__ = ['UNSET', 'Resource']


class Resource:
    """The operations of a resource, as methods."""

    #: Where its URLs begin; _compat.py sets it.
    resource = ''

    def __init__(self, client: Any) -> None:
        # Of the client, only its session is kept. See _session.py.
        self._session: Session = client._session

    def __repr__(self) -> str:
        return f'<{type(self).__name__} of a wazo-auth client>'

    def _call(self, operation: str, arguments: dict[str, Any], more: Optional[dict[str, Any]] = None) -> Any:
        """Calls an operation. Returns its result. `more` are the free keywords, if the operation accepts any."""
        session = self._session
        entry = session.operations[operation]
        built = _arguments.build(operation, entry, arguments, more)
        return session.perform(operation, built, _FINISH.get(entry['result']))

    # What the commands of the reference client have, whose methods send their requests with `requests`.

    @property
    def _client(self) -> Any:
        """The client of this resource."""
        session = self._session
        client = session.client() if session.client is not None else None
        return session.make_client(session) if client is None else client

    @property
    def base_url(self) -> str:
        """The URL of the resource."""
        return _settings.url(self._session.given, self.resource)

    @property
    def timeout(self) -> Any:
        """The timeout of the client."""
        return self._session.given['timeout']

    @property
    def session(self) -> Any:
        """A new `requests.Session` with the settings of the client. Needs `requests`."""
        return self._client.session()

    @staticmethod
    def raise_from_response(response: Any) -> None:
        """Raises `requests.HTTPError` if the status of a response of `requests` is 400 or more, with the message of the
        body in its text."""
        try:
            response.reason = response.json()['message']
        except (ValueError, KeyError, TypeError):
            pass
        response.raise_for_status()

    def _get_headers(self, **keywords: Any) -> dict[str, str]:
        """The headers of a request, besides those of the session."""
        headers = {'Accept': 'application/json'}
        if keywords.get('tenant_uuid'):
            headers['Wazo-Tenant'] = str(keywords['tenant_uuid'])
        return headers


def _bytes(result: Any) -> Any:
    """A text that is not UTF-8 comes as base64, and is returned as bytes."""
    if isinstance(result, dict):
        from base64 import b64decode

        return b64decode(result['base64'])
    return result


def _nothing(result: Any) -> None:
    return None


#: What is done with a result of each shape before it is returned.
_FINISH: dict[str, Callable[[Any], Any]] = {'nothing': _nothing, 'question': bool, 'text': _bytes}
