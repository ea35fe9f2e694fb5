# The types of exceptions.py, for type checkers: there, most of them are made when first needed.
#
# They derive from the exceptions of `requests`, as at runtime where that is installed. Where it is not, the names below
# are unknown to a type checker: the classes have their own attributes and bases all the same.
from json import JSONDecodeError as _JSONDecodeError
from typing import Any, Optional

from requests.exceptions import (  # type: ignore[import-not-found, import-untyped, unused-ignore]
    ConnectTimeout as _ConnectTimeout,
    ConnectionError as _ConnectionError,
    HTTPError as _HTTPError,
    ReadTimeout as _ReadTimeout,
    RequestException as _RequestException,
    SSLError as _SSLError,
    Timeout as _Timeout,
)

from ._response import Request, Response

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
    kind: Optional[str]
    kind_code: Optional[int]
    status: Optional[int]
    error_id: Any
    details: Any
    is_retryable: bool
    is_in_doubt: bool
    is_token_invalid: bool
    operation: Optional[str]
    method: Optional[str]
    url: Optional[str]
    response: Any
    request: Any
    _answer: Any
    _sent: Any

class InvalidTokenException(WazoAuthError): ...
class MissingPermissionsTokenException(WazoAuthError): ...

class RequestException(WazoAuthError, _RequestException):  # type: ignore[misc, unused-ignore]
    def __init__(self, *args: Any, response: Any = ..., request: Any = ...) -> None: ...

class HTTPError(RequestException, _HTTPError):  # type: ignore[misc, unused-ignore]
    # Its attributes are those of the response of `requests`.
    response: Response  # type: ignore[assignment, unused-ignore]  # pyright: ignore[reportIncompatibleVariableOverride]

class ConnectionError(RequestException, _ConnectionError): ...  # type: ignore[misc, unused-ignore]
class SSLError(ConnectionError, _SSLError): ...  # type: ignore[misc, unused-ignore]
class Timeout(RequestException, _Timeout): ...  # type: ignore[misc, unused-ignore]
class ConnectTimeout(ConnectionError, Timeout, _ConnectTimeout): ...  # type: ignore[misc, unused-ignore]
class ReadTimeout(Timeout, _ReadTimeout): ...  # type: ignore[misc, unused-ignore]
class InvalidArgument(RequestException, ValueError): ...
class InvalidPath(InvalidArgument, HTTPError): ...
class ProtocolError(RequestException, ValueError): ...

class JSONDecodeError(ProtocolError, _JSONDecodeError):
    def __init__(self, msg: str, doc: str = ..., pos: int = ...) -> None: ...
