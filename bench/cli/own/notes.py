"""What a look at a callable has to say before it is measured: a sentence for each thing that a reader must know."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from when_async.reports import words

from ...trying.look import BY_ITSELF, CLOCKS_S, Seen
from ...trying.target import Call, Untried

CACHE = 100
"""A second call that is so many times as fast as the first has remembered something."""
SLOW_FIRST_S = 5e-3
"""A first call shorter than this proves no memory by a fast second one."""
STOOD = 0.8
"""A loop that ran nothing else for this share of a call is blocked by it."""
STOOD_S = 5e-3
"""A loop may stand still for less than this without a word."""
APART, APART_S = 10, 1e-3
"""Twins of which one takes so many times as long as the other, and at least so long, hardly do the same work."""
QUEUED = 0.1
"""A call that queued for a CPU for this share of its time was on a busy machine."""
LARGE_BYTES = 1 << 20
"""From so many bytes on sending a result weighs."""


def refuse_cached(call: Call, seen: Seen) -> None:
    """Refuse what a cache answers: no call after the first does the work. Raises Untried."""
    if seen.cached:
        raise Untried(
            f"{call.short} is cached, so all calls but the first would measure the cache and not the work; "
            f"name {call.target}.__wrapped__",
            usage=True,
        )


def notes(call: Call, seen: Seen) -> Iterator[str]:
    """The sentences, the gravest first."""
    yield _took(call, seen)
    queued = seen.queued_s or 0.0
    if seen.seconds and queued >= QUEUED * seen.seconds and queued >= 1e-4:
        yield (
            f"the machine is busy: the call queued for a CPU for {words.scalar(queued, 's')}; that is not counted as "
            "waiting, but a quieter machine measures better"
        )
    if seen.first_s >= SLOW_FIRST_S and seen.seconds * CACHE <= seen.first_s:
        yield (
            f"the second call took {words.scalar(seen.seconds, 's')} and the first {words.scalar(seen.first_s, 's')}: "
            "it remembers something, and what is measured are calls that find it remembered"
        )
    if seen.cores >= BY_ITSELF:
        yield f"a call keeps about {seen.cores:.1f} cores busy by itself, so all rows may use all cores"
    elif seen.native:
        yield f"it has {words.count(seen.native, 'thread')} of its own below Python, so all rows may use all cores"
    yield from _of_a_loop(seen)
    yield from _of_company(seen)
    if seen.unpooled:
        yield f"{seen.unpooled}; so a pool of processes is left out"
    if seen.unsent:
        yield f"{seen.unsent}; so processes and interpreters cannot run it"
    elif (seen.result_bytes or 0) >= LARGE_BYTES:
        yield f"its result is {words.scalar(float(seen.result_bytes or 0), 'bytes')} when sent back from a process"


def _took(call: Call, seen: Seen) -> str:
    wall, computed = words.scalar(seen.seconds, "s"), words.scalar(seen.cpu_s, "s")
    if seen.most_s:
        least, most = words.scalar(seen.least_s, "s"), words.scalar(seen.most_s, "s")
        wall = f"{least} to {most} by its item, {wall} on average"
    # The two clocks are too far apart to hold one against the other in a call of microseconds.
    known = seen.cpu_s <= seen.seconds or seen.seconds >= CLOCKS_S
    return f"{call.short}: a call took {wall}{f', of which it computed {computed}' if known else ''}"


def doubt(one: tuple[Call, Seen], other: tuple[Call, Seen]) -> str:
    """That twins are unlikely to do the same work, because one takes so much less time; empty where they may."""
    (quick, fast), (long, slow) = sorted((one, other), key=lambda each: each[1].own_s)
    if slow.own_s < APART_S or slow.own_s < APART * fast.own_s:
        return ""
    return (
        f"a call of {quick.short} took {words.scalar(fast.own_s, 's')} and one of {long.short} "
        f"{words.scalar(slow.own_s, 's')}, {words.digits(slow.own_s / fast.own_s)} times as long"
    )


def refuse_idle(calls: Sequence[Call], seen: Sequence[Seen], *, any_result: bool) -> str:
    """The doubt whether twins do the same work; raises Untried where nothing at all speaks for it."""
    said = doubt(*zip(calls, seen, strict=True))
    if said and not any_result and all(one.type == "NoneType" for one in seen):
        raise Untried(
            f"{said}, and both return None, which shows no work: have them return what they did, or add --any-result "
            "where you know that they do the same",
            usage=True,
        )
    return said


def _of_a_loop(seen: Seen) -> Iterator[str]:
    for name, reason in seen.refused.items():
        yield f"{name} cannot run it: {reason}"
    if seen.awaits and seen.stood_s >= max(STOOD_S, STOOD * seen.seconds):
        how = "it computes" if seen.cpu_s >= 0.5 * seen.seconds else "it waits by blocking"
        yield (
            f"the loop stood still for {words.scalar(seen.stood_s, 's')} of a call: {how}, and no other task can run "
            "meanwhile"
        )


def _of_company(seen: Seen) -> Iterator[str]:
    counted = ((seen.threads, "thread", "threads"), (seen.processes, "process", "processes"))
    kept = [f"{count} {one if count == 1 else many}" for count, one, many in counted if count]
    if kept:
        yield f"it keeps {' and '.join(kept)} running between calls; their work is counted with its own"
