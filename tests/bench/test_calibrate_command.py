"""`when-async calibrate` and `report` from the command line: what they write, print and exit with."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from support.calibration_files import NODE, costs, put, record
from support.run_files import make_run, sleep_cells
from when_async.bench.calibration.probes import Effort
from when_async.bench.calibration.walk import Findings, Step
from when_async.bench.cli import calibrate as cli_calibrate
from when_async.bench.cli.main import main
from when_async.bench.environments.provision import default
from when_async.bench.machine.fingerprint import node_id
from when_async.bench.machine.host import make_host
from when_async.bench.machine.lock import machine
from when_async.results.calibration.file import read


@pytest.fixture(autouse=True)
def _apart(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WHEN_ASYNC_LOCK", str(tmp_path / "lock"))
    monkeypatch.setenv("WHEN_ASYNC_CACHE", str(tmp_path / "cache"))
    monkeypatch.chdir(tmp_path)


asked: list[list[str] | None] = []
"""The runners that each faked calibration was to measure; None where none at all."""


@pytest.fixture
def measured(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Puts a made-up record, or an error, in the place of measuring."""

    def put_in(error: BaseException | None = None, **changes: Any) -> None:
        def fake(*, runners: Any, **_: Any) -> dict[str, Any]:
            if error is not None:
                raise error
            asked.append(runners if runners is None else [found.value.name for found in runners])
            return record(**({} if runners is None else {"costs": costs()}) | changes)

        monkeypatch.setattr(cli_calibrate, "calibrate", fake)

    asked.clear()
    return put_in


def call(*arguments: object) -> Result:
    return CliRunner().invoke(main, [str(argument) for argument in arguments])


def test_a_calibration_is_shown_and_kept_where_reports_look(measured: Callable[..., None], tmp_path: Path) -> None:
    measured()
    done = call("calibrate")
    assert done.exit_code == 0, done.stderr
    path = Path("results/runs") / f"calibration-{node_id()}.json"
    assert read(path).processes == 10
    assert f"calibration: {path}\nnext: when-async report" in done.stdout
    assert "asyncio task, create and await" in done.stdout
    assert "\x1b" not in done.stdout


def test_as_json_it_prints_one_list_of_flat_objects(measured: Callable[..., None], tmp_path: Path) -> None:
    measured()
    done = call("calibrate", "--json", "-o", tmp_path / "mine.json")
    rows = json.loads(done.stdout)
    assert {row["kind"] for row in rows} == {"figure", "finding", "cost", "reach"}
    assert read(tmp_path / "mine.json").node_id == NODE


def test_a_probe_that_failed_gives_exit_code_3_and_the_others_are_shown(measured: Callable[..., None]) -> None:
    measured(failures=[{"title": "waits", "reason": "no answer\nwithin 30 s"}])
    done = call("calibrate")
    assert done.exit_code == 3
    assert done.stderr.splitlines() == ["when-async: waits: no answer within 30 s"]
    assert "asyncio task, create and await" in done.stdout
    assert list(Path("results/runs").iterdir())


def test_an_interruption_leaves_the_old_file_and_nothing_else(measured: Callable[..., None], tmp_path: Path) -> None:
    path = put(tmp_path / "there")
    before = path.read_bytes()
    measured(KeyboardInterrupt())
    done = call("calibrate", "-o", path)
    assert done.exit_code == 130
    assert done.stderr.splitlines() == ["interrupted; nothing was written"]
    assert path.read_bytes() == before
    assert list(path.parent.iterdir()) == [path]


def test_what_cannot_be_written_is_told_before_anything_is_measured(
    measured: Callable[..., None], tmp_path: Path
) -> None:
    measured(AssertionError("it was measured"))
    (tmp_path / "taken").write_text("a file", encoding="utf-8")
    done = call("calibrate", "-o", tmp_path / "taken" / "x.json")
    assert done.exit_code == 2
    assert done.stderr.startswith("when-async: cannot write ")
    assert len(done.stderr.splitlines()) == 1


def test_the_core_is_measured_unless_other_runners_are_named_or_none_is_wanted(measured: Callable[..., None]) -> None:
    measured()
    for arguments in ((), ("-r", "asyncio", "-r", "family:threads"), ("--no-costs",)):
        assert call("calibrate", *arguments).exit_code == 0
    core, named, none = asked
    assert {"sync", "threading", "asyncio", "trio"} <= set(core or ())
    assert set(named or ()) == {"asyncio", "threading", "threading+executor", "threading+per_op"}
    assert none is None


def test_the_costs_are_shown_with_what_stopped_each_runner(measured: Callable[..., None]) -> None:
    measured()
    printed = call("calibrate").stdout
    assert "What one more thing in flight costs" in printed
    assert "vm.max_map_count is 65530" in printed
    assert max(map(len, printed.splitlines())) <= 100
    measured()
    assert "What one more thing in flight costs" not in call("calibrate", "--no-costs", "-o", "fresh.json").stdout


def test_costs_that_are_not_measured_again_are_kept_as_they_were(measured: Callable[..., None]) -> None:
    measured()
    path = Path("results/runs") / f"calibration-{node_id()}.json"
    call("calibrate")
    before = read(path).costs
    done = call("calibrate", "--no-costs", "--quick")
    assert done.exit_code == 0
    assert read(path).costs == before is not None
    assert "What one more thing in flight costs" in done.stdout


def test_costs_of_another_machine_are_not_kept(measured: Callable[..., None], tmp_path: Path) -> None:
    path = put(tmp_path, node_id="another", costs=costs())
    measured()
    assert call("calibrate", "--no-costs", "-o", path).exit_code == 0
    assert read(path).costs is None


def test_an_interruption_among_the_runners_keeps_what_was_measured(measured: Callable[..., None]) -> None:
    measured(costs=costs(interrupted=True))
    done = call("calibrate", "-o", "mine.json")
    assert done.exit_code == 130
    assert done.stderr.splitlines() == ["interrupted; what was measured until then is in mine.json"]
    kept = read(Path("mine.json")).costs
    assert kept is not None
    assert kept.interrupted


def test_a_runner_that_failed_gives_exit_code_3_and_is_told(measured: Callable[..., None]) -> None:
    failure = {"title": "trio: memory of one more in flight", "reason": "it\nhung"}
    measured(costs=costs(failures=[failure]))
    done = call("calibrate")
    assert done.exit_code == 3
    assert done.stderr.splitlines() == ["when-async: trio: memory of one more in flight: it hung"]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("-r", "asynci"), "there is no runner named 'asynci'; did you mean 'asyncio'?"),
        (("-r", "asyncio", "--no-costs"), "--runner says whose costs are measured; leave it out with --no-costs"),
    ],
)
def test_wrong_use_is_told_before_anything_is_measured(
    measured: Callable[..., None], arguments: tuple[str, ...], said: str
) -> None:
    measured(AssertionError("it was measured"))
    done = call("calibrate", *arguments)
    assert done.exit_code == 2
    assert said in done.stderr


def test_it_does_not_run_beside_another_run(measured: Callable[..., None]) -> None:
    measured(AssertionError("it was measured"))
    with machine(wait=False):
        done = call("calibrate")
    assert done.exit_code == 2
    assert "both would be spoiled" in done.stderr


def test_a_report_shows_the_calibration_beside_its_run_and_ignores_a_damaged_one(tmp_path: Path) -> None:
    run = make_run(tmp_path / "runs" / "run.jsonl", cells=sleep_cells()[:2], forks=1, profile="smoke")
    put(run.parent)
    (run.parent / "calibration-broken.json").write_text("{", encoding="utf-8")
    done = call("report", run, "-o", tmp_path / "out")
    assert done.exit_code == 0, done.stderr
    assert done.stderr.startswith("note: calibration-broken.json is no calibration: it is not JSON; it was ignored")
    page = (tmp_path / "out" / "index.html").read_text(encoding="utf-8")
    assert "Calibrated on 22 November 2026" in page
    assert "calibration-broken.json" in page
    assert str(tmp_path / "runs" / "cal") not in page


def test_measuring_for_real_gives_a_record_that_can_be_read(tmp_path: Path) -> None:
    host = make_host()
    try:
        tiny = Effort(passes=1, share=0.01, pairs=1, pair_rounds=2, idle_s=0.0)
        progress = cli_calibrate.Progress(io.StringIO(), live=False)
        found = cli_calibrate.measure(host, default([]), tiny, quick=True, progress=progress)
    finally:
        host.reaper.close()
        host.noise.close()
    path = tmp_path / "calibration.json"
    path.write_text(json.dumps({"kind": "calibration", "schema": 1} | found), encoding="utf-8")
    calibration = read(path)
    assert calibration.failures == ()
    assert {one.group for one in calibration.figures} == {"clocks", "waits", "costs", "cores", "pairs"}
    # One process of each supports no interval, so what is known has to be looked up in the raw values.
    missing = [one for one in found["quantities"] if not one["values"] and not one["absent"]]
    assert missing == []
    assert calibration.interpreter.startswith(found["interpreter"]["implementation"])


def test_every_probe_that_was_given_up_and_every_reading_that_failed_counts_as_a_failure() -> None:
    found = Findings(failures=[{"title": "waits", "reason": "hung"}])
    reading = {"row": "thread", "column": "cost of one", "unit": "s", "scale": "log", "value": None, "reason": "no"}
    found.keep("costs", reading)
    found.keep("costs", reading | {"row": "interpreter", "reason": "not on this Python", "absent": True})
    failures = cli_calibrate.contents(found)["failures"]
    assert failures == [{"title": "waits", "reason": "hung"}, {"title": "thread, cost of one", "reason": "no"}]


def test_without_a_terminal_a_ladder_is_one_plain_line_and_a_pass_of_the_runners_too() -> None:
    stream = io.StringIO()
    with cli_calibrate.Progress(stream, live=False) as progress:
        progress.step(Step(1, 1, "clocks", 65.0))
        for number, runner in ((1, "asyncio"), (1, "asyncio"), (2, "trio")):
            progress.step(Step(number, 2, f"{runner} 10 in flight", 50.0, f"how many in flight: {runner}"))
        for title in ("asyncio: memory", "trio: memory"):
            progress.step(Step(1, 1, title, 20.0, "start-up, empty op, memory"))
    assert [line.partition("  about")[0] for line in stream.getvalue().splitlines()] == [
        "pass 1/1  clocks, waits, costs, cores, pairs of workers",
        "pass 1/2  how many in flight: asyncio",
        "pass 2/2  how many in flight: trio",
        "pass 1/1  start-up, empty op, memory",
    ]


def test_without_a_terminal_there_is_one_plain_line_a_pass() -> None:
    stream = io.StringIO()
    with cli_calibrate.Progress(stream, live=False) as progress:
        for number, title in ((0, "the machine at rest"), (1, "clocks"), (1, "waits"), (2, "waits"), (2, "clocks")):
            progress.step(Step(number, 2, title, 65.0))
    lines = stream.getvalue().splitlines()
    assert [line.partition("  ")[0] for line in lines] == ["the machine at rest", "pass 1/2", "pass 2/2"]
    assert all(line.endswith("about 1:05 left") for line in lines)
