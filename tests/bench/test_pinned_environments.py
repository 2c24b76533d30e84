"""Environments with pins and installed source trees: made, checked, kept, refused; uv is played by a fake."""

from __future__ import annotations

import os
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from support import fakes
from support.fake_uv import BAD_BUILD, CONFLICT, NO_VERSION, NO_WHEEL, NOT_FOUND, Uv, held, hold
from when_async.bench import selection
from when_async.bench.environments import trees, venvs
from when_async.bench.environments.interpreters import BuildFailed, Interpreter, Unresolvable
from when_async.bench.environments.pins import PinError, parse
from when_async.bench.environments.provision import Missing, named, worker_environ
from when_async.bench.environments.venvs import Tree, Wanted, prepare
from when_async.bench.model import Environment
from when_async.bench.plan import build
from when_async.bench.registry import Found
from when_async.bench.selection import environments_for
from when_async.bench.walk.experiment import Experiment

REQUIREMENTS = {"aiohttp": "aiohttp>=3.13", "uvloop": "uvloop>=0.22"}
MODULES = ["aiohttp", "uvloop"]
BASE = Path(getattr(sys, "_base_executable", sys.executable)).name


pytestmark = pytest.mark.usefixtures("cache")


def ask(uv: Uv, *pins: str, names: tuple[str, ...] = ("3.13",)) -> Environment | Missing:
    (found,) = named(names, MODULES, requirements=REQUIREMENTS, progress=lambda text: None, pins=pins, run=uv)
    return found


def one(uv: Uv, *pins: str) -> Environment:
    found = ask(uv, *pins)
    assert isinstance(found, Environment)
    return found


def missing(uv: Uv, *pins: str) -> Missing:
    found = ask(uv, *pins)
    assert isinstance(found, Missing)
    return found


def test_a_pin_is_installed_in_place_of_our_requirement_and_shows_in_the_label() -> None:
    uv = Uv()
    found = one(uv, "uvloop==0.22.*")
    assert found.label == "3.13+uvloop==0.22.*"
    assert found.pins == ("uvloop==0.22.*",)
    assert found.modules == {"aiohttp": "1.0", "uvloop": "0.22.9"}
    assert uv.installs == [["uvloop==0.22.*", "aiohttp>=3.13"]]


def test_a_package_that_no_workload_asks_for_is_told_by_its_own_name() -> None:
    assert one(Uv(), "scikit-learn==1.5.2").modules["scikit-learn"] == "1.5.2"


def test_pins_make_an_environment_of_their_own_which_is_used_again() -> None:
    uv = Uv()
    plain, pinned = one(uv), one(uv, "uvloop==0.22.*")
    assert plain.executable != pinned.executable != one(uv, "uvloop==0.21.*").executable
    assert one(uv, "uvloop==0.22.*") == pinned
    assert uv.count("venv") == 3


def test_a_kept_environment_that_lost_its_pinned_version_is_made_anew() -> None:
    uv = Uv()
    python = one(uv, "uvloop==0.22.*").executable
    hold(python, {**held(python), "uvloop": "0.23.0"})
    assert one(uv, "uvloop==0.22.*").modules["uvloop"] == "0.22.9"
    assert uv.count("venv") == 2


def test_an_installation_that_gives_another_version_is_no_environment() -> None:
    said = missing(Uv(gives={"uvloop": "0.23.0"}), "uvloop==0.22.*")
    assert said.reason.endswith("uvloop==0.22.* was asked for, and what is installed is uvloop 0.23.0")
    assert not said.unresolvable


def test_a_source_tree_that_brings_another_version_is_found_out() -> None:
    class Shadowed(Uv):
        def python(self, command):  # type: ignore[no-untyped-def]
            # Without -I, as a worker starts, the tree comes before what is installed.
            self.gives = {}
            done = super().python(command)
            return replace(done, stdout=done.stdout.replace("0.22.9", "0.1")) if "-P" in command else done

    assert "what is installed is uvloop 0.1" in missing(Shadowed(), "uvloop==0.22.*").reason


def test_a_pin_that_does_not_exist_leaves_no_environment_and_says_what_was_probably_meant() -> None:
    found = missing(Uv(trouble={"uvloop": NO_VERSION.format("uvloop==0.22")}), "uvloop==0.22")
    assert (found.label, found.unresolvable) == ("3.13+uvloop==0.22", True)
    assert found.reason == (
        "uvloop==0.22 cannot be had for Python 3.13: there is no version of uvloop==0.22 and you require uvloop==0.22; "
        "for any release of 0.22 write 'uvloop==0.22.*'"
    )


def test_a_pin_without_a_wheel_leaves_no_environment() -> None:
    found = missing(Uv(trouble={"uvloop": NO_WHEEL.format("uvloop")}), "uvloop==0.10")
    expected = "uvloop==0.10 has no wheel for CPython 3.13 on this platform; nothing is compiled"
    assert (found.reason, found.unresolvable) == (expected, True)


def test_pins_that_contradict_each_other_are_named_together() -> None:
    found = missing(Uv(trouble={"aiohttp": CONFLICT}), "aiohttp==3.13.*", "yarl<1.10")
    assert found.unresolvable
    assert found.reason.startswith("aiohttp==3.13.*, yarl<1.10 cannot be had for Python 3.13: aiohttp==3.13.9 depends")


def test_a_requirement_of_ours_that_does_not_go_with_the_pins_costs_only_itself() -> None:
    uv = Uv(trouble={"aiohttp": NOT_FOUND})
    found = one(uv, "uvloop==0.22.*")
    assert found.modules["uvloop"] == "0.22.9"
    assert found.reasons["aiohttp"].startswith("aiohttp>=3.13 cannot be had for Python 3.13")
    assert all("uvloop==0.22.*" in install for install in uv.installs), "a later installation could change the pin"


def test_without_a_network_a_pin_leaves_no_environment_and_nobody_is_to_blame() -> None:
    found = missing(Uv(offline=True), "uvloop==0.22.*")
    assert not found.unresolvable
    assert found.reason == ("uvloop==0.22.* could not be fetched: tcp connect error: Connection refused (os error 111)")


def test_a_half_made_environment_is_not_kept(cache: Path) -> None:
    uv = Uv(offline=True)
    ask(uv, "uvloop==0.22.*")
    assert not any(path.is_dir() for path in (cache / "envs").iterdir())
    uv.offline = False
    assert one(uv, "uvloop==0.22.*").modules["uvloop"] == "0.22.9"


def test_the_running_interpreter_with_pins_is_made_by_uv_of_what_lies_below_its_environment() -> None:
    uv = Uv({BASE: ("3.11.7", False)})
    found = ask(uv, "uvloop==0.22.*", names=("3.11",))
    assert isinstance(found, Environment)
    assert (found.label, found.default) == ("3.11+uvloop==0.22.*", False)
    assert found.executable != sys.executable


def test_a_bad_pin_is_refused_before_anything_is_made() -> None:
    uv = Uv()
    with pytest.raises(PinError):
        ask(uv, "uvloop==")
    assert uv.calls == []


def choose(monkeypatch: pytest.MonkeyPatch, uv: Uv, *names: str) -> tuple[list[Environment | Missing], list[str]]:
    said: list[str] = []
    monkeypatch.setattr(selection, "named", lambda *given, **options: named(*given, **options, run=uv))
    return environments_for(MODULES, names, said.append, ["uvloop==0.22"]), said


def test_pins_that_no_interpreter_can_have_are_wrong_use(monkeypatch: pytest.MonkeyPatch) -> None:
    uv = Uv(trouble={"uvloop": NO_VERSION.format("uvloop==0.22")})
    with pytest.raises(Unresolvable, match=r"uvloop==0\.22 cannot be had for Python 3\.13"):
        choose(monkeypatch, uv, "3.13")


def test_pins_that_one_interpreter_cannot_have_are_told_and_the_others_go_on(monkeypatch: pytest.MonkeyPatch) -> None:
    class Partly(Uv):
        def install(self, command):  # type: ignore[no-untyped-def]
            free_threaded = Path(command[command.index("--python") + 1]).read_text().endswith("t")
            self.trouble = {"uvloop": NO_WHEEL.format("uvloop")} if free_threaded else {}
            return super().install(command)

    found, said = choose(monkeypatch, Partly({"3.13": ("3.13.5", False), "3.13t": ("3.13.5", True)}), "3.13", "3.13t")
    assert [each.label for each in found] == ["3.13+uvloop==0.22", "3.13t+uvloop==0.22"]
    assert isinstance(found[0], Environment)
    assert isinstance(found[1], Missing)
    assert said[-1] == f"3.13t+uvloop==0.22: {found[1].reason}"


THIS = Interpreter("/fake/3.13", "cpython", "3.13.5", False)


def with_tree(uv: Uv, folder: Path, cache: Path, *, live: bool = False, identity: str = "c0ffee", pin: str = "") -> str:
    tree = Tree(folder, identity, "mine", live)
    wanted = Wanted(THIS, {"uvloop": "uvloop>=0.22"}, parse([pin] if pin else []), tree)
    return prepare(wanted, cache=cache, run=uv, progress=lambda text: None)[0]


def test_only_an_installed_tree_is_ever_built(tmp_path: Path, cache: Path) -> None:
    uv = Uv()
    with_tree(uv, tmp_path / "mine", cache)
    (command,) = [call for call in uv.calls if "install" in call]
    assert command[command.index("--only-binary") + 1] == ":all:"
    assert command[command.index("--no-binary") + 1] == "mine"


def test_the_tree_of_a_commit_is_installed_once_and_a_folder_every_time(tmp_path: Path, cache: Path) -> None:
    uv = Uv()
    assert with_tree(uv, tmp_path / "mine", cache) == with_tree(uv, tmp_path / "mine", cache)
    assert len(uv.installs) == 1
    with_tree(uv, tmp_path / "mine", cache, identity="folder", live=True)
    with_tree(uv, tmp_path / "mine", cache, identity="folder", live=True)
    assert len(uv.installs) == 3
    assert "--reinstall-package" in uv.calls[-1]


def test_a_tree_that_does_not_build_is_a_failed_build_with_the_last_word_of_its_backend(
    tmp_path: Path, cache: Path
) -> None:
    with pytest.raises(
        BuildFailed, match=r"^the source tree could not be installed for Python 3\.13: RuntimeError: no"
    ):
        with_tree(Uv(trouble={"mine": BAD_BUILD}), tmp_path / "mine", cache)


def test_a_tree_that_does_not_go_with_the_pins_is_wrong_use(tmp_path: Path, cache: Path) -> None:
    with pytest.raises(Unresolvable, match=r"^yarl<1\.10, the source tree cannot be had for Python 3\.13"):
        with_tree(Uv(trouble={"mine": CONFLICT}), tmp_path / "mine", cache, pin="yarl<1.10")


def test_environments_of_old_trees_go_and_those_of_pins_stay(
    tmp_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    uv = Uv()
    pinned = one(uv, "uvloop==0.22.*").executable
    made = [with_tree(uv, tmp_path / "mine", cache, identity=str(number)) for number in range(4)]
    for age, python in enumerate(reversed([pinned, *made])):
        stamp = trees.STARTED_S - 100 - age
        os.utime(Path(python).parents[1] / venvs.RECORD, (stamp, stamp))
    monkeypatch.setattr(trees, "KEPT", 2)
    last = with_tree(uv, tmp_path / "mine", cache, identity="4")
    assert [Path(python).exists() for python in [pinned, *made, last]] == [True, False, False, False, True, True]


def test_what_this_run_uses_is_never_removed(tmp_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trees, "KEPT", 0)
    made = [with_tree(Uv(), tmp_path / "mine", cache, identity=str(number)) for number in range(3)]
    assert all(Path(python).exists() for python in made)


def test_a_worker_imports_from_the_path_of_its_environment_and_writes_nothing_beside_the_sources(cache: Path) -> None:
    plain = Environment("base", "python", "CPython", "3.13.5", gil=True)
    tree = replace(plain, path=("/trees/a", "/trees/b"))
    base = {"PYTHONPATH": "/sealed", "HOME": "/home/me"}
    assert worker_environ(base, plain) == base
    assert worker_environ(base, tree) == {
        "HOME": "/home/me",
        "PYTHONPATH": os.pathsep.join(tree.path),
        "PYTHONPYCACHEPREFIX": str(cache / "bytecode"),
    }


def test_each_worker_of_a_group_is_started_with_the_path_of_its_own_environment() -> None:
    fleet, paths = fakes.Fleet(), []

    def start(executable: str, trial: Any, **options: Any) -> Any:
        paths.append(options["environ"].get("PYTHONPATH"))
        return fleet(executable, trial, **options)

    environments = [
        replace(fakes.ENVIRONMENT, label=label, path=path) for label, path in (("base", ("/a",)), ("x", ()))
    ]
    workload = Found(fakes.TINY, fakes.REF)
    plan = build([(workload, fakes.point())], fakes.runners("sync"), environments, replace(fakes.SETTINGS, forks=1))
    list(Experiment(plan, replace(fakes.host(fleet), start_worker=start)).events())
    assert paths == ["/a", None]


def test_two_environments_say_in_what_they_differ() -> None:
    base = Environment("base", "a", "CPython", "3.13.5", gil=True, modules={"aiohttp": "3.13.2", "uvloop": "0.22.1"})
    head = replace(base, version="3.14.0", gil=False, modules={"aiohttp": "3.14.0"}, source="0123456789ab")
    assert base.difference(head) == [
        "Python 3.13.5 vs 3.14.0",
        "GIL on vs off",
        "source own vs 0123456789ab",
        "aiohttp 3.13.2 vs 3.14.0",
        "uvloop 0.22.1 vs missing",
    ]
    assert base.difference(replace(base, label="head", executable="b")) == []
    assert replace(base, source="mine", path=("/a",)).difference(replace(base, source="mine", path=("/b",))) == [
        "source mine of two folders"
    ]
