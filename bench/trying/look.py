"""A look at a callable before anything is timed: a few calls in a process of their own.

`python -m when_async.bench.trying.look` reads one JSON line, `call`, perhaps a `twin`, and `any_result`. It says
`found` when each of them is imported, `ends` when one of them ends Python, and last what is seen of each, or the reason
why it cannot be measured. Whatever the callable prints goes to standard error.
"""

from __future__ import annotations

import inspect
import json
import multiprocessing
import os
import pickle
import sys
import threading
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from typing import Any, TextIO

from ..model import WhenAsyncError
from .calling import more, on_loops, spent, timed
from .lazy import lazy
from .likeness import kind, likeness, untold
from .loops import awaited
from .pooled import children_heard, why_not_pooled
from .target import LAZY, Call, Untried, find, shown, words
from .usage import cpu_s, gil_free, native_threads

BY_ITSELF = 1.2
"""From so many cores on a call uses more than one by itself."""
CLOCKS_S = 200e-6
"""Of a shorter call the clocks of wall and CPU time are too far apart to say so."""


@dataclass
class Seen:
    """What a look at a callable showed; times in seconds are of its second call, or the mean of one for each item.

    `least_s` and `most_s` are the shortest and the longest of those; 0.0 where there is one item.
    `queued_s` was spent waiting for a CPU, and None where the system does not tell. `gil_free` is the share of its
    computing in which another thread can run, None where it was not looked for. `stood_s` is the longest time in
    which its loop ran nothing else. `threads` and `processes` it keeps, and `native` threads that Python does not know
    of. `loops` are the libraries that ran it, `refused` why another did not. Sizes are of pickles in bytes, None with
    the reason in `unsent` where there is none; pickling the result and reading it again takes `pickle_s` of CPU.
    `changes` says that a call changed what it was given, `unpooled` why a pool of processes cannot make the call.
    """

    like: str
    type: str
    awaits: bool
    first_s: float
    seconds: float
    cpu_s: float
    queued_s: float | None
    loops: tuple[str, ...] = ()
    refused: dict[str, str] = field(default_factory=dict)
    stood_s: float = 0.0
    cached: bool = False
    gil_free: float | None = None
    threads: int = 0
    native: int = 0
    processes: int = 0
    result_bytes: int | None = None
    arguments_bytes: int | None = None
    pickle_s: float = 0.0
    unsent: str = ""
    changes: bool = False
    unpooled: str = ""
    least_s: float = 0.0
    most_s: float = 0.0

    @property
    def crowded(self) -> bool:
        """Whether a call uses several cores by itself, or has threads below Python that could."""
        return self.cores >= BY_ITSELF or self.native > 0

    @property
    def cores(self) -> float:
        """How many cores a call kept busy by itself."""
        return self.cpu_s / self.seconds if self.seconds >= CLOCKS_S else 0.0

    @property
    def own_s(self) -> float:
        """How long a call took without its time in the queue for a CPU, which is the machine's."""
        return max(self.cpu_s, self.seconds - (self.queued_s or 0.0))

    @property
    def waits_s(self) -> float:
        """How long a call truly waited: neither computing nor queueing for a CPU."""
        return max(0.0, self.seconds - self.cpu_s - (self.queued_s or 0.0))


def look(call: Call, *, any_result: bool, found: Callable[[], None] = lambda: None) -> Seen:
    """Call it twice and see what it is like; raises Untried with why it cannot be measured."""
    before = set(threading.enumerate())
    function = find(call)
    found()
    # What its module starts when it is imported is its own as well.
    imported, hits = set(threading.enumerate()) - before, _hits(function)
    children: list[str] = []
    given: list[tuple[int, tuple[list[Any], dict[str, Any]]]] = []

    def invoke(index: int = 0) -> Any:
        args, kwargs = call.arguments(index)
        given[:] = [(index, (args, kwargs))]
        return function(*args, **kwargs)

    with children_heard(children):
        first = None if inspect.iscoroutinefunction(function) else timed(call, invoke)
        awaits = first is None or awaited(call, first.result)
        if first is None or awaits:
            first, *calls, stood_s, loops = on_loops(call, invoke)
        else:
            calls, stood_s, loops = more(call, invoke), 0.0, {}
    second = calls[0]
    _refuse(call, first.result, second.result, any_result=any_result)
    index, arguments = given[0]
    changes = likeness(arguments) != likeness(call.arguments(index))
    carried, sent, pickle_s, unsent = _sent(call, second.result)
    return Seen(
        like=kind(second.result) if any_result else likeness(second.result), type=kind(second.result), awaits=awaits,
        first_s=first.seconds, **spent(calls),
        loops=tuple(name for name, reason in loops.items() if not reason),
        refused={name: reason for name, reason in loops.items() if reason},
        stood_s=stood_s, cached=_hits(function) > hits,
        gil_free=None if awaits else gil_free(invoke, second.seconds, second.cpu_s),
        threads=len(set(threading.enumerate()) - before), native=native_threads(),
        processes=len(multiprocessing.active_children()),
        result_bytes=carried, arguments_bytes=sent, pickle_s=pickle_s, unsent=unsent, changes=changes,
        unpooled="" if awaits else why_not_pooled(invoke, second.seconds, children, imported),
    )  # fmt: skip


def _refuse(call: Call, first: Any, second: Any, *, any_result: bool) -> None:
    """Refuse a result that is no work yet, and two that differ."""
    if undone := lazy(first):
        raise Untried(f"{call.short} {LAZY.format(undone)}", usage=True)
    if not any_result and (reason := untold(first)):
        said = f"what {call.short} returns cannot be compared: {reason}; with --any-result only its type is held"
        raise Untried(said, usage=True)
    if not any_result and likeness(first) != likeness(second):
        raise Untried(
            f"two calls of {call.short} gave different results ({shown(first)} and {shown(second)}), so equal work "
            "cannot be told by them; where that is in the nature of the call, add --any-result",
            usage=True,
        )


def _hits(function: Any) -> int:
    """How often a cache of functools has answered for it."""
    info = getattr(function, "cache_info", None)
    return int(info().hits) if callable(info) else 0


def _sent(call: Call, result: Any) -> tuple[int | None, int | None, float, str]:
    """Bytes of the result and of the arguments when they are sent to another process, and the CPU; why they cannot."""
    began = cpu_s()
    try:
        carried = pickle.dumps(result, 5)
        pickle.loads(carried)
    except Exception as error:
        return None, None, 0.0, f"its result cannot be sent to another process: {words(error)}"
    spent_s = cpu_s() - began
    try:
        return len(carried), len(pickle.dumps(call.arguments(), 5)), spent_s, ""
    except Exception as error:
        return len(carried), None, spent_s, f"its arguments cannot be sent to another process: {words(error)}"


def take_answers() -> TextIO:
    """Keep standard output for the one answer; whatever the callable prints goes to standard error."""
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    return answers


def answer(asked: dict[str, Any], found: Callable[[], None] = lambda: None) -> dict[str, Any]:
    """What is seen of the call, and of its twin, or the reason why one cannot be measured."""
    calls = [Call(**asked[name]) for name in ("call", "twin") if asked.get(name)]
    try:
        seen = [look(one, any_result=asked["any_result"], found=found) for one in calls]
        if len(seen) == 2 and seen[0].like != seen[1].like:
            raise Untried(
                f"{calls[1].short} does not return what {calls[0].short} returns, so they are not the same work; "
                "where results differ by nature, add --any-result",
                usage=True,
            )
    except Untried as error:
        return {"reason": str(error), "usage": error.exit_code == WhenAsyncError.exit_code}
    return {"seen": [asdict(one) for one in seen]}


def main() -> int:
    import faulthandler
    import signal

    answers = take_answers()

    def say(line: dict[str, Any]) -> None:
        answers.write(json.dumps(line) + "\n")
        answers.flush()

    faulthandler.register(signal.SIGUSR1, all_threads=True)
    tell_ends(say)
    asked = json.loads(sys.stdin.readline())
    # Whoever asks for input gets none, as in a worker.
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    say(answer(asked, lambda: say({"found": True})))
    return 0


def tell_ends(say: Callable[[dict[str, Any]], None]) -> None:
    """Have it said, with the place, when this process is ended by a function that runs nothing more of Python."""
    ends, own = os._exit, os.getpid()

    def leave(status: int) -> None:
        if os.getpid() == own:
            file, line = sys._getframe(1).f_code.co_filename, sys._getframe(1).f_lineno
            place = "" if file == __file__ else f" at {os.path.basename(file)}:{line}"
            say({"ends": f"os._exit({status}){place}"})
        ends(status)

    os._exit = leave  # type: ignore[assignment]


if __name__ == "__main__":
    leave = os._exit
    status = main()
    sys.stderr.flush()
    # Threads that the callable has started must not keep this process alive.
    leave(status)
