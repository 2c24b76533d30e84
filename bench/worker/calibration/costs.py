"""What a model costs on this interpreter and machine: the figures that `advise` simulates with, each in its own way.

Every runner is asked in a process of its own, with the session that a run measures it by. CPU time is read where the
question is of work, as idle cores and other programs do not count in it, and the wall where it is of delay.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean, median
from typing import Any

from ...model import Usage
from ..attest import gil_enabled
from ..session import TrialSession, load
from . import Absent, Reading, reading
from .waits import late_epoll

LEAST, MOST, ENOUGH_S = 3, 12, 0.04
"""Rounds of a place after one to warm up: until so many seconds were measured, but so many at least and at most."""
SETTLE_S = 2e-3
"""Between rounds, so that a pool whose processes end a round late does not begin the next one with it."""


@dataclass(frozen=True)
class Taken:
    """A round of one place, medians over rounds: seconds of the wall, and of CPU in this process and those below it.

    `ops` is how many it had, `computed_s` what an op of `mixed` computed; `opened_s` is to open and to close.
    `mean_own_s` is the mean of `own_s`, where it is now much and now nothing.
    """

    ops: int
    makespan_s: float
    own_s: float
    below_s: float
    computed_s: float
    opened_s: float
    mean_own_s: float

    @property
    def cpu_s(self) -> float:
        return self.own_s + self.below_s


Places = Mapping[str, Taken]


def costs(trials: Mapping[str, Mapping[str, Any]]) -> Iterator[Reading]:
    """All figures of the runner whose trials these are, by the names of its places; never raises."""
    runner = next(iter(trials.values()))["runner"]
    gil, failed, taken = gil_enabled(), None, dict[str, Taken]()
    try:
        taken = {name: take(trial) for name, trial in trials.items()}
    except Exception as error:
        failed = error

    def value(figure: Callable[[Places], float]) -> float:
        if isinstance(failed, ImportError):
            raise Absent(f"{failed.name or 'its library'} is not installed")
        if failed is not None:
            raise failed
        return figure(taken)

    for name, figure in FIGURES.get(runner, FREE_THREADS if runner == "threading" and not gil else GIL_THREADS).items():
        unit = "x" if name in RATIOS else "s"
        yield reading(runner, name, lambda figure=figure: value(figure), unit=unit, scale="linear")  # type: ignore[misc]


def take(trial: Mapping[str, Any]) -> Taken:
    """Open a session, run its rounds, close it; raises what they raise."""
    runner, job = load(trial)
    session = TrialSession(runner, job, trial["seed"])
    opened_s = session.open()
    items = job.workload.make_items(job.params, trial["seed"])
    rows: list[tuple[float, float, float, float]] = []
    _round(session, items)
    while len(rows) < LEAST or (len(rows) < MOST and sum(row[0] for row in rows) < ENOUGH_S):
        rows.append(_round(session, items))
    makespan_s, own_s, below_s, computed_s = (median(column) for column in zip(*rows, strict=True))
    mean_own_s = fmean(row[1] for row in rows)
    return Taken(len(items), makespan_s, own_s, below_s, computed_s, opened_s + session.close(), mean_own_s)


def _round(session: TrialSession, items: Sequence[Any]) -> tuple[float, float, float, float]:
    """Seconds of a round, of CPU here and below, and what an op computed."""
    done, job = session.session.run(items, prove=False), session.job
    if done.failures:
        raise RuntimeError(done.failures[0][1])
    figures = job.workload.observe(job.params, items, done.results).figures if job.workload.observe else {}
    time.sleep(SETTLE_S)
    below_s = sum(_cpu_s(one) for one in done.children.values())
    return done.makespan_s, _cpu_s(done.used), below_s, figures.get("computed_s", 0.0)


def _cpu_s(used: Usage) -> float:
    return used.cpu_user_s + used.cpu_system_s


WAIT_S = 1e-3
FEW, MANY, EIGHT = 8, 128, 8
"""Tasks of a loop that wait together, and wake together."""


def loop_op_s(taken: Places) -> float:
    """CPU that a task more adds to a wave of waits; by an op in a crowd, as it is to be scaled back by `crowd`."""
    few, many = taken["few"], taken["many"]
    return (many.own_s / (many.ops / MANY) - few.own_s / (few.ops / FEW)) / (MANY - FEW)


def wave_s(taken: Places) -> float:
    """What a wave of few waits takes beyond the wait and the lateness of epoll: its ops, and turns of the loop."""
    few = taken["few"]
    return few.makespan_s / (few.ops / FEW) - WAIT_S - epoll_s(taken)


def epoll_s(taken: Places) -> float:
    return late_epoll(WAIT_S, EPOLLS)


EPOLLS = 15
"""Waits from which the lateness of epoll is taken."""


def fleeting_turn_s(taken: Places) -> float:
    """A turn that does not idle, by one task and by eight that share it: where a wait has no length that is known."""
    alone, shared = taken["fleeting alone"], taken["fleeting"]
    return (alone.own_s / alone.ops - shared.own_s / shared.ops) / (2 * (1 - 1 / FEW))


def late_s(taken: Places) -> float:
    """By how much a sleep of a millisecond ends late."""
    return taken["sleeps"].makespan_s / taken["sleeps"].ops - WAIT_S


def thread_op_s(taken: Places) -> float:
    return taken["sleeps"].cpu_s / taken["sleeps"].ops


def handover_s(taken: Places) -> float:
    """Where somebody always waits for the GIL: what an op takes beyond its computing and what it costs by itself."""
    crowded = taken["crowd"]
    return crowded.makespan_s / crowded.ops - crowded.computed_s - thread_op_s(taken)


def scale(taken: Places) -> float:
    """How much longer two threads compute that do so at once."""
    return taken["both"].computed_s / taken["one"].computed_s


def chunk_s(taken: Places, of: str = "cpu_s") -> float:
    """CPU of a chunk of nothing, by rounds of 8 and of 32 of them in a pool of 8."""
    few, more = taken["8 chunks"], taken["32 chunks"]
    return float((getattr(more, of) - getattr(few, of)) / (more.ops - few.ops))


def cold_s(taken: Places) -> float:
    """What a process of the pool computes in a round beyond its ops and its chunks."""
    busy, chunks = taken["busy"], taken["32 chunks"].ops
    return (busy.below_s - busy.ops * busy.computed_s - chunks * chunk_s(taken, "below_s")) / EIGHT


def spin_s(taken: Places) -> float:
    """What the pool's own threads compute more where all cores are taken than where none is."""
    return taken["busy"].mean_own_s - taken["32 chunks"].mean_own_s


def pool_op_s(taken: Places) -> float:
    """CPU of a wait: chunks of five against chunks of one, as many of them."""
    few, more = taken["32 waits"], taken["160 waits"]
    return (more.cpu_s - few.cpu_s) / (more.ops - few.ops)


def start_place_s(taken: Places) -> float:
    return (taken["8 chunks"].opened_s - taken["two"].opened_s) / 6


def start_s(taken: Places) -> float:
    return taken["two"].opened_s - 2 * start_place_s(taken)


LOOP: Mapping[str, Callable[[Places], float]] = {"op": loop_op_s, "late": epoll_s, "wave": wave_s}
GIL_THREADS: Mapping[str, Callable[[Places], float]] = {"op": thread_op_s, "handover": handover_s}
FREE_THREADS: Mapping[str, Callable[[Places], float]] = {"op": thread_op_s, "scale": scale}
FIGURES: Mapping[str, Mapping[str, Callable[[Places], float]]] = {
    "sync": {"late": late_s, "computing": lambda taken: taken["busy"].computed_s},
    "asyncio": LOOP, "trio": LOOP, "uvloop": {"op": loop_op_s, "turn": fleeting_turn_s},
    "multiprocessing": {
        "op": pool_op_s, "chunk": chunk_s, "cold": cold_s, "spin": spin_s, "start": start_s,
        "start of a place": start_place_s,
    },
}  # fmt: skip
RATIOS = ("scale",)
