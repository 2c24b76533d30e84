"""The judge of predictions: places that nobody fitted to, cells enough for each runner, and a page that is of today."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import pytest

from docs.evidence.judge import LOOPS, THREADS, asked
from docs.evidence.judge_places import CPU_S, FLIGHTS, MOST_S, POOL, PYTHONS, SERIAL, WAITS_S, places
from docs.evidence.judge_score import Recorded, close, regret, score
from when_async.results.prediction.judged import HeldOut


@pytest.mark.parametrize("python", PYTHONS)
def test_places_are_as_they_were_asked_for_and_none_divides_evenly(python: str) -> None:
    own = places(python)
    assert Counter(one.concurrency for one in own) == Counter(FLIGHTS)
    for one in own:
        assert WAITS_S[0] <= one.wait_s <= WAITS_S[1]
        assert CPU_S[0] <= one.cpu_s <= CPU_S[1]
        assert one.n % one.concurrency
        assert one.n * one.cpu_s <= MOST_S
    assert own == places(python), "drawn by a seed"


def test_every_runner_has_sixty_cells_and_what_scatters_has_twelve_processes() -> None:
    cells: Counter[str] = Counter()
    for python in PYTHONS:
        for _, forks, own, runners in asked(python, places(python)):
            for runner in runners:
                cells[runner] += len(own)
                scatters = runner == POOL or (runner == THREADS and python.endswith("t"))
                assert forks == (12 if scatters else 6)
    assert set(cells) == {SERIAL, POOL, THREADS, *LOOPS}
    assert min(cells.values()) >= 60


def told(runner: str, measured_s: float, predicted_s: float, place: str = "here") -> HeldOut:
    return HeldOut(runner, place, measured_s, predicted_s, 8)


def test_regret_is_how_far_the_recommended_one_is_behind_the_best_that_was_measured() -> None:
    assert regret([told("asyncio", 1.0, 1.2), told("threading", 1.3, 1.0)]) == pytest.approx(0.3)
    assert regret([told("asyncio", 1.0, 1.0), told("threading", 1.3, 1.2)]) == 0.0


def test_a_score_counts_cells_and_apart_those_that_can_be_met() -> None:
    width = {("here", "asyncio"): 0.01, ("here", "threading"): 0.3, ("there", "asyncio"): 0.01}
    one = Recorded("3.11", 2, (), width, (), "a machine")
    trials = [told("asyncio", 1.0, 1.05), told("threading", 1.0, 1.5), told("asyncio", 1.0, 0.8, "there")]
    found = score([(one, trial) for trial in trials])
    assert (found.cells, found.close, found.narrow, found.narrow_close) == (3, 1, 2, 1)
    assert (found.places, found.right, found.worst) == (1, 1, 0.0)
    assert close(trials[0])
    assert not close(replace(trials[0], predicted_s=1.2))
