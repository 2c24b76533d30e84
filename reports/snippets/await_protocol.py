"""Shows what `await` takes: a coroutine, or an object whose `__await__` returns an iterator; nothing else.

How: one of each is awaited, and then a number, a plain generator, and an object whose `__await__` returns a list, which
can be iterated over but is no iterator.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Generator, Iterator
from typing import Any


async def coroutine() -> str:
    return "result"


class ReturnsIterator:
    """Its `__await__` is a generator function, and so returns an iterator; what that returns is the result."""

    def __await__(self) -> Generator[None, None, str]:
        yield  # hands control to the loop, once
        return "result"


class ReturnsList:
    def __await__(self) -> list[str]:
        return ["result"]


def generator() -> Iterator[None]:
    yield


FITTING: dict[str, Callable[[], object]] = {
    "a coroutine": coroutine,
    "an object whose `__await__` returns an iterator": ReturnsIterator,
}
OTHERS: dict[str, Callable[[], object]] = {
    "a number": int,
    "a plain generator": generator,
    "an object whose `__await__` returns a list": ReturnsList,
}


async def awaited(thing: Any) -> str:
    """What came of it: the result, or the TypeError's text."""
    try:
        return f"took: {await thing}"
    except TypeError as error:
        return f"refused: {error}"


async def main() -> dict[str, str]:
    return {name: await awaited(make()) for name, make in (FITTING | OTHERS).items()}


def look() -> dict[str, object]:
    found = asyncio.run(main())
    took = [name for name, came in found.items() if came.startswith("took: ")]
    refused = [f"{name} ({came.removeprefix('refused: ')})" for name, came in found.items() if name not in took]
    return {
        "shown": {name for name, came in found.items() if came == "took: result"} == set(FITTING) == set(took),
        "said": f"it took {', '.join(took) or 'nothing'}; it refused {', '.join(refused) or 'nothing'}",
    }


if __name__ == "__main__":
    print(json.dumps(look()))
