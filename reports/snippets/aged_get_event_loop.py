"""Shows whether `asyncio.get_event_loop` makes a loop where none is running, without complaint.

How: it is called in the main thread of a fresh process, with every warning recorded. Then it is called inside a
coroutine, where it must give the loop that runs.
"""

from __future__ import annotations

import asyncio
import json
import warnings


def outside() -> str:
    """What was against it: a warning or an error; empty where a loop was made in silence."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            loop = asyncio.get_event_loop()
        except RuntimeError as error:
            return f"it raised RuntimeError, {str(error)!r}"
        complaints = [f"it made a loop with a {each.category.__name__}, {str(each.message)!r}" for each in caught]
    asyncio.set_event_loop(None)
    loop.close()
    return complaints[0] if complaints else ""


async def inside() -> bool:
    return asyncio.get_event_loop() is asyncio.get_running_loop()


def look() -> dict[str, object]:
    complaint = outside()
    within = "it gave the running loop" if asyncio.run(inside()) else "it gave another loop than the running one"
    return {
        "shown": not complaint,
        "said": (
            f"inside a coroutine {within}, and where no loop was running {complaint or 'it made one without a warning'}"
        ),
    }


if __name__ == "__main__":
    print(json.dumps(look()))
