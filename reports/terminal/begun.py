"""A whole program to begin from, for the model that a callable of the user's does best with."""

from __future__ import annotations

from collections.abc import Iterator

from when_async.results.cells.summary import Row

from ..scene.rows import Scene
from .shapes import SHAPES, shape
from .tried import AWAIT, Named, Own, fullest, taken


def program(scene: Scene, own: Own) -> Iterator[str]:
    """Code to begin from, for the model to take, as a terminal shows it."""
    text, best = begun(scene, own), _best(scene)
    if text and best is not None:
        yield f"\nTo begin from, with {best.runner}:\n"
    for line in text.splitlines():
        yield f"    {line}".rstrip()


def _best(scene: Scene) -> Row | None:
    """The row to take of all places."""
    place = fullest(scene)
    return taken(scene.of(comparison=place)) if place else None


def begun(scene: Scene, own: Own) -> str:
    """A whole program to begin from, for the model to take; empty where there is none to show."""
    best = _best(scene)
    if best is None or best.runner not in (*SHAPES, "uvloop"):
        return ""
    loops = best.runner in AWAIT
    named = own.awaited if loops else own.blocking
    if named is None:
        return ""
    return code(named, best.runner, best.concurrency, best.ops or 1, awaits=loops)


def code(named: Named, runner: str, in_flight: int, ops: int, *, awaits: bool) -> str:
    """A whole program: the imports, the op, the items, and the model around them."""
    imports, model = _apart(shape(runner, in_flight, ops))
    define, wait = ("async def", "await ") if awaits else ("def", "")
    body = f"{define} work(item):\n    return {wait}{named.call}"
    items = f"items = {list(named.items)!r}" if named.items else f"items = range({ops})"
    own = f"from {named.module} import {named.owner}" if named.module else ""
    head = "\n".join(filter(None, [imports, own]))
    gap = "\n\n" if model.startswith(("def ", "async def ")) else ""
    return f"{head}\n\n\n{body}\n\n\n{items}\n{gap}{model}".lstrip()


def _apart(text: str) -> tuple[str, str]:
    """The imports that a program begins with, and the rest of it."""
    lines = text.splitlines(keepends=True)
    first = next(
        (at for at, line in enumerate(lines) if line.strip() and not line.startswith(("import ", "from "))), len(lines)
    )
    return "".join(line for line in lines[:first] if line.strip()).rstrip(), "".join(lines[first:])
