"""The exceptions of this package.

What fails on the way to the server or is refused by it is raised as the types that the callers of the reference client
catch: those of `requests`, where `requests` is installed (`except requests.HTTPError` catches `HTTPError` below), and
types of the same names and the same shape, where it is not. Every exception derives from `WazoAuthError`, which
carries what the library knows about it.

`requests` is imported when the first of those types is needed (an error is raised, or a name of this module is used),
and not when this package is: its import takes longer than many a program's whole work, and brings OpenSSL along, which
a host may have reasons not to want. It cannot be left out until somebody else imports it: a class's bases are decided
once, and who catches may import `requests` only after the error was raised.
"""
from __future__ import annotations

import json
from types import SimpleNamespace
from typing import Any, Optional

__all__ = [
    'ConnectionError',
    'HTTPError',
    'InvalidArgument',
    'InvalidTokenException',
    'JSONDecodeError',
    'MissingPermissionsTokenException',
    'ProtocolError',
    'RequestException',
    'SSLError',
    'Timeout',
    'WazoAuthError',
]


class WazoAuthError(Exception):
    """Anything that this package raises about a call."""

    #: What happened, in one word: `not_found`, `token_invalid`, `timeout` ... (the list is in the README).
    kind: Optional[str] = None
    #: The same as the number of the C interface; numbers are only ever added.
    kind_code: Optional[int] = None
    #: The HTTP status of the answer, None where there was none.
    status: Optional[int] = None
    #: The server's name of the error (`unknown-user`), None where it gives none.
    error_id: Any = None
    #: What the server says besides, as it came, its secrets masked.
    details: Any = None
    #: Whether the same call may succeed a moment later.
    is_retryable: bool = False
    #: Whether the request may have been carried out although the call failed.
    is_in_doubt: bool = False
    #: Whether the client's own token is not valid any more: the moment to get a new one.
    is_token_invalid: bool = False
    #: The operation that was called (`users.get`), its HTTP method and its URL, secrets masked.
    operation: Optional[str] = None
    method: Optional[str] = None
    url: Optional[str] = None
    #: The server's answer, None where there was none.
    response: Any = None
    request: Any = None


# The reference client's two token exceptions derive from BaseException, so that `except Exception` misses them and a
# thread dies of them without a word. They derive from Exception here. Whoever catches them by name sees no difference.
# They are no RequestException: the request succeeded, and its answer was no.


class InvalidTokenException(WazoAuthError):
    """The token that was asked about does not exist (any more)."""


class MissingPermissionsTokenException(WazoAuthError):
    """The token that was asked about lacks the access, or may not work in the tenant."""


def _own_types() -> SimpleNamespace:
    """The types of `requests`, for a machine without it."""

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

    return SimpleNamespace(**locals())


def _request_types() -> Any:
    try:
        from requests import exceptions
    except Exception:  # not installed, broken, or asked for while the interpreter shuts down: an error must still come
        return _own_types()
    return exceptions


def _define() -> None:
    """Makes the types that depend on whether `requests` is there, as names of this module."""
    base = _request_types()

    class RequestException(WazoAuthError, base.RequestException):
        """A call that failed; what the types below have in common."""

    class HTTPError(RequestException, base.HTTPError):
        """The server answered with an error status; `response` has the answer."""

    class ConnectionError(RequestException, base.ConnectionError):
        """The server could not be reached, or hung up."""

    class SSLError(ConnectionError, base.SSLError):
        """TLS failed: the certificate is not one that the caller's settings trust, or is for another host."""

    class Timeout(RequestException, base.Timeout):
        """The deadline passed."""

    class InvalidArgument(RequestException, ValueError):
        """The call cannot be made with these arguments or settings; nothing was sent."""

    class ProtocolError(RequestException, ValueError):
        """The server's answer is not what the operation answers."""

    # The type came with requests 2.27; before, its callers caught the one of the standard library.
    class JSONDecodeError(ProtocolError, getattr(base, 'JSONDecodeError', json.JSONDecodeError)):
        """The server's answer is not JSON."""

        def __init__(self, msg: str, doc: str = '', pos: int = 0) -> None:
            json.JSONDecodeError.__init__(self, msg, doc, pos)
            base.RequestException.__init__(self, *self.args)

        def __reduce__(self) -> Any:  # the one of json.JSONDecodeError forgets the attributes
            return type(self), (self.msg, self.doc, self.pos), self.__dict__

    made = {name: value for name, value in locals().items() if name in __all__}
    for name, value in made.items():
        # As if written at the top of this module: for pickling, and for the tracebacks that people read.
        value.__module__, value.__qualname__ = __name__, name
    # Of two threads that come here at once one wins, for all of the types: they have to fit together.
    globals().update(globals().setdefault('_defined', made))


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f'module {__name__!r} has no attribute {name!r}')
    _define()
    return globals()[name]


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
