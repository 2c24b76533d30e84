"""Answers on work for the CPU: pure Python, libraries that let the GIL go, and builds without it."""

from __future__ import annotations

from when_async.bench.model import Estimate
from when_async.results.stats.estimate import inverse

from .. import words
from .answer import Evidence, Standing, decided, standing
from .said import Said, joined

GRID, CPU, FIRST = "grid-search", "threads-dont-speed-cpu", "async-first"
UNITS = tuple((GRID, f"with units of {size}") for size in ("5 ms", "500 µs", "50 µs"))
THREADS = (CPU, "in pure Python")
NUMPY = (CPU, "in NumPy, which lets the GIL go")
MODELS = {"threads": "threading", "processes": "multiprocessing", "a plain loop": "sync"}


def cpu(seen: Evidence) -> Said | None:
    """Pure Python that computes."""
    processes, threads = seen.first_decided(*UNITS), seen.estimate(*THREADS)
    if processes is None or threads is None or not decided(threads):
        return None
    alike = standing(threads) is Standing.AHEAD
    best = threads if alike else processes
    name = "threads" if alike else "processes" if standing(processes) is Standing.AHEAD else "a plain loop"
    what = f"two {name} were {words.times(best)} as fast as a plain loop"
    return Said(
        answer=name,
        sentence=f"For pure Python that computes, use {name}: {what}."
        if name != "a plain loop"
        else f"For pure Python that computes, nothing wins: two processes were {words.times(best)} as fast.",
        figure=best,
        compares=f"two {name} over a plain loop" if name != "a plain loop" else "two processes over a plain loop",
        decides="no GIL" if alike else f"the GIL: two threads get {words.times(threads)}",
        advice="Use one thread for each core; processes gain no more."
        if alike
        else "Use one process for each core, and send small arguments and small results.",
        limits=joined(_payload(seen), "Two at a time were measured; more cores can give more."),
        claims=(GRID, CPU),
        model=MODELS[name],
    )


def _payload(seen: Evidence) -> str:
    found = seen.estimate(GRID, "with results of 4 MiB")
    if found is None or found.high >= 1:
        return ""
    return f"Results of 4 MiB undo it: two processes were {words.times(found)} as fast as a plain loop."


def native(seen: Evidence) -> Said | None:
    """Libraries that let the GIL go while they compute."""
    threads, processes = seen.estimate(*NUMPY), seen.estimate(GRID, "in NumPy")
    if threads is None or not decided(threads):
        return None
    wins = standing(threads) is Standing.AHEAD
    more = standing(processes) is Standing.AHEAD
    name = "processes" if more else "threads" if wins else "a plain loop"
    return Said(
        answer=name,
        sentence=f"Where NumPy computes, use threads: two were {words.times(threads)} as fast as a plain loop."
        if wins
        else f"Where NumPy computes, two threads were {words.times(threads)} as fast as a plain loop.",
        figure=threads,
        compares="two threads over a plain loop, NumPy",
        decides=_lets_go(processes) if wins else f"two threads get {words.times(threads)}",
        advice="Use a pool of threads, one for each core: nothing is copied between them."
        if name == "threads"
        else f"Use {name}.",
        limits=joined(
            _sklearn(seen),
            "NumPy and scikit-learn were measured; Pillow and zlib let the GIL go as well, but were not.",
        ),
        claims=(CPU, GRID),
        model=MODELS[name],
    )


def _lets_go(processes: Estimate | None) -> str:
    """Why threads are enough, and what processes reach beside them."""
    beside = f"; two processes were {words.times(processes)} as fast as two threads" if processes else ""
    return f"the library lets the GIL go{beside}"


def _sklearn(seen: Evidence) -> str:
    found = seen.estimate(GRID, "in scikit-learn")
    if found is None or standing(found) is not Standing.BEHIND:
        return ""
    return f"In scikit-learn's own search threads were {words.times(inverse(found))} as fast as processes."


def free_threading(seen: Evidence) -> Said | None:
    """A build without the GIL; silent on one with it."""
    threads = seen.estimate(*THREADS)
    if seen.source.gil or threads is None or not decided(threads):
        return None
    wins = standing(threads) is Standing.AHEAD
    places = [one for one in seen.verdicts[FIRST].readings if one.side != "missing"] if FIRST in seen.verdicts else []
    behind = [one for one in places if one.side == "outside"]
    return Said(
        answer="threads scale" if wins else "no gain yet",
        sentence=f"Without the GIL threads share the cores: two were {words.times(threads)} as fast as a plain loop."
        if wins
        else f"Without the GIL two threads were {words.times(threads)} as fast as a plain loop.",
        figure=threads,
        compares="two threads over a plain loop, pure Python",
        decides=f"no event loop keeps up in {len(behind)} of {len(places)} mixes of waiting and computing"
        if behind
        else "pure Python on two cores",
        advice="Use threads where you would have used processes, and measure the program you have first.",
        limits=joined(_fetches(seen), _missing(seen)),
        claims=(CPU, FIRST, "io-bound"),
        model="threading",
    )


def _fetches(seen: Evidence) -> str:
    found = seen.estimate("io-bound", "with http.client")
    if found is None or standing(found) is not Standing.BEHIND:
        return ""
    return f"Async loses there: for HTTP calls threads were {words.times(inverse(found))} as fast as asyncio."


def _missing(seen: Evidence) -> str:
    return "uvloop cannot be installed for this build." if seen.reason("uvloop-today", "for bare waits") else ""
