"""An environment holds what imports there: pure Python without a wheel is made, what does not import is taken out."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from support.fake_uv import Uv
from when_async.bench import selection
from when_async.bench.environments import interpreters, venvs
from when_async.bench.environments.interpreters import Completed, Interpreter
from when_async.bench.environments.pins import parse
from when_async.bench.environments.provision import named
from when_async.bench.environments.venv_imports import IMPORT, weed
from when_async.bench.environments.venvs import PURE, Tree, Wanted, prepare
from when_async.bench.model import Environment

REQUIREMENTS = {"curio": "curio>=1.6", "uvloop": "uvloop>=0.22"}
INTERPRETER = Interpreter("/fake/3.13", "cpython", "3.13.5", False)
GONE = """Traceback (most recent call last):
  File "/home/me/site-packages/curio/channel.py", line 1, in <module>
AttributeError: module 'multiprocessing.connection' has no attribute 'CHALLENGE'
"""


pytestmark = pytest.mark.usefixtures("cache")


def one(uv: Uv, requirements: dict[str, str] = REQUIREMENTS, pins: Sequence[str] = ()) -> Environment:
    (found,) = named(["3.13"], list(requirements), requirements=requirements, progress=print, pins=pins, run=uv)
    assert isinstance(found, Environment)
    return found


def built(command: Sequence[str]) -> list[str]:
    """What a command of uv may build from source."""
    return [command[place + 1] for place, word in enumerate(command) if word == "--no-binary"]


def installs(uv: Uv) -> list[list[str]]:
    return [call for call in uv.calls if "install" in call]


def test_pure_python_without_a_wheel_is_built_and_nothing_else() -> None:
    uv = Uv()
    assert one(uv).modules["curio"] == "1.0"
    for command in installs(uv):
        assert command[command.index("--only-binary") + 1] == ":all:"
        assert built(command) == ["curio"]


def test_it_is_built_one_by_one_too_where_another_library_cannot_be_had() -> None:
    uv = Uv(trouble={"uvloop": "error: boom"})
    assert one(uv).modules == {"curio": "1.0", "uvloop": None}
    assert {tuple(built(command)) for command in installs(uv)} == {("curio",)}
    assert len(installs(uv)) == 3


def test_a_pinned_release_of_it_is_built(tmp_path: Path) -> None:
    uv = Uv()
    assert one(uv, {"uvloop": "uvloop>=0.22"}, ["curio==1.5"]).pins == ("curio==1.5",)
    assert [built(command) for command in installs(uv)] == [["curio"]]


def test_nothing_is_built_where_only_wheels_are_needed() -> None:
    uv = Uv()
    one(uv, {"uvloop": "uvloop>=0.22"})
    assert [built(command) for command in installs(uv)] == [[]]


@pytest.mark.parametrize(("name", "expected"), [("mine", ["mine", "curio"]), (None, [])])
def test_a_source_tree_is_built_beside_it(cache: Path, name: str | None, expected: list[str]) -> None:
    uv = Uv()
    tree = Tree(cache / "mine", "0123", name, live=False)
    prepare(Wanted(INTERPRETER, REQUIREMENTS, parse([]), tree), cache=cache, run=uv, progress=print)
    assert [built(command) for command in installs(uv)] == [expected]


def test_what_is_built_is_something_that_we_ask_for() -> None:
    assert [name for name in PURE if selection.requirements_for([name]) == {}] == []


def test_what_does_not_import_is_taken_out_and_the_reason_kept() -> None:
    uv = Uv(broken={"curio": GONE})
    reason = (
        "curio does not import on CPython 3.13: "
        "AttributeError: module 'multiprocessing.connection' has no attribute 'CHALLENGE'"
    )
    for _ in range(2):
        found = one(uv)
        assert found.modules == {"curio": None, "uvloop": "1.0"}
        assert found.reasons == {"curio": reason}
    assert uv.count("uninstall") == 1
    assert uv.count("venv") == 1


def test_what_did_not_import_is_tried_again_after_a_week(monkeypatch: pytest.MonkeyPatch) -> None:
    uv = Uv(broken={"curio": GONE})
    one(uv)
    uv.broken.clear()
    later = venvs.time.time() + venvs.LASTING_S + 60
    monkeypatch.setattr(venvs.time, "time", lambda: later)
    assert one(uv).modules["curio"] == "1.0"


def test_an_environment_in_which_all_imports_loses_nothing() -> None:
    uv = Uv()
    one(uv)
    assert uv.count("uninstall") == 0
    assert sorted(call[-1] for call in uv.calls if IMPORT in call) == ["curio", "uvloop"]


def test_a_real_interpreter_says_what_does_not_import(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    removed: list[Sequence[str]] = []

    def run(command: Sequence[str], environ: object) -> Completed:
        if "uninstall" in command:
            removed.append(command)
            return Completed(0, "", "")
        return interpreters.run_command(command, {})

    asked = {"json": "json-of-somebody>=1", "no_such_module": "no-such[extra]>=2"}
    expected = "no_such_module does not import on CPython 3.13: ModuleNotFoundError: No module named 'no_such_module'"
    assert weed(sys.executable, INTERPRETER, asked, run) == {"no_such_module": expected}
    assert [command[-1] for command in removed] == ["no-such"]
