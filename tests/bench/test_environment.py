"""Interpreters found, environments made and kept, and reasons given; uv and the interpreters are played by a fake."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from support.fake_uv import NO_WHEEL, NOT_FOUND, OLD_GIL, Uv
from when_async.bench.environments import interpreters, uv_words, venvs
from when_async.bench.environments import provision as environment
from when_async.bench.environments.interpreters import Completed, NoEnvironment, NoInterpreter
from when_async.bench.environments.provision import Missing, default, default_label, named
from when_async.bench.model import Environment

REQUIREMENTS = {"aiohttp": "aiohttp>=3.13", "uvloop": "uvloop>=0.22"}
MODULES = ["aiohttp", "uvloop", "http.client"]


pytestmark = pytest.mark.usefixtures("cache")


def ask(uv: Uv, *names: str, requirements: Mapping[str, str] = REQUIREMENTS) -> list[Environment | Missing]:
    return named(names or ["3.13"], MODULES, requirements=requirements, progress=lambda text: None, run=uv)


def one(uv: Uv, *names: str, requirements: Mapping[str, str] = REQUIREMENTS) -> Environment:
    (found,) = ask(uv, *names, requirements=requirements)
    assert isinstance(found, Environment)
    return found


def reason(uv: Uv, *names: str) -> str:
    (found,) = ask(uv, *names)
    assert isinstance(found, Missing)
    return found.reason


def test_the_default_environment_tells_the_truth_about_this_interpreter(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(environment, "default_label", default_label)
    found = default(["pytest", "http.client", "no_such_module"])
    assert found.label == default_label()
    assert found.python == sys.version_info[:2]
    assert found.executable == sys.executable
    assert found.modules == {"pytest": pytest.__version__, "http.client": "stdlib", "no_such_module": None}
    assert found.default


def test_an_environment_is_made_and_holds_what_was_required() -> None:
    found = one(Uv())
    assert (found.label, found.version, found.gil, found.default) == ("3.13", "3.13.5", True, False)
    assert found.modules == {"aiohttp": "1.0", "uvloop": "1.0", "http.client": "stdlib"}
    assert found.reasons == {}


def test_a_free_threaded_interpreter_is_labelled_with_a_t() -> None:
    found = one(Uv({"3.13t": ("3.13.5", True)}), "3.13t")
    assert (found.label, found.gil) == ("3.13t", False)


def test_nothing_is_ever_compiled_or_downloaded_unasked() -> None:
    uv = Uv()
    one(uv)
    assert all("--only-binary" in call for call in uv.calls if "install" in call)
    assert all("--no-python-downloads" in call for call in uv.calls if "find" in call or "venv" in call)


def test_a_kept_environment_is_used_again() -> None:
    uv = Uv()
    assert one(uv) == one(uv)
    assert (uv.count("venv"), uv.count("install")) == (1, 1)


def test_other_requirements_make_another_environment() -> None:
    uv = Uv()
    assert one(uv).executable != one(uv, requirements={"aiohttp": "aiohttp>=3.14"}).executable


def test_a_library_without_a_wheel_costs_only_itself_and_says_why() -> None:
    uv = Uv(trouble={"uvloop": NO_WHEEL.format("uvloop")})
    found = one(uv)
    assert found.modules["aiohttp"] == "1.0"
    assert found.reasons == {"uvloop": "uvloop has no wheel for CPython 3.13 on this platform; nothing is compiled"}


def test_a_missing_wheel_of_a_dependency_is_told_by_its_name() -> None:
    found = one(Uv(trouble={"aiohttp": NO_WHEEL.format("yarl")}))
    expected = "aiohttp needs yarl, which has no wheel for CPython 3.13 on this platform; nothing is compiled"
    assert found.reasons["aiohttp"] == expected


def test_the_name_of_a_dependency_is_told_without_its_marker_and_version() -> None:
    found = one(Uv(trouble={"aiohttp": NO_WHEEL.format("yarl{implementation_name != 'pypy'}==3.2.1")}))
    assert found.reasons["aiohttp"].startswith("aiohttp needs yarl, which has no wheel for")


def test_a_requirement_that_nothing_fits_says_what_there_is() -> None:
    found = one(Uv(trouble={"aiohttp": NOT_FOUND}))
    assert found.reasons["aiohttp"].startswith("aiohttp>=3.13 cannot be had for Python 3.13: only aiohttp<=4.0.0a1")


def test_a_missing_wheel_is_believed_for_a_week_and_then_asked_again(monkeypatch: pytest.MonkeyPatch) -> None:
    uv = Uv(trouble={"uvloop": NO_WHEEL.format("uvloop")})
    one(uv)
    uv.trouble.clear()
    before = uv.count("install")
    assert "uvloop" in one(uv).reasons
    assert uv.count("install") == before
    later = venvs.time.time() + venvs.LASTING_S + 60
    monkeypatch.setattr(venvs.time, "time", lambda: later)
    assert one(uv).modules["uvloop"] == "1.0"
    assert uv.count("venv") == 1


def test_a_lost_network_is_one_clear_reason_for_each_library() -> None:
    found = one(Uv(offline=True))
    assert found.reasons == {
        name: f"{name} could not be fetched: tcp connect error: Connection refused (os error 111)"
        for name in REQUIREMENTS
    }


def test_a_lost_network_is_waited_for_once_only() -> None:
    uv = Uv(offline=True)
    one(uv)
    assert [("--offline" in call) for call in uv.calls if "install" in call] == [False, True, True]


def test_a_lost_network_is_not_remembered() -> None:
    uv = Uv(offline=True)
    one(uv)
    uv.offline = False
    found = one(uv)
    assert found.reasons == {}
    assert found.modules["uvloop"] == "1.0"
    assert uv.count("venv") == 1


def test_an_address_or_path_in_a_complaint_is_not_published() -> None:
    said = uv_words.cause(
        Completed(1, "", "error: Failed to fetch: `https://me:secret@host.example/x` for /home/me/here.txt")
    )
    assert said == "Failed to fetch: (address) for here.txt"


@pytest.mark.parametrize("text", ["{", "[]", '{"requirements": 3}', '{"requirements": {}, "schema": 99}', ""])
def test_an_environment_with_a_corrupt_record_is_made_anew(text: str) -> None:
    uv = Uv()
    python = Path(one(uv).executable)
    (python.parents[1] / venvs.RECORD).write_text(text)
    assert one(uv).modules["uvloop"] == "1.0"
    assert uv.count("venv") == 2


def test_an_environment_whose_interpreter_is_gone_is_made_anew() -> None:
    uv = Uv()
    python = Path(one(uv).executable)
    python.unlink()
    one(uv)
    assert uv.count("venv") == 2
    assert python.exists()


def test_a_half_built_environment_is_made_anew() -> None:
    uv = Uv()
    python = Path(one(uv).executable)
    (python.parents[1] / venvs.RECORD).unlink()
    one(uv)
    assert uv.count("venv") == 2


def test_a_killed_run_leaves_no_environment_and_the_next_one_makes_it(cache: Path) -> None:
    class Killed(Uv):
        def install(self, command: Sequence[str]) -> Completed:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        one(Killed())
    assert list((cache / "envs").iterdir()) == []
    assert one(Uv()).modules["uvloop"] == "1.0"


def test_of_two_runs_at_once_the_first_to_be_done_makes_the_environment_of_both() -> None:
    class Beaten(Uv):
        def install(self, command: Sequence[str]) -> Completed:
            self.first = one(Uv())
            return super().install(command)

    uv = Beaten()
    assert one(uv) == uv.first
    left = Path(uv.first.executable).parents[2]
    assert len(list(left.iterdir())) == 1


def test_a_missing_interpreter_is_a_reason_and_the_others_go_on() -> None:
    missing, found = ask(Uv(), "3.14", "3.13")
    assert isinstance(missing, Missing)
    assert missing.label == "3.14"
    assert "python3.14 is not on PATH" in missing.reason
    assert missing.reason.endswith("get it with: uv python install 3.14")
    assert isinstance(found, Environment)


def test_an_interpreter_that_is_something_else_is_refused() -> None:
    said = reason(Uv({"3.14": ("3.14.1", True)}), "3.14")
    assert "what was found instead is 3.14t (3.14.1)" in said


@pytest.mark.parametrize(
    ("variable", "preference"),
    [("HOME", "system"), ("UV_NO_MANAGED_PYTHON", None), ("UV_MANAGED_PYTHON", None)],
)
def test_what_is_on_path_comes_first_unless_uv_was_told_otherwise(
    variable: str, preference: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(variable, "1")
    monkeypatch.delenv("UV_PYTHON_PREFERENCE", raising=False)
    uv = Uv()
    interpreters.find("3.13", uv)
    assert uv.environs[0].get("UV_PYTHON_PREFERENCE") == preference


def test_version_3_1_is_not_taken_for_3_13() -> None:
    with pytest.raises(NoInterpreter):
        interpreters.find("3.11", Uv({"3.11": ("3.110.0", False)}))


@pytest.mark.parametrize("name", ["three", "3", "3.13x", ""])
def test_a_name_that_is_no_version_says_what_a_name_looks_like(name: str) -> None:
    assert "neither a version such as 3.14 or 3.13t nor the path" in reason(Uv(), name)


def test_a_path_without_an_interpreter_says_so(tmp_path: Path) -> None:
    assert "there is no interpreter at" in reason(Uv(), str(tmp_path / "python"))


def test_an_old_interpreter_is_refused_with_the_oldest_that_will_do() -> None:
    assert reason(Uv(), "3.10") == "3.10 is too old: the workers need Python 3.11 or newer"


def test_the_running_interpreter_is_used_as_it_is_when_its_label_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        environment, "default", lambda modules, run: Environment("3.11", "x", "CPython", "3.11.7", True)
    )
    uv = Uv()
    assert one(uv, "3.11").default
    assert uv.calls == []


def test_an_interpreter_asked_for_twice_is_measured_once(tmp_path: Path) -> None:
    uv = Uv()
    assert len(ask(uv, "3.13", "3.13", "python3.13")) == 1


def test_two_interpreters_of_one_version_get_different_labels(tmp_path: Path) -> None:
    uv = Uv({"3.13": ("3.13.5", False), "other": ("3.13.2", False)})
    (tmp_path / "other").write_text("")
    labels = [found.label for found in ask(uv, str(tmp_path / "other"), "3.13")]
    assert labels == ["3.13.2", "3.13"]


def test_an_interpreter_that_refuses_its_switches_is_a_reason() -> None:
    said = reason(Uv(probe_error=OLD_GIL))
    assert said.startswith("Python 3.13 does not start a worker: Fatal Python error: config_read_gil")


def test_a_module_that_no_requirement_asks_for_is_explained() -> None:
    found = one(Uv(), requirements={"aiohttp": "aiohttp>=3.13"})
    assert found.reasons["uvloop"].endswith("no requirement asks for it; add its package with --with")


def test_a_cache_that_cannot_be_written_names_the_variable_that_moves_it(cache: Path) -> None:
    cache.write_text("a file where a folder should be")
    assert "set WHEN_ASYNC_CACHE to a folder" in reason(Uv())


def test_without_uv_the_reason_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "uv", None)
    assert reason(Uv()).endswith("pip install uv")


def test_a_command_that_does_not_exist_is_an_answer_and_not_a_crash() -> None:
    done = interpreters.run_command([os.path.join("no", "such", "program")], {})
    assert done.returncode == 127
    assert done.last_words == "program cannot be run: No such file or directory"


def test_a_python_that_cannot_start_a_worker_is_an_error_of_the_environment() -> None:
    with pytest.raises(NoEnvironment, match="does not start a worker"):
        default([], run=lambda command, environ: Completed(1, "", "boom"))


def test_no_address_of_a_package_index_is_written_in_our_code() -> None:
    for module in (environment, interpreters, venvs):
        assert re.search(r"https?://", Path(str(module.__file__)).read_text(encoding="utf-8")) is None
