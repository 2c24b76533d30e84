"""Results whose work is still to be done: map, filter, zip, generators, futures, coroutines, and lists of such."""

from __future__ import annotations

import inspect
import io
from collections.abc import Iterator, Mapping
from typing import Any

LOOKED_AT = 100
"""So many parts of a container are looked at."""


def lazy(value: Any, depth: int = 3) -> str:
    """What in a result has not been done yet, in two or three words; empty where all is done."""
    kind = type(value).__name__
    if inspect.isgenerator(value) or inspect.isasyncgen(value):
        return "a generator"
    if inspect.iscoroutine(value):
        value.close()
        return "a coroutine"
    if kind in ("Future", "Task") or inspect.isawaitable(value):
        return f"a {kind}"
    if isinstance(value, Iterator) and not isinstance(value, io.IOBase) and iter(value) is value:
        return f"a {kind}"
    if not depth:
        return ""
    parts = list(value.values())[:LOOKED_AT] if isinstance(value, Mapping) else ()
    if isinstance(value, list | tuple | set | frozenset):
        parts = list(value)[:LOOKED_AT]
    within = next((found for each in parts if (found := lazy(each, depth - 1))), "")
    return f"a {kind} with {within} in it" if within else ""
