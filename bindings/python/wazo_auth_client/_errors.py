"""Converts errors of the library to exceptions."""
from __future__ import annotations

import json

from . import _kinds, exceptions
from ._response import Request, Response, status_text

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Optional

    from ._native import NativeError

# The types of errors without a response, by their kind. All others are RequestException.
_TYPES_WITHOUT_ANSWER = {
    _kinds.INVALID_ARGUMENT: 'InvalidArgument',
    _kinds.CONNECT: 'ConnectionError',
    _kinds.TLS: 'SSLError',
    _kinds.TIMEOUT: 'Timeout',
    # Not HTTP, or a truncated response: a ConnectionError in requests too.
    _kinds.PROTOCOL: 'ConnectionError',
}


def to_exception(error: NativeError) -> exceptions.WazoAuthError:
    """The exception for an error of the library."""
    failure, answer = error.failure, error.answer
    request = Request(failure.get('method'), failure.get('url'))
    response = None
    if answer is not None:
        response = Response(answer['status'], answer['headers'], answer['body'], failure.get('reason'), request)
    made: exceptions.WazoAuthError = _typed(failure, response)
    made.kind, made.kind_code = failure.get('kind_name'), failure.get('kind')
    made.status = response.status_code if response is not None else None
    made.error_id, made.details = failure.get('error_id'), failure.get('details')
    for name in ('is_retryable', 'is_in_doubt', 'is_token_invalid'):
        setattr(made, name, bool(failure.get(name)))
    made.operation, made.method, made.url = failure.get('operation'), request.method, request.url
    made.response, made.request = response, request
    return made


def _typed(failure: dict[str, Any], response: Optional[Response]) -> Any:
    """The exception with its type and message."""
    message = failure.get('message') or failure.get('kind_name')
    if response is None:
        return getattr(exceptions, _TYPES_WITHOUT_ANSWER.get(failure['kind_name'], 'RequestException'))(message)
    if not 200 <= response.status_code < 300:
        return exceptions.HTTPError(status_text(response.status_code, response.reason, response.url))
    if failure['kind_name'] != _kinds.PROTOCOL:
        return exceptions.RequestException(message)
    try:
        json.loads(response.text)
    except json.JSONDecodeError as error:
        return exceptions.JSONDecodeError(error.msg, error.doc, error.pos)
    return exceptions.ProtocolError(message)


def invalid_argument(message: str, operation: Optional[str] = None) -> exceptions.WazoAuthError:
    """The exception for an invalid argument that this package finds."""
    made = exceptions.InvalidArgument(message)
    made.kind, made.operation = _kinds.INVALID_ARGUMENT, operation
    made.kind_code = _kinds.NUMBERS[made.kind]
    return made


def closed() -> exceptions.WazoAuthError:
    """The exception for a call on a client that was closed."""
    made = exceptions.RequestException('this client was closed')
    made.kind, made.kind_code = _kinds.CLOSED, _kinds.NUMBERS[_kinds.CLOSED]
    return made
