"""Shows in which order `gather` and `as_completed` hand over results.

How: three jobs end in an order other than that of the arguments. Each waits for the job before it to have ended, by
events and not by time, so the order of completion is the same on every machine.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Coroutine
from typing import Any

ARGUMENTS = ["a", "b", "c"]
COMPLETION = ["c", "a", "b"]


def jobs(ended: list[str]) -> list[Coroutine[Any, Any, str]]:
    """One for each name, in order of the arguments; `ended` fills in order of completion."""
    over = {name: asyncio.Event() for name in COMPLETION}

    async def job(name: str) -> str:
        place = COMPLETION.index(name)
        if place:
            await over[COMPLETION[place - 1]].wait()
            await asyncio.sleep(0)
        ended.append(name)
        over[name].set()
        return name

    return [job(name) for name in ARGUMENTS]


async def gathered() -> tuple[list[str], list[str]]:
    ended: list[str] = []
    return await asyncio.gather(*jobs(ended)), ended


async def completed() -> tuple[list[str], list[str]]:
    ended: list[str] = []
    return [await each for each in asyncio.as_completed(jobs(ended))], ended


def look() -> dict[str, object]:
    (by_gather, ended_gather), (by_completed, ended_completed) = asyncio.run(gathered()), asyncio.run(completed())
    return {
        "shown": by_gather == ARGUMENTS and by_completed == COMPLETION == ended_gather == ended_completed,
        "said": (
            f"the jobs {' '.join(ARGUMENTS)} ended in the order {' '.join(ended_completed)}; gather gave "
            f"{' '.join(by_gather)} and as_completed gave {' '.join(by_completed)}"
        ),
    }


if __name__ == "__main__":
    print(json.dumps(look()))
