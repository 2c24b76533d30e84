"""Runners, workers and a memory that are made up, for what `when-async calibrate` asks of each runner."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from support import fakes
from support.fakes import FakeWorker, Fleet, Trick
from when_async.bench.calibration.contestants import Contestant, Stand
from when_async.bench.calibration.watching import Look, Watcher

MIB = 2**20
SPREAD_S = 0.01
EMPTY_ROUND_S = 0.02


def sleeper(name: str, **changes: Any) -> Contestant:
    """A contestant whose worker is a fake; `changes` are fields of Runner, and `most`."""
    most = changes.pop("most", None)
    found = fakes.runner(name, **changes)
    return Contestant(found, fakes.Found(fakes.workload("empty"), fakes.REF), "pure", "blocking", most)


def open_at_once(worker: FakeWorker) -> int:
    """How many a well-behaved worker has open: all that it was asked for."""
    return int(worker.trial["concurrency"])


class HeldFleet(Fleet):
    """Fake workers that hold what they are asked to; `peak` says how many of them, `tricks` are as in Fleet."""

    def __init__(
        self,
        tricks: Mapping[tuple[str, str], Trick] | None = None,
        peak: Callable[[FakeWorker], int | None] = open_at_once,
        spread_s: float = SPREAD_S,
    ) -> None:
        super().__init__(tricks)
        self.peak = peak
        self.spread_s = spread_s

    def __call__(self, executable: str, trial: Mapping[str, Any], **options: Any) -> FakeWorker:
        worker = HeldWorker(self, trial, options)
        self.workers.append(worker)
        return worker

    def held(self) -> list[tuple[int, float]]:
        """(in flight, seconds held) of every worker that was started for it."""
        trials = [worker.trial for worker in self.workers]
        return [(trial["concurrency"], trial["params"]["hold_s"]) for trial in trials if trial["workload"] == "held"]


class HeldWorker(FakeWorker):
    """Answers a round as its parameters say."""

    fleet: HeldFleet

    def _round(self, times: int) -> dict[str, Any]:
        hold_s = self.trial["params"].get("hold_s")
        if hold_s is None:
            return super()._round(times) | {"makespan_s": EMPTY_ROUND_S}
        proven = bool(self.asked[-1].get("prove"))
        peak = self.fleet.peak(self) if proven else None
        return super()._round(times) | {
            "start_ns": 0, "makespan_s": hold_s + self.fleet.spread_s, "peak_in_flight": peak,
        }  # fmt: skip


class FakeWatch(Watcher):
    """Sees `each` bytes for each op of the newest worker all the time, on top of 10 MiB; None is a silent system."""

    def __init__(self, fleet: Fleet, each: int | None, most_bytes: int | None) -> None:
        super().__init__(fakes.DEAD_PID, most_bytes)
        worker = fleet.workers[-1]
        if each is None:
            return
        size = 10 * MIB + each * int(worker.trial["concurrency"])
        # One look in the middle of any hold, which is never shorter than half a second.
        self.looks.append(Look(200_000_000, 210_000_000, size))
        if most_bytes is not None and size > most_bytes:
            self.exceeded_bytes = size

    def __enter__(self) -> FakeWatch:
        return self

    def __exit__(self, *_: object) -> None:
        return None


def stand(fleet: Fleet, each: int | None = 1000) -> Stand:
    """A place of two made-up cores where all workers are of this fleet."""

    def watch(pid: int, most_bytes: int | None) -> FakeWatch:
        return FakeWatch(fleet, each, most_bytes)

    return Stand(fakes.host(fleet), "python3.11", watch)
