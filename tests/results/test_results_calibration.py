"""A calibration file is written whole or not at all, read with all its figures, and ignored where it is damaged."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from support.calibration_files import ABSENT, NODE, put, record
from when_async.results.calibration import (
    CENTRE,
    ESTIMATORS,
    FREE,
    PAIRS,
    PINNED,
    CalibrationError,
    check_folder,
    default_name,
    read,
    spread,
    write,
)
from when_async.results.calibration_files import for_runs, newest
from when_async.results.stats.estimate import linear_interval, log_interval


def test_a_figure_is_the_interval_of_its_processes(tmp_path: Path) -> None:
    found = read(put(tmp_path))
    raw = {(one["row"], one["column"]): one["values"] for one in record()["quantities"]}
    call = found.figure("clocks", "time.perf_counter_ns", "cost of a call")
    late = found.figure("waits", "time.sleep", "1 ms")
    assert call is not None
    assert late is not None
    assert call.estimate == log_interval(raw["time.perf_counter_ns", "cost of a call"], "s")
    assert late.estimate == linear_interval(raw["time.sleep", "1 ms"], "s")
    assert call.estimate is not None
    assert call.estimate.n == 10


def test_what_this_system_lacks_keeps_its_reason_and_is_no_failure(tmp_path: Path) -> None:
    found = read(put(tmp_path))
    figure = found.figure("clocks", "resource.getrusage", "smallest step")
    assert figure is not None
    assert (figure.estimate, figure.reason, figure.absent) == (None, ABSENT, True)
    assert found.failures == ()


def test_every_figure_has_an_interval_or_a_reason(tmp_path: Path) -> None:
    for n in (1, 2, 5, 6):
        for figure in read(put(tmp_path, n=n)).figures:
            assert (figure.estimate is None) == bool(figure.reason), (n, figure)


def test_each_estimator_has_a_spread_for_pinned_and_for_free_pairs(tmp_path: Path) -> None:
    figures = read(put(tmp_path)).of(PAIRS)
    assert {(one.row, one.column) for one in figures} == {
        (name, column) for name in (*ESTIMATORS, CENTRE) for column in (PINNED, FREE)
    }
    pinned, free = (one.estimate for one in figures if one.row == next(iter(ESTIMATORS)))
    assert pinned is not None
    assert free is not None
    assert pinned.point < free.point / 2


def test_a_slow_side_moves_the_centre_and_so_shows_a_bias(tmp_path: Path) -> None:
    pairs = [{"pinned": True, "core": 0, "base_s": [1.0] * 3, "head_s": [1.1] * 3} for _ in range(6)]
    figure = read(put(tmp_path, pairs=pairs)).figure(PAIRS, CENTRE, PINNED)
    assert figure is not None
    assert figure.estimate is not None
    assert figure.estimate.low == pytest.approx(np.log(1.1))


def test_the_reason_why_no_pair_was_pinned_stands_at_each_estimator(tmp_path: Path) -> None:
    pairs = [one for one in record()["pairs"] if not one["pinned"]]
    absent = [{"title": "pairs pinned to one core", "reason": "only one core may be used"}]
    found = read(put(tmp_path, pairs=pairs, absent=absent))
    for figure in found.of(PAIRS):
        pinned = figure.column == PINNED
        assert (figure.reason, figure.absent) == ("only one core may be used" if pinned else "", pinned)


@pytest.mark.parametrize(("n", "left_out"), [(6, 0), (8, 0), (9, 1), (10, 1), (12, 2), (14, 2), (20, 5)])
def test_the_interval_of_a_spread_leaves_out_what_the_table_of_the_sign_test_says(n: int, left_out: int) -> None:
    values = [(-1) ** k * (k + 1) / 100 for k in range(n)]
    found = spread(values)
    assert found is not None
    unit = 0.01 / 0.6744897501960817
    assert found.low == pytest.approx((left_out + 1) * unit)
    assert found.high == pytest.approx((n - left_out) * unit)
    assert found.point == pytest.approx((n + 1) / 2 * unit)
    assert (found.unit, found.n) == ("fraction", n)


def test_fewer_than_six_pairs_have_no_spread() -> None:
    assert spread([0.1] * 5) is None
    assert spread([]) is None


def test_the_spread_of_normal_noise_is_its_standard_deviation() -> None:
    found = spread(np.random.default_rng(3).normal(0, 0.02, 20_001).tolist())
    assert found is not None
    assert found.point == pytest.approx(0.02, rel=0.03)


def test_95_of_100_spreads_hold_the_truth_even_with_outlying_pairs() -> None:
    random = np.random.default_rng(20261122)
    # The median of |t| with 2 degrees of freedom is its 0.75 quantile, sqrt(2/3).
    truth = np.sqrt(2 / 3) / 0.6744897501960817
    found = [spread(draw.tolist()) for draw in random.standard_t(2, size=(1000, 10))]
    held = sum(1 for one in found if one is not None and one.low <= truth <= one.high)
    assert held >= 950


def test_what_is_written_can_be_read(tmp_path: Path) -> None:
    path = tmp_path / "new" / default_name(NODE)
    body = {name: value for name, value in record().items() if name not in ("kind", "schema", "tool")}
    write(path, body)
    assert read(path).node_id == NODE
    assert [one.name for one in path.parent.iterdir()] == [f"calibration-{NODE}.json"]


def test_a_write_that_fails_leaves_the_old_file_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = put(tmp_path)
    before = path.read_bytes()

    def full(*_: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", full)
    with pytest.raises(CalibrationError, match="no space left on device; name another file with -o"):
        write(path, {"node_id": NODE})
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


def test_a_folder_that_cannot_be_written_is_told_before_anything_is_measured(tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("a file", encoding="utf-8")
    with pytest.raises(CalibrationError, match=r"^cannot write .*; name another file with -o$"):
        check_folder(tmp_path / "taken" / "calibration.json")
    check_folder(tmp_path / "fine" / "calibration.json")
    assert list((tmp_path / "fine").iterdir()) == []


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "is no calibration: it is not JSON"),
        ("[" * 100_000, "is no calibration: it is not JSON"),
        ('{"kind": "run"}', "is no calibration"),
        ("[]", "is no calibration"),
        (json.dumps(record(schema=2)), "has schema 2 and this when-async reads up to 1"),
        (json.dumps(record(schema="1")), "has schema 1 and"),
        (json.dumps({name: value for name, value in record().items() if name != "pairs"}), "is damaged: no pairs"),
        (json.dumps(record(date="2026-11-22T15:00:00")), "is damaged: the date has no zone"),
        (json.dumps(record(seconds=1e999)), "is damaged: not a number: inf"),
        (json.dumps(record(pairs=[{"pinned": True, "base_s": [1.0], "head_s": [1.0, 2.0]}])), "equal counts"),
    ],
)
def test_a_damaged_file_is_told_in_one_line_with_what_to_do(tmp_path: Path, text: str, said: str) -> None:
    path = tmp_path / "calibration-x.json"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(CalibrationError) as caught:
        read(path)
    line = str(caught.value)
    assert said in line
    assert line.startswith(str(path))
    assert line.endswith("make it again with: when-async calibrate")
    assert "\n" not in line


def test_a_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(CalibrationError, match="cannot be read: no such file or directory"):
        read(tmp_path / "gone.json")


def test_fields_of_a_newer_writer_are_ignored(tmp_path: Path) -> None:
    assert read(put(tmp_path, flavour="new")).processes == 10


def test_costs_that_an_older_version_measured_are_passed_over_in_silence(tmp_path: Path) -> None:
    now = read(put(tmp_path))
    call = {"group": "costs", "row": "function call", "column": "cost of one", "unit": "s", "scale": "log",
            "values": [24e-9] * 10, "reason": "", "absent": False}  # fmt: skip
    launch = {"figure": "launch", "in_flight": 1, "unit": "s", "scale": "log", "values": [0.06] * 8}
    ladder = {"cause": "limit", "reason": "vm.max_map_count is 65530", "rungs": []}
    runner = {"name": "threading", "family": "threads", "versions": {}, "ladder": ladder, "quantities": [launch],
              "reasons": {}}  # fmt: skip
    costs = {"date": "2026-11-21T15:00:00+00:00", "quick": False, "interrupted": True, "runners": [runner],
             "failures": [{"title": "trio: memory of one more in flight", "reason": "it hung"}]}  # fmt: skip
    put(tmp_path, quick=True, quantities=[*record()["quantities"], call], costs=costs)
    assert newest(NODE, [tmp_path]) == (now, [])


def test_a_value_without_a_logarithm_costs_its_own_figure_only(tmp_path: Path) -> None:
    quantities = record()["quantities"]
    quantities[0]["values"][0] = 0.0
    first, second, *_ = read(put(tmp_path, quantities=quantities)).figures
    assert first.estimate is None
    assert "above 0" in first.reason
    assert second.estimate is not None


def test_the_newest_file_of_the_machine_counts(tmp_path: Path) -> None:
    put(tmp_path, "calibration-a.json", date="2026-11-20T15:00:00+00:00", seconds=1.0)
    put(tmp_path, "calibration-b.json", date="2026-11-21T01:00:00+02:00", seconds=2.0)
    put(tmp_path, "calibration-c.json", date="2026-11-22T15:00:00+00:00", seconds=3.0, node_id="another")
    put(tmp_path, "notes.json", date="2026-11-23T15:00:00+00:00", seconds=4.0)
    found, notes = newest(NODE, [tmp_path])
    assert found is not None
    assert found.seconds == 2.0
    assert notes == []


def test_the_first_folder_that_has_one_is_taken(tmp_path: Path) -> None:
    put(tmp_path / "beside", date="2026-11-01T15:00:00+00:00")
    put(tmp_path / "usual", date="2026-11-22T15:00:00+00:00")
    found, _ = newest(NODE, [tmp_path / "empty", tmp_path / "beside", tmp_path / "usual"])
    assert found is not None
    assert found.path.parent.name == "beside"
    assert newest("another", [tmp_path / "beside", tmp_path / "usual"]) == (None, [])


def test_a_damaged_file_is_ignored_with_a_note_that_names_no_folder(tmp_path: Path) -> None:
    (tmp_path / "calibration-broken.json").write_text("{", encoding="utf-8")
    put(tmp_path)
    found, notes = newest(NODE, [tmp_path])
    assert found is not None
    assert len(notes) == 1
    assert notes[0].startswith("calibration-broken.json is no calibration: it is not JSON; it was ignored")
    assert str(tmp_path) not in notes[0]


def test_each_machine_of_several_runs_gets_its_own(tmp_path: Path) -> None:
    put(tmp_path)
    put(tmp_path, "calibration-other.json", node_id="other")
    (tmp_path / "calibration-broken.json").write_text("{", encoding="utf-8")
    headers = [{"machine": {"node_id": node}} for node in (NODE, "other", "third", NODE)] + [{"machine": None}, {}]
    found, notes = for_runs(headers, [tmp_path])
    assert {node: one.node_id for node, one in found.items()} == {NODE: NODE, "other": "other"}
    assert len(notes) == 1
