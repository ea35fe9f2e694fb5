"""The base class of the generated resources. Their methods pass their arguments to `Resource._call`."""
from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import Any, Optional

from . import _arguments
from ._arguments import UNSET
from ._session import Answer, Session

__all__ = ['UNSET', 'Resource']


class Resource:
    """The operations of a resource, as methods."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def __repr__(self) -> str:
        return f'<{type(self).__name__} of a wazo-auth client>'

    def _answer(self, operation: str, arguments: Mapping[str, Any], more: Optional[Mapping[str, Any]]) -> Answer:
        """Calls an operation. Returns its status, headers and result."""
        entry = self._session.operations[operation]
        return self._session.call(operation, _arguments.build(operation, entry, arguments, more or {}))

    def _call(self, operation: str, arguments: Mapping[str, Any], more: Optional[Mapping[str, Any]] = None) -> Any:
        """Calls an operation. Returns its result. `more` are the free keywords, if the operation accepts any."""
        answer = self._answer(operation, arguments, more)
        shape = self._session.operations[operation]['result']
        if shape == 'nothing':
            return None
        if shape == 'question':
            return bool(answer.result)
        if shape == 'text' and isinstance(answer.result, dict):
            return base64.b64decode(answer.result['base64'])  # not UTF-8: bytes, as they came
        return answer.result
