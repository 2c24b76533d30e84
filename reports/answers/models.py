"""Answers that begin with a model: when threads, and when async at all."""

from __future__ import annotations

from .. import words
from .answer import Evidence, Standing, decided, standing
from .network import HTTP_CLIENT, IO
from .said import Said, joined

FIRST = "async-first"


def threads(seen: Evidence) -> Said | None:
    """What threads are good for."""
    waits, computing = seen.estimate(IO, HTTP_CLIENT), seen.estimate("threads-dont-speed-cpu", "pure Python")
    if waits is None or computing is None or not (decided(waits) and decided(computing)):
        return None
    fetch, scale = standing(waits) is not Standing.AHEAD, standing(computing) is Standing.AHEAD
    answer = {
        (True, True): "for waits and for CPU", (True, False): "for waits, not for CPU",
        (False, True): "for CPU, not for waits", (False, False): "seldom",
    }[fetch, scale]  # fmt: skip
    word = "are fine" if fetch else "fall behind"
    stopped = seen.outcome("thread-ceiling", "1100 threads under a limit of 1024")
    return Said(
        answer=answer,
        sentence=f"Threads {word} for slow HTTP calls: asyncio was {words.times(waits)} as fast.",
        figure=waits,
        compares="asyncio over threads, HTTP calls a second",
        decides=f"for CPU: two threads get {words.times(computing)}",
        advice="Use threads for up to a thousand waits, with libraries that block."
        if fetch
        else "Use asyncio for many waits at once.",
        limits=joined(
            f"In pure Python two threads were {words.times(computing)} as fast as a plain loop.",
            "Containers limit threads: under a limit of 1024 the next one failed."
            if stopped is not None and not stopped.happened
            else "",
        ),
        claims=(IO, "threads-dont-speed-cpu", "thread-ceiling"),
    )
