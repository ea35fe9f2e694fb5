"""The modules and classes of the reference client's commands, by their names there: `commands.token.TokenCommand`.

They are the classes of this package, so that a program which imports one, derives from one or patches a method of one
reaches the objects that a client uses. The modules are made here: they hold nothing but the class.
"""
from __future__ import annotations

import sys
from types import ModuleType

from .. import _compat

#: The class of each command, by the name of its module.
CLASSES = _compat.CLASSES


def _make(name: str, class_name: str) -> ModuleType:
    module = ModuleType(f'{__name__}.{name}', f'The command `{name}` of the reference client.')
    setattr(module, class_name, _compat.RESOURCES[name])
    sys.modules[module.__name__] = module
    return module


globals().update({name: _make(name, class_name) for name, class_name in CLASSES.items()})
