"""The names of `typing` that annotations use, without importing it: its import takes longer than that of this package.

Annotations are texts here. typing.get_type_hints() and documentation tools evaluate them among the names of the
function's module, where those of this module become the ones of `typing`. Type checkers do not see this module:

    TYPE_CHECKING = False
    if TYPE_CHECKING:
        from typing import Any, Optional
    else:
        from ._typing import Any, Optional
"""
from __future__ import annotations


class _Generic:
    """A name of `typing` that takes parameters: `Optional[str]` is evaluated to what `typing` makes of it."""

    def __init__(self, name: str) -> None:
        self._name = name

    def __getitem__(self, parameters: object) -> object:
        import typing

        return getattr(typing, self._name)[parameters]

    def __repr__(self) -> str:
        return self._name


# A text, as `typing` evaluates an annotation again if that is what a name stands for.
Any = "__import__('typing').Any"
Callable = _Generic('Callable')
Iterable = _Generic('Iterable')
Iterator = _Generic('Iterator')
Mapping = _Generic('Mapping')
Optional = _Generic('Optional')
Sequence = _Generic('Sequence')
Union = _Generic('Union')
