"""The scripts behind docs/gate.md do what the page says of them, on traces small enough to know the answer."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.stats import mannwhitneyu, ttest_ind

from docs.evidence import decide, estimators, live
from docs.evidence.blocks import BLOCK, draw
from docs.evidence.rates import per_run, shown
from docs.evidence.rivals import RIVALS, compare_fail, mann_whitney, pyperf_compare
from docs.evidence.traces import Trace, load
from when_async.results.stats.estimate import share_limits

ROUNDS = 12


def record(cell: str, effect: float, passed: int, random: np.random.Generator) -> dict[str, Any]:
    """One pair as the recorder writes it."""
    base = 3000 * np.exp(random.normal(0, 0.02, ROUNDS))
    head = base * (1 + effect) * np.exp(random.normal(0, 0.01, ROUNDS))
    sides = [[round(value, 1) for value in side] for side in (base, head)]
    return {
        "cell": cell, "effect": effect, "busy": passed % 4 > 1, "pass": passed, "head_first": False, "cores": [0],
        "ops": 60, "seconds": 0.5, "wall": sides, "cpu": sides,
    }  # fmt: skip


@pytest.fixture
def traces(tmp_path: Path) -> dict[tuple[str, float], Trace]:
    random = np.random.default_rng(4)
    lines = [{"machine": {}, "python": "3.11.7", "loops": {}}]
    for passed in range(40):
        lines += [record("grid_search", effect, passed, random) for effect in (0.0, 0.03, 0.10)]
    path = tmp_path / "traces.jsonl"
    path.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
    return load(path)[1]


def test_a_trace_keeps_pairs_in_order_and_in_seconds(traces: dict[tuple[str, float], Trace]) -> None:
    trace = traces["grid_search", 0.10]
    assert len(trace) == 40
    assert trace.base["wall"].shape == (40, ROUNDS)
    assert 0.002 < trace.base["wall"].min() < trace.base["wall"].max() < 0.004
    assert np.median(trace.logs()) == pytest.approx(np.log(1.10), abs=0.01)
    assert len(trace.only(True)) == len(trace.only(False)) == 20


def test_pairs_are_drawn_in_blocks_of_neighbours() -> None:
    rows = draw(50, 200, 20, np.random.default_rng(1))
    assert rows.shape == (200, 20)
    assert 0 <= rows.min() <= rows.max() < 50
    steps = np.diff(rows, axis=1)
    inside = [column for column in range(19) if (column + 1) % BLOCK]
    assert (steps[:, inside] == 1).all()


def test_a_trace_without_a_whole_block_is_refused() -> None:
    with pytest.raises(ValueError, match="has no block"):
        draw(BLOCK - 1, 1, 1, np.random.default_rng(1))


def test_compare_fail_alarms_beyond_its_threshold_only() -> None:
    base = np.ones((3, 2, 4))
    head = base * np.array([1.04, 1.06, 0.5])[:, None, None]
    assert compare_fail(np.mean, 0.05)(base, head).tolist() == [False, True, False]


def test_the_rivals_tests_are_those_of_scipy() -> None:
    random = np.random.default_rng(2)
    base, head = random.normal(1, 0.05, (5, 4, 9)), random.normal(1.03, 0.05, (5, 4, 9))
    values = [side.reshape(5, 4, 3, 3).mean(axis=3).reshape(5, -1) for side in (base, head)]
    found = ttest_ind(values[1], values[0], axis=1)
    expected = (found.pvalue < 0.05) & (found.statistic > 0)
    assert pyperf_compare(base, head).tolist() == expected.tolist()
    by_hand = [
        mannwhitneyu(h.ravel(), b.ravel(), alternative="greater").pvalue < 0.05 for b, h in zip(base, head, strict=True)
    ]
    assert mann_whitney(base, head).tolist() == by_hand


def test_our_gate_alarms_on_a_tenth_and_not_on_nothing(traces: dict[tuple[str, float], Trace]) -> None:
    random = np.random.default_rng(3)
    assert decide.ours(traces["grid_search", 0.0], 0.03, 200, random).either == 0.0
    slow = decide.ours(traces["grid_search", 0.10], 0.05, 200, random)
    assert slow.either == 1.0
    assert slow.pairs == 28


def test_every_table_has_a_row_for_each_gate_and_condition(traces: dict[tuple[str, float], Trace]) -> None:
    random = np.random.default_rng(3)
    alarms = decide.false_alarm_rows(traces, 50, 0.03, random)
    assert len(alarms) == 2 + 1 + len(RIVALS)
    power = decide.power_rows(traces, 50, random)
    assert len(power) == 2 + 2 * (1 + len(RIVALS))
    assert len(decide.noise_rows(traces)) == 2 + 3
    assert all(row.count("|") == power[0].count("|") for row in power)


def test_the_estimators_are_ranked_by_their_spread(traces: dict[tuple[str, float], Trace]) -> None:
    rows = estimators.table(traces)
    spreads = [float(row.rpartition(" / ")[2].partition("%")[0]) for row in rows[2:]]
    assert spreads == sorted(spreads)


def test_a_table_goes_between_its_marks_and_nowhere_else() -> None:
    page = "a\n<!-- power -->\nold\n<!-- /power -->\nb\n"
    assert decide.replace_between(page, "power", ["new"]) == "a\n<!-- power -->\nnew\n<!-- /power -->\nb\n"
    with pytest.raises(SystemExit, match="no place for noise"):
        decide.replace_between(page, "noise", [])


def test_a_rate_of_nothing_seen_still_has_an_upper_limit() -> None:
    assert share_limits(0, 10_000, 0.9)[1] == pytest.approx(3e-4, rel=0.01)
    assert share_limits(10, 10, 0.9)[1] == 1.0


def test_a_share_has_both_limits() -> None:
    assert share_limits(0, 10) == (0.0, pytest.approx(0.3085, abs=1e-4))
    assert share_limits(10, 10) == (pytest.approx(0.6915, abs=1e-4), 1.0)
    low, high = share_limits(5, 10)
    assert (low, high) == (pytest.approx(0.1871, abs=1e-4), pytest.approx(0.8129, abs=1e-4))
    assert shown(0.5, 10) == "50.00% [18.71, 81.29]"
    assert per_run(0.0) == 0.0
    assert per_run(1e-4) == pytest.approx(0.006, rel=0.01)


def test_live_conditions_take_turns_and_each_occurs_as_often_as_asked() -> None:
    order = live.plan(34, 7)
    assert len(set(order)) == len(order) == 34 + 7 * len(live.EFFECTS)
    assert sum(effect == 0.0 for effect, _ in order[:20]) < 20


def test_live_decisions_are_counted_by_condition() -> None:
    one = {"effect": 0.05, "margin": 0.025, "seconds": 2.0, "word": "REGRESSED"}
    rows = live.table(
        [one, {**one, "word": "INCONCLUSIVE"}, {**one, "effect": 0.0, "margin": 0.03, "word": "NO_ALARM"}]
    )
    assert rows[2].startswith("| 0% | 3.0% | 1 | 0 | 0.0% [0.0, 97.5] | 1 NO_ALARM ")
    assert rows[3].startswith("| 5% | 2.5% | 2 | 1 | 50.0% [1.3, 98.7] ")
    assert "1 REGRESSED, 1 INCONCLUSIVE" in rows[3]


def test_the_page_has_a_place_for_every_table() -> None:
    page = (Path(decide.__file__).parents[1] / "gate.md").read_text(encoding="utf-8")
    for name in ("recorded", "estimators", "false alarms", "power", "shifted", "pyperf", "live", "agreement"):
        assert f"<!-- {name} -->" in page
        assert f"<!-- /{name} -->" in page
