"""One trial inside the measured process: open a session, run rounds, judge each by the oracle."""

from __future__ import annotations

import gc
import importlib
import inspect
import math
import os
import threading
import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack, nullcontext
from dataclasses import replace
from typing import Any

from ..model import Job, Observed, Round, Runner, Session, Shape, Unsuited, Usage, WrongAnswer
from ..registry import find_runner, find_workload
from .activity import ActivityWatch
from .attest import gil_because, gil_enabled
from .equality import EARLY_S, Inspection, allowed, check_cpu
from .keeping import Keeping, check_leftovers
from .observers import observers
from .oracle import check_items, judge
from .probes import total
from .trap import FinaliserTrap, Refused, agings

SHOWN_FAILURES = 3
UNSUITED = f"op 0: {Unsuited.__name__}: "
"""How a program's only op says that the machine cannot give what it asks for."""


class TrialSession:
    """A session with its judge: what `__main__` asks for rounds."""

    def __init__(self, runner: Runner, job: Job, seed: int) -> None:
        self.runner = runner
        self.job = job
        self.seed = seed
        self.trap = FinaliserTrap()
        self._stack = ExitStack()
        self._session: Session | None = None
        self._threads: set[threading.Thread] = set()
        self._gil = gil_enabled()
        self._crowd = ""
        self.keeping = Keeping(runner, job)
        self._told: dict[str, str] = {}
        self.learned: Mapping[str, str] = {}
        """What an instrumented round showed beside its sample: which items were made, of which type the results are."""

    def open(self) -> float:
        """Open the session and prime it; returns the seconds this took."""
        self.trap.install()
        self._threads = set(threading.enumerate())
        opener = self.runner.open
        if self.job.workload.shape is Shape.PROGRAM:
            if self.runner.program is None:
                raise Refused(f"{self.runner.name} only hands out ops; {self.job.workload.name} is a program")
            opener = self.runner.program
        with self.keeping.watching():
            if self.job.workload.prepare is not None:
                self._stack.enter_context(self.job.workload.prepare(self.job.params))
            start = time.perf_counter()
            self._session = self._stack.enter_context(opener(self.job))
            taken = time.perf_counter() - start
        self._look_around()
        workers = self.facts.get("workers", allowed(self.runner, self.job))
        if workers != allowed(self.runner, self.job):
            raise Refused(f"it opened {workers} workers where {allowed(self.runner, self.job)} were asked for")
        self._gil = gil_enabled()
        return taken

    @property
    def session(self) -> Session:
        """The open session; raises Refused before `open` and after a failed one."""
        if self._session is None:
            raise Refused("the session was never opened")
        return self._session

    @property
    def facts(self) -> Mapping[str, Any]:
        """What the session attests of itself, what its code keeps and who else looks on."""
        return {**self._session.facts, **self._told} if self._session else {}

    def close(self) -> float:
        """Close the session; returns the seconds this took. Raises Refused if finalisers complain."""
        start = time.perf_counter()
        self._stack.close()
        taken = time.perf_counter() - start
        self.trap.check()
        check_leftovers(self._threads, self.keeping)
        self._tell_kept()
        return taken

    def _look_around(self) -> None:
        """Note whoever looks on; a tracer may come with a library that an op imports."""
        if found := observers(self._session):
            self._told["observed"] = ", ".join(found)

    def _tell_kept(self) -> None:
        if kept := self.keeping.words():
            self._told["keeps"] = kept

    def round(self, *, prove: bool, sweep: bool = True) -> dict[str, Any]:
        """Run one round and judge it; returns the fields of a Sample that are known in here, and `latencies_ns`.

        With `sweep` garbage is collected before and after. Many short rounds in a row do without: it takes longer
        than they do, and what only finalisers say is then heard at the next sweep, at the latest by `close`.
        Raises Refused when an op failed, the oracle refuses, the makespan is shorter than arithmetic allows, or the
        work was not done as the runner's model says.
        """
        items = self.job.workload.make_items(self.job.params, self.seed)
        check_items(items)
        # A program is one op, which is given all items.
        given = [items] if self.job.workload.shape is Shape.PROGRAM else items
        inspection = Inspection(self.runner, self.job, given) if prove else None
        if sweep:
            gc.collect()
        aged = agings()
        done = self._watched(given, prove=prove)
        observed = observe(self.job, items, done)
        answer, digest = judge(self.job, items, observed.results)
        used = total([done.used, *done.children.values()])
        self._check_makespan(done)
        if inspection is not None:
            inspection.judge(done)
            self.learned = {"items": inspection.items_digest, "result_type": inspection.result_type}
        check_cpu(self.runner, used, done.makespan_s, helped="keeps" in self._told)
        self._look_around()
        self._check_gil()
        # The full collection before the round has left nothing of before it to be looked through again.
        self.trap.check(sweep=sweep, old=agings() != aged)
        return {
            **self._measured(done, used),
            "ops_ok": len(observed.results),
            "ops_failed": 0,
            "digest": digest,
            "answer": answer,
            "figures": dict(observed.figures),
            "latencies_ns": list(observed.latencies_ns),
        }

    def _watched(self, items: Sequence[Any], *, prove: bool) -> Round:
        """Run a round; refuse a model of one thread that has company in two rounds in a row (method.md, N2).

        Once may be chance: in its first round a loop may look up addresses in threads, for the connections it makes.
        """
        activity = ActivityWatch() if self.runner.one_core and (prove or self._crowd) else None
        with self.keeping.watching() if prove or self.job.trace else nullcontext():
            done = self.session.run(items, prove=prove)
        crowd = activity.crowd() if activity else ""
        if crowd and activity and self.keeping.accounts_for(activity):
            self._told["keeps"] = self.keeping.words() or crowd
            crowd = ""
        if crowd and self._crowd:
            raise Refused(f"{crowd} were at work where {self.runner.name} is a model of one thread")
        self._crowd = crowd
        return done

    def _check_gil(self) -> None:
        """Refuse a round in which something was imported that switched the GIL on (method.md, R12)."""
        if gil_enabled() != self._gil:
            raise Refused(f"the GIL was switched on during the round ({gil_because(self.trap.gil_by)})")

    def _check_makespan(self, done: Round) -> None:
        ideal = least_s(self.runner, self.job)
        taken = done.makespan_s
        if taken <= 0 or taken < ideal - EARLY_S:
            raise Refused(f"the round took {taken:.6f} s, less than the {ideal:.6f} s that its waits add up to")

    def _measured(self, done: Round, used: Usage) -> dict[str, Any]:
        """What the clock and the probes say, by the fields of a Sample; those of a Usage are called the same."""
        # Of a program the instrument sees one op; what is in flight inside it is for the program to say.
        seen = done.proof.peak_in_flight if done.proof and self.job.within is None else None
        return {
            **vars(used),
            "pid": os.getpid(),
            "start_ns": done.start_ns,
            "makespan_s": done.makespan_s,
            "gc_collections": done.gc_collections,
            "stall_max_s": done.stall_max_s,
            "peak_in_flight": seen,
            "affinity": sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else [],
        }


def least_s(runner: Runner, job: Job) -> float:
    """The least makespan that arithmetic allows, given how early this runner's timers may fire.

    A timer of resolution r may cut each wait by r, so a bound that consists of waits no longer than r says nothing.
    """
    ideal_s = job.workload.ideal_s
    if ideal_s is None:
        return 0.0
    in_flight = job.within or allowed(runner, job)
    ideal = ideal_s(job.params, in_flight)
    if not runner.timer_resolution_s:
        return ideal
    waves = math.ceil(int(job.params.get("n", 1)) / in_flight)
    return max(0.0, ideal - waves * runner.timer_resolution_s)


def observe(job: Job, items: Sequence[Any], done: Round) -> Observed:
    """The results of a round in order of the items, taken apart by the workload where it reports more than they are.

    Raises Refused with the reason: failed ops, missing results, results that were never awaited. Raises Unsuited where
    a program says that the machine cannot give what it asks for.
    """
    program = job.workload.shape is Shape.PROGRAM
    if done.failures:
        told = "; ".join(f"op {index}: {words}" for index, words in done.failures[:SHOWN_FAILURES] if words)
        if program and told.startswith(UNSUITED):
            raise Unsuited(told.removeprefix(UNSUITED))
        if program:
            raise Refused(f"the program failed ({told.removeprefix('op 0: ')})")
        raise Refused(f"{len(done.failures)} of {len(items)} ops failed ({told})")
    expected = 1 if program else len(items)
    if len(done.results) != expected:
        raise Refused(f"{len(done.results)} results came back for {expected} ops")
    for index, result in enumerate(done.results):
        _check_settled(index, result, done.results)
    results: Any = done.results[0] if program else done.results
    if program and not isinstance(results, list | tuple):
        raise Refused(f"the program returned {type(results).__name__}, not a list of results")
    if job.workload.observe is None:
        return Observed(results)
    try:
        return job.workload.observe(job.params, items, results)
    except WrongAnswer as error:
        raise Refused(f"wrong answer: {error}") from error


def _check_settled(index: int, result: Any, results: Sequence[Any]) -> None:
    """Refuse a result that is an error, or a promise that nobody kept; there are probably more of them."""
    if isinstance(result, BaseException):
        raise Refused(f"op {index} failed and its exception was handed over as a result: {result!r}")
    if inspect.isawaitable(result):
        for each in results:
            if inspect.iscoroutine(each):
                each.close()
        raise Refused(f"op {index} returned {type(result).__name__} that nobody awaited: no work was done")


def load(trial: Mapping[str, Any]) -> tuple[Runner, Job]:
    """Find the runner and the workload that the trial names, in the folder that relative paths of it mean."""
    if trial.get("folder"):
        os.chdir(trial["folder"])
    runner = find_runner(trial["runner_ref"], trial["runner"])
    if runner.prepare is not None:
        runner.prepare()
    workload = find_workload(trial["workload_ref"], trial["workload"])
    library = trial["body_key"].partition("/")[2]
    if library and library not in workload.faces:
        # A program imports its client at the top, so a pool that forks has it already and a loop does not pay for it.
        importlib.import_module(library)
    if library in workload.threaded:
        runner = replace(runner, one_core=False)
    places = 1 if runner.serial else trial["concurrency"]
    program = workload.shape is Shape.PROGRAM
    job = Job(
        workload=workload,
        body_key=trial["body_key"],
        params=trial["params"],
        concurrency=1 if program else places,
        address=trial.get("address"),
        workload_ref=trial["workload_ref"],
        extra_loops=trial.get("extra_loops"),
        within=places if program else None,
    )
    return runner, job
