"""The figures of the method on how a run decides are those that the script found, of what is in the house today."""

from __future__ import annotations

import numpy as np
import pytest

from docs.evidence import deciding, forks
from docs.evidence.deciding_tables import asked_rows, tables
from docs.evidence.recordings import Recording, Served
from support.run_files import make_run
from when_async.bench.model import Environment
from when_async.reports.verdicts.judging import lookups
from when_async.reports.verdicts.lookup import Hole
from when_async.results.cells.rule import ONE_LOOK, Series
from when_async.results.frame import load
from when_async.results.stats.moderated import LEVELS

STALE = "run python -m docs.evidence.deciding --measure --write"


def test_the_page_shows_what_the_script_found() -> None:
    text = deciding.PAGE.read_text(encoding="utf-8")
    assert deciding.page(text, deciding.stored()) == text, "run python -m docs.evidence.deciding --write"


def test_what_the_script_found_is_of_the_recordings_claims_and_constants_of_today() -> None:
    assert deciding.stored()["inputs"] == deciding.inputs(), STALE


def test_a_simulation_comes_out_as_it_is_stored() -> None:
    stored = deciding.stored()["simulated"]["recorded"]["normal"]
    again = deciding.simulated("normal", forks.normal, known=True)
    assert again["freedom"] == pytest.approx(stored["freedom"], abs=0.01), STALE
    for delta, pairs in again["wrong"].items():
        assert np.array(pairs) == pytest.approx(np.array(stored["wrong"][delta]), abs=2e-4), STALE


@pytest.mark.parametrize("first", LEVELS)
def test_at_the_level_of_a_look_all_looks_together_err_in_a_twentieth(first: int) -> None:
    values = np.random.default_rng(20260).normal(size=(200_000, 6))
    assert forks.level(forks.least_p(values, first)) == pytest.approx(LEVELS[first], rel=0.04)


def test_the_rule_errs_no_more_than_is_asked_where_recordings_know_the_kind_of_work() -> None:
    rows = asked_rows(deciding.stored())[2:]
    assert all(row.endswith("| holds |") for row in rows if "other cells" not in row), rows
    assert all(one["opposite"] == one["words"] == 0 for one in deciding.stored()["replays"]["pythons"].values())


def test_every_table_has_as_many_cells_in_each_row() -> None:
    for rows in tables(deciding.stored()).values():
        assert {row.count("|") for row in rows} == {rows[0].count("|")}


@pytest.fixture(scope="module")
def recording(tmp_path_factory: pytest.TempPathFactory) -> Recording:
    frame = load(make_run(tmp_path_factory.mktemp("run") / "run.jsonl", forks=6))
    proof = lookups(frame)[0]
    place = proof.scene.rows[0].comparison
    costs = {(place, fork, cell): 2.0 for fork in range(6) for cell in ("a", "b")}
    environment = Environment(proof.python, "python", "CPython", "3.11.7", gil=True)
    return Recording(environment, proof, proof, costs, {key: 1.0 + ("b" in key) for key in costs}, {}, 1.5)


def test_a_replay_knows_the_processes_it_has_asked_for_in_their_order(recording: Recording) -> None:
    whole = recording.brief
    place = whole.scene.rows[0].comparison
    one, other = [(place, row.contestant) for row in whole.scene.rows if row.comparison == place][:2]
    order, has = [4, 2, 0, 1, 3, 5], {place: 2}
    served = Served(recording, ONE_LOOK, order, has, {})
    for known, part in ((whole.series(one, "makespan"), served.series(one, "makespan")),
                        (whole.ratios(one, other, "makespan"), served.ratios(one, other, "makespan"))):  # fmt: skip
        assert isinstance(known, Series)
        assert isinstance(part, Series)
        assert part.values == (known.values[4], known.values[2])


def test_a_replay_knows_nothing_of_what_it_has_not_asked_for_or_who_left(recording: Recording) -> None:
    row = recording.brief.scene.rows[0]
    cell = (row.comparison, row.contestant)
    unasked = Served(recording, ONE_LOOK, range(6), {}, {}).series(cell, "makespan")
    assert isinstance(unasked, Hole)
    assert not unasked.asked
    left = Served(recording, ONE_LOOK, range(6), {row.comparison: 1}, {row.cell: "too slow"}).row(cell)
    assert isinstance(left, Hole)
    assert left.reason == "too slow"


def test_a_process_costs_its_rounds_and_the_slowest_start_of_its_comparison(recording: Recording) -> None:
    place = recording.brief.scene.rows[0].comparison
    assert recording.step_s(place, 0, ["a", "b"]) == pytest.approx((2.0 + 2.0 + 2.0) * 1.5)
    assert recording.step_s(place, 0, ["a", "unknown"]) == pytest.approx((2.0 + 1.0) * 1.5 + 0.5)
