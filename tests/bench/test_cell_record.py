"""What a run file says of a cell before it is measured."""

from __future__ import annotations

from when_async.bench.cli.run.starting import cell_record
from when_async.bench.model import Cell, Workload
from when_async.bench.registry import collect, find_workload
from when_async.bench.selection import profile_points


def cell(workload: str, **params: float) -> Cell:
    return Cell(workload, params, 2, "sync", "", "3.11", f"{workload}[c=2]")


def test_a_cell_says_whether_its_workload_measures_the_instrument() -> None:
    flags = {
        name: cell_record(cell(name, **profile_points(found.value, "quick")[0].params), found.value, serial=True)[
            "calibration"
        ]
        for name, found in collect("when_async.workloads", Workload).items()
    }
    assert [name for name, flag in flags.items() if flag] == ["empty"]
    assert flags["sleep"] is False


def test_a_serial_cell_has_its_ideal_with_one_op_in_flight() -> None:
    sleep = find_workload("when_async.workloads.sleep", "sleep")
    record = cell_record(cell("sleep", n=10, wait_s=0.1), sleep, serial=True)
    assert record["ideal_s"] == record["serial_ideal_s"]
    assert cell_record(cell("sleep", n=10, wait_s=0.1), sleep, serial=False)["ideal_s"] < record["serial_ideal_s"]
