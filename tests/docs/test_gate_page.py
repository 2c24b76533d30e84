"""The gate in continuous integration: the action, the workflows and the page that explains them agree."""

from __future__ import annotations

import asyncio
import re
from pathlib import Path
from typing import Any

import pytest

yaml = pytest.importorskip("yaml", reason="PyYAML is not installed; run: pip install 'when-async[test]'")

ROOT = Path(__file__).parents[2]
ACTION = ROOT / ".github" / "actions" / "gate" / "action.yml"
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
PAGE = ROOT / "docs" / "gate-your-own.md"
USES = re.compile(r"(?:\./|[\w.-]+/)[\w./-]+(?:@(?:v\d+|[0-9a-f]{40}))?")


def read(path: Path) -> Any:
    return yaml.safe_load(path.read_text(encoding="utf-8"))


def triggers(workflow: Any) -> Any:
    """YAML 1.1, which PyYAML reads, takes the key `on` for the truth value."""
    return workflow.get("on", workflow.get(True))


def steps(path: Path) -> list[dict[str, Any]]:
    found = read(path)
    jobs = found["jobs"].values() if "jobs" in found else [found["runs"]]
    return [step for job in jobs for step in job.get("steps", [])]


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
    table = re.search(r"^\| input \|.*?\n\n", page, re.MULTILINE | re.DOTALL)
    assert table
    assert set(re.findall(r"`([\w-]+)`", re.sub(r"(?m)(?<=\|)[^|]*\|$", "", table[0]))) == named


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
