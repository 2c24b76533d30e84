"""`svc`: a grid search of support vector machines by scikit-learn, of the size of joblib's bench_grid_search_scaling.

    when-async run -w docs/evidence/outside/svc.py -r sync -r threading -r joblib+loky

It is `grid_search_sklearn` with that estimator, grid and data: 42 candidates, 5 folds, 1000 rows, and the last fit.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

from when_async import Kit, Param, Params, Point, Shape, Workload, WrongAnswer
from when_async.workloads.grid_search_sklearn import IDLE_S, loky_ended, ready

FOLDS = 5
GAMMAS = tuple(10.0**-power for power in range(1, 8))
COSTS = tuple(10.0**power for power in range(6))
FITS = FOLDS * len(GAMMAS) * len(COSTS)
CHANCE = 0.4
"""No candidate may score below this: two classes of equal size are told apart by a coin at 0.5."""
GOOD = 0.9

Program = Callable[[Sequence[int]], list[float]]


def searching(jobs: int) -> Program:
    """One search a round; a result for each fit of a candidate and a fold."""
    import numpy
    from sklearn.datasets import make_classification
    from sklearn.model_selection import GridSearchCV
    from sklearn.svm import SVC

    rows, target = make_classification(n_samples=1000, random_state=numpy.random.RandomState(0))
    grid = {"gamma": list(GAMMAS), "C": list(COSTS)}

    def op(items: Sequence[int]) -> list[float]:
        found = GridSearchCV(SVC(), grid, cv=FOLDS, n_jobs=jobs, error_score="raise").fit(rows, target).cv_results_
        return [round(float(score), 9) for fold in range(FOLDS) for score in found[f"split{fold}_test_score"]]

    return op


def serial(kit: Kit, params: Params) -> Program:
    """One fit after another."""
    return searching(1)


def threads(kit: Kit, params: Params) -> Program:
    """Over joblib's threads, which it starts in each search."""
    from joblib import parallel_config

    kit.enter(parallel_config("threading"))
    return searching(kit.in_flight)


def loky(kit: Kit, params: Params) -> Program:
    """Over loky's processes, which are up before the clock runs."""
    from joblib import Parallel, delayed, parallel_config

    kit.enter(loky_ended())
    kit.enter(parallel_config("loky", idle_worker_timeout=IDLE_S))
    Parallel(n_jobs=kit.in_flight, batch_size=1)(delayed(ready)(number) for number in range(kit.in_flight))
    return searching(kit.in_flight)


def check(params: Params, items: Sequence[int], results: Sequence[Any]) -> str:
    """As many scores as fits, all possible and the best one good; raises WrongAnswer."""
    if len(results) != len(items):
        raise WrongAnswer(f"{len(results)} scores came for {len(items)} fits")
    if not all(math.isfinite(score) and CHANCE <= score <= 1 for score in results) or max(results) < GOOD:
        raise WrongAnswer(f"the scores run from {min(results)} to {max(results)}")
    return f"{len(results)} scores"


SVC_SEARCH = Workload(
    name="svc",
    summary="a grid search of support vector machines by scikit-learn over joblib's backends",
    shape=Shape.PROGRAM,
    bodies={"sync/sklearn": serial, "threading/sklearn": threads, "joblib+loky/sklearn": loky},
    params=(Param("n", FITS, FITS, "how many fits a round has"),),
    make_items=lambda params, seed: list(range(FITS)),
    check=check,
    environ={"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"},
    grid={"quick": (Point(2, {"n": FITS}),)},
)
