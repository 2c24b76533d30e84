"""Whether a round was the work that was asked for, done in the way that its model says (method.md, R7, R8).

What a runner tells is held against what can be known without it: the ops' own stamps, the threads that the system
saw at work, the CPU that was used, arithmetic.
"""

from __future__ import annotations

import inspect
import sys
from collections.abc import Iterable, Sequence
from typing import Any

from ..model import Course, Job, Proof, Round, Runner, Usage
from ..model.contents import digest_of
from .counting import mark, marks
from .limits import cores
from .trap import Refused

EARLY_S = 20e-6
"""Clocks may differ by this much before one is called wrong."""

FAR_S = 3600.0
"""Stamps further apart than this come from two clocks."""

REACHED = 0.75
"""Ops that wait must fill this part of the places, unless they could not be started fast enough."""
LEAST_WAIT_S = 0.01
"""Waits shorter than this may be over because the machine paused for a moment."""

CPU_SLACK_S = 0.02
CPU_SLACK_FACTOR = 2
"""CPU is read a moment after the clock has stopped, so a little more than the makespan allows proves nothing."""


def allowed(runner: Runner, job: Job) -> int:
    """The ops that may be in flight."""
    if runner.serial:
        return 1
    return min(job.concurrency, runner.holds_back()) if runner.holds_back else job.concurrency


def check_proof(runner: Runner, job: Job, proof: Proof, ops: int) -> None:
    """Refuse a contestant that did not start and end each op once, or had another number in flight (N5, N11, N13)."""
    places = allowed(runner, job)
    if proof.started != ops:
        raise Refused(f"{proof.started} op starts were counted for {ops} ops")
    if proof.course is not None and proof.course.finished != ops:
        raise Refused(f"{proof.course.finished} of {ops} ops came to a result, but all of them are counted")
    if proof.peak_in_flight > places:
        raise Refused(f"{proof.peak_in_flight} ops were in flight where {places} are allowed")
    if runner.one_core and (proof.threads > 1 or proof.processes > 1):
        raise Refused(
            f"its ops ran in {proof.threads} threads of {proof.processes} processes; {runner.name} is one thread"
        )
    if proof.course is not None:
        _check_reached(job, proof.peak_in_flight, proof.course, min(places, ops), ops)


def _check_reached(job: Job, peak: int, course: Course, places: int, ops: int) -> None:
    """Refuse a limit that nobody asked for: places stayed empty although there was time to fill them (N11).

    A runner that is slow to start ops has the most in flight when the first of them end, one wait after the start.
    One that is held back has as many as it ever will long before that, and again and again.
    """
    wait_s = wait_of_one_s(job, ops)
    early = course.fills > 1 and course.filled_s < wait_s / 2
    if wait_s >= LEAST_WAIT_S and peak < REACHED * places and early:
        raise Refused(
            f"no more than {peak} ops were in flight where {places} were asked for: so many were open after "
            f"{course.filled_s * 1e3:.1f} ms of a wait of {wait_s * 1e3:g} ms, and then no other was begun"
        )


def wait_of_one_s(job: Job, ops: int) -> float:
    """How long each op waits, where arithmetic says that all wait equally and side by side; else 0."""
    ideal_s = job.workload.ideal_s
    if ideal_s is None or ops == 0:
        return 0.0
    together_s, in_turn_s = ideal_s(job.params, ops), ideal_s(job.params, 1)
    return together_s if abs(in_turn_s - ops * together_s) <= 0.01 * in_turn_s else 0.0


def check_clock(done: Round) -> None:
    """Refuse a clock that was not running while the ops were (N8)."""
    if done.proof is None or done.proof.course is None:
        return
    late_s = (done.start_ns - done.proof.course.first_ns) / 1e9
    early_s = (done.proof.course.last_ns - done.end_ns) / 1e9
    if max(late_s, early_s) > FAR_S:
        raise Refused("its clock is another one than that of its ops: they are hours apart")
    if late_s > EARLY_S:
        raise Refused(f"its clock was started {late_s * 1e3:.3f} ms after the first op had begun")
    if early_s > EARLY_S:
        raise Refused(f"its clock was stopped {early_s * 1e3:.3f} ms before the last op was done")


def check_cpu(runner: Runner, used: Usage, makespan_s: float, *, helped: bool = False) -> None:
    """Refuse a makespan in which so much CPU cannot have been used on the cores that there are (N8).

    `helped` says that the work has threads of its own beside the one of its model.
    """
    cpu_s = used.cpu_user_s + used.cpu_system_s
    usable = 1 if runner.one_core and not helped else cores()
    if cpu_s > CPU_SLACK_FACTOR * usable * makespan_s + CPU_SLACK_S:
        raise Refused(f"{cpu_s:.3f} s of CPU were used in what it says were {makespan_s:.6f} s on {usable} core(s)")


class Inspection:
    """Holds an instrumented round against its items: made before it, asked for a verdict after it."""

    def __init__(self, runner: Runner, job: Job, items: Sequence[Any]) -> None:
        self.runner = runner
        self.job = job
        self.items = items
        given = [mark(item) for item in items]
        self.items_digest = items_digest(given)
        self.result_type = ""
        self._given = sum(given)

    def judge(self, done: Round) -> None:
        """Raise Refused unless the ops were those that were asked for, and ran where they can have run."""
        self.result_type = type_of(done.results)
        if done.proof is None:
            return
        check_proof(self.runner, self.job, done.proof, len(self.items))
        check_clock(done)
        self._check_given(done.proof)
        self._check_places(done)

    def _check_given(self, proof: Proof) -> None:
        """Refuse other input than was asked for (N12); items that change while the ops run tell nothing."""
        if proof.course is not None and proof.course.given != self._given == marks(self.items):
            raise Refused("its ops were given other items than those that the round was made of")

    def _check_places(self, done: Round) -> None:
        """Refuse ops that are called open and cannot be, since a blocking op occupies a thread (N11).

        Where greenlets or other processes run the ops, the threads of this process say nothing.
        """
        proof = done.proof
        if proof is None or proof.course is None or not proof.course.alive:
            return
        if inspect.iscoroutinefunction(self.job.body) or "greenlet" in sys.modules:
            return
        threads = max(proof.threads, proof.course.alive)
        if proof.peak_in_flight > threads:
            raise Refused(
                f"{proof.peak_in_flight} ops are said to have been in flight, but there were {threads} threads to run "
                "them: the others waited behind a limit that nobody asked for"
            )


def items_digest(given: Iterable[int]) -> str:
    """By this the items of one worker, given by their marks, are held against those of another; their order counts."""
    return digest_of(b"".join(each.to_bytes(4, "big") for each in given))


def type_of(results: Sequence[Any]) -> str:
    """Of which types the results are: `int`, `list[dict]`, `dict or tuple`; equal work has equal rows (N10)."""
    return " or ".join(sorted({_type_of_one(result) for result in results}))


def _type_of_one(result: Any) -> str:
    if isinstance(result, list) and result:
        return f"list[{_type_of_one(result[0])}]"
    return type(result).__name__
