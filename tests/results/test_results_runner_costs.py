"""The costs of runners in a calibration file become estimates over processes, or the reason why there is none."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from support.calibration_files import COSTS, LIMIT, NODE, REFUSED, costs, put, record
from when_async.results.calibration.file import CalibrationError, costs_of, read
from when_async.results.calibration.runner_costs import CAUSES, RunnerCost, parse_costs
from when_async.results.stats.estimate import linear_interval, log_interval


def one(name: str, record: dict[str, Any] | None = None) -> RunnerCost:
    (found,) = (runner for runner in parse_costs(record or costs()).runners if runner.name == name)
    return found


def raw(name: str, figure: str, many: bool) -> list[float]:
    (runner,) = (runner for runner in costs()["runners"] if runner["name"] == name)
    (quantity,) = (
        found for found in runner["quantities"] if found["figure"] == figure and (found["in_flight"] > 1) == many
    )
    return list(quantity["values"])


def test_a_price_is_the_interval_of_its_processes() -> None:
    found = one("asyncio")
    assert found.op_one.estimate == log_interval(raw("asyncio", "op", many=False), "s")
    assert found.startup_many.estimate == log_interval(raw("asyncio", "startup", many=True), "s")
    assert found.memory.estimate == linear_interval(raw("asyncio", "memory", many=True), "bytes")
    assert found.memory.values == tuple(raw("asyncio", "memory", many=True))
    assert found.memory.estimate is not None
    assert found.memory.estimate.n == 8


def test_how_far_each_got_and_why_no_further_is_kept_as_a_fact() -> None:
    assert {name: (reached, cause) for name, _, _, reached, cause, _ in COSTS} == {
        found.name: (found.reached, found.cause) for found in parse_costs(costs()).runners if found.memory.estimate
    }
    assert one("threading").stopped == LIMIT
    assert one("multiprocessing").op_many.in_flight == 128


def test_a_serial_runner_holds_one_and_has_prices_at_one_only() -> None:
    found = one("sync")
    assert (found.reached, found.cause, found.measured) == (1, "serial", True)
    assert found.op_one.estimate is not None
    assert found.op_many.estimate is found.memory.estimate is None
    assert found.memory.reason == "serves one op at a time"


def test_one_that_cannot_run_here_has_the_reason_everywhere() -> None:
    found = one("interpreters")
    assert not found.measured
    assert {found.launch.reason, found.op_one.reason, found.memory.reason, found.stopped} == {REFUSED}


def test_what_failed_by_itself_keeps_its_own_reason() -> None:
    body = costs()
    asyncio = next(runner for runner in body["runners"] if runner["name"] == "asyncio")
    asyncio["quantities"] = [found for found in asyncio["quantities"] if found["figure"] != "memory"]
    asyncio["reasons"] = {"memory": "the memory could not be read"}
    assert one("asyncio", body).memory.reason == "the memory could not be read"
    assert one("asyncio", body).op_many.estimate is not None


def test_too_few_processes_are_the_reason_and_not_what_ended_the_ladder() -> None:
    found = one("asyncio", costs(n=1))
    assert found.memory.reason == found.op_one.reason == "fewer than two processes gave a value"
    body = costs()
    next(runner for runner in body["runners"] if runner["name"] == "asyncio")["quantities"] = []
    assert one("asyncio", body).memory.reason == "not measured"


def test_every_price_has_an_interval_or_a_reason() -> None:
    for n in (1, 2, 5, 6):
        for found in parse_costs(costs(n=n)).runners:
            for price in (found.launch, found.startup_one, found.op_one, found.op_many, found.memory):
                assert (price.estimate is None) == bool(price.reason), (n, found.name, price)


def test_a_slope_that_scatters_around_zero_is_kept_and_a_time_of_zero_is_not() -> None:
    body = costs()
    asyncio = next(runner for runner in body["runners"] if runner["name"] == "asyncio")
    asyncio["quantities"][-1]["values"] = [-3.0, 2.0, 1.0, -1.0, 0.0, 4.0, -2.0, 1.0]
    asyncio["quantities"][2]["values"][0] = 0.0
    found = one("asyncio", body)
    assert found.memory.estimate is not None
    assert found.memory.estimate.low < 0 < found.memory.estimate.high
    assert found.op_one.estimate is None
    assert "above 0" in found.op_one.reason


def test_a_file_without_costs_is_read_as_before(tmp_path: Path) -> None:
    assert read(put(tmp_path)).costs is None
    found = read(put(tmp_path, costs=costs())).costs
    assert found is not None
    assert (found.processes, found.python, found.quick) == (8, "CPython 3.11.7", False)
    assert found.versions == {"curio": "1.6"}
    assert record()["schema"] == 1


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"date": "2026-11-22T15:00:00"}, "the date of the costs has no zone"),
        ({"runners": [{}]}, "no quantities"),
        ({"seconds": None}, "not a number: None"),
        ({"failures": None}, "not iterable"),
    ],
)
def test_damaged_costs_are_told_in_one_line(tmp_path: Path, changes: dict[str, Any], said: str) -> None:
    with pytest.raises(CalibrationError, match=r"is damaged: .*make it again with: when-async calibrate$") as caught:
        read(put(tmp_path, costs=costs(**changes)))
    assert said in str(caught.value)


def test_a_ladder_ends_by_a_cause_that_is_known() -> None:
    body = costs()
    body["runners"][0]["ladder"]["cause"] = "weather"
    with pytest.raises(ValueError, match="a ladder does not end by 'weather'"):
        parse_costs(body)
    assert {cause for _, _, _, _, cause, _ in COSTS} <= set(CAUSES)


def test_costs_are_handed_on_as_they_are_and_only_to_their_own_machine(tmp_path: Path) -> None:
    body = costs()
    path = put(tmp_path, costs=body)
    assert costs_of(path, NODE) == body
    assert costs_of(path, "another") is None
    assert costs_of(put(tmp_path, "calibration-bare.json"), NODE) is None
    assert costs_of(tmp_path / "gone.json", NODE) is None
    path.write_text("{", encoding="utf-8")
    assert costs_of(path, NODE) is None
