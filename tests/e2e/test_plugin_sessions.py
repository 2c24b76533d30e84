"""Cells as pytest tests, by running pytest itself: table, JSON, selection, failures, and life without the plugin."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from support.commands import CONTESTANTS, ROOT, Shell

POINT = "sleep[wait=1ms,n=4,c=2]"
SMALL = ("--when-profile", "smoke", "--when-workload", POINT, "--when-runner", "sync", "--when-runner", "asyncio")


class Sessions(Shell):
    """A shell that runs pytest on the benchmark test."""

    def pytest(self, *arguments: object, files: tuple[str, ...] = ("tests/test_workloads.py",)) -> Any:
        where = ("--rootdir", ROOT, "-c", ROOT / "pyproject.toml", *(ROOT / name for name in files))
        return self.run("-p", "no:cacheprovider", *where, *arguments, module="pytest")


@pytest.fixture
def sessions(tmp_path: Path) -> Iterator[Sessions]:
    sessions = Sessions(tmp_path)
    yield sessions
    sessions.kill()


@pytest.fixture(scope="module")
def measured(tmp_path_factory: pytest.TempPathFactory) -> tuple[subprocess.CompletedProcess[str], list[dict[str, Any]]]:
    """One session with everything in it: sound cells, failing ones and holes."""
    sessions = Sessions(tmp_path_factory.mktemp("sessions"))
    more = ("--when-workload", CONTESTANTS / "faulty.py", "--when-runner", CONTESTANTS / "absent.py")
    done = sessions.pytest(
        *SMALL, *more, "-k", "sleep or (errs and sync) or leaves", "--benchmark-only", "--benchmark-json", "out.json"
    )
    assert sessions.left_behind() == []
    return done, json.loads((sessions.folder / "out.json").read_text())["benchmarks"]


def summary(done: subprocess.CompletedProcess[str]) -> dict[str, int]:
    """Counts of pytest's last line, such as {"passed": 2}."""
    last = done.stdout.splitlines()[-1].strip("= ")
    return {word: int(count) for count, word in re.findall(r"(\d+) (\w+)", last.partition(" in ")[0])}


def test_the_table_shows_the_measured_cells_and_the_header_says_it_is_inner_time(measured: Any) -> None:
    done, _ = measured
    assert "inner makespans taken in isolated workers" in done.stdout
    assert f"benchmark '{POINT}'" in done.stdout
    for runner in ("sync", "asyncio"):
        assert re.search(rf"^test_workload\[{re.escape(POINT)}-{runner}\] +[\d.,]+", done.stdout, re.MULTILINE)


def test_the_json_has_the_inner_makespans_and_what_they_mean(measured: Any) -> None:
    _, benchmarks = measured
    assert [each["name"] for each in benchmarks] == [f"test_workload[{POINT}-{name}]" for name in ("sync", "asyncio")]
    for each in benchmarks:
        extra = each["extra_info"]
        assert each["group"] == POINT
        assert each["stats"]["rounds"] == len(each["stats"]["data"]) == 2
        assert (extra["workload"], extra["params"], extra["concurrency"]) == ("sleep", {"wait_s": 0.001, "n": 4}, 2)
        assert extra["ops"] == 4
        assert (extra["fork"], extra["round"]) == ([0, 0], [0, 1])
        assert len({*extra["pid"]}) == 1
        # Each op waits 1 ms, two at a time where the runner can: less than this cannot be measured inside.
        assert min(each["stats"]["data"]) >= (0.004 if extra["contestant"] == "sync" else 0.002) - 20e-6
    assert benchmarks[0]["extra_info"]["digest"] == benchmarks[1]["extra_info"]["digest"]
    assert [each["extra_info"]["reference"] for each in benchmarks] == [True, False]


def test_the_json_holds_no_memory_address(measured: Any) -> None:
    _, benchmarks = measured
    text = json.dumps(benchmarks)
    assert "0x" not in text
    assert "UNSERIALIZABLE" not in text


def test_a_failed_cell_fails_its_test_and_a_hole_is_skipped_each_with_the_reason(measured: Any) -> None:
    done, _ = measured
    assert done.returncode == 1
    assert "FAILED: in round 0 of the warmup phase: wrong answer: the square of 2 came out as 5" in done.stdout
    assert "the process died with exit status 7: the licence has run out" in done.stdout
    assert "UNSUPPORTED: library_that_nobody_has is not installed" in done.stdout
    assert "UNSUPPORTED: leaves has no body for asyncio" in done.stdout
    # Sound: sleep on sync and asyncio. Wrong: errs and leaves on sync. Holes: these on asyncio, all but errs on absent.
    assert summary(done) == {"failed": 2, "passed": 2, "skipped": 4, "deselected": 19}


def test_k_selects_and_only_the_selected_cells_are_measured(sessions: Sessions) -> None:
    done = sessions.pytest(*SMALL, "--when-workload", CONTESTANTS / "leaves_marks.py", "-k", "marks and asyncio")
    assert summary(done) == {"passed": 1, "deselected": 3}
    assert sorted(path.name for path in sessions.folder.glob("mark-*")) == ["mark-async"]


def test_plain_pytest_runs_every_cell_once_as_a_check_and_makes_no_table(sessions: Sessions) -> None:
    done = sessions.pytest(*SMALL)
    assert done.returncode == 0, done.stdout
    assert summary(done) == {"passed": 2}
    assert "Mean" not in done.stdout


def test_benchmark_disable_still_checks_every_cell(sessions: Sessions) -> None:
    done = sessions.pytest(*SMALL, "--benchmark-disable")
    assert done.returncode == 0, done.stdout
    assert summary(done) == {"passed": 2}


def test_a_wrong_name_is_told_in_one_line_and_nothing_runs(sessions: Sessions) -> None:
    done = sessions.pytest("--when-workload", "sleeep")
    assert done.returncode == pytest.ExitCode.INTERRUPTED
    assert "\nthere is no workload named 'sleeep'; did you mean 'sleep'?\n" in done.stdout
    assert "hooks.py" not in done.stdout
    assert "cells.py" not in done.stdout


OTHER = """
import pytest


def test_one():
    pass


def test_timed(benchmark):
    benchmark(int)


@pytest.mark.core
def test_with_a_mark_that_nobody_declared():
    pass
"""


def test_a_session_without_a_cell_is_as_if_the_plugin_were_not_there(sessions: Sessions) -> None:
    (sessions.folder / "test_other.py").write_text(OTHER)
    said = []
    plugin = "when_async.bench.plugin.hooks"
    for switch in ((), ("-p", f"no:{plugin}")):
        short = ("-p", "no:cacheprovider", "--benchmark-max-time=0.01", "-W", "ignore")
        done = sessions.run(*short, *switch, module="pytest")
        assert "when-async" not in "\n".join(line for line in done.stdout.splitlines() if "plugins:" not in line)
        said.append((summary(done), "test_timed" in done.stdout and "Mean" in done.stdout))
    assert said[0] == said[1]
    assert (said[0][0]["passed"], said[0][1]) == (3, True)
    done = sessions.run("-p", "no:cacheprovider", "--strict-markers", "-k", "not mark", module="pytest")
    assert "'core' not found in `markers` configuration option" in done.stdout
    done = sessions.run("-p", "no:cacheprovider", "--benchmark-only", "-W", "ignore", module="pytest")
    assert "skipped" in summary(done)


def test_a_session_without_a_cell_imports_nothing_of_the_instrument(sessions: Sessions) -> None:
    names = {"when_async", "when_async.bench", "when_async.bench.plugin", "when_async.bench.plugin.hooks"}
    text = "import sys\n\n\ndef test_it():\n"
    text += "    ours = {name for name in sys.modules if name.startswith('when_async')}\n"
    text += f"    assert ours <= {names}\n"
    (sessions.folder / "test_other.py").write_text(text)
    done = sessions.run("-p", "no:cacheprovider", module="pytest")
    assert summary(done) == {"passed": 1}, done.stdout


def test_without_pytest_benchmark_other_tests_run_and_the_cells_say_what_is_missing(sessions: Sessions) -> None:
    other = sessions.folder / "test_other.py"
    other.write_text("def test_that_has_nothing_to_do_with_it():\n    pass\n")
    done = sessions.pytest(*SMALL, other, "-p", "no:benchmark")
    assert done.returncode == 0, done.stdout + done.stderr
    assert summary(done) == {"passed": 1, "skipped": 2}
    assert "pytest-benchmark is switched off or not installed" in done.stdout


def listed(done: subprocess.CompletedProcess[str]) -> list[str]:
    """The ids of the cells that --collect-only names."""
    return re.findall(r"test_workload\[(.+)\]$", done.stdout, re.MULTILINE)


def test_the_mark_core_keeps_to_the_first_few_workloads(sessions: Sessions) -> None:
    cells = listed(sessions.pytest("--collect-only", "-q", "-m", "core", "--when-profile", "quick"))
    assert {cell.partition("[")[0] for cell in cells} == {"grid_search", "http_fetch", "sleep"}


def test_a_plain_check_runs_variants_of_runners_on_the_core_and_models_on_the_rest(sessions: Sessions) -> None:
    cells = listed(sessions.pytest("--collect-only", "-q"))
    runners = {
        name: {cell.rpartition("]-")[2].partition("/")[0] for cell in cells if cell.startswith(f"{name}[")}
        for name in ("sleep", "chess")
    }
    assert "asyncio+gather" in runners["sleep"]
    assert "asyncio" in runners["chess"]
    assert "asyncio+gather" not in runners["chess"]
