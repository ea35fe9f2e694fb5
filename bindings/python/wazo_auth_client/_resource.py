"""The base class of the generated resources. Their methods pass their arguments to `Resource._call`."""
from __future__ import annotations

from . import _arguments
from ._arguments import UNSET

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Optional

    from ._session import Answer, Session

__all__ = ['UNSET', 'Resource']


class Resource:
    """The operations of a resource, as methods."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def __repr__(self) -> str:
        return f'<{type(self).__name__} of a wazo-auth client>'

    def _answer(self, operation: str, arguments: dict[str, Any]) -> Answer:
        """Calls an operation without free keywords. Returns its status, headers and result."""
        session = self._session
        return session.call(operation, _arguments.build(operation, session.operations[operation], arguments))

    def _call(self, operation: str, arguments: dict[str, Any], more: Optional[dict[str, Any]] = None) -> Any:
        """Calls an operation. Returns its result. `more` are the free keywords, if the operation accepts any."""
        session = self._session
        entry = session.operations[operation]
        result = session.result(operation, _arguments.build(operation, entry, arguments, more))
        shape = entry['result']
        if shape == 'nothing':
            return None
        if shape == 'question':
            return bool(result)
        if shape == 'text' and isinstance(result, dict):
            from base64 import b64decode

            return b64decode(result['base64'])  # not UTF-8: bytes, as they came
        return result
