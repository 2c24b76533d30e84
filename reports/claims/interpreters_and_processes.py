"""Today: interpreters in place of processes, and how processes are started."""

from __future__ import annotations

from ..verdicts.claim import Axis, Bound, Claim, Part
from ..verdicts.measures import Ratio, speedup

INTERPRETERS_SECTION, STARTS_SECTION = "Today: interpreters", "Today: start methods"
COMPUTES = "grid_search[unit=5ms,n=40,c=2]"
PAYLOADS = (("nothing", "", 0), ("64 KiB", "payload=64KiB,", 2**16), ("1 MiB", "payload=1MiB,", 2**20),
            ("4 MiB", "payload=4MiB,", 2**22))  # fmt: skip


def sending(payload: str, n: int = 40) -> str:
    """A grid search whose ops carry a payload."""
    return f"grid_search[unit=5ms,{payload}n={n},c=2]"


INTERPRETERS = Claim(
    name="interpreters",
    section=INTERPRETERS_SECTION,
    today=True,
    link="https://docs.python.org/3/library/concurrent.futures.html#interpreterpoolexecutor",
    statement="Interpreters compute as fast as processes and are cheaper to start.",
    scope=(
        "Two interpreters of one process against two processes of the default start method, from units of 50 µs to 5 "
        "ms. As fast means at most a twentieth behind. The start is that of the pool until all of it has checked in."
    ),
    parts=(
        *(
            Part(
                where=f"with units of {name}",
                measure=speedup(f"grid_search[unit={unit},n={n},c=2]", "interpreters", "multiprocessing"),
                bound=Bound(low=0.95),
                says="interpreters were {} as fast as processes",
            )
            for name, unit, n in (("50 µs", "50us", 2000), ("500 µs", "500us", 200), ("5 ms", "5ms", 40))
        ),
        Part(
            where="at the start",
            measure=Ratio((COMPUTES, "interpreters"), (COMPUTES, "multiprocessing"), "startup"),
            bound=Bound(high=1.0),
            says="a pool of interpreters took {} the time of a pool of processes",
        ),
    ),
)

INTERPRETERS_PAYLOAD = Claim(
    name="interpreters-payload",
    section=INTERPRETERS_SECTION,
    today=True,
    link="https://peps.python.org/pep-0734/#passing-objects-between-interpreters",
    statement="Interpreters lose to processes when large objects go along with the work.",
    scope="Units of 5 ms with bytes that are sent along and counted where they arrive. To lose means a tenth slower.",
    parts=tuple(
        Part(
            where=f"with {name} sent along",
            measure=speedup(sending(payload), "interpreters", "multiprocessing"),
            bound=Bound(high=0.9),
            says="interpreters were {} as fast as processes",
            axis=size_bytes,
        )
        for name, payload, size_bytes in PAYLOADS[1:]
    ),
    axis=Axis("size of a payload", "bytes"),
)

FORKSERVER = Claim(
    name="forkserver",
    section=STARTS_SECTION,
    today=True,
    statement="The start method forkserver costs more at the start than fork, and nothing later.",
    scope=(
        "A pool of two processes. More means a tenth; nothing means at most a twentieth slower, with units of 500 µs "
        "and 5 ms and with payloads of 1 MiB. Memory that fork shares is left out."
    ),
    parts=(
        Part(
            where="at the start",
            measure=Ratio((COMPUTES, "multiprocessing+forkserver"), (COMPUTES, "multiprocessing+fork"), "startup"),
            bound=Bound(low=1.1),
            says="a pool by forkserver took {} the time of one by fork",
        ),
        *(
            Part(
                where=where,
                measure=speedup(place, "multiprocessing+forkserver", "multiprocessing+fork"),
                bound=Bound(low=0.95),
                says="forkserver's processes were {} as fast as fork's",
            )
            for where, place in (
                ("with units of 500 µs", "grid_search[unit=500us,n=200,c=2]"),
                ("with units of 5 ms", COMPUTES),
                ("with 1 MiB sent along", sending("payload=1MiB,")),
            )
        ),
    ),
)
