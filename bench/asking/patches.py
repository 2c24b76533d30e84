"""What a file has replaced in the standard library or in us while it was imported: found, and put back.

Workers import the file too, and there it stays: it is part of what is measured. Whoever only plans wants his own
`json.dumps` and `time.sleep`.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import suppress
from types import ModuleType
from typing import Any

OURS = "when_async"
LEFT = {"typing", "_frozen_importlib_external"}
"""What typing_extensions and importlib.metadata complete when they are imported, and rely on."""
WHOLES = {"gevent", "eventlet"}
HEAP = 1 << 9
"""The flag of a class that was made by Python code."""
SHOWN = 3
"""So many names are told; gevent replaces hundreds."""

Kept = list[tuple[ModuleType | type, dict[str, Any]]]
"""Modules and classes with the functions and classes that they had."""


def kept() -> Kept:
    """What there is to be put back."""
    return [(place, {name: value for name, value in vars(place).items() if callable(value)}) for place in _places()]


def _places() -> Iterator[ModuleType | type]:
    for name, module in list(sys.modules.items()):
        top = name.partition(".")[0]
        if not isinstance(module, ModuleType) or name in LEFT or not (top in sys.stdlib_module_names or top == OURS):
            continue
        yield module
        for value in list(vars(module).values()):
            # A class is looked at where it was made; those of C cannot be changed.
            if isinstance(value, type) and value.__module__ == name and value.__flags__ & HEAP:
                yield value


def put_back(there: Kept) -> list[str]:
    """Put back what is another one now; returns its names, `time.sleep`."""
    changed = [
        (place, name, value)
        for place, had in there
        for name, value in had.items()
        if vars(place).get(name, there) is not value
    ]
    if any(_is_of_a_whole(vars(place).get(name)) for place, name, _ in changed):
        return []
    for place, name, value in changed:
        with suppress(AttributeError, TypeError):
            setattr(place, name, value)
    return [f"{_called(place)}.{name}" for place, name, _ in changed]


def _is_of_a_whole(value: object) -> bool:
    """Whether it works only together with locks and threads that are replaced too, and cannot be taken back."""
    return str(getattr(value, "__module__", "")).partition(".")[0] in WHOLES


def _called(place: ModuleType | type) -> str:
    return place.__name__ if isinstance(place, ModuleType) else f"{place.__module__}.{place.__qualname__}"


def told(names: list[str]) -> str:
    """The first of them, and how many more."""
    more = len(names) - SHOWN
    return ", ".join(names[:SHOWN]) + (f" and {more} more" if more > 0 else "")
