"""`grid_search_sklearn`: scikit-learn's own GridSearchCV, over the backends of joblib that its users can choose.

It shows what the obvious way to spread a grid search brings, with all that the library does around the work: cloning
estimators, splitting and checking arrays, scoring, and sending or mapping data into processes. Each round is one
`GridSearchCV.fit` of ridge regressions; an item is one fit of a (penalty, fold). How many fits run at once is
`n_jobs`, as many as are in flight. Cluster and processes are there before the clock starts, where a backend keeps them:
joblib's `threading` and `multiprocessing` start their pools anew in every fit, and that is theirs to pay for.

Scores are rounded to nine decimals, because two builds of NumPy may add up in another order. The oracle solves some of
the regressions again with the standard library alone.
"""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import lru_cache
from typing import Any

from when_async.bench.model import Kit, Observed, Param, Params, Point, Shape, Workload, WrongAnswer

FOLDS = 5
FEATURES = 12
DATA_SEED = 20261122
NOISE = 2.0
DECIMALS = 9
CLOSE = 1e-7
RECHECKED = 2
"""Fits that the oracle does again."""
IDLE_S = 3600
"""loky ends workers that were idle for five minutes; interleaved contestants may rest for longer than that."""

TRUTH = tuple((0.5 + place % 5 / 4) * (-1) ** place for place in range(FEATURES))
"""The weights behind the target."""

Item = tuple[int, int]
"""Index of the penalty, fold."""
Result = tuple[int, int, float]
"""Index of the penalty, fold, score."""
Program = Callable[[Sequence[Item]], list[Result]]


def make_grid(n: int) -> list[float]:
    """The penalty of each of n / 5 candidates; raises ValueError where n is no multiple of 5."""
    if n < FOLDS or n % FOLDS:
        nearest = max(1, -(-n // FOLDS)) * FOLDS
        raise ValueError(f"n counts fits and must be a multiple of the {FOLDS} folds, got {n}; write n={nearest}")
    return [10.0 * (place + 1) for place in range(n // FOLDS)]


def make_items(params: Params, seed: int) -> list[Item]:
    """The fits in the order in which GridSearchCV makes them; it draws nothing, so the seed decides nothing."""
    return [(index, fold) for index in range(len(make_grid(int(params["n"])))) for fold in range(FOLDS)]


@lru_cache(maxsize=1)
def make_rows(rows: int) -> tuple[list[list[float]], list[float]]:
    """Features in [-1, 1) and a noisy linear target, the same on every interpreter."""
    draw = random.Random(DATA_SEED).random
    features = [[2.0 * draw() - 1.0 for _ in range(FEATURES)] for _ in range(rows)]
    return features, [
        sum(weight * value for weight, value in zip(TRUTH, row, strict=True)) + 0.25 + NOISE * (2.0 * draw() - 1.0)
        for row in features
    ]


def searching(params: Params, jobs: int) -> Program:
    """One search a round, by the joblib backend that is chosen where it is called."""
    import numpy
    from sklearn.linear_model import Ridge
    from sklearn.model_selection import GridSearchCV, KFold

    rows, target = (numpy.array(part) for part in make_rows(int(params["rows"])))
    grid = {"alpha": make_grid(int(params["n"]))}

    def op(items: Sequence[Item]) -> list[Result]:
        search = GridSearchCV(Ridge(), grid, cv=KFold(FOLDS), n_jobs=jobs, refit=False, error_score="raise")
        scores = search.fit(rows, target).cv_results_
        return [(index, fold, float(scores[f"split{fold}_test_score"][index])) for index, fold in items]

    return op


def serial(kit: Kit, params: Params) -> Program:
    """GridSearchCV by itself: one fit after another."""
    return searching(params, 1)


def with_backend(name: str) -> Callable[[Kit, Params], Program]:
    """GridSearchCV under `joblib.parallel_config(name)`, for a backend that starts its pool in each fit."""

    def body(kit: Kit, params: Params) -> Program:
        from joblib import parallel_config

        kit.enter(parallel_config(name))
        return searching(params, kit.in_flight)

    return body


def ready(number: int) -> int:
    """What a process has to import before it can fit; the sleep leaves a job for each of the others."""
    import time

    import sklearn.linear_model
    import sklearn.model_selection  # noqa: F401

    time.sleep(0.1)
    return number


def loky(kit: Kit, params: Params) -> Program:
    """GridSearchCV over loky's processes, which live on and are up, with scikit-learn imported, before the clock."""
    from joblib import Parallel, delayed, parallel_config

    kit.enter(loky_ended())
    # With one job joblib runs in this process and takes no such option.
    kept = {"idle_worker_timeout": IDLE_S} if kit.in_flight > 1 else {}
    kit.enter(parallel_config("loky", **kept))
    Parallel(n_jobs=kit.in_flight, batch_size=1)(delayed(ready)(number) for number in range(kit.in_flight))
    return searching(params, kit.in_flight)


@contextmanager
def loky_ended() -> Iterator[None]:
    """End loky's processes and its threads with the body."""
    from joblib.externals.loky import get_reusable_executor

    try:
        yield
    finally:
        get_reusable_executor().shutdown(wait=True)


def dask(kit: Kit, params: Params) -> Program:
    """GridSearchCV over joblib's Dask backend, on a local cluster with as many threads as jobs, or on a far one."""
    from joblib import parallel_config

    from .bodies.dask_cluster import dask_client

    client = kit.enter(dask_client(kit.in_flight))
    kit.enter(parallel_config("dask", client=client))
    client.run(ready, 0)
    return searching(params, kit.in_flight)


def observe(params: Params, items: Sequence[Any], results: Sequence[Any]) -> Observed:
    """Round what two builds of NumPy may tell differently."""
    return Observed([(index, fold, round(score, DECIMALS)) for index, fold, score in results])


@lru_cache(maxsize=64)
def recompute(rows: int, fold: int, penalty: float) -> float:
    """The oracle's own ridge regression with an intercept, and its R squared on the fold; standard library alone."""
    features, target = make_rows(rows)
    # KFold gives the first rows % FOLDS folds one row more.
    sizes = [rows // FOLDS + (place < rows % FOLDS) for place in range(FOLDS)]
    start = sum(sizes[:fold])
    held_out = range(start, start + sizes[fold])
    train = [place for place in range(rows) if place not in held_out]
    means = [math.fsum(features[place][k] for place in train) / len(train) for k in range(FEATURES)]
    level = math.fsum(target[place] for place in train) / len(train)
    table = [[0.0] * (FEATURES + 1) for _ in range(FEATURES)]
    for place in train:
        row = [value - mean for value, mean in zip(features[place], means, strict=True)]
        row.append(target[place] - level)
        for left, line in zip(row, table, strict=False):
            for k, right in enumerate(row):
                line[k] += left * right
    for k in range(FEATURES):
        table[k][k] += penalty
    weights = solved(table)
    aim = math.fsum(target[place] for place in held_out) / len(held_out)
    missed = spread = 0.0
    for place in held_out:
        row = features[place]
        guess = level + sum(weights[k] * (row[k] - means[k]) for k in range(FEATURES))
        missed += (target[place] - guess) ** 2
        spread += (target[place] - aim) ** 2
    return 1.0 - missed / spread


def solved(table: list[list[float]]) -> list[float]:
    """The unknowns of a linear system with its right side as last column; Gauss, for a system that needs no pivot."""
    size = len(table)
    for k in range(size):
        for below in range(k + 1, size):
            factor = table[below][k] / table[k][k]
            table[below] = [value - factor * above for value, above in zip(table[below], table[k], strict=True)]
    found = [0.0] * size
    for k in reversed(range(size)):
        known = sum(table[k][j] * found[j] for j in range(k + 1, size))
        found[k] = (table[k][size] - known) / table[k][k]
    return found


def check(params: Params, items: Sequence[Any], results: Sequence[Any]) -> str:
    """Name the best penalty; raises WrongAnswer unless every fit came back once, in its place, and right."""
    n, rows = int(params["n"]), int(params["rows"])
    if len(items) != n or len(results) != n:
        raise WrongAnswer(f"{n} fits were asked for, {len(results)} of {len(items)} items came back")
    grid = make_grid(n)
    table: dict[tuple[int, int], float] = {}
    for item, (index, fold, score) in zip(items, results, strict=True):
        if (index, fold) != tuple(item):
            raise WrongAnswer(f"fit {item} came back as {(index, fold)}")
        if not isinstance(score, float) or not math.isfinite(score):
            raise WrongAnswer(f"fit {item} has the score {score!r}")
        table[index, fold] = score
    if len(table) != n:
        raise WrongAnswer(f"only {len(table)} different fits came back for {n} items")
    for index, fold in random.Random(n).sample(sorted(table), RECHECKED):
        expected = recompute(rows, fold, grid[index])
        if abs(table[index, fold] - expected) > CLOSE:
            raise WrongAnswer(f"fit {(index, fold)} scored {table[index, fold]!r}, the oracle found {expected!r}")
    means = [math.fsum(table[index, fold] for fold in range(FOLDS)) / FOLDS for index in range(len(grid))]
    winner = max(range(len(grid)), key=means.__getitem__)
    return f"best: alpha={grid[winner]:g}, score {means[winner]:.3f}"


def point(concurrency: int, n: int, rows: int) -> Point:
    """One grid point."""
    return Point(concurrency, {"n": n, "rows": rows})


SIZES = ((50, 500), (10, 5000))

GRID_SEARCH_SKLEARN = Workload(
    name="grid_search_sklearn",
    summary="scikit-learn's GridSearchCV over joblib's backends: the obvious way to spread a grid search",
    bodies={
        "sync/sklearn": serial,
        "threading/sklearn": with_backend("threading"),
        "multiprocessing/sklearn": with_backend("multiprocessing"),
        "joblib+loky/sklearn": loky,
        "dask/sklearn": dask,
    },
    params=(
        Param("n", 5, 10_000, "how many fits a round has: penalties times 5 folds"),
        Param("rows", 50, 200_000, "rows of the data set, which decide how long a fit takes"),
    ),
    make_items=make_items,
    observe=observe,
    check=check,
    shape=Shape.PROGRAM,
    environ={"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"},
    grid={
        "smoke": (point(2, 10, 100),),
        "quick": (point(2, 10, 5000),),
        "full": tuple(point(2, n, rows) for n, rows in SIZES),
    },
    learn=(
        "You learn what n_jobs and joblib's backends bring for many small or some larger fits of a linear model; you "
        "do not learn about estimators that have threads of their own, nor about data that does not fit into memory."
    ),
)
