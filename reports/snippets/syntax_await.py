"""Shows whether `await` outside `async def` is a SyntaxError.

How: the compiler is given an `await` in a plain function, in a lambda and at the level of the module, and, to see that
nothing else is wrong with it, in an `async def`.
"""

from __future__ import annotations

import json

OUTSIDE = {
    "a plain function": "def f():\n    return await g()\n",
    "a lambda": "f = lambda: await g()\n",
    "the level of the module": "await g()\n",
}
INSIDE = "async def f():\n    return await g()\n"


def refusal(source: str) -> str:
    """What the compiler says against it; empty where it takes it."""
    try:
        compile(source, "<text>", "exec")
    except SyntaxError as error:
        return str(error.msg)
    return ""


def look() -> dict[str, object]:
    refusals = {where: refusal(source) for where, source in OUTSIDE.items()}
    refused = [where for where, said in refusals.items() if said]
    words = " and ".join(dict.fromkeys(repr(said) for said in refusals.values() if said))
    inside = refusal(INSIDE)
    return {
        "shown": len(refused) == len(OUTSIDE) and not inside,
        "said": (
            f"the compiler refused it in {len(refused)} of {len(OUTSIDE)} places outside ({words}), and "
            f"{'refused' if inside else 'took'} it inside `async def`"
        ),
    }


if __name__ == "__main__":
    print(json.dumps(look()))
