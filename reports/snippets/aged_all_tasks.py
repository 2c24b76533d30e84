"""Shows whether `asyncio.Task.all_tasks` still lists the tasks that are pending.

How: it is called while three tasks wait, and so is `asyncio.all_tasks`, which came in its place.
"""

from __future__ import annotations

import asyncio
import json

WAITING = 3


async def listed() -> tuple[int | None, int, str]:
    """How many the old way lists, how many the new way, and what went wrong with the old."""
    event = asyncio.Event()
    tasks = {asyncio.create_task(event.wait()) for _ in range(WAITING)}
    await asyncio.sleep(0)
    new = len(tasks & asyncio.all_tasks())
    try:
        old, error = len(tasks & asyncio.Task.all_tasks()), ""  # type: ignore[attr-defined]
    except Exception as raised:
        old, error = None, type(raised).__name__
    event.set()
    await asyncio.gather(*tasks)
    return old, new, error


def look() -> dict[str, object]:
    old, new, error = asyncio.run(listed())
    found = f"gave {error}" if old is None else f"listed {old} of {WAITING} waiting tasks"
    return {
        "shown": old == WAITING,
        "said": f"where asyncio.all_tasks listed {new} of {WAITING} waiting tasks, asyncio.Task.all_tasks {found}",
    }


if __name__ == "__main__":
    print(json.dumps(look()))
