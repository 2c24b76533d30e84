"""Stand-ins for what a test cannot wait for: a clock, workers without processes, and workloads of a few lines.

The workloads at the end are found by pool children too, under the name of this module (`REF`).
"""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from itertools import count
from typing import Any

from when_async.bench.machine.account import Account
from when_async.bench.machine.host import Host
from when_async.bench.model import Body, Environment, Job, Kit, Param, Params, Point, Runner, Workload, WrongAnswer
from when_async.bench.plan import Settings
from when_async.bench.registry import Found

REF = "support.fakes"
DEAD_PID = 2**22 + 1
"""Beyond any process id that Linux gives."""

ENVIRONMENT = Environment("3.11", "python3.11", "CPython", "3.11.7", gil=True, modules={"uvloop": "0.22.1"})
SETTINGS = Settings("test", forks=2, warmups=1, rounds=3, seed=7, timeout_s=5.0)


class Clock:
    """A clock that moves only when it is told to."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now

    def pass_s(self, seconds: float) -> None:
        self.now += seconds


class FakeReaper:
    """Remembers which process groups it was told to watch."""

    def __init__(self) -> None:
        self.watched: list[int] = []

    def watch(self, group: int) -> None:
        self.watched.append(group)

    def forget(self, group: int) -> None:
        if group in self.watched:
            self.watched.remove(group)

    def close(self) -> None:
        self.watched.clear()


class FakeNoise:
    """A machine on which nothing disturbs."""

    def mark(self) -> None:
        return None

    def since(self, mark: None) -> dict[str, float]:
        return {"steal_s": 0.0}


Trick = Callable[["FakeWorker", int], Mapping[str, Any]]
"""Gets the worker and how often the command was given before; returns changes of the answer, or raises."""


def raises(error: Exception, at: int = 0) -> Trick:
    """A trick that raises when the command is given for the `at`-th time."""

    def trick(worker: FakeWorker, times: int) -> Mapping[str, Any]:
        if times == at:
            raise error
        return {}

    return trick


class FakeWorker:
    """Answers like `bench.worker`, from a table."""

    def __init__(self, fleet: Fleet, trial: Mapping[str, Any], options: Mapping[str, Any]) -> None:
        self.fleet = fleet
        self.trial = trial
        self.runner = str(trial["runner"])
        self.affinity: Sequence[int] | None = None
        self.pid = DEAD_PID
        self.launch_s = 0.05
        self.killed = False
        self.asked: list[Mapping[str, Any]] = []
        self._play("start")

    def _play(self, do: str, times: int = 0) -> Mapping[str, Any]:
        trick = self.fleet.tricks.get((self.runner, do))
        return trick(self, times) if trick else {}

    def ready(self, timeout_s: float) -> None:
        self._play("ready")

    def pin(self, cores: Sequence[int]) -> None:
        self.affinity = cores

    def ask(self, timeout_s: float, **command: Any) -> dict[str, Any]:
        assert not self.killed, "a dead worker was asked"
        times = sum(1 for earlier in self.asked if earlier["do"] == command["do"])
        self.asked.append(command)
        answer: dict[str, Any] = {"say": "done"}
        if command["do"] == "open":
            answer |= {"startup_s": 0.02, "facts": {"workers": 1}, "attestation": {"version": "3.11.7", "gil": True}}
        elif command["do"] == "round":
            answer |= self._round(times)
        else:
            answer |= {"teardown_s": 0.001}
        return answer | dict(self._play(str(command["do"]), times))

    def _round(self, times: int) -> dict[str, Any]:
        return {
            "pid": self.pid,
            "start_ns": 1000 + times,
            "makespan_s": self.fleet.makespan_s(self.runner, times),
            "cpu_user_s": 0.001,
            "cpu_system_s": 0.0,
            "switches_voluntary": 1,
            "switches_involuntary": 0,
            "peak_rss_bytes": 10_000_000,
            "gc_collections": 0,
            "stall_max_s": None,
            "ops_ok": 20,
            "ops_failed": 0,
            "peak_in_flight": None,
            "digest": "d1",
            "answer": "20 came back",
            "affinity": [0],
        }

    def kill(self) -> None:
        self.killed = True


class Fleet:
    """Starts fake workers and keeps them all; `tricks` changes what one runner's worker does on one command."""

    def __init__(
        self,
        tricks: Mapping[tuple[str, str], Trick] | None = None,
        makespan_s: Callable[[str, int], float] = lambda runner, times: 0.01,
    ) -> None:
        self.tricks = dict(tricks or {})
        self.makespan_s = makespan_s
        self.workers: list[FakeWorker] = []

    def __call__(self, executable: str, trial: Mapping[str, Any], **options: Any) -> FakeWorker:
        worker = FakeWorker(self, trial, options)
        self.workers.append(worker)
        return worker


def host(fleet: Fleet, clock: Clock | None = None) -> Host:
    """A machine of two cores that is all made up; by its clock there is time for anything between two readings."""
    ages = count(step=3600)
    fake: Any = {"reaper": FakeReaper(), "noise": FakeNoise(), "start_worker": fleet, "clock": ages.__next__}
    account = Account(clock) if clock else Account()
    return Host(cores=(4, 5), worker_environ={}, service_environ={}, account=account, **fake)


def runner(name: str, **changes: Any) -> Found:
    """A runner that can be planned with and never opened."""
    plain = Runner(name, f"{name}, faked", changes.pop("family", name), ("blocking",), open=never_opened)
    return Found(replace(plain, **changes), REF)


def never_opened(job: Job) -> Any:
    raise AssertionError("a fake runner was opened")


def runners(*names: str) -> dict[str, Found]:
    return {name: runner(name) for name in names}


def double_blocking(kit: Kit, params: Params) -> Callable[[int], int]:
    return lambda item: item * 2


async def double_async(kit: Kit, params: Params) -> Callable[[int], Any]:
    async def op(item: int) -> int:
        await kit.sleep(0)
        return item * 2

    return op


def check_doubled(params: Params, items: Sequence[Any], results: Sequence[Any]) -> str:
    if list(results) != [item * 2 for item in items]:
        raise WrongAnswer("something was not doubled")
    return f"{len(results)} came back"


def workload(name: str = "tiny", bodies: Mapping[str, Body] | None = None, n: int = 20, **changes: Any) -> Workload:
    """A workload whose op doubles its item, by default; `changes` are fields of Workload."""
    plain = Workload(
        name=name,
        summary="doubles each item",
        bodies=bodies or {"blocking": double_blocking, "async": double_async, "pure": double_blocking},
        params=(Param("n", 1, 100_000, "ops"), Param("wait_s", 0.0, 10.0, "how long")),
        make_items=lambda params, seed: list(range(int(params["n"]))),
        check=check_doubled,
        grid={"quick": (Point(4, {"n": n, "wait_s": 0.0}),)},
    )
    return replace(plain, **changes)


def point(n: int = 20, concurrency: int = 4, wait_s: float = 0.0) -> Point:
    return Point(concurrency, {"n": n, "wait_s": wait_s})


def job(given: Workload, key: str = "blocking", n: int = 20, concurrency: int = 4) -> Job:
    return Job(given, key, {"n": n, "wait_s": 0.0}, concurrency, None, REF)


def killed_body(kit: Kit, params: Params) -> Callable[[int], int]:
    def op(item: int) -> int:
        if item == 3:
            os.kill(os.getpid(), signal.SIGKILL)
        return item * 2

    return op


def failing_body(kit: Kit, params: Params) -> Callable[[int], int]:
    def op(item: int) -> int:
        if item in (3, 17):
            raise LookupError(f"no item {item}")
        return item * 2

    return op


async def failing_async(kit: Kit, params: Params) -> Callable[[int], Any]:
    plain = failing_body(kit, params)

    async def op(item: int) -> int:
        await kit.sleep(0)
        return plain(item)

    return op


async def cancelled_body(kit: Kit, params: Params) -> Callable[[int], Any]:
    async def op(item: int) -> int:
        raise asyncio.CancelledError

    return op


def unopened_body(kit: Kit, params: Params) -> Callable[[int], int]:
    raise ValueError("no server at this address")


async def unopened_async(kit: Kit, params: Params) -> Callable[[int], int]:
    raise ValueError("no server at this address")


async def unawaited(item: int) -> int:
    return item * 2


def forgetful_body(kit: Kit, params: Params) -> Callable[[int], int]:
    def op(item: int) -> int:
        unawaited(item)
        return item * 2

    return op


def spinning_body(kit: Kit, params: Params) -> Callable[[int], int]:
    def op(item: int) -> int:
        return item * 2 if sum(range(200_000)) else 0

    return op


def promising_body(kit: Kit, params: Params) -> Callable[[int], Any]:
    return unawaited


TINY = workload()
KILLED = workload("killed", {"blocking": killed_body, "pure": killed_body})
CANCELLED = workload("cancelled", {"async": cancelled_body})
FAILING = workload("failing", {"blocking": failing_body, "async": failing_async})
UNOPENED = workload("unopened", {"blocking": unopened_body, "async": unopened_async})
FORGETFUL = workload("forgetful", {"blocking": forgetful_body, "pure": forgetful_body})
SPINNING = workload("spinning", {"blocking": spinning_body})
PROMISING = workload("promising", {"blocking": promising_body, "pure": promising_body})
