"""`chain`: n chains of k dependent steps; each step waits its length and then needs what the step before it found.

It isolates how long chains take together: as long as the longest one, if nothing is added. A step hashes the value of
the step before with its own length, so the end of a chain proves that all its steps were made, once and in order. The
lengths are drawn from a seed of this file, so that `longest chain` and `all chains` are known from the parameters; the
run's seed decides which chain gets which lengths and what it begins with.

Lengths are whole milliseconds, from 1 ms to nearly twice `step_s`. That keeps `ideal_s` strict where a timer counts in
whole milliseconds from a clock that is rounded down (uvloop): each wait ends on such a tick, so a chain loses less than
one tick in all, however many steps it has.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Coroutine, Mapping, Sequence
from functools import lru_cache
from hashlib import blake2b
from typing import Any

from when_async.bench.model import Figure, Kit, Observed, Param, Params, Point, Workload, WrongAnswer

LENGTHS_SEED = 20261125

Item = tuple[int, bytes, tuple[int, ...]]
"""(chain, value to begin with, length of each step in milliseconds)."""
Result = tuple[int, str, int]
"""(chain, final value, nanoseconds that it took)."""


def after(value: bytes, length_ms: int) -> bytes:
    """What a step finds: a hash of what was found before it and of its own length."""
    return blake2b(b"%b/%d" % (value, length_ms), digest_size=8).digest()


def blocking(kit: Kit, params: Params) -> Callable[[Item], Result]:
    """Walk a chain with the runner's blocking sleep."""
    sleep, clock = kit.sleep, time.perf_counter_ns

    def op(item: Item) -> Result:
        chain, value, lengths_ms = item
        start_ns = clock()
        for length_ms in lengths_ms:
            sleep(length_ms / 1000)
            value = after(value, length_ms)
        return chain, value.hex(), clock() - start_ns

    return op


async def asynchronous(kit: Kit, params: Params) -> Callable[[Item], Coroutine[Any, Any, Result]]:
    """Walk a chain with the event loop's own sleep."""
    sleep, clock = kit.sleep, time.perf_counter_ns

    async def op(item: Item) -> Result:
        chain, value, lengths_ms = item
        start_ns = clock()
        for length_ms in lengths_ms:
            await sleep(length_ms / 1000)
            value = after(value, length_ms)
        return chain, value.hex(), clock() - start_ns

    return op


@lru_cache(maxsize=16)
def drawn_ms(chains: int, steps: int, mean_ms: int) -> tuple[tuple[int, ...], ...]:
    """The lengths of all chains; `random()` is the one method whose sequence Python promises to keep."""
    draw = random.Random(LENGTHS_SEED).random
    return tuple(tuple(1 + int(draw() * (2 * mean_ms - 1)) for _ in range(steps)) for _ in range(chains))


def lengths_ms(params: Params) -> tuple[tuple[int, ...], ...]:
    """The lengths that these parameters stand for, in milliseconds."""
    return drawn_ms(int(params["n"]), int(params["steps"]), max(1, round(float(params["step_s"]) * 1000)))


def make_items(params: Params, seed: int) -> list[Item]:
    """One item a chain: the lengths in an order of the seed's, each chain with a value of its own to begin with."""
    draw = random.Random(seed).random
    shuffled = sorted(lengths_ms(params), key=lambda _: draw())
    return [(chain, b"%d.%d" % (chain, int(draw() * 1e9)), lengths) for chain, lengths in enumerate(shuffled)]


def observe(params: Params, items: Sequence[Any], results: Sequence[Any]) -> Observed:
    """Take the times off the results; they tell by how much an average step was longer than its wait."""
    for result in results:
        if not isinstance(result, tuple | list) or len(result) != 3:
            raise WrongAnswer(f"a chain came back as {result!r}")
    found = [(chain, value) for chain, value, _ in results]
    if not results:
        return Observed(found)
    steps, took_s = len(results) * int(params["steps"]), [took_ns / 1e9 for _, _, took_ns in results]
    late_s = sum(took_s) - _waits_s(params)
    return Observed(found, {"step_late_s": late_s / steps, "longest_s": max(took_s)})


def check(params: Params, items: Sequence[Any], results: Sequence[Any]) -> str:
    """Say what was walked; raises WrongAnswer unless each chain, in its place, ended where all its steps lead to."""
    if len(results) != len(items):
        raise WrongAnswer(f"{len(items)} chains were asked for, {len(results)} came back")
    steps = int(params["steps"])
    for (chain, value, lengths), result in zip(items, results, strict=True):
        for length in lengths:
            value = blake2b(value + b"/" + str(length).encode(), digest_size=8).digest()
        if len(lengths) != steps or result != (chain, value.hex()):
            raise WrongAnswer(f"chain {chain} came back as {result!r}, not as {(chain, value.hex())!r}")
    return f"{len(results)} chains of {steps} steps"


def _waits_s(params: Params) -> float:
    return sum(map(sum, lengths_ms(params))) / 1000


def longest_s(params: Params) -> float:
    """The longest chain's waits added up."""
    return max(map(sum, lengths_ms(params))) / 1000


def ideal_s(params: Params, in_flight: int) -> float:
    """No chain can be cut short, and no place can wait for two chains at once."""
    return max(longest_s(params), _waits_s(params) / in_flight)


def bounds(params: Params, concurrency: int) -> Mapping[str, float]:
    """What the notes hold against each other."""
    return {"longest chain": longest_s(params), "all chains one after another": _waits_s(params)}


def point(n: int, steps: int, step_s: float, concurrency: int = 0) -> Point:
    """One grid point; all chains may be walked at once unless it says otherwise."""
    return Point(concurrency or n, {"n": n, "steps": steps, "step_s": step_s})


QUICK = (point(20, 5, 0.004),)

CHAIN = Workload(
    name="chain",
    summary="n chains of dependent steps of seeded length; isolates what each step adds to the longest chain",
    bodies={"blocking": blocking, "async": asynchronous},
    params=(
        Param("n", 1, 100_000, "how many chains there are"),
        Param("steps", 1, 1000, "how many steps a chain has"),
        Param("step_s", 0.001, 0.1, "how long a step waits on average, in whole milliseconds"),
    ),
    make_items=make_items,
    check=check,
    observe=observe,
    figures=(
        Figure("step_late_s", "by how much an average step was longer than its wait", "lower"),
        Figure("longest_s", "how long the chain took that took longest", "lower"),
    ),
    grid={
        "smoke": (point(3, 3, 0.002),),
        "quick": QUICK,
        # More steps, more chains, and fewer places than chains.
        "full": (*QUICK, point(10, 20, 0.002), point(100, 5, 0.004), point(1000, 5, 0.004), point(50, 5, 0.004, 10)),
    },
    ideal_s=ideal_s,
    bounds=bounds,
    headline="overhead",
    learn=(
        "You learn what a model adds to each step of work that has to be done in order, and when many chains crowd "
        "each other; you do not learn about the work inside a step, because a step only waits and hashes a few bytes."
    ),
)
