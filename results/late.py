"""Libraries that take half a second to import, fetched when a number is first asked of them and not before.

A command that reads what was worked out earlier asks none. Modules name them for type checkers as always, and bind
`late("numpy")` for the interpreter.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any


class _Late:
    """Stands for a module, whose names it hands on."""

    def __init__(self, name: str) -> None:
        self._name = name

    def __getattr__(self, attribute: str) -> Any:
        found = getattr(import_module(self._name), attribute)
        # The next look-up finds it here at once.
        setattr(self, attribute, found)
        return found


def late(name: str) -> Any:
    """The module of this name, imported where something of it is first used."""
    return _Late(name)
