"""What a process says about itself."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from when_async.bench.worker import attest

PROJECT = Path(__file__).resolve().parents[2] / "src"


def told(
    *options: str, modules: tuple[str, ...] = (), python: str = sys.executable, **variables: str
) -> dict[str, Any]:
    environ = {**os.environ, **variables, "PYTHONPATH": str(PROJECT)}
    command = [python, *options, "-P", "-m", "when_async.bench.worker.attest", *modules]
    done = subprocess.run(command, env=environ, capture_output=True, text=True, check=True)
    assert done.stdout.count("\n") == 1
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


def test_an_attestation_tells_the_truth_about_this_process() -> None:
    said = attest.attest()
    assert said["version"] == ".".join(map(str, sys.version_info[:3])) or sys.version_info.releaselevel != "final"
    assert said["implementation"] == "CPython" or sys.implementation.name != "cpython"
    assert said["switch_interval_s"] == sys.getswitchinterval()
    assert said["gc_enabled"] is True
    assert said["thread_count"] >= 1
    assert json.loads(json.dumps(said)) == said


def test_an_attestation_holds_no_path_of_the_machine() -> None:
    said = told(PYTHONPYCACHEPREFIX="/home/somebody/cache", LD_PRELOAD="")["attestation"]
    assert "/" not in json.dumps({**said, "version": ""})
    assert said["flags"]["PYTHONPATH"] == "set"
    assert said["flags"]["PYTHONPYCACHEPREFIX"] == "set"


def test_switches_set_outside_appear_in_the_attestation_t10() -> None:
    said = told(
        "-X", "dev", PYTHONHASHSEED="7", PYTHON_GIL="1", OMP_NUM_THREADS="3", UV_THREADPOOL_SIZE="5"
    )["attestation"]  # fmt: skip
    assert said["hash_seed"] == "7"
    assert said["flags"]["PYTHON_GIL"] == "1"
    assert said["flags"]["OMP_NUM_THREADS"] == "3"
    assert said["flags"]["UV_THREADPOOL_SIZE"] == "5"
    assert said["flags"]["-X dev"] is True


def test_a_hash_seed_that_nobody_set_is_random(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PYTHONHASHSEED", raising=False)
    assert attest.attest()["hash_seed"] == "random"


def test_a_secret_in_a_variable_named_like_pythons_own_stays_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHON_INDEX_TOKEN", "hunter2")
    assert attest.flags()["PYTHON_INDEX_TOKEN"] == "set"


def test_a_preloaded_library_keeps_its_base_name_only(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LD_PRELOAD", "/opt/x/libjemalloc.so.2:/opt/y/libfoo.so")
    assert attest.flags()["LD_PRELOAD"] == "libjemalloc.so.2 libfoo.so"


def test_the_gil_is_asked_of_the_interpreter_where_it_can_tell(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "_is_gil_enabled", lambda: False, raising=False)
    assert attest.gil_enabled() is False
    monkeypatch.delattr(sys, "_is_gil_enabled", raising=False)
    assert attest.gil_enabled() is True
    assert attest.gil_build() is True


def test_versions_tell_stdlib_installed_unknown_and_missing_apart() -> None:
    ours = "support.fakes"
    found = attest.versions(["http.client", "pytest", ours, "no_such_module", "no_such.child", "http.no_such"])
    assert found["http.client"] == "stdlib"
    assert found["pytest"] == pytest.__version__
    assert found["support.fakes"] == "unknown"
    assert [found[name] for name in ("no_such_module", "no_such.child", "http.no_such")] == [None, None, None]


def test_a_module_whose_parent_fails_to_import_is_missing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package = tmp_path / "broken_parent"
    package.mkdir()
    (package / "__init__.py").write_text("raise RuntimeError('no')")
    (package / "child.py").write_text("")
    monkeypatch.syspath_prepend(str(tmp_path))
    assert attest.version("broken_parent.child") is None


def test_the_versions_of_modules_are_printed_beside_the_attestation() -> None:
    answer = told(modules=("pytest", "no_such_module"))
    assert answer["modules"] == {"pytest": pytest.__version__, "no_such_module": None}


def test_importing_the_attestation_brings_nothing_heavy_along() -> None:
    code = (
        "import sys, when_async.bench.worker.attest as a; a.attest(); "
        "print([m for m in sys.argv[1:] if m in sys.modules])"
    )
    heavy = ["importlib.metadata", "platform", "subprocess", "json", "asyncio"]
    environ = {"PYTHONPATH": str(PROJECT), "PATH": os.environ.get("PATH", "")}
    # -S, because site may import what it likes by way of a .pth file.
    done = subprocess.run(
        [sys.executable, "-S", "-c", code, *heavy], env=environ, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"
