"""Processes that the allocator treats differently are named, in a run and in the gate."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from support.gate_pairs import OPS, ROUND_S, pair
from support.run_files import make_run, sleep_cells
from when_async.results.frame import load
from when_async.results.gate import regimes
from when_async.results.stats.regimes import FAULT_S, SHARE, unlike

ENOUGH = SHARE * ROUND_S / FAULT_S
"""So many faults take as much of a round as the rule asks for."""


@pytest.mark.parametrize(
    ("one", "other", "found"),
    [(0, ENOUGH * 1.1, True), (ENOUGH * 1.1, 0, True), (0, ENOUGH * 0.9, False), (ENOUGH * 3, ENOUGH * 5, False)],
)
def test_two_processes_are_of_two_regimes_where_faults_differ_much_and_cost(
    one: float, other: float, found: bool
) -> None:
    assert unlike(one, other, ROUND_S) is found


def test_a_run_names_the_cells_whose_processes_are_of_two_regimes(tmp_path: Path) -> None:
    cells = [one for one in sleep_cells() if one.cell.runner in ("sync", "asyncio")]
    path = make_run(tmp_path / "run.jsonl", cells=cells, forks=3, rounds=5)
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    for line in lines:
        if line["kind"] == "sample":
            faulting = "]-asyncio@" in line["cell"] and line["fork"] == 1
            line["noise"] = {"window_s": 1.0, "minor_faults": 2e5 if faulting else 0.0}
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    faulting = next(line for line in lines if line["kind"] == "sample" and line["noise"]["minor_faults"])
    (said,) = load(path).attrs["notes"]
    assert said.startswith(f"run.jsonl: {faulting['cell']}: 1 of 3 processes took {2e5 / faulting['ops_ok']:.2g} page")


def test_the_gate_names_pairs_of_two_regimes_and_the_side_of_the_faults() -> None:
    many = 2.0 * OPS
    pairs = [pair(index=index, minor_faults=(0.0, 0.0)) for index in range(3)]
    assert regimes.said("cell", [*pairs, pair()]) == ""
    few = ROUND_S * SHARE / FAULT_S
    assert few > many, "two faults an op of so long a round cost too little to be named"
    head = pair(minor_faults=(0.0, 20.0 * OPS))
    assert "in 1 of 4 pairs" in regimes.said("cell", [*pairs, head])
    assert "(20 an op; head)" in regimes.said("cell", [*pairs, head])
    base = pair(minor_faults=(20.0 * OPS, 0.0))
    assert "(20 an op; head in 1, base in 1)" in regimes.said("cell", [*pairs, head, base])
