"""Shows what becomes of a task that `main` does not wait for.

How: `main` begins two tasks, gives the loop a few turns and returns. One task needs a single turn; the other waits for
an event that nobody ever sets. Both write down how they ended.
"""

from __future__ import annotations

import asyncio
import json

TURNS = 3
ENDS: dict[str, str] = {}


async def short() -> None:
    await asyncio.sleep(0)
    ENDS["short"] = "finished"


async def endless() -> None:
    ENDS["endless"] = "begun"
    try:
        await asyncio.Event().wait()
        ENDS["endless"] = "finished"
    except asyncio.CancelledError:
        ENDS["endless"] = "cancelled"
        raise


async def main() -> tuple[list[asyncio.Task[None]], dict[str, str]]:
    """The tasks, and how far they were when it returned."""
    tasks = [asyncio.create_task(short()), asyncio.create_task(endless())]
    for _ in range(TURNS):
        await asyncio.sleep(0)
    return tasks, dict(ENDS)


def look() -> dict[str, object]:
    (done, cut), before = asyncio.run(main())
    in_time = before.get("short") == "finished" and not done.cancelled()
    cut_off = before.get("endless") == "begun" and ENDS["endless"] == "cancelled" and cut.cancelled()
    return {
        "shown": in_time and cut_off,
        "said": (
            f"of two tasks that nobody awaited the short one was {before.get('short', 'not begun')} when `main` "
            f"returned, and the other was {before.get('endless', 'not begun')} then and "
            f"{ENDS.get('endless', 'not begun')} after the loop had ended"
        ),
    }


if __name__ == "__main__":
    print(json.dumps(look()))
