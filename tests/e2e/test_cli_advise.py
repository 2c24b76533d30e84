"""Advice: a ranking, the reason, the evidence and code; wrong use is one line."""

from __future__ import annotations

import ast
import json
from pathlib import Path

import pytest

from bench import cli_advise_command
from reports.shapes import SHAPES, shape
from results.advice_file import write
from results.prediction import Accuracy, Overheads
from results.prediction_cells import Fitted
from support.commands import Call

LOOP = Overheads("asyncio", "asyncio", False, 1.0, 8e-6, 6e-5, 2e-4, 0.0, 0.0, 0.0, -0.05, 0.08)
THREADS = Overheads("threading", "threads", False, 1.0, 2e-5, 1e-4, 1e-3, 0.0, 0.0, 0.0, -0.1, 0.2)
POOL = Overheads("multiprocessing", "processes", True, 1.0, 7e-5, 1e-4, 5e-3, 0.0, 1e-4, 1e-9, -0.2, 0.2)


@pytest.fixture(autouse=True)
def known(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Figures of a machine that never was, so that a new reference run changes no test."""
    found = [Fitted("3.11", True, 2, "20261125-000000-aaaa", (LOOP, THREADS, POOL), Accuracy(101, 88, 18, 14), ())]
    write(tmp_path / "advice.json", found, "a machine")
    monkeypatch.setattr(cli_advise_command, "KNOWN", tmp_path / "advice.json")


def test_many_waits_are_for_whoever_overlaps_them_and_the_answer_has_all_its_parts(call: Call) -> None:
    done = call("advise", "--wait", "300ms", "--cpu", "200us", "--ops", "500", "--cores", "2")
    assert done.exit_code == 0, done.stderr
    assert "500 ops that wait 300 ms and compute 200 µs each; 100 in flight, 2 cores" in done.stdout
    first = next(line for line in done.stdout.splitlines() if line.endswith(" best"))
    assert first.split()[0] == "asyncio"
    assert "predictions" in done.stdout
    assert "88 (87 %)" in " ".join(done.stdout.split())
    # Threads are predicted level with the loop here, and are the plainer of the two.
    assert "To begin from, with threading:" in done.stdout
    assert "Threading is the plainest of those that are level" in " ".join(done.stdout.split())
    assert max(map(len, done.stdout.splitlines())) <= 100


def test_thousands_in_flight_are_for_a_loop(call: Call) -> None:
    done = call("advise", "--wait", "1s", "--cpu", "100us", "-n", "20000", "-c", "10000", "--cores", "2")
    assert "asyncio.run(main())" in done.stdout


def test_computing_is_for_processes_with_as_many_as_there_are_cores(call: Call) -> None:
    done = call("advise", "--cpu", "40ms", "-n", "10000", "--cores", "2", "--json")
    rows = json.loads(done.stdout)
    assert rows[0]["runner"] == "multiprocessing"
    assert rows[0]["low"] < rows[0]["predicted_s"] < rows[0]["high"]
    assert rows[0]["predicted_s"] == pytest.approx(10_000 * 0.04 / 2, rel=0.05)
    assert "ProcessPoolExecutor(max_workers=2)" in call("advise", "--cpu", "40ms", "-n", "10000", "--cores", "2").stdout


def test_a_payload_can_take_the_lead_from_processes(call: Call) -> None:
    bare = json.loads(call("advise", "--cpu", "1ms", "--cores", "2", "--json").stdout)
    loaded = json.loads(call("advise", "--cpu", "1ms", "--cores", "2", "--payload", "4MiB", "--json").stdout)
    assert (bare[0]["runner"], loaded[0]["runner"]) == ("multiprocessing", "asyncio")


def test_a_callable_of_ones_own_is_measured(call: Call) -> None:
    done = call("advise", "--like", "time:sleep", "--args", "[0.02]", "-n", "200", "--json")
    assert done.exit_code == 0, done.stderr
    assert "time:sleep took 20" in done.stderr
    assert json.loads(done.stdout)[0]["runner"] == "asyncio"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([], "say what an op does with --wait and --cpu"),
        (["--wait", "soon"], "is not understood"),
        (["--wait", "0s"], "takes no time"),
        (["--like", "time:sleep", "--wait", "1ms"], "give one or the other"),
        (["--wait", "1ms", "--python", "2.7"], "nothing is known of Python 2.7 here; known are 3.11"),
        (["--like", "nosuchmodule:f"], "there is no module 'nosuchmodule'"),
        (["--wait", "1ms", "--payload", "big"], "for example --payload 4KiB"),
    ],
)
def test_wrong_use_is_one_line_that_says_what_to_do(call: Call, arguments: list[str], said: str) -> None:
    done = call("advise", *arguments)
    assert done.exit_code == 2
    assert said in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1


@pytest.mark.parametrize("runner", [*SHAPES, "uvloop"])
def test_every_shape_of_code_is_python(runner: str) -> None:
    text = shape(runner, 8, 100)
    ast.parse(text)
    assert "{" not in text or "{}" in text
    assert ("uvloop.run(main())" in text) == (runner == "uvloop")
