"""Converts errors of the library to exceptions."""
from __future__ import annotations

import json

from . import _kinds, _masked, _response, exceptions

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any, Optional

    from ._native import NativeError

# The types of errors without a response, by their kind. All others are RequestException.
_TYPES_WITHOUT_ANSWER = {
    _kinds.INVALID_ARGUMENT: 'InvalidArgument',
    _kinds.CONNECT: 'ConnectionError',
    _kinds.TLS: 'SSLError',
    _kinds.TIMEOUT: 'ReadTimeout',
    # Not HTTP, or a truncated response: a ConnectionError in requests too.
    _kinds.PROTOCOL: 'ConnectionError',
}


def to_exception(
    error: NativeError,
    session: Any = None,
    operation: str = '',
    arguments: Optional[Mapping[str, Any]] = None,
) -> exceptions.WazoAuthError:
    """The exception for an error of the library. `session` (of which `given` and `operations` are read), `operation` and
    `arguments` are those of the call, if there was one."""
    failure, answer = error.failure, error.answer
    if session is not None and answer is None and _is_impossible_path(failure, session, operation):
        answer = _not_found(failure)
    if answer is not None:
        answer['reason'] = _response.reason(answer, failure.get('reason'))
    made: exceptions.WazoAuthError = _typed(failure, answer)
    made.kind, made.kind_code = failure.get('kind_name'), failure.get('kind')
    made.status = answer['status'] if answer is not None else None
    made.error_id, made.details = failure.get('error_id'), failure.get('details')
    for name in ('is_retryable', 'is_in_doubt', 'is_token_invalid'):
        setattr(made, name, bool(failure.get(name)))
    made.operation, made.method, made.url = failure.get('operation'), failure.get('method'), failure.get('url')
    made._answer = answer
    if session is not None:
        made._sent = _masked.request(session.given, operation, arguments or {}, failure)
    return made


def is_refusal(error: exceptions.WazoAuthError) -> bool:
    """Whether the exception is about an error status of the server."""
    return error.status is not None and not 200 <= error.status < 300


def _is_impossible_path(failure: dict[str, Any], session: Any, operation: str) -> bool:
    """Whether the library refused an argument that is a part of the path."""
    if failure['kind_name'] != _kinds.INVALID_ARGUMENT or operation not in session.operations:
        return False
    places = session.operations[operation]['places']
    refused = failure['message'].partition(':')[0].rpartition(' ')[2]  # `argument user_uuid: it is empty; ...`
    return bool(places.get(refused) == 'path')


def _not_found(failure: dict[str, Any]) -> dict[str, Any]:
    """The response that a server gives for a resource that cannot exist."""
    body = {'message': failure['message'], 'error_id': failure['kind_name'], 'details': {}}
    return {'status': 404, 'headers': {'content-type': 'application/json'}, 'body': json.dumps(body)}


def _typed(failure: dict[str, Any], answer: Optional[dict[str, Any]]) -> Any:
    """The exception with its type and message."""
    kind = failure['kind_name']
    message = failure.get('message') or kind
    if answer is None:
        if kind == _kinds.TIMEOUT and failure.get('is_connecting'):
            return exceptions.ConnectTimeout(message)
        return getattr(exceptions, _TYPES_WITHOUT_ANSWER.get(kind, 'RequestException'))(message)
    if kind == _kinds.INVALID_ARGUMENT and failure.get('url') is None:
        return exceptions.InvalidPath(f'404 Client Error: {message} Nothing was sent.')
    if not 200 <= answer['status'] < 300:
        return exceptions.HTTPError(_response.status_text(answer['status'], answer['reason'], failure.get('url')))
    if kind != _kinds.PROTOCOL:
        return exceptions.RequestException(message)
    try:
        json.loads(answer['body'])
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
