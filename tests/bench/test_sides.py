"""One side of a gate or comparison: interpreter, pins and source tree become an environment; uv is played by a fake."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path
from typing import Any

import pytest

from support.fake_uv import BAD_BUILD, NO_VERSION, Uv
from support.repositories import IDENTITY, Repository, needs_git
from when_async.bench.environments import sides
from when_async.bench.environments.interpreters import BuildFailed, NoInterpreter, Unresolvable
from when_async.bench.environments.pins import PinError
from when_async.bench.environments.sides import Asked, distribution, export_both, make_both, make_side
from when_async.bench.environments.sources import SourceError, export, python_path
from when_async.bench.environments.trees import source_tree
from when_async.bench.model import Environment

pytestmark = needs_git

REQUIREMENTS = {"aiohttp": "aiohttp>=3.13", "uvloop": "uvloop>=0.22"}
BASE = Path(getattr(sys, "_base_executable", sys.executable)).name


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("WHEN_ASYNC_CACHE", str(tmp_path / "cache"))
    for name, value in IDENTITY.items():
        monkeypatch.setenv(name, value)
    monkeypatch.chdir(tmp_path)
    which = shutil.which
    monkeypatch.setattr(shutil, "which", lambda name: which(name) if name == "git" else None)
    return tmp_path / "cache"


@pytest.fixture
def mine(tmp_path: Path) -> Repository:
    repository = Repository(tmp_path / "mine")
    repository.commit({"mine.py": "", "pyproject.toml": '[project]\nname = "mine-project"\nversion = "1"\n'})
    return repository


def side(uv: Uv | None = None, ref: str | None = None, repository: Path | None = None, **options: Any) -> Environment:
    plain: dict[str, Any] = {"label": "base", "modules": ["uvloop"], "requirements": REQUIREMENTS}
    if ref is not None and repository is not None:
        plain["source"] = export(ref, repository=repository)
    return make_side(**plain, progress=lambda text: None, **options, **({"run": uv} if uv else {}))


def test_with_nothing_asked_for_it_is_the_running_environment_under_another_label() -> None:
    found = side()
    assert (found.label, found.executable, found.default) == ("base", sys.executable, True)
    assert (found.pins, found.source, found.path) == ((), "", ())


def test_a_ref_alone_is_the_running_environment_with_another_path(mine: Repository) -> None:
    found = side(ref="main", repository=mine.folder)
    source = export("main", repository=mine.folder)
    assert found.executable == sys.executable
    assert found.source == mine.git("rev-parse", "HEAD")[:12]
    assert found.path == tuple(map(str, python_path(source)))


def test_the_working_folder_says_which_repository_is_meant(mine: Repository, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(mine.folder)
    assert export_both(Asked("main"), Asked(python="3.13")) == (export("main", repository=mine.folder), None)


@pytest.mark.parametrize(
    ("asked", "install", "apart"),
    [
        ((Asked("main"), Asked(".")), False, False),
        ((Asked("main", ("uvloop==0.22.*",)), Asked("main")), False, True),
        ((Asked(python="3.13"), Asked()), False, True),
        ((Asked("main"), Asked(".")), True, True),
    ],
)
def test_where_one_side_needs_an_environment_of_its_own_the_other_gets_one_too(
    mine: Repository, monkeypatch: pytest.MonkeyPatch, asked: tuple[Asked, Asked], install: bool, apart: bool
) -> None:
    monkeypatch.chdir(mine.folder)
    monkeypatch.setattr(sides, "make_side", lambda **options: options["separate"])
    made = make_both(
        asked, export_both(*asked), ("base", "head"), modules=[], requirements={}, progress=print, install=install
    )
    assert made.environments == (apart, apart)
    assert list(made.sources) == [label for label, side in zip(("base", "head"), asked, strict=True) if side.ref]


def test_pins_make_an_environment_for_the_running_interpreter_or_the_one_asked_for() -> None:
    uv = Uv({BASE: ("3.11.7", False), "3.13": ("3.13.5", False)})
    assert side(uv, pins=["uvloop==0.22.*"]).version == "3.11.7"
    found = side(uv, pins=["uvloop==0.22.*"], python="3.13")
    assert (found.label, found.version, found.pins) == ("base", "3.13.5", ("uvloop==0.22.*",))
    assert found.modules["uvloop"] == "0.22.9"


def test_a_side_without_pins_can_be_made_alike() -> None:
    uv = Uv({BASE: ("3.11.7", False)})
    found = side(uv, separate=True)
    assert (found.default, found.pins, found.modules["uvloop"]) == (False, (), "1.0")


def test_pins_and_a_ref_go_together(mine: Repository) -> None:
    found = side(Uv(), python="3.13", pins=["uvloop==0.22.*"], ref="main", repository=mine.folder)
    assert (found.pins, found.source) == (("uvloop==0.22.*",), mine.git("rev-parse", "HEAD")[:12])
    assert found.path[-1].endswith(found.source)


def test_an_installed_tree_is_not_imported_from_its_folder(mine: Repository) -> None:
    uv = Uv()
    found = side(uv, python="3.13", ref="main", install=True, repository=mine.folder)
    assert found.path == (str(source_tree()),)
    root = export("main", repository=mine.folder).root
    assert uv.installs == [[str(root), "aiohttp>=3.13", "uvloop>=0.22"]]
    assert any("mine-project" in call for call in uv.calls), "only the tree itself may be built"


def test_each_commit_is_installed_into_an_environment_of_its_own(mine: Repository) -> None:
    uv = Uv()
    first = side(uv, python="3.13", ref="main", install=True, repository=mine.folder)
    assert first == side(uv, python="3.13", ref="HEAD", install=True, repository=mine.folder)
    mine.commit({"mine.py": "1"})
    second = side(uv, python="3.13", ref="main", install=True, repository=mine.folder)
    assert first.executable != second.executable
    assert len(uv.installs) == 2


def test_what_cannot_be_meant_and_what_cannot_be_made_are_different_errors(mine: Repository) -> None:
    missing = Uv(trouble={"uvloop": NO_VERSION.format("uvloop==99")})
    root = export("main", repository=mine.folder).root
    wrong: list[tuple[type[Exception], Uv, dict[str, Any]]] = [
        (PinError, Uv(), {"pins": ["uvloop=="]}),
        (SourceError, Uv(), {"ref": "--option"}),
        (NoInterpreter, Uv(), {"python": "3.10"}),
        (Unresolvable, missing, {"python": "3.13", "pins": ["uvloop==99"]}),
        (Unresolvable, Uv(), {"install": True}),
    ]
    broken: list[tuple[Uv, dict[str, Any]]] = [
        (Uv(offline=True), {"python": "3.13", "pins": ["uvloop==0.22"]}),
        (Uv(trouble={root.name: BAD_BUILD}), {"python": "3.13", "ref": "main", "install": True}),
        (Uv(probe_error="boom"), {"python": "3.13", "separate": True}),
    ]
    for kind, uv, options in wrong:
        with pytest.raises(kind) as error:
            side(uv, repository=mine.folder, **options)
        assert not isinstance(error.value, BuildFailed)
    for uv, options in broken:
        with pytest.raises(BuildFailed):
            side(uv, repository=mine.folder, **options)


def test_a_tree_that_is_no_project_cannot_be_installed(tmp_path: Path) -> None:
    repository = Repository(tmp_path / "plain")
    repository.commit({"plain.py": ""})
    with pytest.raises(
        Unresolvable, match=r"^main has neither pyproject\.toml nor setup\.py, so it cannot be installed$"
    ):
        side(Uv(), python="3.13", ref="main", install=True, repository=repository.folder)


def test_the_name_of_a_project_is_read_where_it_is_written(tmp_path: Path) -> None:
    assert distribution(tmp_path) is None
    for text, name in (("[", None), ("[project]", None), ("project = 3", None), ('[project]\nname = "a"', "a")):
        (tmp_path / "pyproject.toml").write_text(text)
        assert distribution(tmp_path) == name


def test_our_own_tree_is_measured_by_its_own_workers_even_when_it_is_installed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    repository = Repository(tmp_path / "ours")
    names = (
        "bench/__init__.py", "bench/worker/__main__.py", "workloads/__init__.py", "src/when_async/__init__.py",
        "pyproject.toml",
    )  # fmt: skip
    repository.commit(dict.fromkeys(names, ""))
    source = export("main", repository=repository.folder)
    found = side(Uv(), python="3.13", source=source, install=True)
    assert found.path == tuple(map(str, python_path(source)))
    assert sides.is_ours(source.path)
