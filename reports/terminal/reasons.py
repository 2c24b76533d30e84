"""The sentences of an advice: what was asked, what bounds it, what tells models apart, what is left out."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from when_async.results.prediction.fitted import Fitted
from when_async.results.prediction.judged import CLOSE_GOAL, RIGHT_GOAL, TIE
from when_async.results.prediction.model import EDGE
from when_async.results.prediction.programs import Program, taken
from when_async.results.prediction.work import Work

from .. import words
from ..scene import conditions

NEAR = 1.5
"""Who is predicted to take more than so many times as long is no matter, on an edge or not."""


def said_of(work: Work, cores: int) -> str:
    """What was asked for, in a line."""
    where = f"{work.concurrency} in flight, {words.count(cores, 'core')}"
    return f"{words.count(work.ops, 'op')} that {each_does(work)}; {where}"


def each_does(work: Work) -> str:
    """`wait 300 ms and compute 2 ms each, with results of 4 KiB`."""
    often = f" {work.waits_per_op} times" if work.waits_per_op > 1 else ""
    parts = [f"wait{often and often + ' for'} {words.scalar(work.wait_s, 's')}"] if work.wait_s else []
    parts += [f"compute {words.scalar(work.cpu_s, 's')}"] if work.cpu_s else []
    free = f", {work.gil_free * 100:.0f} % of it without the GIL" if work.gil_free and work.cpu_s else ""
    carried = f", with results of {words.scalar(work.payload_bytes, 'bytes')}" if work.payload_bytes else ""
    return f"{' and '.join(parts)} each{free}{carried}"


def cost(seconds: float) -> str:
    """What a model adds; below a tenth of a nanosecond it adds nothing."""
    return words.scalar(seconds if seconds >= 1e-10 else 0.0, "s")


def core_bound(work: Work) -> float:
    """How many times one op after another a single thread can reach."""
    whole_s = work.waiting_s + work.cpu_s
    return min(float(work.concurrency), whole_s / work.cpu_s) if work.cpu_s else float(work.concurrency)


def reason(ranked: Sequence[Program], work: Work) -> str:
    """Two sentences: what bounds the work, and what tells the best from the next."""
    second = told_apart(ranked)
    return f"{bounded(work)}. {second[:1].upper()}{second[1:]}."


def bounded(work: Work) -> str:
    """What bounds the work: cores, one core, or the waits."""
    gain = core_bound(work)
    if not work.waits:
        free = f", and threads use them for the {work.gil_free * 100:.0f} % that lets the GIL go"
        return f"Nothing waits, so only more cores make it faster{free if work.gil_free else ''}"
    if work.cpu_s and work.concurrency * work.cpu_s >= work.waiting_s + work.cpu_s:
        return (
            f"One core is full from {_room(work)} in flight on, so a single thread "
            f"gains at most {words.digits(gain)} times over one op after another"
        )
    return (
        f"The waits decide: one core could keep up with {_room(work)} in flight, so any model that overlaps them "
        "comes near the bound"
    )


def told_apart(ranked: Sequence[Program]) -> str:
    """What tells the best from the next, or that nothing does."""
    best = ranked[0]
    level = [each.runner for each in ranked if each.seconds <= TIE * best.seconds]
    chosen = taken(ranked).runner
    if len(level) > 1:
        others = words.several([name for name in level if name != chosen])
        return f"{chosen} is the plainest of those that are level; {others} cannot be told from it"
    if len(ranked) == 1:
        return f"{best.runner} is the only one that is known here"
    other = ranked[1]
    times = f"is predicted {words.digits(other.seconds / best.seconds)} times as fast"
    if other.start_s - best.start_s > (other.seconds - best.seconds) / 2:
        return f"{best.runner} starts in {cost(best.start_s)} and {other.runner} in {cost(other.start_s)}, and {times}"
    costs = [cost(each.one.costs.op_s) for each in (best, other)]
    return f"{best.runner} adds {costs[0]} of CPU an op and {other.runner} {costs[1]}, and {times}"


def _room(work: Work) -> str:
    return words.digits((work.waiting_s + work.cpu_s) / work.cpu_s) if work.cpu_s else "any number"


def limited(ranked: Sequence[Program]) -> Iterator[str]:
    """For each model that a limit keeps below what was asked for, which limit."""
    for one in ranked:
        if one.because:
            yield f"With {one.runner} no more than {one.in_flight} can be in flight: {one.because}."


def edges(ranked: Sequence[Program]) -> Iterator[str]:
    """For the one to take, and for those that are predicted about as fast, whether a hair of computing decides."""
    best = taken(ranked)
    for one in ranked:
        if one.seconds <= NEAR * best.seconds and (found := one.edge_s()) is not None:
            low, high = (words.scalar(end, "s") for end in found)
            yield (
                f"With {one.runner} this lies on an edge: {EDGE * 100:g} % more or less computing, and it takes "
                f"{low} to {high}."
            )


def evidence(known: Fitted, machine: str, cores: int) -> str:
    """What the predictions rest on, and how good they were."""
    seen = known.accuracy
    further = f" For {words.count(cores, 'core')} it is extrapolated." if cores != known.cores else ""
    of = f"run {known.run} on {words.one_line(machine)}, {words.count(known.cores, 'core')}"
    if known.calibrated:
        day = conditions.date({"started": known.calibrated})
        rest = f", except for {words.listing(known.uncalibrated)}" if known.uncalibrated else ""
        basis = f"What models cost on Python {known.python} was calibrated on this machine on {day}{rest}."
    else:
        basis = f"Evidence: the workloads mixed and sleep of {of}."
    return (
        f"{basis}{further} In {seen.cells} cells {_of_what(known)}, predictions were within 10 % in {seen.close} "
        f"({_percent(seen.close, seen.cells)}; goal {CLOSE_GOAL * 100:g} %), and in {seen.right} of {seen.places} "
        f"places ({_percent(seen.right, seen.places)}; goal {RIGHT_GOAL * 100:g} %) the recommended model was the best "
        "or within 5 % of it."
    )


def _of_what(known: Fitted) -> str:
    if not known.judged:
        return "that the figures were not fitted to"
    whose = "calibrated like this" if known.calibrated else "of the reference, which is another machine,"
    said = f"of a recording made to judge them when all was fixed (docs/judge.md), with costs {whose}"
    return said.rstrip(",")


def counted(known: Fitted) -> str:
    """What of the start of a program is in the figures, and what is left out."""
    if not any(one.start_s or one.start_place_s for one in known.models):
        return "The start of pools and loops is left out: these figures know none of it."
    return (
        "Start-up is what the recorded run saw: imports of asyncio, trio and multiprocessing, opening and closing of "
        "pool or loop. Left out: the interpreter, concurrent.futures, and your own imports, which new processes repeat "
        "from Python 3.14 on."
    )


def callers(known: Fitted) -> str:
    """With which client each model calls over HTTP, and what is not in that."""
    named = [
        f"{one.runner} with {known.clients[one.runner].library} ({cost(one.call_s)})"
        for one in known.models if one.call_s
    ]  # fmt: skip
    gone = f" Left out, as no client was measured with it: {words.listing(known.left_out)}." if known.left_out else ""
    return (
        f"Each op is a call over HTTP by the leanest client that was measured, with its CPU a call on the reference "
        f"machine: {words.listing(named)}.{gone} Not in it: new connections, TLS, the network, and cores that a "
        "server on "
        "the same machine takes. What was measured of all that: when-async claims --claim io-bound."
    )


def beyond(work: Work) -> str:
    """What these predictions do not know of, and which claim does."""
    if work.waiting_s > work.cpu_s:
        return (
            "Where the waiting is for HTTP, the client library can weigh more than the model: --http adds what was "
            "measured of it, and so says when-async claims --claim io-bound."
        )
    if work.gil_free:
        return (
            "A loop computes in its one thread, even what lets the GIL go; asyncio.to_thread takes that to threads: "
            "when-async claims --claim threads-dont-speed-cpu."
        )
    return (
        "Computing is taken as pure Python. What lets the GIL go, as NumPy, zlib and hashlib do, threads spread over "
        "cores too (--gil-free): when-async claims --claim threads-dont-speed-cpu."
    )


def _percent(part: int, whole: int) -> str:
    return f"{100 * part / max(1, whole):.0f} %"
