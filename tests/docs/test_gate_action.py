"""What the scripts of the action do, with a gate and a pip that only write down how they were called."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

yaml = pytest.importorskip("yaml", reason="PyYAML is not installed; run: pip install 'when-async[test]'")

ACTION = Path(__file__).parents[2] / ".github" / "actions" / "gate" / "action.yml"
HANG_S = 60


def script(name: str) -> str:
    steps = yaml.safe_load(ACTION.read_text(encoding="utf-8"))["runs"]["steps"]
    (found,) = [step["run"] for step in steps if step["name"] == name]
    return str(found)


def run_script(name: str, folder: Path, **variables: str) -> tuple[int, dict[str, str]]:
    """Run one step of the action in `folder` as GitHub does; its exit code and outputs."""
    output = folder / "output"
    output.write_text("")
    given = {"GITHUB_OUTPUT": str(output), "RUNNER_TEMP": str(folder), "GITHUB_ACTION_PATH": str(ACTION.parent)}
    environ = {**os.environ, **given, **variables}
    command = ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", script(name)]
    done = subprocess.run(command, cwd=folder, env=environ, capture_output=True, text=True, timeout=HANG_S)
    pairs = [line.split("=", 1) for line in output.read_text().splitlines()]
    output.unlink()
    return done.returncode, dict(pairs)


def called(folder: Path, code: int = 0, **variables: str) -> tuple[int, dict[str, str], list[str]]:
    """Run the gate's step; exit code, outputs, and the arguments that the gate got except for `--output`."""
    programs = folder / "programs"
    programs.mkdir(exist_ok=True)
    fake = programs / "when-async"
    told = shlex.quote(str(folder / "arguments"))
    fake.write_text(f"#!/bin/sh\nprintf '%s\\n' \"$@\" > {told}\nexit {code}\n")
    fake.chmod(0o755)
    names = ("BASE", "WORKLOADS", "RUNNERS", "MARGIN", "BUDGET", "ALLOW_UNDECIDED", "ALLOW_NEW", "ARGS")
    blank = {"HEAD": ".", **dict.fromkeys(names, "")}
    path = f"{programs}{os.pathsep}{os.environ['PATH']}"
    status, outputs = run_script("Run the gate", folder, **{**blank, **variables, "PATH": path})
    arguments = (folder / "arguments").read_text().splitlines()
    return status, outputs, [each for each in arguments if not each.startswith("--output=")]


def test_without_inputs_the_action_leaves_everything_to_pyproject(tmp_path: Path) -> None:
    status, outputs, arguments = called(tmp_path)
    assert (status, arguments) == (0, ["gate", "--head=."])
    assert outputs["exit-code"] == "0"
    assert Path(outputs["report"]).is_dir()


def test_the_action_hands_inputs_over_word_by_word(tmp_path: Path) -> None:
    _, _, arguments = called(
        tmp_path, BASE="abc", WORKLOADS="benchmarks/a b.py\n\n# of old\nsleep[wait=1ms,n=100,c=10]\n",
        RUNNERS="asyncio\nsync", MARGIN="5%", BUDGET="2m", ALLOW_UNDECIDED="true", ALLOW_NEW="true",
        ARGS=" --thorough  --seed 1 ",
    )  # fmt: skip
    assert arguments[2:] == [
        "--base=abc", "--margin=5%", "--budget=2m", "--allow-undecided", "--allow-new",
        "--workload=benchmarks/a b.py", "--workload=sleep[wait=1ms,n=100,c=10]", "--runner=asyncio", "--runner=sync",
        "--thorough", "--seed", "1",
    ]  # fmt: skip


def test_the_action_runs_nothing_that_an_input_holds(tmp_path: Path) -> None:
    evil = "$(touch caught); touch caught; `touch caught`; *"
    names = ("BASE", "HEAD", "WORKLOADS", "RUNNERS", "MARGIN", "BUDGET", "ARGS")
    _, _, arguments = called(tmp_path, **dict.fromkeys(names, evil))
    assert f"--workload={evil}" in arguments
    assert arguments[-7:] == evil.split()
    run_script("Fetch the base", tmp_path, BASE=evil)
    installed(tmp_path, evil, evil)
    assert not (tmp_path / "caught").exists()


def installed(folder: Path, requirements: str, install: str) -> list[str]:
    """What the action would have pip install, where a `python -m pip` only writes that down."""
    told, programs = folder / "told", folder / "programs"
    programs.mkdir(exist_ok=True)
    fake = programs / "python"
    text = f"""if [ "$1" != -m ]; then exec {shlex.quote(sys.executable)} "$@"; fi"""
    fake.write_text(f"#!/bin/sh\n{text}\nprintf '%s\\n' \"$@\" > {shlex.quote(str(told))}\n")
    fake.chmod(0o755)
    path = f"{programs}{os.pathsep}{os.environ['PATH']}"
    assert run_script("Install when-async", folder, REQUIREMENTS=requirements, INSTALL=install, PATH=path)[0] == 0
    return told.read_text().splitlines()[5:]


LINES = """
--seed 1   # drawn once
# --no-controls

--metric "a b" \\
'it''s' git+https://host/name#egg=name
"""
"""What a workflow may give over several lines, as `args: |` has it."""
WORDS = ["--seed", "1", "--metric", "a b", "its", "git+https://host/name#egg=name"]


def test_inputs_over_several_lines_count_whole_with_quotes_and_without_comments(tmp_path: Path) -> None:
    ours = f"{ACTION.parent}/../../.."
    assert called(tmp_path, ARGS=LINES)[2] == ["gate", "--head=.", *WORDS]
    assert installed(tmp_path, "-e .\n-r more.txt\n", LINES) == ["-e", ".", "-r", "more.txt", *WORDS]
    assert installed(tmp_path, LINES, "# from here\n") == [*WORDS, ours]
    assert installed(tmp_path, "", "") == [ours]


def test_a_quote_that_is_not_closed_is_one_line_and_no_gate(tmp_path: Path) -> None:
    words = [sys.executable, str(ACTION.with_name("words.py")), "args"]
    done = subprocess.run(words, input="--seed '1", capture_output=True, text=True, timeout=HANG_S)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == "::error::the input args has a quote or a backslash too many; quote it as in a shell\n"
    status, outputs = run_script("Run the gate", tmp_path, HEAD=".", ARGS="--seed '1")
    assert status == 2
    assert "exit-code" not in outputs


@pytest.mark.parametrize("code", [1, 2, 3, 4])
def test_the_action_fails_with_the_exit_code_of_the_gate_and_tells_it(tmp_path: Path, code: int) -> None:
    status, outputs, _ = called(tmp_path, code=code)
    assert (status, outputs["exit-code"]) == (code, str(code))


def git(folder: Path, *arguments: str) -> str:
    identity = ("-c", "user.name=A", "-c", "user.email=a@example.org", "-c", "init.defaultBranch=main")
    return subprocess.run(
        ["git", "-C", str(folder), *identity, *arguments], check=True, capture_output=True, text=True, timeout=HANG_S
    ).stdout.strip()


@pytest.fixture
def shallow(tmp_path: Path) -> tuple[Path, str]:
    """A clone of one commit, as a checkout in CI, and the hash of the commit before it, which is `base` there."""
    origin, clone = tmp_path / "origin", tmp_path / "clone"
    origin.mkdir()
    git(origin, "init")
    git(origin, "commit", "--allow-empty", "-m", "first")
    git(origin, "branch", "base")
    git(origin, "commit", "--allow-empty", "-m", "second")
    git(origin, "config", "uploadpack.allowAnySHA1InWant", "true")
    git(tmp_path, "clone", "--depth=1", f"file://{origin}", str(clone))
    return clone, git(origin, "rev-parse", "base")


@pytest.mark.parametrize("name", ["", "base", "origin/base"])
def test_the_action_fetches_a_base_that_a_shallow_clone_does_not_have(shallow: tuple[Path, str], name: str) -> None:
    clone, commit = shallow
    status, outputs = run_script("Fetch the base", clone, BASE=name or commit)
    assert (status, outputs) == (0, {"ref": commit})
    assert git(clone, "cat-file", "-t", commit) == "commit"
    assert git(clone, "rev-parse", "--is-shallow-repository") == "true"


def test_a_folder_that_is_called_like_the_base_does_not_keep_it_from_being_fetched(shallow: tuple[Path, str]) -> None:
    clone, commit = shallow
    (clone / "base").mkdir()
    assert run_script("Fetch the base", clone, BASE="base") == (0, {"ref": commit})
    for folder in ("./base", str(clone / "base")):
        assert run_script("Fetch the base", clone, BASE=folder) == (0, {"ref": folder})


def test_the_action_takes_a_base_that_is_there_as_it_is(shallow: tuple[Path, str]) -> None:
    clone, _ = shallow
    for name in ("HEAD", ".", ""):
        assert run_script("Fetch the base", clone, BASE=name) == (0, {"ref": name})


def test_a_base_that_cannot_be_fetched_is_left_for_the_gate_to_explain(shallow: tuple[Path, str]) -> None:
    clone, _ = shallow
    assert run_script("Fetch the base", clone, BASE="nowhere") == (0, {"ref": "nowhere"})
    assert run_script("Fetch the base", clone, BASE="--upload-pack=x") == (0, {"ref": "--upload-pack=x"})
