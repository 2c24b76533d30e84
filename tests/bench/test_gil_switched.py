"""An extension that switches the GIL of a free-threaded build back on is named, whenever it is loaded."""

from __future__ import annotations

import sys
import warnings
from typing import Any

import pytest

from support import fakes
from when_async.bench.runners.sync import SYNC
from when_async.bench.worker import attest, session
from when_async.bench.worker.session import TrialSession
from when_async.bench.worker.trap import FinaliserTrap, Refused, gil_heard

GIL_WARNING = (
    "The global interpreter lock (GIL) has been enabled to load module 'fast._speedups', which has not declared that "
    "it can run safely without the GIL. To override this behavior and keep the GIL disabled (at your own risk), run "
    "with PYTHON_GIL=0 or -Xgil=0."
)


pytestmark = pytest.mark.usefixtures("hooks")


def warn_of_the_gil() -> None:
    warnings.warn(GIL_WARNING, RuntimeWarning, stacklevel=1)


@pytest.mark.parametrize("action", ["default", "ignore", "error"])
def test_a_module_that_switches_the_gil_on_while_it_is_imported_is_heard(action: Any) -> None:
    warnings.simplefilter(action)
    heard: list[str] = []
    show = warnings.showwarning
    with gil_heard(heard):
        warn_of_the_gil()
    assert heard == ["fast._speedups"]
    assert warnings.showwarning is show


def test_other_warnings_go_their_way_while_something_is_imported(monkeypatch: pytest.MonkeyPatch) -> None:
    shown: list[str] = []
    monkeypatch.setattr(warnings, "showwarning", lambda message, *_, **__: shown.append(str(message)))
    warnings.simplefilter("always")
    heard: list[str] = []
    with gil_heard(heard):
        warnings.warn("this library is old", DeprecationWarning, stacklevel=1)
    assert (shown, heard) == (["this library is old"], [])


def test_it_is_heard_when_the_session_opens_and_is_no_failure_by_itself() -> None:
    trap = FinaliserTrap()
    trap.install()
    warn_of_the_gil()
    trap.check()
    assert trap.gil_by == ["fast._speedups"]


@pytest.fixture
def free_threaded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(attest, "gil_build", lambda: False)
    monkeypatch.setattr(attest, "gil_enabled", lambda: True)
    monkeypatch.setattr(attest, "loaded_extensions", lambda: ["fast", "faster"])
    monkeypatch.setattr(attest, "flags", dict)


@pytest.mark.usefixtures("free_threaded")
def test_who_switched_the_gil_on_is_told_as_well_as_it_is_known(monkeypatch: pytest.MonkeyPatch) -> None:
    by = ["fast._speedups", "fast._speedups", "slow._core"]
    assert attest.gil_because(by) == "importing fast._speedups, slow._core switched it on"
    assert attest.gil_because() == "one of these extension modules may have switched it on: fast, faster"
    monkeypatch.setattr(attest, "gil_enabled", lambda: False)
    assert attest.gil_because() == ""
    monkeypatch.setattr(attest, "flags", lambda: {"PYTHON_GIL": "1", "-X gil": "1", "PYTHONHASHSEED": "0"})
    assert attest.gil_because(by) == "PYTHON_GIL=1 and -X gil=1 was set outside"
    assert attest.attest(by)["gil_because"] == attest.gil_because(by)


def test_a_build_that_always_has_a_gil_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(attest, "gil_build", lambda: True)
    assert attest.gil_because(["fast._speedups"]) == "this build cannot do without it"


def test_loaded_extensions_are_those_that_do_not_come_with_python(monkeypatch: pytest.MonkeyPatch) -> None:
    from importlib.machinery import EXTENSION_SUFFIXES

    for name, file in (("fast._speedups", "x" + EXTENSION_SUFFIXES[0]), ("slow.core", "core.py"), ("odd", None)):
        module = type(sys)(name)
        module.__file__ = file
        monkeypatch.setitem(sys.modules, name, module)
    found = attest.loaded_extensions()
    assert len(found) <= attest.SHOWN_EXTENSIONS
    assert not {"slow", "odd", *sys.stdlib_module_names} & set(found)
    monkeypatch.setattr(attest, "SHOWN_EXTENSIONS", 10_000)
    assert "fast" in attest.loaded_extensions()


@pytest.mark.usefixtures("free_threaded")
def test_a_gil_that_is_switched_on_in_a_round_refuses_it(monkeypatch: pytest.MonkeyPatch) -> None:
    enabled = [False]
    monkeypatch.setattr(session, "gil_enabled", lambda: enabled[0])
    trial = TrialSession(SYNC, fakes.job(fakes.TINY), 0)
    trial.open()
    trial.round(prove=False)
    enabled[0] = True
    trial.trap.gil_by.append("fast._speedups")
    with pytest.raises(Refused) as caught:
        trial.round(prove=False)
    trial.close()
    assert str(caught.value) == ("the GIL was switched on during the round (importing fast._speedups switched it on)")
