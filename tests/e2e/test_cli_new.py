"""A workload of a user's own begins as a file that runs before anything in it is changed, or as ten lines."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from support.commands import ROOT, Call, verdicts


def test_the_file_that_is_written_runs_as_it_is_and_passes_the_linter(call: Call) -> None:
    done = call("new", "workload", "my_queries")
    assert done.exit_code == 0, done.stderr
    assert done.stdout.splitlines() == [
        "my_queries.py", "next: when-async run -w my_queries.py --profile smoke",
    ]  # fmt: skip
    runners = [part for name in ("sync", "threading", "asyncio", "multiprocessing") for part in ("-r", name)]
    ran = call("run", "-w", "my_queries.py", "--profile", "smoke", *runners, "-o", "mine.jsonl")
    assert ran.exit_code == 0, ran.stderr
    assert verdicts(Path("mine.jsonl")) == {
        f"my_queries[wait=1ms,n=20,c=4]-{name}": ("OK", "") for name in runners[1::2]
    }
    pytest.importorskip("ruff", reason="ruff is not installed; run: pip install 'when-async[dev]'")
    check = [sys.executable, "-m", "ruff", "check", "--no-cache", "--config", str(ROOT / "pyproject.toml"), "."]
    linted = subprocess.run(check, capture_output=True, text=True, timeout=60)
    assert linted.returncode == 0, linted.stdout


def test_its_oracle_refuses_a_wrong_a_lost_and_a_doubled_result(call: Call, tmp_path: Path) -> None:
    from when_async.bench.model import Workload, WrongAnswer
    from when_async.bench.registry import collect

    assert call("new", "workload", "mine").exit_code == 0
    workload = collect(str(tmp_path / "mine.py"), Workload)["mine"].value
    params = {"wait_s": 0.001, "n": 3}
    items = workload.make_items(params, 1)
    assert workload.check(params, items, [0, 1, 4]) == "3 squares"
    assert workload.ideal_s(params, 2) == pytest.approx(0.002)
    for results in ([0, 1, 5], [0, 1], [0, 1, 4, 4]):
        with pytest.raises(WrongAnswer):
            workload.check(params, items, results)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("9lives",), "'9lives' cannot be the name of a workload; use letters, digits and _"),
        (("class",), "'class' cannot be the name of a workload; use letters, digits and _"),
        (("a-b",), "'a-b' cannot be the name of a workload; use letters, digits and _"),
        (("sleep",), "a workload named 'sleep' exists already; give yours another name"),
        (("there",), "there.py exists already and is not overwritten; name another file with --output"),
        (("mine", "-o", "mine.txt"), "mine.txt does not end in .py, by which `when-async run -w` knows a file"),
        (("mine", "-o", "no/mine.py"), "cannot write no/mine.py: no such file or directory; name a file in a folder"),
    ],
)
def test_a_name_or_file_that_will_not_do_is_told_in_one_line(
    call: Call, arguments: tuple[str, ...], words: str
) -> None:
    Path("there.py").write_text("mine")
    done = call("new", "workload", *arguments)
    assert done.exit_code == 2
    assert done.stderr.startswith(f"when-async: {words}")
    assert len(done.stderr.splitlines()) == 1
    assert Path("there.py").read_text() == "mine"


def test_a_path_with_quotes_in_it_does_no_harm(call: Call, tmp_path: Path) -> None:
    odd = '""" + {print(1)} \\'
    (tmp_path / odd).mkdir()
    done = call("new", "workload", "mine", "-o", f"{odd}/mine.py")
    assert done.exit_code == 0, done.stderr
    compile((tmp_path / odd / "mine.py").read_text(), "mine.py", "exec")


TEN_LINES = """
from when_async.bench.model import Param, Point, Workload

def body(kit, params):
    return lambda item: sum(range(item))

MINE = Workload(
    "mine", "adds up numbers", {"pure": body}, (Param("n", 1, 1000, "sums"),), lambda params, seed: [99] * params["n"],
    lambda params, items, results: str(sum(results)), {"quick": (Point(2, {"n": 10}),)},
)
"""


def test_ten_lines_are_enough(call: Call) -> None:
    Path("mine.py").write_text(TEN_LINES)
    done = call("run", "-w", "mine.py", "--profile", "smoke", "-r", "sync", "-r", "asyncio", "-o", "mine.jsonl")
    assert done.exit_code == 0, done.stderr
    assert verdicts(Path("mine.jsonl")) == {f"mine[n=10,c=2]-{name}": ("OK", "") for name in ("sync", "asyncio")}
