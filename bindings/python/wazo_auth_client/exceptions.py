"""The exceptions of this package.

Every exception derives from `WazoAuthError`, which has the details of the error. Callers of the reference client catch
the exceptions of `requests`. So the exceptions for failed calls derive from those too, if `requests` is installed
(`except requests.HTTPError` catches `HTTPError` below). Otherwise they have the same names and attributes.

`requests` is imported when one of those types is first needed (an error is raised, or a name of this module is used),
and not together with this package: the import is slow, and loads OpenSSL, which some programs must not load. It cannot
wait until the program imports `requests`: the base classes are fixed once, and a program may import `requests` after an
error was raised.
"""
from __future__ import annotations

import json
from types import SimpleNamespace

from . import _response

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Optional

__all__ = [
    'ConnectTimeout',
    'ConnectionError',
    'HTTPError',
    'InvalidArgument',
    'InvalidPath',
    'InvalidTokenException',
    'JSONDecodeError',
    'MissingPermissionsTokenException',
    'ProtocolError',
    'ReadTimeout',
    'RequestException',
    'SSLError',
    'Timeout',
    'WazoAuthError',
]


class WazoAuthError(Exception):
    """The base class of all exceptions about a call."""

    #: The kind of the error as a word: `not_found`, `token_invalid`, `timeout` ...
    kind: Optional[str] = None
    #: The kind as the number of the C interface; numbers never change.
    kind_code: Optional[int] = None
    #: The HTTP status of the response, None if there was no response.
    status: Optional[int] = None
    #: The server's `error_id` (`unknown-user`), None if it gave none.
    error_id: Any = None
    #: The server's `details`, with secrets masked.
    details: Any = None
    #: Whether the same call may succeed if it is repeated later.
    is_retryable: bool = False
    #: Whether the server may have carried out the request although the call failed.
    is_in_doubt: bool = False
    #: Whether the client's own token is unknown or expired: log in again.
    is_token_invalid: bool = False
    #: The operation (`users.get`), its HTTP method and its URL, with secrets masked.
    operation: Optional[str] = None
    method: Optional[str] = None
    url: Optional[str] = None

    # What the response and the request are made of, when they are first asked for.
    _answer: Optional[dict[str, Any]] = None
    _sent: Optional[dict[str, Any]] = None

    @property
    def response(self) -> Any:
        """The response, None if there was none: a `requests.Response` if `requests` is installed."""
        made = self.__dict__.get('_response')
        if made is None and self._answer is not None:
            made = self._response = _response.make_response(self._answer, self.request)
        return made

    @response.setter
    def response(self, response: Any) -> None:
        self._response = response

    @property
    def request(self) -> Any:
        """The request, with secrets masked: a `requests.PreparedRequest` if `requests` is installed."""
        made = self.__dict__.get('_request')
        if made is None and self._sent is not None:
            made = self._request = _response.make_request(self._sent)
        return made

    @request.setter
    def request(self, request: Any) -> None:
        self._request = request


# In the reference client, the two token exceptions derive from BaseException, so that `except Exception` does not catch
# them and a thread ends silently. Here they derive from Exception; code that catches them by name is not affected. They
# do not derive from RequestException: the request succeeded, and the answer was no.


class InvalidTokenException(WazoAuthError):
    """The token that was checked is unknown or expired."""


class MissingPermissionsTokenException(WazoAuthError):
    """The token that was checked lacks the access, or may not be used in the tenant."""


def _own_types() -> SimpleNamespace:
    """Replacements for the exceptions of `requests`, if it is not installed."""

    class RequestException(OSError):
        def __init__(self, *args: Any, **kwargs: Any) -> None:
            self.response = kwargs.pop('response', None)
            self.request = kwargs.pop('request', None) or getattr(self.response, 'request', None)
            super().__init__(*args, **kwargs)

    class HTTPError(RequestException):
        pass

    class ConnectionError(RequestException):
        pass

    class SSLError(ConnectionError):
        pass

    class Timeout(RequestException):
        pass

    class ConnectTimeout(ConnectionError, Timeout):
        pass

    class ReadTimeout(Timeout):
        pass

    return SimpleNamespace(**locals())


def _request_types() -> Any:
    try:
        from requests import exceptions
    except Exception:  # not installed, broken, or the interpreter is shutting down: an error must still be raised
        return _own_types()
    return exceptions


def _define() -> None:
    """Defines the exceptions that depend on whether `requests` is installed, as names of this module."""
    base = _request_types()

    class RequestException(WazoAuthError, base.RequestException):
        """The base class of the exceptions for failed calls."""

    class HTTPError(RequestException, base.HTTPError):
        """The server returned an error status; see `response`."""

    class ConnectionError(RequestException, base.ConnectionError):
        """There was no connection, or the server closed it."""

    class SSLError(ConnectionError, base.SSLError):
        """TLS failed: the certificate is not trusted, or is for another host name."""

    class Timeout(RequestException, base.Timeout):
        """The call did not end before its deadline."""

    class ConnectTimeout(ConnectionError, Timeout, base.ConnectTimeout):
        """The call did not end before its deadline, and there was no connection yet."""

    class ReadTimeout(Timeout, base.ReadTimeout):
        """The call did not end before its deadline; the request may have been sent."""

    class InvalidArgument(RequestException, ValueError):
        """An argument or a setting is invalid; nothing was sent."""

    class InvalidPath(InvalidArgument, HTTPError):
        """An argument cannot be a part of a URL (it is empty, None, `..`, too long); nothing was sent.

        It is an HTTPError too, whose `response` is the 404 that a server gives for a resource that cannot exist.
        """

    class ProtocolError(RequestException, ValueError):
        """The response is malformed."""

    # requests has the type since 2.27; before, its callers caught that of the standard library.
    class JSONDecodeError(ProtocolError, getattr(base, 'JSONDecodeError', json.JSONDecodeError)):
        """The response is not JSON."""

        def __init__(self, msg: str, doc: str = '', pos: int = 0) -> None:
            json.JSONDecodeError.__init__(self, msg, doc, pos)
            base.RequestException.__init__(self, *self.args)

        def __reduce__(self) -> Any:  # that of json.JSONDecodeError drops the attributes
            return type(self), (self.msg, self.doc, self.pos), self.__dict__

    made = {name: value for name, value in locals().items() if name in __all__}
    for name, value in made.items():
        # As if defined at the top of this module, for pickling and for tracebacks.
        value.__module__, value.__qualname__ = __name__, name
    # If two threads come here at once, one wins for all types: they have to fit together.
    globals().update(globals().setdefault('_defined', made))


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f'module {__name__!r} has no attribute {name!r}')
    _define()
    return globals()[name]


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
