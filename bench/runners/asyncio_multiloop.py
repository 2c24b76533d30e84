"""`asyncio+multiloop`: a loop on each core, in processes; on a free-threaded build in threads.

Each loop gets an even share of the ops before the round begins, and an even share of the places in flight.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, replace
from queue import SimpleQueue
from threading import Thread
from typing import Any, Protocol

from ..model import Job, Round, Runner, Scalar
from ..worker.attest import gil_enabled
from ..worker.children import TRAP, ChildJob, child_job
from ..worker.fanout import Failures
from ..worker.limits import cores
from ..worker.op_log import OpLog, op_log, written, written_async
from ..worker.probes import Stopwatch
from .asyncio_ import open_loop
from .multiprocessing_ import context_for

LEAVE_S = 30.0
Share = tuple[list[Any], Failures, float]
"""Results and failures of one loop's share, and the longest stall of that loop in seconds."""


def shares(total: int, loops: int) -> list[int]:
    """`total` divided as evenly as it goes."""
    return [total // loops + (1 if index < total % loops else 0) for index in range(loops)]


def serve(job: Job, receive: Callable[[], Any], answer: Callable[[Any], None]) -> None:
    """Open a loop and run the shares that come until None does; errors are answers too."""
    try:
        with open_loop(job) as session:
            answer(None)
            bare = session.op
            while (order := receive()) is not None:
                items, path = order
                wrap = written_async if session.awaits else written
                session.op = wrap(bare, path) if path else bare
                try:
                    done = session.run(items, prove=False)
                    answer((done.results, done.failures, done.stall_max_s or 0.0))
                except BaseException as error:  # a thread that ends without an answer would be waited for
                    answer(RuntimeError(f"{type(error).__name__}: {error}"))
    except Exception as error:
        answer(RuntimeError(f"{type(error).__name__}: {error}"))


def serve_process(job: ChildJob, pipe: Any) -> None:
    """The life of a loop's process."""
    TRAP.install()

    def answer(value: Any) -> None:
        heard, TRAP.heard = TRAP.heard, []
        pipe.send(RuntimeError(heard[0]) if heard else value)

    try:
        serve(job.job(), pipe.recv, answer)
    except EOFError:
        return


class Member(Protocol):
    """A loop somewhere else: `send` it a share (or None to end), `receive` what came of it."""

    def send(self, order: Any) -> None: ...

    def receive(self) -> Any: ...

    def end(self) -> None: ...


class ProcessMember:
    """A loop in a process of its own."""

    def __init__(self, context: Any, job: Job, in_flight: int) -> None:
        self.pipe, other = context.Pipe()
        self.process = context.Process(target=serve_process, args=(child_job(job, in_flight), other), daemon=True)
        self.process.start()
        other.close()
        self.send = self.pipe.send

    def receive(self) -> Any:
        try:
            return self.pipe.recv()
        except EOFError:
            raise RuntimeError("the process of a loop died during the round (was it killed?)") from None

    def end(self) -> None:
        with suppress(OSError):
            self.pipe.send(None)
        self.process.join(LEAVE_S)
        self.pipe.close()


class ThreadMember:
    """A loop in a thread of its own, for builds without a GIL."""

    def __init__(self, job: Job) -> None:
        self.orders: SimpleQueue[Any] = SimpleQueue()
        self.answers: SimpleQueue[Any] = SimpleQueue()
        self.send, self.receive = self.orders.put, self.answers.get
        self.thread = Thread(target=serve, args=(job, self.orders.get, self.answers.put), daemon=True)
        self.thread.start()

    def end(self) -> None:
        self.orders.put(None)
        self.thread.join()


@dataclass
class MultiLoopSession:
    """Sends each loop its share and waits for all."""

    members: Sequence[Member]
    op_log: OpLog
    facts: Mapping[str, Scalar]

    def run(self, items: Sequence[Any], *, prove: bool) -> Round:
        self.op_log.reset()
        results: list[Any] = []
        failures: Failures = []
        stalls = []
        watch = Stopwatch(children=True)
        watch.start()
        first = 0
        for member, count in zip(self.members, shares(len(items), len(self.members)), strict=True):
            member.send((items[first : first + count], self.op_log.path if prove else ""))
            first += count
        answers = [member.receive() for member in self.members]
        for answer in answers:
            part, failed, stall_s = taken(answer)
            failures += [(len(results) + index, words) for index, words in failed]
            results += part
            stalls.append(stall_s)
        end_ns = time.perf_counter_ns()
        proof = self.op_log.proof() if prove else None
        return watch.round(results, failures, end_ns, stall_max_s=max(stalls), proof=proof)


def taken(answer: Share | Exception | None) -> Any:
    """The answer of a loop; raises the error that it may be."""
    if isinstance(answer, Exception):
        raise answer
    return answer


@contextmanager
def open_multiloop(job: Job) -> Iterator[MultiLoopSession]:
    loops = min(cores(), job.concurrency)
    places = shares(job.concurrency, loops)
    in_processes = gil_enabled()
    facts: dict[str, Scalar] = {"workers": job.concurrency, "loops": loops}
    with op_log() as book, ExitStack() as stack:
        members: list[Member] = []
        context: Any = stack.enter_context(context_for(job)) if in_processes else None
        if context is not None:
            facts["start_method"] = str(context.get_start_method())
        for in_flight in places:
            member: Member
            if context is not None:
                member = ProcessMember(context, job, in_flight)
            else:
                member = ThreadMember(replace(job, concurrency=in_flight))
            stack.callback(member.end)
            members.append(member)
        for member in members:
            taken(member.receive())
        loop = asyncio.new_event_loop()
        facts["loop"] = f"{type(loop).__module__}.{type(loop).__qualname__}"
        loop.close()
        facts["members"] = "processes" if in_processes else "threads"
        yield MultiLoopSession(members, book, facts)


ASYNCIO_MULTILOOP = Runner(
    name="asyncio+multiloop",
    summary="a loop on each core (in threads where there is no GIL, else in processes), sharing C tasks",
    family="asyncio",
    styles=("asyncio", "async", "pure"),
    open=open_multiloop,
)
