"""A measured quantity is declared once: column, summary and old run files follow from its field."""

from __future__ import annotations

import statistics
from dataclasses import fields
from pathlib import Path
from typing import Annotated

import pandas as pd
import pytest

from support.run_files import (
    cell_line,
    header_line,
    make_run,
    measurement_line,
    sample_line,
    sleep_cells,
    trial_line,
    write_lines,
)
from when_async.bench.model import Phase, Quantity, Sample, Trial, Usage
from when_async.results.cells.flat import flat
from when_async.results.cells.quantities import OVER_FORKS, SUMMED, Summed
from when_async.results.cells.summary import summary
from when_async.results.columns import COLUMNS, Column, columns_of, quantities
from when_async.results.frame import load


class Declared:
    whole: Annotated[int, Quantity("a count", "ops")]
    part_s: Annotated[float | None, Quantity("a time", "s")]
    said: Annotated[str, Quantity("a word")]
    yes: Annotated[bool, Quantity("a flag")]
    phase: Annotated[Phase, Quantity("a phase")]
    untold: int


def test_a_field_is_a_column_of_its_type_where_it_says_what_it_is() -> None:
    assert columns_of(Declared, "my_") == {
        "my_whole": Column("Int64", "ops", "a count"),
        "my_part_s": Column("Float64", "s", "a time"),
        "my_said": Column("string", "", "a word"),
        "my_yes": Column("boolean", "", "a flag"),
        "my_phase": Column("category", "", "a phase"),
    }


def test_what_a_probe_reads_of_a_process_is_a_field_of_a_sample() -> None:
    assert {one.name for one in fields(Usage)} <= quantities(Sample).keys() <= COLUMNS.keys()


def test_every_declared_estimate_is_in_the_summary_with_its_ends(tmp_path: Path) -> None:
    declared = [one for cls in (Sample, Trial) for one in quantities(cls).values() if one.summary]
    (record, *_) = map(flat, summary(load([make_run(tmp_path / "run.jsonl")])))
    assert {one.over_forks for one in declared} <= OVER_FORKS.keys()
    assert {f"{one.summary}{end}" for one in declared for end in ("", "_low", "_high")} <= record.keys()


def test_a_quantity_that_no_code_asks_for_by_name_stands_beside_the_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(SUMMED, "worst", Summed("s", lambda rounds: rounds["makespan_s"], "max", "linear"))  # type: ignore[arg-type]
    cell, *_ = sleep_cells()
    seconds = {0: (1.0, 4.0), 1: (2.0, 6.0)}
    lines = [header_line(), cell_line(cell), measurement_line(cell.cell.id)]
    lines += [trial_line(cell.cell.id, fork) for fork in seconds]
    lines += [
        sample_line(cell.cell.id, fork=fork, round=round_, block=round_, makespan_s=makespan_s)
        for fork, values in seconds.items()
        for round_, makespan_s in enumerate(values)
    ]
    (row,) = summary(load([write_lines(tmp_path / "run.jsonl", lines)]))
    worst = row.estimate("worst")
    assert worst
    assert (worst.point, worst.unit, worst.n) == (statistics.mean([4.0, 6.0]), "s", 2)
    assert (row.estimate("makespan"), row.estimate("cell")) == (row.makespan, None)
    assert (flat(row)["worst"], flat(row)["worst_low"]) == (worst.point, worst.low)


def test_a_field_that_an_older_run_file_lacks_is_missing_and_one_that_is_unknown_is_passed_over(tmp_path: Path) -> None:
    cell, *_ = sleep_cells()
    line = sample_line(cell.cell.id, noise={}) | {"from_the_future": 1}
    del line["noise"], line["figures"], line["latency"], line["service"]
    (row,) = load([write_lines(tmp_path / "run.jsonl", [header_line(), cell_line(cell), line])]).to_dict("records")
    assert (pd.isna(row["steal_s"]), pd.isna(row["service_requests"]), row["figures"], row["latency"]) == (
        True, True, "", "",
    )  # fmt: skip
    assert "from_the_future" not in row


def test_faults_an_op_have_an_interval_and_none_at_all_is_a_figure_but_an_older_file_tells_nothing(
    tmp_path: Path,
) -> None:
    cell, *_ = sleep_cells()
    of_forks = {"none": (0, 0), "some": (200, 400), "older": (None, None)}
    found = {}
    for name, counts in of_forks.items():
        lines = [header_line(), cell_line(cell), measurement_line(cell.cell.id)]
        for fork, faults in enumerate(counts):
            lines += [trial_line(cell.cell.id, fork), sample_line(cell.cell.id, fork=fork, page_faults=faults)]
        (row,) = summary(load([write_lines(tmp_path / f"{name}.jsonl", lines)]))
        found[name] = row.faults_per_op
    ops = cell.ops
    assert (found["none"] and found["none"].point, found["none"] and found["none"].unit) == (0, "faults")
    assert found["some"] is not None
    assert (found["some"].point, found["some"].n) == (300 / ops, 2)
    assert found["older"] is None
