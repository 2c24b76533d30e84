"""The gate in continuous integration: the action, the workflows and the page that explains them agree."""

from __future__ import annotations

import asyncio
import os
import re
import shlex
import subprocess
from pathlib import Path
from typing import Any

import pytest

yaml = pytest.importorskip("yaml", reason="PyYAML is not installed; run: pip install 'when-async[test]'")

ROOT = Path(__file__).parents[2]
ACTION = ROOT / ".github" / "actions" / "gate" / "action.yml"
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
PAGE = ROOT / "docs" / "gate-your-own.md"
USES = re.compile(r"(?:\./|[\w.-]+/)[\w./-]+(?:@(?:v\d+|[0-9a-f]{40}))?")
HANG_S = 60


def read(path: Path) -> Any:
    return yaml.safe_load(path.read_text(encoding="utf-8"))


def triggers(workflow: Any) -> Any:
    """YAML 1.1, which PyYAML reads, takes the key `on` for the truth value."""
    return workflow.get("on", workflow.get(True))


def steps(path: Path) -> list[dict[str, Any]]:
    found = read(path)
    jobs = found["jobs"].values() if "jobs" in found else [found["runs"]]
    return [step for job in jobs for step in job.get("steps", [])]


def script(name: str) -> str:
    (found,) = [step["run"] for step in steps(ACTION) if step["name"] == name]
    return str(found)


@pytest.mark.parametrize("path", [ACTION, *WORKFLOWS], ids=lambda path: path.name)
def test_no_script_has_an_expression_in_it_that_somebody_else_could_fill(path: Path) -> None:
    assert steps(path)
    assert [step["run"] for step in steps(path) if "${{" in step.get("run", "")] == []


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_a_workflow_may_only_read_except_for_the_job_that_comments(path: Path) -> None:
    workflow = read(path)
    assert workflow["permissions"] in ({}, {"contents": "read"})
    for name, job in workflow["jobs"].items():
        wanted = {key for key, value in job.get("permissions", {}).items() if value == "write"}
        allowed = {"pull-requests"} if name == "comment" or job.get("uses", "").endswith("/gate.yml") else set()
        assert wanted <= allowed, name


@pytest.mark.parametrize("path", [ACTION, *WORKFLOWS], ids=lambda path: path.name)
def test_every_action_of_others_is_pinned_to_a_major_version_or_a_commit(path: Path) -> None:
    found = read(path)
    used = [step["uses"] for step in steps(path) if "uses" in step]
    used += [job["uses"] for job in found.get("jobs", {}).values() if "uses" in job]
    for name in used:
        assert USES.fullmatch(name), name
        assert name.startswith("./") or "@" in name, name


def test_every_input_of_the_action_is_used_and_explained() -> None:
    text, page = ACTION.read_text(encoding="utf-8"), PAGE.read_text(encoding="utf-8")
    for name, described in read(ACTION)["inputs"].items():
        assert described["description"].strip(), name
        assert re.search(rf"inputs\.{re.escape(name)}(?![\w-])", text), f"{name} is not used"
        assert f"`{name}`" in page, f"{name} is not in {PAGE.name}"
    named = set(re.findall(r"inputs\.([\w-]+)", text))
    assert named == set(read(ACTION)["inputs"])


def test_the_workflow_passes_every_input_of_the_action_on() -> None:
    workflow, page = read(ROOT / ".github" / "workflows" / "gate.yml"), PAGE.read_text(encoding="utf-8")
    offered = triggers(workflow)["workflow_call"]["inputs"]
    (call,) = [step for step in workflow["jobs"]["gate"]["steps"] if "actions/gate" in step.get("uses", "")]
    for name, described in read(ACTION)["inputs"].items():
        assert call["with"][name] == f"${{{{ inputs.{name} }}}}"
        assert str(offered[name]["default"]).lower() == described["default"], f"{name} has another default"
    for name in offered:
        assert f"`{name}`" in page, f"{name} is not in {PAGE.name}"


def test_the_page_shows_workflows_that_are_valid_and_use_inputs_that_exist() -> None:
    shown = re.findall(r"^```yaml\n(.*?)^```", PAGE.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
    workflow = read(ROOT / ".github" / "workflows" / "gate.yml")
    known = {"gate": set(read(ACTION)["inputs"]), "gate.yml": set(triggers(workflow)["workflow_call"]["inputs"])}
    jobs = [job for text in shown for job in yaml.safe_load(text)["jobs"].values()]
    ours = [
        (str(one["uses"]).partition("@")[0].rpartition("/")[2], set(one.get("with", {})))
        for one in (*jobs, *(step for job in jobs for step in job.get("steps", [])))
        if "/when-async/" in one.get("uses", "")
    ]
    assert {name for name, _ in ours} == set(known), "one of them is not shown"
    assert [(name, given - known[name]) for name, given in ours if not given or given - known[name]] == []


def test_every_setting_that_the_page_shows_is_read(tmp_path: Path) -> None:
    from when_async.bench.gate.config import load

    path = tmp_path / "pyproject.toml"
    found = []
    for shown in re.findall(r"^```toml\n(.*?)^```", PAGE.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL):
        path.write_text(shown, encoding="utf-8")
        found.append(load(path))
    assert all(config.base for config in found)
    assert [bool(config.targets) for config in found] == [True, False]
    assert [bool(config.workloads and config.margins) for config in found] == [False, True]


def test_the_workload_that_the_page_shows_gives_the_answer_that_it_expects(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from when_async.bench.model import Workload
    from when_async.bench.registry import collect

    package, workload = re.findall(r"^```python\n(.*?)^```", PAGE.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
    (tmp_path / "shop.py").write_text(package, encoding="utf-8")
    (tmp_path / "benchmark.py").write_text(workload, encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    checkout = collect(str(tmp_path / "benchmark.py"), Workload)["checkout"].value
    (point,) = checkout.grid["smoke"]
    items = checkout.make_items(point.params, 1)

    async def in_a_loop() -> list[int]:
        op = await checkout.bodies["async"](None, point.params)
        return [await op(item) for item in items]

    blocking = checkout.bodies["blocking"](None, point.params)
    for results in ([blocking(item) for item in items], asyncio.run(in_a_loop())):
        assert checkout.check(point.params, items, results) == "20 totals"
    with pytest.raises(AssertionError):
        checkout.check(point.params, items, [0] * len(items))


# What the scripts of the action do, with a gate that only writes down how it was called.


def run_script(name: str, folder: Path, **variables: str) -> tuple[int, dict[str, str]]:
    """Run one step of the action in `folder` as GitHub does; its exit code and outputs."""
    output = folder / "output"
    output.write_text("")
    environ = {**os.environ, "GITHUB_OUTPUT": str(output), "RUNNER_TEMP": str(folder), **variables}
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
    names = ("BASE", "WORKLOADS", "RUNNERS", "MARGIN", "BUDGET", "FAIL_INCONCLUSIVE", "ARGS")
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
        tmp_path, BASE="abc", WORKLOADS="benchmarks/a b.py\n\nsleep[wait=1ms,n=100,c=10]\n", RUNNERS="asyncio\nsync",
        MARGIN="5%", BUDGET="2m", ALLOW_UNDECIDED="true", ARGS=" --thorough  --seed 1 ",
    )  # fmt: skip
    assert arguments[2:] == [
        "--base=abc", "--margin=5%", "--budget=2m", "--allow-undecided", "--workload=benchmarks/a b.py",
        "--workload=sleep[wait=1ms,n=100,c=10]", "--runner=asyncio", "--runner=sync", "--thorough", "--seed", "1",
    ]  # fmt: skip


def test_the_action_runs_nothing_that_an_input_holds(tmp_path: Path) -> None:
    evil = '$(touch caught); touch caught; `touch caught`; "'
    names = ("BASE", "HEAD", "WORKLOADS", "RUNNERS", "MARGIN", "BUDGET", "ARGS")
    _, _, arguments = called(tmp_path, **dict.fromkeys(names, evil))
    assert f"--workload={evil}" in arguments
    run_script("Fetch the base", tmp_path, BASE=evil)
    assert not (tmp_path / "caught").exists()


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


def test_the_action_takes_a_base_that_is_there_as_it_is(shallow: tuple[Path, str]) -> None:
    clone, _ = shallow
    for name in ("HEAD", ".", ""):
        assert run_script("Fetch the base", clone, BASE=name) == (0, {"ref": name})


def test_a_base_that_cannot_be_fetched_is_left_for_the_gate_to_explain(shallow: tuple[Path, str]) -> None:
    clone, _ = shallow
    assert run_script("Fetch the base", clone, BASE="nowhere") == (0, {"ref": "nowhere"})
    assert run_script("Fetch the base", clone, BASE="--upload-pack=x") == (0, {"ref": "--upload-pack=x"})
