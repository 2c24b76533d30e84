"""Shows whether `yield from` inside `async def` is a SyntaxError.

How: the compiler is given the same body below `async def` and, to see that nothing else is wrong with it, below `def`.
"""

from __future__ import annotations

import json

BODY = "f():\n    yield from ()\n"


def refusal(source: str) -> str:
    """What the compiler says against it; empty where it takes it."""
    try:
        compile(source, "<text>", "exec")
    except SyntaxError as error:
        return str(error.msg)
    return ""


def look() -> dict[str, object]:
    inside, plain = refusal(f"async def {BODY}"), refusal(f"def {BODY}")
    said = f"a SyntaxError, {inside!r}" if inside else "no error"
    beside = f"a SyntaxError, {plain!r}" if plain else "no error"
    return {
        "shown": bool(inside) and not plain,
        "said": f"below `async def` the compiler gave {said}; below `def` the same body gave {beside}",
    }


if __name__ == "__main__":
    print(json.dumps(look()))
