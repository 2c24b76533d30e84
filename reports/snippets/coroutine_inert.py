"""Shows whether a coroutine stays inert until a loop has it.

How: the body of a coroutine leaves a mark. The marks are counted after the bare call, and after a loop has run it.
"""

from __future__ import annotations

import asyncio
import inspect
import json

MARKS: list[str] = []


async def body() -> str:
    MARKS.append("begun")
    await asyncio.sleep(0)
    MARKS.append("ended")
    return "result"


def look() -> dict[str, object]:
    called = body()
    after_call = len(MARKS)
    is_coroutine = inspect.iscoroutine(called)
    result = asyncio.run(called)
    ran = "nothing" if not after_call else f"{after_call} of 2 steps"
    then = "all" if len(MARKS) == 2 else f"{len(MARKS)} of 2 steps"
    return {
        "shown": after_call == 0 and is_coroutine and len(MARKS) == 2 and result == "result",
        "said": f"calling it ran {ran} and gave a {type(called).__name__} object; {then} of its body ran under a loop",
    }


if __name__ == "__main__":
    print(json.dumps(look()))
