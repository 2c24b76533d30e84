"""Section "When and Why": work for the CPU, and which models spread it over cores."""

from __future__ import annotations

from ..verdicts.claim import Axis, Bound, Claim, Part
from ..verdicts.measures import BestOver, speedup

SECTION = "When and Why Is Async IO the Right Choice?"
UNITS = (("50us", "50 µs", 5e-5, 2000), ("500us", "500 µs", 5e-4, 200), ("5ms", "5 ms", 5e-3, 40))
PAYLOAD = "grid_search[unit=5ms,payload=4MiB,n=40,c=2]"
NUMPY = "grid_search_numpy[unit=2ms,n=40,c=2]"
SKLEARN = "grid_search_sklearn[rows=5000,n=10,c=2]"


def pure(unit: str, n: int) -> str:
    """A grid search in pure Python, two in flight."""
    return f"grid_search[unit={unit},n={n},c=2]"


GRID_SEARCH = Claim(
    name="grid-search",
    section=SECTION,
    statement="Processes are the obvious choice for uniform work that computes, such as a grid search.",
    scope=(
        "Two processes on two cores against a plain loop, from units of 50 µs to 5 ms. Then against threads, where "
        "there is no GIL and where NumPy lets it go. Results of 4 MiB show what copying costs. Obvious means a "
        "tenth ahead."
    ),
    parts=(
        *(
            Part(
                where=f"with units of {name}",
                measure=speedup(pure(unit, n), "multiprocessing", "sync"),
                bound=Bound(low=1.1),
                says="two processes were {} as fast as a plain loop",
                axis=unit_s,
            )
            for unit, name, unit_s, n in UNITS
        ),
        Part(
            where="with results of 4 MiB",
            measure=speedup(PAYLOAD, "multiprocessing", "sync"),
            bound=Bound(low=1.1),
            says="two processes were {} as fast as a plain loop",
        ),
        Part(
            where="in NumPy",
            measure=speedup(NUMPY, "multiprocessing/numpy", "threading/numpy"),
            bound=Bound(low=1.1),
            says="two processes were {} as fast as two threads",
        ),
        Part(
            where="in scikit-learn",
            measure=speedup(SKLEARN, "multiprocessing/sklearn", "threading/sklearn"),
            bound=Bound(low=1.1),
            says="processes were {} as fast as threads",
        ),
        Part(
            where="without a GIL",
            measure=speedup(pure("5ms", 40), "multiprocessing", "threading"),
            bound=Bound(low=1.1),
            says="two processes were {} as fast as two threads",
            gil=False,
        ),
    ),
    axis=Axis("size of a unit", "s"),
)

THREADS_CPU = Claim(
    name="threads-dont-speed-cpu",
    section=SECTION,
    statement="Threads do not speed up work that computes.",
    scope=("Pure Python and NumPy: two threads on two cores against a plain loop. To speed up means a tenth faster."),
    parts=(
        Part(
            where="in pure Python",
            measure=speedup(pure("5ms", 40), "threading", "sync"),
            bound=Bound(high=1.1),
            says="two threads were {} as fast as a plain loop",
        ),
        Part(
            where="in NumPy, which lets the GIL go",
            measure=speedup(NUMPY, "threading/numpy", "sync/numpy"),
            bound=Bound(high=1.1),
            says="two threads were {} as fast as a plain loop",
        ),
    ),
)

LOOPS = ("asyncio", "uvloop", "trio")
OTHERS = ("sync", "threading", "multiprocessing")

MAP: tuple[tuple[str, str, float, int, int], ...] = (
    ("100 µs", "cpu=100us", 0.0, 8, 400),
    ("100 µs", "wait=50us,cpu=50us", 0.5, 8, 400),
    ("100 µs", "wait=90us,cpu=10us", 0.9, 8, 800),
    ("100 µs", "wait=90us,cpu=10us", 0.9, 128, 1280),
    ("1 ms", "cpu=1ms", 0.0, 8, 48),
    ("1 ms", "wait=500us,cpu=500us", 0.5, 8, 96),
    ("1 ms", "wait=900us,cpu=100us", 0.9, 8, 160),
    ("1 ms", "wait=900us,cpu=100us", 0.9, 32, 320),
    ("1 ms", "wait=990us,cpu=10us", 0.99, 32, 480),
    ("1 ms", "wait=990us,cpu=10us", 0.99, 128, 640),
    ("10 ms", "wait=5ms,cpu=5ms", 0.5, 8, 16),
    ("10 ms", "wait=9ms,cpu=1ms", 0.9, 32, 64),
    ("10 ms", "wait=9.9ms,cpu=100us", 0.99, 32, 64),
    ("10 ms", "wait=9.9ms,cpu=100us", 0.99, 128, 512),
)
"""Size of an op, its parameters, the share of it that waits, ops in flight and in all: the decision map's points."""
WAITS = {0.0: "never waits"} | {share: f"waits for {share * 100:g} %" for share in (0.5, 0.9, 0.99)}
IN_FLIGHT = {8: "few", 32: "dozens", 128: "many"}
SERIES = "1 ms"
"""The size along which the boundary is looked for, as it has the most points."""

ASYNC_FIRST = Claim(
    name="async-first",
    section="AsyncIO is not easy",
    statement="Use async where you can, and threads or processes only where you must.",
    scope=(
        "The best event loop against the best other model, at every point of the decision map. You can where the "
        "loop is at most a twentieth behind."
    ),
    parts=tuple(
        Part(
            where=f"for work of {size} that {WAITS[share]}, {IN_FLIGHT[concurrency]} at once",
            measure=BestOver(f"mixed[{params},n={n},c={concurrency}]", LOOPS, OTHERS),
            bound=Bound(low=0.95),
            says="the best loop reached {} the speed of the best other model",
            axis=share if size == SERIES and concurrency <= 32 else None,
        )
        for size, params, share, concurrency, n in MAP
    ),
    axis=Axis("share of waiting in work of 1 ms", "%"),
)
