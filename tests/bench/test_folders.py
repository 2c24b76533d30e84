"""Data go to .when-async/ of the working folder, and to where a project says otherwise."""

from __future__ import annotations

from pathlib import Path

import pytest

from when_async.bench.cli import folders
from when_async.bench.model import WhenAsyncError


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / ".git").mkdir()
    return tmp_path


def setting(folder: Path, text: str) -> None:
    folder.mkdir(exist_ok=True)
    (folder / "pyproject.toml").write_text(text, encoding="utf-8")


def test_without_a_setting_the_working_folder_has_them() -> None:
    assert folders.runs() == Path(".when-async/runs")
    assert folders.pages() == Path(".when-async/pages")
    assert folders.accepted() == Path(".when-async/accepted.json")


def test_the_nearest_project_says_where_they_are_kept(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    setting(here, '[tool.when-async]\nruns = "data/runs"\n')
    (here / "deep" / "er").mkdir(parents=True)
    assert folders.runs() == Path("data/runs")
    monkeypatch.chdir(here / "deep" / "er")
    assert folders.runs() == Path("../../data/runs")
    assert folders.pages() == Path(".when-async/pages")


def test_a_project_beyond_the_repository_has_no_say(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    setting(here, '[tool.when-async]\nruns = "data"\n')
    (here / "inner" / ".git").mkdir(parents=True)
    monkeypatch.chdir(here / "inner")
    assert folders.runs() == Path(".when-async/runs")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[tool.when-async]\nrun = 'x'", "is not a setting; did you mean runs"),
        ("[tool.when-async]\nruns = 3", "runs of [tool.when-async] in pyproject.toml must be a path in quotes, not 3"),
        ("[tool.when-async]\nruns = ''", "must be a path in quotes"),
        ("[tool]\nwhen-async = 3", "[tool.when-async] in pyproject.toml must be a table"),
        ("[", "pyproject.toml cannot be read"),
    ],
)
def test_a_setting_that_makes_no_sense_is_told(here: Path, text: str, said: str) -> None:
    setting(here, text)
    with pytest.raises(WhenAsyncError) as refused:
        folders.runs()
    assert said in str(refused.value)
    assert refused.value.exit_code == 2


def test_the_gates_settings_beside_them_are_no_error(here: Path) -> None:
    setting(here, "[tool.when-async.gate]\nmargin = '3%'\n")
    assert folders.runs() == Path(".when-async/runs")


def test_regressions_accepted_where_they_were_kept_before_are_still_found(here: Path) -> None:
    old = here / "results" / "baseline" / "accepted.json"
    old.parent.mkdir(parents=True)
    old.touch()
    assert folders.accepted() == Path("results/baseline/accepted.json")
    assert folders.accepted(here) == old
    (here / ".when-async").mkdir()
    (here / ".when-async" / "accepted.json").touch()
    assert folders.accepted() == Path(".when-async/accepted.json")


def test_git_is_told_to_leave_recordings_and_to_keep_what_was_accepted(here: Path) -> None:
    assert folders.kept(folders.runs()) == folders.runs()
    said = (here / ".when-async" / ".gitignore").read_text()
    assert "/runs/" in said
    assert "/pages/" in said
    assert "accepted" not in said.replace("what was accepted", "")


def test_the_newest_run_and_gate_are_found(here: Path) -> None:
    import os

    assert folders.latest_run() is None
    assert folders.latest_gate() is None
    for number, name in enumerate(("b.jsonl", "a.jsonl", "gate-2/gate.json", "gate-1/gate.json")):
        path = here / folders.runs() / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
        os.utime(path, (number, number))
    assert folders.latest_run() == folders.runs() / "a.jsonl"
    assert folders.latest_gate() == folders.runs() / "gate-1"
