"""What a model costs is worked out right from rounds whose costs are known; a missing library is no fault."""

from __future__ import annotations

from dataclasses import replace

import pytest

from when_async.bench.calibration.costs import PLACES, trials
from when_async.bench.worker.calibration import costs
from when_async.bench.worker.calibration.costs import Taken

OP_S, TURN_S, HANDOVER_S, CHUNK_S, COLD_S, SPIN_S = 4e-6, 3e-6, 7e-6, 6e-5, 1e-4, 3e-3
NOTHING = Taken(1, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0)


def taken(ops: int, **seconds: float) -> Taken:
    return replace(NOTHING, ops=ops, **seconds)


def loop(op_s: float) -> dict[str, Taken]:
    """Waves of a loop whose wakes cost 50 us of CPU each, whoever sleeps."""
    few, many = 120, 1024
    return {
        "few": taken(few, own_s=few * op_s + few / 8 * 5e-5, makespan_s=few / 8 * (1.1e-3 + 8 * op_s)),
        "many": taken(many, own_s=many * op_s + many / 128 * 5e-5),
    }


def test_an_op_of_a_loop_is_what_a_task_more_adds_to_a_wave() -> None:
    assert costs.loop_op_s(loop(OP_S)) == pytest.approx(OP_S)


def test_a_wave_is_what_is_left_beside_the_wait_and_the_lateness_of_epoll(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(costs, "late_epoll", lambda wait_s, repeats: 7e-5)
    assert costs.wave_s(loop(OP_S)) == pytest.approx(3e-5 + 8 * OP_S)


def test_a_turn_that_does_not_idle_is_told_by_one_task_and_by_eight_that_share_it() -> None:
    given = {
        "fleeting alone": taken(800, own_s=800 * (OP_S + 2 * TURN_S)),
        "fleeting": taken(1600, own_s=1600 * (OP_S + 2 * TURN_S / 8)),
    }
    assert costs.fleeting_turn_s(given) == pytest.approx(TURN_S)


def test_a_hand_over_is_what_is_left_of_an_op_where_somebody_always_waits_for_the_gil() -> None:
    given = {
        "sleeps": taken(80, own_s=80 * OP_S),
        "crowd": taken(400, makespan_s=400 * (5e-5 + OP_S + HANDOVER_S), computed_s=5e-5),
    }
    assert costs.thread_op_s(given) == pytest.approx(OP_S)
    assert costs.handover_s(given) == pytest.approx(HANDOVER_S)


def test_the_costs_of_a_pool_come_apart() -> None:
    here_s, there_s, computed_s = CHUNK_S / 3, 2 * CHUNK_S / 3, 1e-3
    given = {
        "8 chunks": taken(8, own_s=1e-4 + 8 * here_s, below_s=8 * there_s, opened_s=0.004 + 8 * 0.002),
        "32 chunks": taken(32, own_s=1e-4 + 32 * here_s, mean_own_s=1e-4 + 32 * here_s, below_s=32 * there_s),
        "two": taken(8, opened_s=0.004 + 2 * 0.002),
        "32 waits": taken(32, own_s=1e-3, below_s=32 * OP_S),
        "160 waits": taken(160, own_s=1e-3, below_s=160 * OP_S),
        "busy": taken(
            48, mean_own_s=1e-4 + 32 * here_s + SPIN_S, below_s=48 * computed_s + 32 * there_s + 8 * COLD_S,
            computed_s=computed_s,
        ),
    }  # fmt: skip
    found = {name: figure(given) for name, figure in costs.FIGURES["multiprocessing"].items()}
    expected = {"op": OP_S, "chunk": CHUNK_S, "cold": COLD_S, "spin": SPIN_S, "start": 0.004, "start of a place": 0.002}
    assert found == pytest.approx(expected)


@pytest.mark.parametrize("runner", PLACES)
def test_every_figure_of_a_runner_is_read_from_places_that_it_is_asked_in(runner: str) -> None:
    ops = {name: int(trial["params"]["n"]) for name, trial in trials(runner).items()}
    told = {name: taken(n, makespan_s=0.1, own_s=0.1, computed_s=1e-3) for name, n in ops.items()}
    for free in (True, False):
        figures = costs.FREE_THREADS if free else costs.GIL_THREADS
        for figure in costs.FIGURES.get(runner, figures).values():
            figure(told)


def test_a_library_that_is_not_there_is_told_as_such_and_is_no_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(trial: object) -> Taken:
        raise ModuleNotFoundError("No module named 'trio'", name="trio")

    monkeypatch.setattr(costs, "take", missing)
    for one in costs.costs(trials("trio")):
        assert (one["value"], one["reason"], one["absent"]) == (None, "trio is not installed", True)


def test_a_round_that_fails_costs_its_runner_the_figures_and_says_why(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(trial: object) -> Taken:
        raise RuntimeError("op 3: OSError: no")

    monkeypatch.setattr(costs, "take", broken)
    found = list(costs.costs(trials("asyncio")))
    assert {one["column"] for one in found} == {"op", "late", "wave"}
    assert all(one["reason"].startswith("RuntimeError: op 3: OSError: no") for one in found)
    assert not any(one.get("absent") for one in found)
