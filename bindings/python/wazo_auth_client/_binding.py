"""Clients that are bound to a renewer: where their sessions get the library's handle from."""
from __future__ import annotations

import copy
import ctypes

from . import _native
from ._library import ADDRESS
from ._native import library
from ._native_decisions import library as decisions

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any, Optional

    from ._base import C
    from ._native_decisions import Handle
    from ._session import BaseSession


def bound(client: C, renewer: Callable[[], Handle]) -> C:
    """Another client with the settings of this one. `renewer` gives the renewer's handle when the first call is made."""
    source: Optional[BaseSession] = getattr(client, '_session', None)
    if source is None:
        raise TypeError(f'expected a wazo_auth_client.Client, not a {type(client).__name__}')
    made = copy.copy(client)
    made.set_token(None)
    made._session.make_handle = _Binding(source, renewer)
    return made


class _Binding:
    """Makes the handles of one bound session: the first, and another one after a change of a setting like `timeout`."""

    def __init__(self, source: BaseSession, renewer: Callable[[], Handle]) -> None:
        self._source, self._renewer = source, renewer
        self.has_own_token = False

    def __call__(self, options: dict[str, str]) -> _native.Handle:
        if self.has_own_token or 'token' in options:
            self.has_own_token = True
            return _native.Handle(options)
        renewer = self._renewer()
        source = self._source
        # With the same settings, both use the same connections.
        is_same = not source._closed and _without_token(source._options) == options
        return _BoundHandle(source.handle() if is_same else _native.Handle(options), renewer, self)


def _without_token(options: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in options.items() if key != 'token'}


class _BoundHandle(_native.Handle):
    """The handle of a client whose token the renewer gives. It does not keep the renewer, which `stop` ends."""

    def __init__(self, client: _native.Handle, renewer: Handle, binding: _Binding) -> None:
        native, error = library(), ADDRESS()
        self._call, self._call_response = native.wazo_auth_call, native.wazo_auth_call_response
        self._free = native.wazo_auth_client_free
        self._binding = binding
        self._address = decisions().wazo_auth_client_with_renewer(client.address, renewer.address, ctypes.byref(error))
        if not self._address:
            _native.raise_error(error)

    def set(self, key: str, value: Optional[str]) -> None:
        """Changes a setting. A token takes the place of the renewer, also in the handles that follow."""
        super().set(key, value)
        if key == 'token':
            self._binding.has_own_token = True
