"""A function of a project is gated by one line, and a project that names nothing gets the lines to paste."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from support.commands import Call, records
from support.repositories import Repository, needs_git
from when_async.bench.gate.config import ConfigError, Target, load

pytestmark = needs_git

PROJECT = '[project]\nname = "wares"\nversion = "1"\n'
TARGET = '\n[tool.when-async.gate]\nbase = "main"\n\n[[tool.when-async.gate.target]]\ncall = "{}"\n{}\n'
IGNORED = ".when-async/runs\n__pycache__\ncache\nlock\nout*\n"
WARES = """
import asyncio

def total(prices):
    return sum(prices)

async def fetch(name):
    await asyncio.sleep(0)
    return len(name)
"""


@pytest.fixture
def repository(tmp_path: Path, alone: None) -> Repository:
    """A project in the src layout, whose package is not installed, committed as main."""
    made = Repository(tmp_path)
    made.commit({"src/wares/__init__.py": WARES, "pyproject.toml": PROJECT, ".gitignore": IGNORED})
    return made


def settings(call: str, more: str = "") -> str:
    return PROJECT + TARGET.format(call, more)


def test_a_project_that_names_nothing_gets_lines_to_paste_and_never_our_workloads(
    call: Call, repository: Repository
) -> None:
    done = call("gate", "--base", "main")
    assert done.exit_code == 2
    assert "[[tool.when-async.gate.target]]\n    call = " in done.stderr
    assert done.stdout == ""


@pytest.mark.parametrize(
    ("name", "more", "cell"),
    [
        ("wares:total", "args = [[1, 2, 3]]\nops = 5", "wares:total[n=5,c=1]-sync"),
        ("wares:fetch", 'args = ["t"]\nrunners = ["asyncio"]\nin-flight = 2\nops = 4', "wares:fetch[n=4,c=2]-asyncio"),
    ],
)
def test_one_line_is_enough_for_a_function_of_either_style(
    call: Call, repository: Repository, tmp_path: Path, name: str, more: str, cell: str
) -> None:
    repository.write({"pyproject.toml": settings(name, more)})
    call("gate", "--budget", "3s", "--no-controls", "-o", "out")
    report = json.loads((tmp_path / "out" / "gate.json").read_text())
    assert [one["cell"] for one in report["cells"]] == [cell]
    assert not [one for one in report["cells"] if one["word"] in ("BROKEN", "MISSING")]


def test_each_side_calls_its_own_function(call: Call, repository: Repository, tmp_path: Path) -> None:
    changed = WARES.replace("sum(prices)", "sum(prices) + 1")
    asked = settings("wares:total", "args = [[1]]\nops = 5")
    repository.write({"pyproject.toml": asked, "src/wares/__init__.py": changed})
    done = call("gate", "--budget", "60s", "--no-controls", "-o", "out")
    assert done.exit_code == 3
    (cell,) = json.loads((tmp_path / "out" / "gate.json").read_text())["cells"]
    assert cell["word"] == "BROKEN"
    assert "result" in cell["reason"]


def test_a_function_that_base_has_not_is_new_and_passes_only_where_that_is_allowed(
    call: Call, repository: Repository, tmp_path: Path
) -> None:
    added = WARES + "\ndef fresh():\n    return 1\n"
    repository.write({"pyproject.toml": settings("wares:fresh", "ops = 5"), "src/wares/__init__.py": added})
    done = call("gate", "--budget", "9s", "-o", "out")
    assert (done.exit_code, "NEW (exit 4): 1 benchmark is new: measured" in done.stdout) == (4, True)
    (cell,) = json.loads((tmp_path / "out" / "gate.json").read_text())["cells"]
    assert (cell["cell"], cell["word"]) == ("wares:fresh[n=5,c=1]-sync", "NEW")
    assert cell["reason"].startswith("it runs in head, but in base there is no 'fresh' in wares; measured and checked")
    (kept,) = records(tmp_path / "out" / "pairs.jsonl", "new")
    assert len(kept["rounds_s"]) == 10
    done = call("gate", "--budget", "9s", "-o", "out2", "--allow-new")
    assert (done.exit_code, "NEW (exit 0, which --allow-new lets through)" in done.stdout) == (0, True)


def test_what_is_new_and_does_not_work_is_broken_whatever_is_allowed(
    call: Call, repository: Repository, tmp_path: Path
) -> None:
    text = WARES + "\nDONE = []\ndef fresh():\n    DONE.append(1)\n    return 1 if len(DONE) < 9 else 1 / 0\n"
    asked = settings("wares:fresh", "ops = 5").replace('base = "main"', 'base = "main"\nallow-new = true')
    repository.write({"pyproject.toml": asked, "src/wares/__init__.py": text})
    assert call("gate", "--budget", "9s", "-o", "out").exit_code == 3
    (cell,) = json.loads((tmp_path / "out" / "gate.json").read_text())["cells"]
    assert cell["word"] == "BROKEN"
    assert cell["reason"].startswith("it is new, and head: ")
    assert "ZeroDivisionError" in cell["reason"]


def test_a_function_that_head_has_not_is_refused(call: Call, repository: Repository) -> None:
    repository.write({"pyproject.toml": settings("wares:gone")})
    done = call("gate", "--budget", "3s", "--no-controls", "-o", "out2")
    assert (done.exit_code, done.stderr) == (3, "when-async: head: there is no 'gone' in wares\n")


@pytest.mark.parametrize(
    ("more", "code", "words"),
    [
        ('runners = ["threading"]\nargs = ["tea"]', 2, "wares:fetch is async and threading cannot run it"),
        ("args = [1, 2]", 3, "does not take these arguments"),
        ("colour = 1", 2, "is not a setting"),
    ],
)
def test_a_target_that_cannot_be_is_told_in_one_line(
    call: Call, repository: Repository, more: str, code: int, words: str
) -> None:
    repository.write({"pyproject.toml": settings("wares:fetch", more)})
    done = call("gate", "--budget", "3s", "--no-controls", "-o", "out")
    assert done.exit_code == code, done.stderr
    assert words in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_two_targets_of_one_name_are_refused_even_where_the_first_is_new(call: Call, repository: Repository) -> None:
    added = WARES + "\ndef fresh():\n    return 1\n"
    twice = "\n[[tool.when-async.gate.target]]\ncall = \"wares:fresh\"\n"
    repository.write({"pyproject.toml": settings("wares:fresh") + twice, "src/wares/__init__.py": added})
    done = call("gate", "--budget", "3s", "--no-controls", "-o", "out")
    assert done.exit_code == 2
    assert done.stderr.splitlines()[-1].startswith("when-async: two targets of the gate are called wares:fresh;")


@pytest.mark.parametrize(
    ("lines", "words"),
    [
        ('args = [1]', "has no call"), ('call = "a:b"\nargs = 3', "must be a list"),
        ('call = "a:b"\nin-flight = 0', "must be a whole number"),
        ('call = "a:b"\nrunner = ["sync"]', "did you mean runners"),
        ('call = "a:b"\nargs = [1979-05-27]', "must hold what JSON can"),
    ],
)  # fmt: skip
def test_a_target_that_cannot_be_read_is_refused(tmp_path: Path, lines: str, words: str) -> None:
    path = tmp_path / "pyproject.toml"
    path.write_text(f"[[tool.when-async.gate.target]]\n{lines}\n")
    with pytest.raises(ConfigError, match=words):
        load(path)


def test_a_target_is_read_with_all_its_keys(tmp_path: Path) -> None:
    path = tmp_path / "pyproject.toml"
    path.write_text(
        '[[tool.when-async.gate.target]]\ncall = "a:b"\nargs = [[1]]\nkwargs = {x = 2}\nrunners = ["asyncio"]\n'
        "in-flight = 3\nops = 9\n"
    )
    assert load(path).targets == (Target("a:b", "[[1]]", '{"x": 2}', "", ("asyncio",), 3, 9),)
