"""Access lists: what a token may do, as its `acl` says, decided without the server."""
from __future__ import annotations

import ctypes
import json

from . import _native_decisions as _native

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from typing import Any, Optional

__all__ = ['AccessCheck', 'fill']


class AccessCheck:
    """An access list and whose it is. Thread-safe; it answers as the server does.

    `me` in an entry stands for `auth_id` as well, `my_session` for `session_uuid`; None stands for nobody. A question
    takes no more steps than the length of the entries times that of the access.
    """

    __slots__ = ('_handle', '_matches', 'auth_id')

    def __init__(self, auth_id: Any, session_uuid: Any, acl: Iterable[str]) -> None:
        native = _native.library()
        if isinstance(acl, (str, bytes)):
            raise TypeError('acl: expected a list of texts, not one text')
        self.auth_id = auth_id
        self._matches = native.wazo_auth_access_matches
        self._handle = _native.made(
            native.wazo_auth_access_new,
            native.wazo_auth_access_free,
            json.dumps(list(acl)).encode(),
            _native.encode('auth_id', None if auth_id is None else str(auth_id)),
            _native.encode('session_uuid', None if session_uuid is None else str(session_uuid)),
        )

    def matches_required_access(self, required_access: Optional[str]) -> bool:
        """Whether the list allows the access. None means that no access is required, which is allowed."""
        return self._ask(self._matches, required_access)

    def matches_each(self, accesses: Iterable[str]) -> dict[str, bool]:
        """Asks about several accesses at once: for each of them, whether the list allows it."""
        asked = list(accesses)
        native, error = _native.library(), ctypes.c_void_p()
        text = native.wazo_auth_access_matches_each(
            self._handle.address, json.dumps(asked).encode(), ctypes.byref(error)
        )
        if not text:
            _native.raise_error(error)
        return dict(zip(asked, _native.parsed(text)))

    def may_add_access(self, new_access: str) -> bool:
        """Whether the owner of the list may give this entry to somebody: what the list allows, and any denial."""
        return self._ask(_native.library().wazo_auth_access_may_add, _entry(new_access))

    def may_remove_access(self, access_to_remove: str) -> bool:
        """Whether the owner of the list may take this entry from somebody: what the list allows."""
        return self._ask(_native.library().wazo_auth_access_may_remove, _entry(access_to_remove))

    def _ask(self, function: Any, access: Optional[str]) -> bool:
        error = ctypes.c_void_p()
        if function(self._handle.address, _native.encode('access', access), ctypes.byref(error)):
            return True
        if error:
            _native.raise_error(error)
        return False


def _entry(access: str) -> str:
    if not isinstance(access, str):
        raise TypeError(f'expected an entry of an access list, not a {type(access).__name__}')
    return access


def fill(pattern: str, values: Mapping[str, Any]) -> str:
    """Fills the placeholders of an access: `fill('confd.users.{user_uuid}.read', {'user_uuid': uuid})`.

    A value is converted by str(), and its dots become `_`, so that it stays one word. A placeholder without a value
    raises `InvalidArgument`.
    """
    if '{' not in pattern:
        return pattern
    texts = {name: str(value) for name, value in values.items()}
    error = ctypes.c_void_p()
    text = _native.library().wazo_auth_access_fill(
        _native.encode('pattern', pattern), json.dumps(texts).encode(), ctypes.byref(error)
    )
    if not text:
        _native.raise_error(error)
    return str(_native.taken(text), 'utf-8')
