"""`grid_search`: a real cross-validated hyper-parameter search, written in pure Python.

It isolates uniform CPU-bound work: each op fits a ridge regression by stochastic gradient descent on four folds of a
small data set and scores it (R squared) on the fifth. The amount of work is fixed by `unit_s` through a constant, never
by a clock, and the arithmetic is add, subtract, multiply and divide of floats in a fixed order, so every runner and
every interpreter must give the same bits. `payload_bytes` are sent along with each op, which costs nothing where memory
is shared and a copy or more where it is not. It has no ideal time: how long one fit takes depends on the machine.
"""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Sequence
from functools import lru_cache
from itertools import cycle, islice
from typing import Any

from when_async.bench.model import Kit, Param, Params, Point, Workload, WrongAnswer

FOLDS = 5
ROWS = 100
DATA_SEED = 20261122
"""The data set is rebuilt from this in every execution context, so that it need not travel with the items."""

LEARNING_RATES = (0.003, 0.01, 0.03, 0.1)

VISITS_PER_S = 3_300_000
"""Row visits that make one nominal second: CPython 3.11 on a 2-core virtual machine, to about 20 %."""

PAYLOAD_BUDGET_BYTES = 64 * 1024 * 1024
"""Memory that the payloads of one round may take; beyond it items share payloads."""

RECHECKED = 3
"""Fits that the oracle does again."""

Row = tuple[float, float, float, float, float]
Item = tuple[int, int, float, float, bytes]
"""Index in the grid, fold, l2, learning rate, payload."""
Result = tuple[int, int, float, int]
"""Index in the grid, fold, score, payload bytes that arrived."""


def make_rows() -> list[Row]:
    """The data set: four features in [-1, 1) and a noisy linear target, the same on every interpreter."""
    draw = random.Random(DATA_SEED).random
    rows = []
    for _ in range(ROWS):
        a, b, c, d = (2.0 * draw() - 1.0 for _ in range(4))
        noise = 0.8 * (draw() + draw() - 1.0)
        rows.append((a, b, c, d, 1.5 * a - 1.0 * b + 0.5 * c + 0.25 + noise))
    return rows


def visits(unit_s: float) -> int:
    """Training row visits of one fit; the rows that are scored count as visits too, hence the difference."""
    return max(1, round(unit_s * VISITS_PER_S) - ROWS // FOLDS)


def fit(train: Sequence[Row], steps: int, l2: float, rate: float) -> tuple[float, float, float, float, float]:
    """Train for `steps` row visits, in order and round again; returns four weights and the bias."""
    p = q = r = s = bias = 0.0
    for a, b, c, d, target in islice(cycle(train), steps):
        error = p * a + q * b + r * c + s * d + bias - target
        p -= rate * (error * a + l2 * p)
        q -= rate * (error * b + l2 * q)
        r -= rate * (error * c + l2 * r)
        s -= rate * (error * d + l2 * s)
        bias -= rate * error
    return p, q, r, s, bias


def score(model: tuple[float, float, float, float, float], held_out: Sequence[Row]) -> float:
    """R squared on rows that the model has not seen; no sum(), whose rounding changed in Python 3.12."""
    p, q, r, s, bias = model
    total = unexplained = variance = 0.0
    for row in held_out:
        total += row[4]
    mean = total / len(held_out)
    for a, b, c, d, target in held_out:
        error = p * a + q * b + r * c + s * d + bias - target
        unexplained += error * error
        variance += (target - mean) * (target - mean)
    return 1.0 - unexplained / variance


def arrived(payload: bytes) -> int:
    """Bytes that arrived, or -1 where the first or the last one is not what was sent."""
    size = len(payload)
    if size and (payload[0] != 0 or payload[-1] != (size - 1) % 256):
        return -1
    return size


def pure(kit: Kit, params: Params) -> Callable[[Item], Result]:
    """Make the folds once, then fit and score one (hyper-parameters, fold) an op."""
    rows, steps = make_rows(), visits(float(params["unit_s"]))
    held_out = [rows[fold::FOLDS] for fold in range(FOLDS)]
    train = [[row for place, row in enumerate(rows) if place % FOLDS != fold] for fold in range(FOLDS)]

    def op(item: Item) -> Result:
        index, fold, l2, rate, payload = item
        model = fit(train[fold], steps, l2, rate)
        return index, fold, score(model, held_out[fold]), arrived(payload)

    return op


def make_grid(n: int) -> list[tuple[float, float]]:
    """The (l2, learning rate) of each of n / 5 grid points; raises ValueError where n is no multiple of 5.

    All learning rates at l2 = 0 come first, and l2 rises in even steps below 0.1, as many as n needs.
    """
    if n < FOLDS or n % FOLDS:
        nearest = max(1, -(-n // FOLDS)) * FOLDS
        raise ValueError(f"n counts fits and must be a multiple of the {FOLDS} folds, got {n}; write n={nearest}")
    count, rates = n // FOLDS, len(LEARNING_RATES)
    levels = -(-count // rates)
    return [(place // rates / (10 * levels), LEARNING_RATES[place % rates]) for place in range(count)]


def make_payloads(size: int, n: int) -> list[bytes]:
    """As many equal payloads as items, or as the memory budget allows.

    They are separate objects because pickle writes an object that occurs twice in a message only once: with one
    shared payload a process pool that sends ops in chunks would send one payload a chunk.
    """
    pattern = bytearray((bytes(range(256)) * (size // 256 + 1))[:size])
    copies = min(n, max(1, PAYLOAD_BUDGET_BYTES // size)) if size else 1
    return [bytes(pattern) for _ in range(copies)]


def make_items(params: Params, seed: int) -> list[Item]:
    """One item a fit, shuffled by the seed; neighbours have separate payloads."""
    n = int(params["n"])
    fits = [(index, fold, *point) for index, point in enumerate(make_grid(n)) for fold in range(FOLDS)]
    random.Random(seed).shuffle(fits)
    payloads = make_payloads(int(params["payload_bytes"]), n)
    return [(*one, payloads[place % len(payloads)]) for place, one in enumerate(fits)]


@lru_cache(maxsize=64)
def recompute(fold: int, l2: float, rate: float, steps: int) -> float:
    """The oracle's own fit and score: the textbook loops, sharing no code with the op but the data set.

    Remembered, because the rounds of a trial ask for the same fits again.
    """
    rows = make_rows()
    train = [place for place in range(ROWS) if place % FOLDS != fold]
    test = [place for place in range(ROWS) if place % FOLDS == fold]

    def error_on(row: Row) -> float:
        predicted = weights[0] * row[0]
        for k in (1, 2, 3):
            predicted = predicted + weights[k] * row[k]
        return predicted + bias - row[4]

    weights, bias = [0.0] * 4, 0.0
    for step in range(steps):
        row = rows[train[step % len(train)]]
        error = error_on(row)
        weights = [weights[k] - rate * (error * row[k] + l2 * weights[k]) for k in range(4)]
        bias = bias - rate * error
    mean = 0.0
    for place in test:
        mean = mean + rows[place][4]
    mean = mean / len(test)
    unexplained = variance = 0.0
    for place in test:
        unexplained = unexplained + error_on(rows[place]) * error_on(rows[place])
        variance = variance + (rows[place][4] - mean) * (rows[place][4] - mean)
    return 1.0 - unexplained / variance


def check(params: Params, items: Sequence[Any], results: Sequence[Any]) -> str:
    """Name the best grid point; raises WrongAnswer unless every fit came back once, in its place, and right.

    Three fits, chosen by the shuffle of the items, are done again and must agree to the last bit.
    """
    if len(items) != int(params["n"]) or len(results) != len(items):
        raise WrongAnswer(f"{params['n']} fits were asked for, {len(results)} of {len(items)} items came back")
    payload_bytes, grid = int(params["payload_bytes"]), make_grid(len(items))
    table: dict[tuple[int, int], float] = {}
    for item, result in zip(items, results, strict=True):
        if not isinstance(result, tuple) or len(result) != 4:
            raise WrongAnswer(f"fit {item[:2]} came back as {result!r}")
        index, fold, value, size = result
        if (index, fold) != item[:2]:
            raise WrongAnswer(f"fit {item[:2]} came back as {(index, fold)}")
        if size != payload_bytes:
            raise WrongAnswer(f"fit {item[:2]} got a payload of {size} bytes instead of {payload_bytes}")
        if not isinstance(value, float) or not math.isfinite(value):
            raise WrongAnswer(f"fit {item[:2]} has the score {value!r}")
        table[index, fold] = value
    if table.keys() != {(index, fold) for index in range(len(grid)) for fold in range(FOLDS)}:
        raise WrongAnswer(f"only {len(table)} different fits came back for {len(items)} items")
    steps = visits(float(params["unit_s"]))
    for place in random.Random(len(items)).sample(range(len(items)), RECHECKED):
        index, fold = items[place][:2]
        expected = recompute(fold, *grid[index], steps)
        if table[index, fold] != expected:
            raise WrongAnswer(f"fit {(index, fold)} scored {table[index, fold]!r}, the oracle found {expected!r}")
    return best(grid, table)


def best(grid: Sequence[tuple[float, float]], table: dict[tuple[int, int], float]) -> str:
    """The grid point with the highest mean score over the folds, the first of equals."""
    means = [math.fsum(table[index, fold] for fold in range(FOLDS)) / FOLDS for index in range(len(grid))]
    winner = max(range(len(grid)), key=means.__getitem__)
    l2, rate = grid[winner]
    return f"best: l2={l2:g} lr={rate:g}, score {means[winner]:.3f}"


def point(concurrency: int, unit_s: float, n: int, payload_bytes: int = 0) -> Point:
    """One grid point."""
    return Point(concurrency, {"unit_s": unit_s, "n": n, "payload_bytes": payload_bytes})


KIB, MIB = 1024, 1024 * 1024

UNITS = ((50e-6, 500, 0), (500e-6, 100, 0), (5e-3, 40, 0))
"""Sizes of a fit with the number of fits: processes gain little from the smallest and all there is from 5 ms on."""
PAYLOADS = ((5e-3, 20, 64 * KIB), (5e-3, 20, MIB), (5e-3, 20, 4 * MIB))

GRID_SEARCH = Workload(
    name="grid_search",
    summary="a cross-validated hyper-parameter search in pure Python; isolates uniform CPU-bound work",
    bodies={"pure": pure},
    params=(
        Param("unit_s", 50e-6, 50e-3, "nominal size of one fit on the reference machine; fixes the amount of work"),
        Param("n", 5, 100_000, "how many fits a round has: grid points times 5 folds"),
        Param("payload_bytes", 0, 4 * MIB, "bytes that are sent along with each op"),
    ),
    make_items=make_items,
    check=check,
    grid={
        "smoke": (point(2, 50e-6, 10),),
        # Two in flight: as many as the usual cores of a small machine.
        "quick": (point(2, 5e-3, 40),),
        "gate": (point(2, 50e-6, 60),),
        # One axis at a time, away from units of 5 ms without a payload, and more workers than cores.
        "full": (*(point(2, *each) for each in UNITS + PAYLOADS), point(8, 5e-3, 25)),
    },
    core=True,
    learn=(
        "You learn when it pays to spread CPU-bound Python over cores, by unit size and payload; you do not learn "
        "about code that leaves the interpreter, such as NumPy, which may share cores in other ways."
    ),
)
