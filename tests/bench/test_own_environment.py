"""Which environment is a project's own, and what is said where no worker can run in it."""

from __future__ import annotations

import json
import os
import sys
import venv
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from when_async.bench.cli.own.where import Where
from when_async.bench.environments import own as belonging
from when_async.bench.environments.interpreters import Completed, NoInterpreter
from when_async.bench.environments.own import Own, at, is_place, own, taken
from when_async.bench.model import Environment
from when_async.bench.registry import RegistryError


def playing(version: str = "3.14.2", implementation: str = "cpython", free_threaded: bool = False) -> belonging.Run:
    """Every interpreter is this one."""

    def run(command: Sequence[str], environ: Mapping[str, str]) -> Completed:
        told = {
            "executable": "/real/python", "implementation": implementation, "version": version,
            "free_threaded": free_threaded,
        }  # fmt: skip
        return Completed(0, json.dumps(told), "")

    return run


def made(folder: Path) -> Path:
    """What looks like a virtual environment."""
    (folder / "bin").mkdir(parents=True)
    (folder / "pyvenv.cfg").write_text("home = /usr/bin\n")
    (folder / "bin" / "python").symlink_to(sys.executable)
    return folder


def found(environ: Mapping[str, str] | None = None, run: belonging.Run | None = None) -> Own | None:
    return own(run or playing(), environ or {})


@pytest.fixture(autouse=True)
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "shop"
    folder.mkdir()
    (folder / "pyproject.toml").touch()
    monkeypatch.chdir(folder)
    monkeypatch.delenv("VIRTUAL_ENV", raising=False)
    return folder


def test_it_is_the_one_beside_the_projects_file_and_said_without_a_path_of_this_machine(project: Path) -> None:
    made(project / ".venv")
    there = found()
    assert there is not None
    assert there.note == "workers run in .venv, CPython 3.14.2"
    assert there.python == str(project / ".venv" / "bin" / "python")


def test_from_a_folder_below_it_is_found_too(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made(project / ".venv")
    (project / "src" / "shop").mkdir(parents=True)
    monkeypatch.chdir(project / "src" / "shop")
    there = found()
    assert there is not None
    assert there.shown == "../../.venv"


def test_a_member_of_a_workspace_has_that_of_the_top_of_the_repository(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made(project / ".venv")
    (project / ".git").mkdir()
    (project / "packages" / "tea").mkdir(parents=True)
    (project / "packages" / "tea" / "pyproject.toml").touch()
    monkeypatch.chdir(project / "packages" / "tea")
    there = found()
    assert there is not None
    assert there.shown == "../../.venv"


def test_one_above_the_project_is_none_of_its_own(project: Path) -> None:
    made(project.parent / ".venv")
    assert found() is None


def test_the_one_that_is_activated_comes_first(project: Path) -> None:
    made(project / ".venv")
    made(project.parent / "others" / "tea")
    there = found({"VIRTUAL_ENV": str(project.parent / "others" / "tea")})
    assert there is not None
    assert there.shown == "tea"


def test_one_of_another_project_is_called_with_its_folder(project: Path) -> None:
    made(project.parent / "tea" / ".venv")
    there = found({"VIRTUAL_ENV": str(project.parent / "tea" / ".venv")})
    assert there is not None
    assert there.shown == "tea/.venv"


def test_a_free_threaded_one_says_so(project: Path) -> None:
    made(project / ".venv")
    there = found(run=playing("3.13.5", free_threaded=True))
    assert there is not None
    assert there.note == "workers run in .venv, CPython 3.13.5t"


def test_where_we_run_inside_it_there_is_none_to_speak_of(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made(project / ".venv")
    monkeypatch.setattr(sys, "prefix", str(project / ".venv"))
    monkeypatch.setattr(sys, "base_prefix", "/usr")
    assert found() is None
    assert at(".venv") is None
    assert at(".venv/bin/python") is None


def test_a_link_to_the_folder_that_we_run_in_is_that_folder(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made(project.parent / "real")
    (project / ".venv").symlink_to(project.parent / "real")
    monkeypatch.setattr(sys, "prefix", str(project.parent / "real"))
    monkeypatch.setattr(sys, "base_prefix", "/usr")
    assert found() is None


@pytest.mark.parametrize(
    ("run", "words"),
    [
        (playing("3.9.18"), ".venv is of CPython 3.9.18, and workers need CPython 3.11 or newer; make it anew"),
        (playing("3.11.13", "pypy"), ".venv is of PyPy 3.11.13, and workers need CPython 3.11 or newer; make it anew"),
        (lambda command, environ: Completed(127, "", "no"), ".venv is broken: its Python does not run; make it anew"),
    ],
    ids=["old", "another implementation", "broken"],
)
def test_one_in_which_no_worker_can_run_is_refused_with_the_cure(project: Path, run: belonging.Run, words: str) -> None:
    made(project / ".venv")
    with pytest.raises(NoInterpreter) as refused:
        found(run=run)
    assert str(refused.value).startswith(words)
    assert str(refused.value).endswith("or name another with --python")
    assert str(project) not in str(refused.value)
    assert refused.value.exit_code == 2


def test_one_whose_interpreter_has_gone_is_broken(project: Path) -> None:
    made(project / ".venv")
    (project / ".venv" / "bin" / "python").unlink()
    (project / ".venv" / "bin" / "python").symlink_to("/no/such/python")
    with pytest.raises(NoInterpreter, match=r"^\.venv is broken"):
        own(environ={})


def test_a_variable_that_names_nothing_is_told(project: Path) -> None:
    with pytest.raises(NoInterpreter, match="VIRTUAL_ENV names gone/tea, which is not there; activate another"):
        found({"VIRTUAL_ENV": str(project / "gone" / "tea")})


@pytest.mark.parametrize(
    ("name", "words"),
    [("./gone", "there is no gone; give"), (".", r"\. is no virtual environment: it has no bin/python; give")],
)
def test_a_path_without_an_interpreter_says_what_to_give(name: str, words: str) -> None:
    with pytest.raises(NoInterpreter, match=words):
        at(name)


def test_a_version_is_no_path_and_a_folder_is_one(project: Path) -> None:
    made(project / "env")
    assert [is_place(name) for name in ("3.14", "pypy3.11", "env", "./env", "/usr/bin/python3")] == [
        False, False, True, True, True,
    ]  # fmt: skip


@pytest.fixture
def real(project: Path) -> Path:
    """A virtual environment that runs, without a package."""
    venv.create(project / ".venv", symlinks=True, with_pip=False)
    return project / ".venv"


@pytest.mark.usefixtures("cache")
def test_it_is_taken_as_it_is_and_says_what_it_lacks_and_where(real: Path) -> None:
    there = own(environ={})
    assert there is not None
    before = sorted(path.name for path in real.rglob("*"))
    asked = taken(there, ["uvloop", "json", "no_such_module"])
    assert asked.executable == str(real / "bin" / "python")
    assert asked.modules == {"uvloop": None, "json": "stdlib", "no_such_module": None}
    assert asked.reasons["uvloop"].startswith("uvloop is not installed in .venv, where workers run; install uvloop")
    assert asked.reasons["no_such_module"].endswith("install no_such_module there")
    assert sorted(path.name for path in real.rglob("*")) == before


@pytest.mark.usefixtures("cache")
def test_where_workers_run_is_told_once(real: Path) -> None:
    said: list[str] = []
    where = Where(["./.venv"])
    for _ in range(2):
        (environment,) = where.environments(["json"], said.append)
        assert isinstance(environment, Environment)
    version = ".".join(map(str, sys.version_info[:3]))
    assert [line.removesuffix("t") for line in said] == [f"note: workers run in .venv, CPython {version}"]


@pytest.mark.usefixtures("cache")
def test_two_of_one_version_have_labels_of_their_own(real: Path, project: Path) -> None:
    venv.create(project / "other", symlinks=True, with_pip=False)
    found = Where([".venv", "other"]).environments(["json"], lambda text: None)
    assert len({environment.label for environment in found}) == 2


def test_nothing_is_installed_into_what_is_named_by_its_path(real: Path) -> None:
    with pytest.raises(RegistryError, match=r"--with installs into .* and \./\.venv is taken as it is"):
        Where(["./.venv"], ["uvloop==0.22.*"]).environments(["json"], lambda text: None)


def test_without_a_project_there_is_no_environment_of_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "empty").mkdir()
    monkeypatch.chdir(tmp_path / "empty")
    assert found() is None
    assert os.listdir() == []
