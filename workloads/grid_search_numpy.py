"""`grid_search_numpy`: a cross-validated grid search in which NumPy does the work and the GIL is free meanwhile.

It isolates uniform CPU-bound work that leaves the interpreter. Each op fits a ridge regression on four folds by its
normal equations, a product of matrices and a linear solve, and scores it (R squared) on the fifth. `unit_s` fixes the
number of rows through a constant, never by a clock. BLAS is held to one thread, so that only the runner spreads the
work; `blas_threads` is how many it says it has, where that can be asked.

Two NumPy builds may add up in another order, so weights and scores are rounded to nine decimals before they are
compared: equal between runners and rounds, and between builds but for a rounding in a billion. The oracle does no
algebra: it draws the same data with the standard library, and holds weights against the one property that the right
ones have (the gradient of the loss is zero there), which takes time linear in the rows.
"""

from __future__ import annotations

import math
import operator
import random
from collections.abc import Callable, Sequence
from functools import lru_cache
from threading import Lock
from typing import Any

from when_async.bench.model import Figure, Kit, Observed, Param, Params, Point, Workload, WrongAnswer

FOLDS = 5
FEATURES = 64
DATA_SEED = 20261122
NOISE = 2.0
DECIMALS = 9

ROWS_PER_S = 5_000_000
"""Rows that make one nominal second: NumPy 2.4 with OpenBLAS on one core of a 2-core virtual machine, to about 40 %."""

RECHECKED = 1
"""Fits that the oracle looks at closely; one takes it some twenty times as long as the fit took NumPy."""
FLAT = 1e-7
"""How far from zero the gradient per row may be: rounding the weights moves it by less than 1e-9."""
CLOSE = 1e-7

Item = tuple[int, int, float]
"""Index in the grid, fold, penalty per row."""
Result = tuple[int, int, float, tuple[float, ...]]
"""Index in the grid, fold, score, weights."""

TRUTH = tuple((0.5 + place % 7 / 4) * (-1) ** place for place in range(FEATURES))
"""The weights behind the target."""

LOADING = Lock()


def dot(left: Sequence[float], right: Sequence[float]) -> float:
    """Sum of products; without math.sumprod, which came with Python 3.12 and adds up more exactly."""
    total: float = sum(map(operator.mul, left, right))
    return total


def rows_of(unit_s: float) -> int:
    """Rows of the data set that make a fit take `unit_s` nominal seconds."""
    return FOLDS * max(2 * FEATURES, round(unit_s * ROWS_PER_S / FOLDS))


def fold_of(fold: int, rows: int) -> tuple[int, int]:
    """First row of a fold and the first after it."""
    return fold * rows // FOLDS, (fold + 1) * rows // FOLDS


@lru_cache(maxsize=1)
def make_arrays(rows: int) -> tuple[Any, Any]:
    """Features in [-1, 1) and a noisy linear target; the legacy generator draws what `random.Random` draws."""
    import numpy

    draws = 2.0 * numpy.random.RandomState([DATA_SEED]).random_sample((rows, FEATURES + 1)) - 1.0
    features = numpy.ascontiguousarray(draws[:, :FEATURES])
    return features, features @ numpy.array(TRUTH) + NOISE * draws[:, FEATURES]


def fit(features: Any, target: Any, fold: int, penalty: float) -> Any:
    """The ridge regression without the rows of a fold; `penalty` is per row."""
    import numpy

    rows = len(target)
    start, end = fold_of(fold, rows)
    parts = [(features[:start], target[:start]), (features[end:], target[end:])]
    gram = sum(part.T @ part for part, _ in parts)
    moments = sum(part.T @ goal for part, goal in parts)
    gram[numpy.diag_indices(FEATURES)] += penalty * (rows - (end - start))
    return numpy.linalg.solve(gram, moments)


def pure(kit: Kit, params: Params) -> Callable[[Item], Result]:
    """Make the data once a process, then fit and score one (penalty, fold) an op."""
    with LOADING:
        features, target = make_arrays(rows_of(float(params["unit_s"])))

    def op(item: Item) -> Result:
        index, fold, penalty = item
        weights = fit(features, target, fold, penalty)
        start, end = fold_of(fold, len(target))
        held_out = target[start:end]
        missed = features[start:end] @ weights - held_out
        spread = held_out - held_out.mean()
        return index, fold, float(1.0 - missed @ missed / (spread @ spread)), tuple(weights.tolist())

    return op


def make_grid(n: int) -> list[float]:
    """The penalty per row of each of n / 5 grid points; raises ValueError where n is no multiple of 5."""
    if n < FOLDS or n % FOLDS:
        nearest = max(1, -(-n // FOLDS)) * FOLDS
        raise ValueError(f"n counts fits and must be a multiple of the {FOLDS} folds, got {n}; write n={nearest}")
    return [place * FOLDS / n for place in range(n // FOLDS)]


def make_items(params: Params, seed: int) -> list[Item]:
    """One item a fit, shuffled by the seed."""
    grid = make_grid(int(params["n"]))
    fits = [(index, fold, penalty) for index, penalty in enumerate(grid) for fold in range(FOLDS)]
    random.Random(seed).shuffle(fits)
    return fits


BLAS_MARKS = ("openblas", "libblis", "libmkl_rt")
BLAS_QUESTIONS = (
    "scipy_openblas_get_num_threads64_", "scipy_openblas_get_num_threads", "openblas_get_num_threads64_",
    "openblas_get_num_threads", "bli_thread_get_num_threads", "MKL_Get_Max_Threads",
)  # fmt: skip


@lru_cache(maxsize=1)
def blas_threads() -> int:
    """How many threads the BLAS loaded in this process says it uses; 0 where it cannot be asked."""
    import ctypes

    try:
        with open("/proc/self/maps", encoding="utf-8") as lines:
            paths = {line.split(maxsplit=5)[5].strip() for line in lines if any(mark in line for mark in BLAS_MARKS)}
    except OSError:
        return 0
    for path in sorted(paths):
        library = ctypes.CDLL(path)
        for name in BLAS_QUESTIONS:
            if hasattr(library, name):
                return int(getattr(library, name)())
    return 0


def observe(params: Params, items: Sequence[Any], results: Sequence[Any]) -> Observed:
    """Round what two builds may tell differently; ask BLAS for its threads."""
    rounded = []
    for item, result in zip(items, results, strict=False):
        if not isinstance(result, tuple) or len(result) != 4:
            raise WrongAnswer(f"fit {item[:2]} came back as {result!r}")
        index, fold, score, weights = result
        rounded.append((index, fold, round(score, DECIMALS), tuple(round(weight, DECIMALS) for weight in weights)))
    threads = blas_threads()
    return Observed(rounded + list(results[len(rounded) :]), {"blas_threads": threads} if threads else {})


@lru_cache(maxsize=256)
def complaint(rows: int, fold: int, penalty: float, score: float, weights: tuple[float, ...]) -> str:
    """What is wrong with a fit, found with the standard library alone; empty where it is right.

    The rows are drawn one by one and none is kept, so that the oracle takes no memory. Remembered, because every
    round of a trial brings the same weights.
    """
    draw = random.Random(DATA_SEED).random
    start, end = fold_of(fold, rows)
    gradient = [penalty * (rows - (end - start)) * weight for weight in weights]
    missed: list[float] = []
    held_out: list[float] = []
    for row in range(rows):
        x = [2.0 * draw() - 1.0 for _ in range(FEATURES)]
        target = dot(x, TRUTH) + NOISE * (2.0 * draw() - 1.0)
        error = dot(x, weights) - target
        if start <= row < end:
            missed.append(error)
            held_out.append(target)
        else:
            gradient = list(map(operator.add, gradient, map(error.__mul__, x)))
    steepest = max(map(abs, gradient)) / rows
    if not steepest <= FLAT:
        return f"its weights do not minimise the loss: a row still pulls by {steepest:.3g}"
    mean = math.fsum(held_out) / len(held_out)
    spread = math.fsum((value - mean) ** 2 for value in held_out)
    expected = 1.0 - math.fsum(value * value for value in missed) / spread
    return "" if abs(score - expected) <= CLOSE else f"it scored {score!r}, the oracle found {expected!r}"


def check(params: Params, items: Sequence[Any], results: Sequence[Any]) -> str:
    """Name the best penalty; raises WrongAnswer unless every fit came back once, in its place, and right."""
    n, rows = int(params["n"]), rows_of(float(params["unit_s"]))
    if len(items) != n or len(results) != n:
        raise WrongAnswer(f"{n} fits were asked for, {len(results)} of {len(items)} items came back")
    grid = make_grid(n)
    table: dict[tuple[int, int], float] = {}
    for item, (index, fold, score, weights) in zip(items, results, strict=True):
        if (index, fold) != item[:2]:
            raise WrongAnswer(f"fit {item[:2]} came back as {(index, fold)}")
        if len(weights) != FEATURES or not all(map(math.isfinite, (score, *weights))):
            raise WrongAnswer(f"fit {item[:2]} has {len(weights)} weights, or some that are no numbers")
        table[index, fold] = score
    if len(table) != n:
        raise WrongAnswer(f"only {len(table)} different fits came back for {n} items")
    for place in random.Random(n).sample(range(n), RECHECKED):
        index, fold, score, weights = results[place]
        wrong = complaint(rows, fold, grid[index], score, weights)
        if wrong:
            raise WrongAnswer(f"fit {(index, fold)}: {wrong}")
    means = [math.fsum(table[index, fold] for fold in range(FOLDS)) / FOLDS for index in range(len(grid))]
    winner = max(range(len(grid)), key=means.__getitem__)
    return f"best: penalty={grid[winner]:g}, score {means[winner]:.3f}"


def point(concurrency: int, unit_s: float, n: int) -> Point:
    """One grid point."""
    return Point(concurrency, {"unit_s": unit_s, "n": n})


GRID_SEARCH_NUMPY = Workload(
    name="grid_search_numpy",
    summary="a cross-validated grid search whose work NumPy does with the GIL released",
    bodies={"pure/numpy": pure},
    params=(
        Param("unit_s", 200e-6, 50e-3, "nominal size of one fit on the reference machine; fixes the number of rows"),
        Param("n", 5, 100_000, "how many fits a round has: grid points times 5 folds"),
    ),
    make_items=make_items,
    observe=observe,
    check=check,
    figures=(Figure("blas_threads", "threads that the linear algebra library says it uses; 1 was asked for"),),
    environ={"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"},
    grid={
        "smoke": (point(2, 500e-6, 10),),
        "quick": (point(2, 2e-3, 40),),
        "full": tuple(point(2, unit_s, n) for unit_s, n in ((200e-6, 250), (500e-6, 120), (2e-3, 40))),
    },
    learn=(
        "You learn whether threads are enough for CPU-bound work that NumPy does without the GIL, by unit size; you do "
        "not learn about BLAS with threads of its own, which is held to one here."
    ),
)
