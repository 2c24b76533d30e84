"""`when-async calibrate` and `report` from the command line: what they write, print and exit with."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from support.calibration_files import NODE, put, record
from support.run_files import make_run, sleep_cells
from when_async.bench.calibration import pairs, walk
from when_async.bench.calibration.walk import Findings
from when_async.bench.cli import calibrate as cli_calibrate
from when_async.bench.cli.main import main
from when_async.bench.environments.provision import default, default_label
from when_async.bench.machine.fingerprint import node_id
from when_async.bench.machine.host import make_host
from when_async.bench.machine.lock import machine
from when_async.results.calibration import read


@pytest.fixture(autouse=True)
def _apart(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WHEN_ASYNC_LOCK", str(tmp_path / "lock"))
    monkeypatch.setenv("WHEN_ASYNC_CACHE", str(tmp_path / "cache"))
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def measured(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Puts a made-up record, or an error, in the place of measuring."""

    def put_in(error: BaseException | None = None, **changes: Any) -> None:
        def fake(stream: Any, environment: Any) -> dict[str, Any]:
            if error is not None:
                raise error
            return record(**changes)

        monkeypatch.setattr(cli_calibrate, "measure_here", fake)

    return put_in


def call(*arguments: object) -> Result:
    return CliRunner().invoke(main, [str(argument) for argument in arguments])


def test_a_calibration_is_shown_and_kept_where_reports_look(measured: Callable[..., None], tmp_path: Path) -> None:
    measured()
    done = call("calibrate")
    assert done.exit_code == 0, done.stderr
    path = Path(".when-async/runs") / f"calibration-{node_id()}.json"
    assert read(path).processes == 10
    assert f"calibration: {path}\nnext: when-async report" in done.stdout
    assert "time.perf_counter_ns" in done.stdout
    assert "\x1b" not in done.stdout


def test_of_an_interpreter_that_is_named_it_keeps_a_file_beside(measured: Callable[..., None]) -> None:
    measured()
    assert call("calibrate", "--python", default_label()).exit_code == 0
    (path,) = Path(".when-async/runs").glob("calibration-*.json")
    assert path.name == f"calibration-{node_id()}-{default_label()}.json"


def test_an_interpreter_that_is_not_there_is_said_before_anything_is_measured(measured: Callable[..., None]) -> None:
    measured(AssertionError("it was measured"))
    done = call("calibrate", "--python", "/nowhere/python")
    assert done.exit_code == 2
    assert "/nowhere/python" in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_a_file_without_a_name_is_refused_before_anything_is_measured(measured: Callable[..., None]) -> None:
    measured(AssertionError("it was measured"))
    done = call("calibrate", "-o", "")
    assert (done.exit_code, done.stderr) == (2, "when-async: the file to write has no name; name one with -o FILE\n")


def test_as_json_it_prints_one_list_of_flat_objects(measured: Callable[..., None], tmp_path: Path) -> None:
    measured()
    done = call("calibrate", "--json", "-o", tmp_path / "mine.json")
    rows = json.loads(done.stdout)
    assert {row["kind"] for row in rows} == {"figure", "finding"}
    assert read(tmp_path / "mine.json").node_id == NODE


def test_a_probe_that_failed_gives_exit_code_3_and_the_others_are_shown(measured: Callable[..., None]) -> None:
    measured(failures=[{"title": "waits", "reason": "no answer\nwithin 30 s"}])
    done = call("calibrate")
    assert done.exit_code == 3
    assert done.stderr.splitlines() == ["when-async: waits: no answer within 30 s"]
    assert "time.perf_counter_ns" in done.stdout
    assert list(Path(".when-async/runs").iterdir())


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


def test_measuring_for_real_gives_a_record_that_can_be_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for module, name, few in ((walk, "PASSES", 1), (walk, "PAIRS", 1), (walk, "IDLE_S", 0.0), (pairs, "ROUNDS", 2)):
        monkeypatch.setattr(module, name, few)
    host = make_host()
    try:
        progress = cli_calibrate.Progress(io.StringIO(), live=False)
        found = cli_calibrate.measure(host, default([]), progress)
    finally:
        host.reaper.close()
        host.noise.close()
    path = tmp_path / "calibration.json"
    path.write_text(json.dumps({"kind": "calibration", "schema": 1} | found), encoding="utf-8")
    calibration = read(path)
    assert calibration.failures == ()
    assert {one.group for one in calibration.figures} == {"clocks", "waits", "cores", "models", "pairs"}
    # One process of each supports no interval, so what is known has to be looked up in the raw values.
    missing = [one for one in found["quantities"] if not one["values"] and not one["absent"]]
    assert missing == []
    assert calibration.interpreter.startswith(found["interpreter"]["implementation"])


def test_every_probe_that_was_given_up_and_every_reading_that_failed_counts_as_a_failure() -> None:
    found = Findings(failures=[{"title": "waits", "reason": "hung"}])
    reading = {"row": "epoll", "column": "1 ms", "unit": "s", "scale": "log", "value": None, "reason": "no"}
    found.keep("waits", reading)
    found.keep("waits", reading | {"row": "kqueue", "reason": "not on this system", "absent": True})
    failures = cli_calibrate.contents(found)["failures"]
    assert failures == [{"title": "waits", "reason": "hung"}, {"title": "epoll, 1 ms", "reason": "no"}]


def test_without_a_terminal_there_is_one_plain_line_a_pass() -> None:
    stream = io.StringIO()
    with cli_calibrate.Progress(stream, live=False) as progress:
        for number, title in ((0, "the machine at rest"), (1, "clocks"), (1, "waits"), (2, "waits"), (2, "clocks")):
            progress.step(number, title, 65.0)
    assert stream.getvalue().splitlines() == [
        "the machine at rest  about 1:05 left",
        "pass 1/6  clocks, waits, cores, pairs of workers  about 1:05 left",
        "pass 2/6  clocks, waits, cores, pairs of workers  about 1:05 left",
    ]
