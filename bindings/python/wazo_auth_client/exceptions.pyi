# The types of exceptions.py, for type checkers: there, most of them are made when first needed. Where `requests` is
# installed, they derive from its types of the same names as well.
from json import JSONDecodeError as _JSONDecodeError
from typing import Any, Optional

from ._response import Request, Response

__all__: list[str]

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
    request: Optional[Request]

class InvalidTokenException(WazoAuthError): ...
class MissingPermissionsTokenException(WazoAuthError): ...
class RequestException(WazoAuthError, OSError): ...

class HTTPError(RequestException):
    response: Response

class ConnectionError(RequestException): ...
class SSLError(ConnectionError): ...
class Timeout(RequestException): ...
class InvalidArgument(RequestException, ValueError): ...
class ProtocolError(RequestException, ValueError): ...
class JSONDecodeError(ProtocolError, _JSONDecodeError): ...
