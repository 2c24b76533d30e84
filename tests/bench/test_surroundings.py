"""What a worker is started with: the cache, the source tree, the environment variables and options."""

from __future__ import annotations

import errno
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from when_async.bench.environments import provision as environment
from when_async.bench.environments.interpreters import NoEnvironment
from when_async.bench.environments.provision import child_environ
from when_async.bench.environments.trees import source_tree


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("WHEN_ASYNC_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


def test_the_cache_is_where_the_user_says(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    assert environment.cache_folder() == tmp_path / "cache"
    monkeypatch.delenv("WHEN_ASYNC_CACHE")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "xdg"))
    assert environment.cache_folder() == tmp_path / "xdg" / "when-async"
    monkeypatch.setenv("XDG_CACHE_HOME", "relative")
    assert environment.cache_folder() == Path.home() / ".cache" / "when-async"


def test_the_source_tree_holds_our_two_sealed_packages_and_nothing_else() -> None:
    tree = source_tree()
    assert [path.name for path in tree.iterdir()] == ["when_async"]
    assert sorted(path.name for path in (tree / "when_async").iterdir()) == ["__init__.py", "bench", "workloads"]
    assert (tree / "when_async" / "bench" / "worker" / "attest.py").is_file()
    assert source_tree() == tree


def test_only_the_sealed_packages_can_be_imported_from_the_source_tree() -> None:
    code = (
        "import importlib.util as u, when_async.bench.model, when_async.workloads.sleep; "
        "print([u.find_spec(n) for n in "
        "('when_async.results', 'when_async.reports', 'bench', 'workloads', 'results', 'reports')])"
    )
    done = subprocess.run(
        [sys.executable, "-P", "-S", "-c", code], env=child_environ(), capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == str([None] * 6)


def test_a_damaged_source_tree_is_made_anew_and_no_scratch_is_left() -> None:
    tree = source_tree()
    (tree / "when_async" / "workloads").unlink()
    assert (source_tree() / "when_async" / "workloads").is_dir()
    assert [path.name for path in tree.parent.iterdir()] == [tree.name]


def test_where_links_cannot_be_made_another_cache_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*args: object, **options: object) -> None:
        raise OSError(errno.EPERM, os.strerror(errno.EPERM))

    monkeypatch.setattr(Path, "symlink_to", refuse)
    with pytest.raises(NoEnvironment, match=r"\(Operation not permitted\); set WHEN_ASYNC_CACHE to a folder that can"):
        source_tree()


def test_a_tree_that_another_run_made_meanwhile_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    rename = os.rename

    def beaten(source: str, target: str) -> None:
        shutil.copytree(source, target, symlinks=True)
        rename(source, target)

    monkeypatch.setattr(os, "rename", beaten)
    assert (source_tree() / "when_async" / "bench" / "model" / "__init__.py").is_file()


def test_a_worker_keeps_the_switches_and_loses_what_would_mislead_it(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("PYTHON_GIL", "PYTHONHASHSEED", "PYTHONHOME", "VIRTUAL_ENV", "PYTHONDONTWRITEBYTECODE", "PYTHONPATH"):
        monkeypatch.setenv(name, "1")
    found = child_environ()
    assert (found["PYTHON_GIL"], found["PYTHONHASHSEED"]) == ("1", "1")
    assert not {"PYTHONHOME", "VIRTUAL_ENV", "PYTHONDONTWRITEBYTECODE"} & set(found)
    assert found["PYTHONPATH"].partition(os.pathsep)[0] == str(source_tree())


def test_a_worker_imports_what_python_would_and_ours_before_that(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Entries are made absolute, for a worker starts in another folder; an empty one is the current folder."""
    monkeypatch.chdir(tmp_path)
    for given, entries in (("../lib:/opt/mine:../lib", ["../lib", "/opt/mine"]), (":lib", [".", "lib"]), ("", [])):
        monkeypatch.setenv("PYTHONPATH", given)
        expected = [str(source_tree()), *(os.path.normpath(tmp_path / each) for each in entries)]
        assert child_environ()["PYTHONPATH"].split(os.pathsep) == expected


def test_the_options_of_this_interpreter_are_handed_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "_xoptions", {"gil": "0", "dev": True})
    assert environment.interpreter_options() == ["-X", "gil=0", "-X", "dev"]
