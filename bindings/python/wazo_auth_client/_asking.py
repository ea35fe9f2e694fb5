"""What the middlewares and the decorators share: the question that a request asks, and its refusals."""
from __future__ import annotations

from . import exceptions, http_exceptions

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Optional

    from .verifier import AsyncVerifier, BaseVerifier, Decision, Verifier

TOKEN_HEADER, TENANT_HEADER = 'X-Auth-Token', 'Wazo-Tenant'

#: Longer than any identifier of a tenant.
_LONGEST_TENANT = 100


def bearer_token(authorization: str) -> str:
    """The token of a header `Authorization: Bearer ...`; empty if it is anything else."""
    scheme, _, token = authorization.strip().partition(' ')
    return token.strip() if scheme.lower() == 'bearer' else ''


class Question:
    """Whether the token of a request has an access in a tenant. Both are None where they are not checked."""

    __slots__ = ('access', 'tenant', 'token')

    def __init__(self, token: Optional[str], access: Optional[str], tenant: Optional[str]) -> None:
        # The library says no to an empty token, and sends nothing.
        self.token, self.access, self.tenant = token or '', access, tenant or None
        if self.tenant and (len(self.tenant) > _LONGEST_TENANT or not self.tenant.isprintable()):
            # It comes from the network, and no server knows it: no question, and no failure of the server.
            raise http_exceptions.MissingPermissionsTokenAPIException(self.token, access, self.tenant)

    def known(self, verifier: BaseVerifier) -> Optional[Decision]:
        """A yes that is known; None if it is not known. Raises the refusal for a no that is known."""
        return self._accepted(verifier.peek(self.token, self.access, self.tenant))

    def asked(self, verifier: Verifier) -> Decision:
        """The yes. Raises the refusal for a no, and where the server cannot be asked. May wait for the server."""
        try:
            decision = verifier.decide(self.token, self.access, self.tenant)
        except exceptions.InvalidArgument:
            raise  # a mistake of this program, such as an empty access
        except exceptions.RequestException as error:
            raise http_exceptions.unreachable(verifier.client, error) from error
        self._accepted(decision)
        return decision

    async def awaited(self, verifier: AsyncVerifier) -> Decision:
        """The same as `asked`, without blocking the event loop."""
        try:
            decision = await verifier.decide(self.token, self.access, self.tenant)
        except exceptions.InvalidArgument:
            raise
        except exceptions.RequestException as error:
            raise http_exceptions.unreachable(verifier.client, error) from error
        self._accepted(decision)
        return decision

    def _accepted(self, decision: Optional[Decision]) -> Optional[Decision]:
        if decision is not None and not decision:
            raise http_exceptions.refusal(decision, self.token, self.access, self.tenant)
        return decision
