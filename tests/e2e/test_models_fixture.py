"""The fixture `models` in a suite of somebody, by running pytest itself, with the other plugins that are here."""

from __future__ import annotations

import json
import re
import subprocess
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from support.commands import Shell

PRICES = """
import asyncio, time

def fetch(name, pause=0.001):
    time.sleep(pause)
    return name.upper()

async def afetch(name, pause=0.001):
    await asyncio.sleep(pause)
    return name.upper()
"""
SETTINGS = """
[pytest]
pythonpath = src
testpaths = tests
models_ops = 4
models_forks = 1
asyncio_mode = {mode}
asyncio_default_fixture_loop_scope = function
filterwarnings = error
"""
SUITE = """
import asyncio

import pytest
from shop.prices import afetch, fetch

PAIR = ["sync", "threading"]


def double(n):
    return 2 * n


@pytest.mark.models(forks=2)
def test_rows(models):
    result = models(fetch, args=["a"], runners=PAIR, in_flight=2)
    assert result["threading"].faster_than("sync") in (True, False)
    assert result["threading"].throughput.n == 2


@pytest.mark.parametrize("name", ["tea"])
def test_parameters(models, name):
    models(fetch, args=[name], twin=afetch, runners=["sync", "asyncio"], in_flight=[1, 2], forks=2)


def test_own_functions(models):
    three = 3
    result = models(lambda n: double(n) + three, args=[1], runners="sync")
    assert result["sync"].status == "OK"
    assert result["sync"].row.forks == 1
    assert models(double, args=[1], runners="sync")["sync"].row.workload.endswith(":double")


async def test_the_loop_runs_on(models):
    beats = 0

    async def beat():
        nonlocal beats
        while True:
            await asyncio.sleep(0)
            beats += 1

    task = asyncio.ensure_future(beat())
    result = await models(afetch, args=["a"], runners="asyncio", in_flight=2)
    task.cancel()
    assert result["asyncio"].status == "OK"
    assert beats > 1


async def test_cancelled(models):
    task = asyncio.ensure_future(asyncio.wait_for(models(afetch, args=["a"], runners="asyncio"), 0.01))
    with pytest.raises(asyncio.TimeoutError):
        await task


async def test_forgotten(models):
    models(afetch, args=["a"], runners="asyncio")


async def test_taken_for_a_result(models):
    with pytest.raises(TypeError, match="write: result = await models"):
        models(afetch, args=["a"], runners="asyncio")["asyncio"]


def test_wrong_call(models):
    models(fetch, runners="sync")


@pytest.mark.models(fork=1)
def test_wrong_mark(models):
    models(fetch, args=["a"], runners="sync")
"""
SMALL = """
import pytest
from shop.prices import fetch


def test_first(models):
    assert models(fetch, args=["a"], runners="sync")["sync"].status == "OK"


def test_second(models):
    models(fetch, args=["a"], runners="sync")
    pytest.fail("as it is meant")


def test_other():
    pass
"""


class Suite(Shell):
    """A folder with a suite; `pytest` runs it."""

    def lay(self, text: str, mode: str = "auto") -> Suite:
        (self.folder / "src" / "shop").mkdir(parents=True)
        (self.folder / "src" / "shop" / "prices.py").write_text(PRICES)
        (self.folder / "src" / "shop" / "__init__.py").write_text("")
        (self.folder / "tests").mkdir()
        (self.folder / "tests" / "test_shop.py").write_text(text)
        (self.folder / "pytest.ini").write_text(SETTINGS.format(mode=mode))
        return self

    def pytest(self, *arguments: object) -> subprocess.CompletedProcess[str]:
        return self.run("-p", "no:cacheprovider", "-p", "no:randomly", *arguments, module="pytest")


def needs(module: str) -> pytest.MarkDecorator:
    return pytest.mark.skipif(find_spec(module) is None, reason=f"pip install {module.replace('_', '-')}")


def counts(done: subprocess.CompletedProcess[str]) -> dict[str, int]:
    last = done.stdout.splitlines()[-1].strip("= ")
    return {word.rstrip("s"): int(count) for count, word in re.findall(r"(\d+) (\w+)", last.partition(" in ")[0])}


@pytest.fixture
def suite(tmp_path: Path) -> Any:
    suite = Suite(tmp_path)
    yield suite
    suite.kill()


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, list[dict[str, Any]]]:
    """One session with all of it: what was said, and the rows of the JSON."""
    suite = Suite(tmp_path_factory.mktemp("whole")).lay(SUITE)
    done = suite.pytest("-rA", "--benchmark-json", "out.json")
    assert suite.left_behind() == []
    assert not (suite.folder / ".when-async").exists()
    return done.stdout, json.loads((suite.folder / "out.json").read_text())["benchmarks"]


@pytest.mark.parametrize(
    "test",
    ["rows", "parameters[tea]", "own_functions", "the_loop_runs_on", "cancelled", "taken_for_a_result"],
)
def test_a_suite_passes_with_the_fixture(whole: Any, test: str) -> None:
    assert f"\nPASSED tests/test_shop.py::test_{test}\n" in whole[0]


@pytest.mark.parametrize(
    ("test", "words"),
    [
        ("FAILED tests/test_shop.py::test_wrong_call", "models: shop.prices:fetch(name, pause=0.001) does not take"),
        ("FAILED tests/test_shop.py::test_wrong_mark", "the mark models takes forks, ops, runners, in_flight, "),
        ("ERROR tests/test_shop.py::test_forgotten", "models(...) measures when it is awaited in an async test; write"),
    ],
)
def test_what_is_wrong_is_one_line_without_a_traceback(whole: Any, test: str, words: str) -> None:
    assert f"\n{test}" in whole[0]
    assert f"\n{words}" in whole[0]
    assert "/bench/" not in whole[0]


def test_rows_are_in_the_table_and_the_json_of_pytest_benchmark(whole: Any) -> None:
    said, rows = whole
    names = {row["name"] for row in rows}
    assert names >= {"test_rows[sync]", "test_rows[threading]"}
    assert names >= {f"test_parameters[tea-{runner} c={c}]" for runner in ("sync", "asyncio") for c in (1, 2)}
    assert names >= {"test_own_functions[sync]", "test_own_functions[sync 2]"}
    row = next(row for row in rows if row["name"] == "test_rows[threading]")
    assert row["fullname"] == "tests/test_shop.py::test_rows[threading]"
    assert row["group"] == "shop.prices:fetch[n=4,c=2]"
    assert row["extra_info"]["fork"] == [0, 0, 1, 1]
    assert len(row["stats"]["data"]) == 4
    assert "benchmark 'shop.prices:fetch[n=4,c=2]'" in said


def test_the_summary_has_a_sentence_for_each_measurement(whole: Any) -> None:
    section = re.split(r"=+ when-async =+\n", whole[0])[1]
    assert re.search(r"^tests/test_shop\.py::test_rows: (Use|Keep) ", section, re.MULTILINE)
    assert section.count("tests/test_shop.py::test_own_functions: ") == 2
    assert "test_wrong_call: " not in section


def test_under_xdist_one_worker_measures_at_a_time_and_a_line_says_so(suite: Suite) -> None:
    done = suite.lay(SMALL).pytest("-n", "2")
    assert counts(done) == {"failed": 1, "passed": 2}
    assert "\nmeasured in one worker at a time, as two would spoil each other; " in done.stdout
    assert "\ntests/test_shop.py::test_second: " in done.stdout


def test_the_command_line_is_asked_before_the_settings_and_x_stops(suite: Suite) -> None:
    done = suite.lay(SMALL.replace('"OK"', '"no"')).pytest("-x", "--models-forks", "2", "--models-ops", "2")
    assert counts(done) == {"failed": 1}
    assert "[n=2,c=" in done.stdout
    assert "\ntests/test_shop.py::test_first: Keep the plain loop: " in done.stdout  # of one process nothing is said


def test_only_and_skip_of_pytest_benchmark_hold_for_the_fixture(suite: Suite) -> None:
    suite.lay(SMALL)
    assert counts(suite.pytest("--benchmark-only")) == {"failed": 1, "passed": 1, "skipped": 1}
    assert counts(suite.pytest("--benchmark-skip")) == {"passed": 1, "skipped": 2}
    done = suite.pytest("-p", "no:benchmark", "-k", "first")
    assert counts(done) == {"passed": 1, "deselected": 2}


def test_it_works_in_strict_mode_under_anyio_and_with_importlib(suite: Suite) -> None:
    text = """
import pytest
from shop.prices import afetch


def double(n):
    return 2 * n


@pytest.mark.anyio
async def test_anyio(models, anyio_backend_name):
    assert (await models(afetch, args=["a"], runners="asyncio", in_flight=2))["asyncio"].status == "OK"


@pytest.mark.asyncio
async def test_strict(models):
    assert (await models(double, args=[2], runners="sync"))["sync"].status == "OK"
"""
    done = suite.lay(text, mode="strict").pytest("--import-mode=importlib")
    assert counts(done)["passed"] == (3 if find_spec("trio") else 2), done.stdout


def test_a_fixture_of_that_name_in_somebodys_suite_is_theirs(suite: Suite) -> None:
    suite.lay(
        "def test_it(models):\n    assert models == 3\n\n\n"
        + """
def test_ours_is_not_loaded():
    import sys

    assert not [name for name in sys.modules if name.startswith(("when_async.bench.doors", "pandas"))]
"""
    )
    (suite.folder / "tests" / "conftest.py").write_text(
        "import pytest\n\n\n@pytest.fixture\ndef models():\n    return 3\n"
    )
    done = suite.pytest()
    assert counts(done) == {"passed": 2}
    assert "when-async" not in "\n".join(line for line in done.stdout.splitlines() if "plugins:" not in line)
    assert counts(suite.pytest("--benchmark-only", "-W", "ignore")) == {"skipped": 2}


def test_the_mark_and_the_fixture_and_the_options_are_described(suite: Suite) -> None:
    suite.lay("")
    assert "@pytest.mark.models(forks=, ops=, " in suite.pytest("--markers").stdout
    assert "Measure a function of yours under several concurrency models" in suite.pytest("--fixtures").stdout
    told = suite.pytest("--help").stdout
    assert "--models-forks=N" in told
    assert "models_python" in told


@needs("pytest_rerunfailures")
def test_a_test_that_is_run_again_shows_its_last_run(suite: Suite) -> None:
    done = suite.lay(SMALL).pytest("--reruns", "1", "-k", "second", "--benchmark-json", "out.json")
    assert counts(done) == {"failed": 1, "deselected": 2, "rerun": 1}
    rows = json.loads((suite.folder / "out.json").read_text())["benchmarks"]
    assert [row["name"] for row in rows] == ["test_second[sync]"]
    assert done.stdout.count("\ntests/test_shop.py::test_second: ") == 1


@needs("pytest_timeout")
def test_a_test_that_times_out_leaves_no_process(suite: Suite) -> None:
    slow = "import time\n\n\ndef test_slow(models):\n    models(time.sleep, args=[30], runners='sync', in_flight=1)\n"
    done = suite.lay(slow).pytest("--timeout", "1", "-o", "timeout_func_only=true")
    assert counts(done) == {"failed": 1}
    assert suite.left_behind() == []


@needs("pytest_cov")
def test_measured_processes_are_not_traced(suite: Suite) -> None:
    suite.lay(SMALL)
    (suite.folder / ".coveragerc").write_text("[run]\npatch = subprocess\n")
    done = suite.pytest("--cov=shop", "-k", "first")
    assert counts(done) == {"passed": 1, "deselected": 2}
    # The body of `fetch` runs in measured processes alone.
    assert re.search(r"prices\.py +7 +4 ", done.stdout), done.stdout
