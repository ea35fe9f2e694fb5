"""The client whose calls block: constructor and attributes as in the reference client, and an attribute for each
resource."""
from __future__ import annotations

from . import _compat, _operations
from ._base import BaseClient
from ._session import Session
from .exceptions import WazoAuthError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any, Optional

    from ._session import Answer
else:
    # For typing.get_type_hints().
    from ._session import Answer
    from ._typing import Any, Mapping, Optional


class AuthClient(BaseClient, _operations.Resources):
    __doc__ = BaseClient.__doc__

    _session: Session
    _session_type = Session

    saml_config: _compat.SamlConfig
    external: _compat.External

    def __enter__(self) -> AuthClient:
        return self

    def __exit__(self, *exception: Any) -> None:
        self.close()

    def is_server_reachable(self) -> bool:
        """Whether the server responds, even if it returns an error."""
        try:
            self.status.check()
        except WazoAuthError as error:
            return self._is_reachable(error)
        return True

    def call(self, operation: str, arguments: Optional[Mapping[str, Any]] = None) -> Answer:
        """Calls an operation by its name (`users.get`). Returns its status, headers and result.

        `arguments` are the parameters of the operation by name. Pass further query keys in `query`, and further fields
        of the body in `body`.
        """
        answer: Answer = self._session.perform(operation, arguments or {}, whole=True)
        return answer

    def request(self, method: str, path: str, query: Optional[Mapping[str, Any]] = None, body: Any = None) -> Answer:
        """Sends a request for which there is no operation. `path` is percent-encoded, such as `/users/{uuid}`."""
        return self._session.request(method, path, query, body)


Client = AuthClient
