"""Installed as a tool, in an environment of its own, when-async measures a project in the project's environment.

The tool's environment and the project's are virtual environments of the test: the first sees the libraries of the
running one, the second has one package of its own and nothing else. Nothing is asserted of how long anything took.
"""

from __future__ import annotations

import json
import subprocess
import sys
import sysconfig
import venv
from pathlib import Path
from typing import Any

import pytest

from support.commands import ROOT, records, verdicts
from support.outside import BENCH, KETTLE, PYPROJECT, SERVED, SHELF, SHOP, User, site
from support.repositories import Repository, needs_git

pytestmark = needs_git

VERSION = ".".join(map(str, sys.version_info[:3]))


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> User:
    folder = tmp_path_factory.mktemp("installed")
    venv.create(folder / "tool", symlinks=True, with_pip=False)
    (site(folder / "tool") / "ours.pth").write_text(f"{sysconfig.get_paths()['purelib']}\n{ROOT / 'src'}\n")
    repository = Repository(folder / "project")
    venv.create(folder / "project" / ".venv", symlinks=True, with_pip=False)
    (site(folder / "project" / ".venv") / "tea_shelf.py").write_text(SHELF)
    (site(folder / "project" / ".venv") / "kettle.py").write_text(KETTLE)
    ignored = "__pycache__\n.venv\n.when-async\n*.jsonl\n"
    repository.commit({"shop.py": SHOP, "benchmarks/tea.py": BENCH, "pyproject.toml": PYPROJECT, ".gitignore": ignored})
    return User(folder / "tool", folder / "project")


@pytest.fixture
def user(made: User) -> User:
    return User(made.tool, made.project)


NOTE = f"note: workers run in .venv, CPython {VERSION}"


def test_a_function_is_tried_in_the_environment_of_its_project(user: User, tmp_path: Path) -> None:
    file = tmp_path / "tea.jsonl"
    done = user.run("try", "shop:order", "--args", '["oolong"]', "-n", 4, "-c", 2, "--forks", 1, "-r", "sync",
                    "-r", "multiprocessing", "-o", file)  # fmt: skip
    assert [line.removesuffix("t") for line in done.stderr.splitlines() if "workers run" in line] == [NOTE]
    assert str(user.project) not in done.stderr
    assert {status for status, _ in verdicts(file).values()} == {"OK"}


def test_nothing_of_ours_but_the_sealed_tree_is_in_a_worker(user: User) -> None:
    code = "from when_async.bench.cli.own.asking import Asked, environments, look_at, make_call\n"
    code += "from when_async.bench.cli.own.where import Where\n"
    code += "where = Where()\n"
    code += "call = make_call('shop:surroundings')\n"
    code += "print(look_at(Asked(call, any_result=False), environments((), {'where': where})[0], 60)[0].like)\n"
    script = user.tool.parent / "look.py"
    script.write_text(code)
    like = user.run(script=script).stdout
    other = "import sys; sys.path.insert(0, sys.argv[1])\nfrom when_async.bench.trying.likeness import likeness\n"
    other += f"print(likeness([{str(user.project / '.venv')!r}, []]))"
    assert like == subprocess.run(
        [sys.executable, "-c", other, str(ROOT / "src")], capture_output=True, text=True, check=True
    ).stdout  # fmt: skip


def test_what_the_project_has_not_is_unsupported_and_the_reason_says_where(user: User, tmp_path: Path) -> None:
    file = tmp_path / "later.jsonl"
    user.run("try", "shop:later", "--args", '["oolong"]', "-n", 4, "-c", 2, "--forks", 1, "-r", "asyncio",
             "-r", "uvloop", "-o", file)  # fmt: skip
    found = verdicts(file)
    assert found["shop:later[n=4,c=2]-asyncio"] == ("OK", "")
    status, reason = found["shop:later[n=4,c=2]-uvloop"]
    assert status == "UNSUPPORTED"
    assert reason.startswith("uvloop is missing in .venv; install uvloop")


def test_advice_looks_at_a_function_there(user: User) -> None:
    done = user.run("advise", "--like", "shop:order", "--args", '["oolong"]')
    assert NOTE in done.stderr
    assert "shop:order: a call took" in done.stderr


def test_a_workload_of_a_file_that_only_the_project_can_import_is_run_and_gone_on_with(
    user: User, tmp_path: Path
) -> None:
    file = tmp_path / "tea.jsonl"
    words = ("run", "-w", "benchmarks/tea.py", "-r", "sync", "--profile", "smoke", "-o", file)
    assert NOTE in user.run(*words).stderr
    assert verdicts(file) == {"tea[n=4,c=1]-sync": ("OK", "")}
    (cell,) = records(file, "cell")
    assert (cell["ideal_s"], cell["bounds"]) == (1e-6, {"the kettle": 4e-5})
    lines = file.read_text().splitlines(keepends=True)
    broken = next(number for number, line in enumerate(lines) if '"kind": "measurement"' in line)
    file.write_text("".join(lines[: broken - 2]))
    assert NOTE in user.run("run", "--resume", file).stderr
    assert verdicts(file) == {"tea[n=4,c=1]-sync": ("OK", "")}


def test_a_point_that_stands_in_no_grid_is_planned_there_too(user: User, tmp_path: Path) -> None:
    file = tmp_path / "more.jsonl"
    user.run("run", "-w", "benchmarks/tea.py:n=7", "-r", "sync", "--profile", "smoke", "-o", file)
    (cell,) = records(file, "cell")
    assert cell["bounds"] == {"the kettle": 1e-5 * 7}


def test_a_file_that_does_not_import_there_is_told_in_one_line(user: User) -> None:
    (user.project / "benchmarks" / "coffee.py").write_text("import coffee_shelf\n")
    done = user.run("run", "-w", "benchmarks/coffee.py", "-r", "sync", code=2)
    (line,) = done.stderr.splitlines()
    assert line == (
        "when-async: benchmarks/coffee.py does not import: ModuleNotFoundError: No module named 'coffee_shelf' "
        "(in .venv)"
    )


def test_a_server_of_the_projects_own_is_started_there(user: User, tmp_path: Path) -> None:
    (user.project / "benchmarks" / "hot.py").write_text(SERVED.replace("EXPECT", ""))
    file = tmp_path / "hot.jsonl"
    user.run("run", "-w", "benchmarks/hot.py", "-r", "sync", "--profile", "smoke", "-o", file)
    assert verdicts(file) == {"hot[n=4,c=1]-sync": ("OK", "")}
    (service,) = records(file, "service")
    assert service["facts"] == {"python": str(user.project / ".venv")}


def test_what_such_a_server_has_seen_cannot_be_checked_from_outside(user: User) -> None:
    (user.project / "benchmarks" / "seen.py").write_text(SERVED.replace("EXPECT", ", expect=lambda *seen: None"))
    done = user.run("run", "-w", "benchmarks/seen.py", "-r", "sync", code=2)
    assert done.stderr.startswith("when-async: benchmarks/seen.py: what the server kettle has seen can only be checked")


def test_our_own_workloads_keep_the_interpreter_that_runs_us(user: User, tmp_path: Path) -> None:
    done = user.run("run", "-w", "sleep", "-r", "sync", "--profile", "smoke", "-o", tmp_path / "sleep.jsonl")
    assert "workers run" not in done.stderr


@pytest.mark.parametrize("named", [(), ("-w", "benchmarks/tea.py", "-r", "sync")], ids=["target", "file"])
def test_both_sides_of_a_gate_run_there_each_with_its_own_code(user: User, named: tuple[str, ...]) -> None:
    done = user.run("gate", "--base", "main", *named, script=ROOT / "tests" / "support" / "look_only.py")
    assert NOTE in done.stderr
    seen: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    assert seen["failed"] == {}
    base, head = (Path(seen[side]["shop"]).resolve() for side in ("base", "head"))
    assert head == (user.project / "shop.py").resolve()
    assert base.is_relative_to((user.tool.parent / "cache" / "refs").resolve())


def test_the_environment_that_is_activated_or_named_is_used_instead(user: User, tmp_path: Path) -> None:
    other = tmp_path / "other"
    venv.create(other, symlinks=True, with_pip=False)
    (site(other) / "tea_shelf.py").write_text(SHELF)
    words = ("try", "shop:order", "--args", '["oolong"]', "-n", 4, "-c", 2, "--forks", 1, "-r", "sync")
    for number, (extra, more) in enumerate((({"VIRTUAL_ENV": str(other)}, ()), ({}, ("--python", other)))):
        user.extra = dict(extra)
        done = user.run(*words, *more, "-o", tmp_path / f"{number}.jsonl")
        assert f"note: workers run in other, CPython {VERSION}" in done.stderr


def test_a_broken_environment_is_one_line_with_the_cure(user: User, tmp_path: Path) -> None:
    broken = tmp_path / "broken"
    (broken / "bin").mkdir(parents=True)
    (broken / "bin" / "python").symlink_to("/no/such/python")
    user.extra = {"VIRTUAL_ENV": str(broken)}
    done = user.run("try", "shop:order", "--args", '["oolong"]', code=2)
    assert done.stderr == (
        "when-async: broken is broken: its Python does not run; make it anew, or name another with --python\n"
    )
