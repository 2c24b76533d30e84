"""`measure`: a function of a notebook, a script or a test, measured as `when-async try` measures it."""

from __future__ import annotations

import signal
import sys
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from io import StringIO
from pathlib import Path
from typing import Any

from when_async.reports.scene.evidence import scene
from when_async.results.frame import load

from ..cli.checking import known_runners
from ..cli.own.asking import Asked
from ..cli.own.measuring import measured, planned
from ..cli.own.telling import own_of
from ..cli.run.recording import Interrupted, Watched
from ..cli.shared import POLITE, interrupt_when_asked
from ..environments.provision import default_label
from ..machine.lock import machine
from ..model import WhenAsyncError
from ..reaping.reaper import scratch
from ..registry import RegistryError
from .calls import Made, made
from .result import Result
from .sending import Given
from .wording import as_arguments

TIMEOUT_S = 60.0
"""Seconds after which a round is given up, as `when-async try` has it."""
FORKS = 6


@dataclass(frozen=True)
class Wanted:
    """What is to be measured, as `measure` takes it."""

    function: Any
    args: Any = ()
    kwargs: Any = None
    items: Any = None
    twin: Any = None
    runners: Sequence[str] | str | None = None
    in_flight: Any = None
    ops: int | None = None
    any_result: bool = False
    forks: int = FORKS
    python: str | None = None
    halted: Callable[[], bool] = field(default=lambda: False, compare=False)


def measure(
    function: Callable[..., Any] | str,
    args: Sequence[Any] = (),
    kwargs: Mapping[str, Any] | None = None,
    items: Sequence[Any] | None = None,
    *,
    twin: Callable[..., Any] | str | None = None,
    runners: Sequence[str] | str | None = None,
    in_flight: int | Sequence[int] | None = None,
    ops: int | None = None,
    any_result: bool = False,
    forks: int = FORKS,
    python: str | None = None,
) -> Result:
    """Measure a function, def or async def, under several models; `module:function` names one too.

    Each call gets `args` and `kwargs`, or one of `items` in turn. `twin` is the same work as an async function, to be
    held against it. `runners` are those that can run it, unless some are named; `in_flight` is how many calls run at
    a time, or several numbers of that; `ops` how many calls a round has. All results must be equal, or with
    `any_result` of one type. `forks` is how many fresh processes a row has at most, `python` another interpreter.
    Raises WhenAsyncError with one line that says what to do.
    """
    return taken(Wanted(function, args, kwargs, items, twin, runners, in_flight, ops, any_result, forks, python))


def taken(wanted: Wanted) -> Result:
    """The same for what is wanted; raises KeyboardInterrupt where it was called off."""
    with scratch("when-async-measure-") as folder, _reworded(), _own_signals():
        notes: list[str] = []
        options, given = _options(wanted, folder), _given(wanted)
        abroad = wanted.python if wanted.python and wanted.python != default_label() else ""
        calls = [made(wanted.function, given, folder, abroad)]
        if wanted.twin is not None:
            calls.append(made(wanted.twin, given, folder, abroad))
        return _measured(calls, wanted, options, notes)


def _measured(calls: Sequence[Made], wanted: Wanted, options: dict[str, Any], notes: list[str]) -> Result:
    twin = calls[1].call if len(calls) > 1 else None
    asked = Asked(calls[0].call, twin, wanted.any_result)
    options["command"] = f"measure {asked.names}"

    def note(text: str) -> None:
        notes.append(as_arguments(text).removeprefix("note: "))

    stream = sys.stderr if sys.stderr.isatty() else StringIO()
    with machine(wait=True, say=lambda text: print(f"when-async: {text}", file=sys.stderr)):
        plan = planned(asked, options, note)
        try:
            path = measured(plan, options, Watched(stream, note, wanted.halted))
        except Interrupted:
            raise KeyboardInterrupt from None
    frame = load([path])
    own = own_of(plan, [each.named for each in calls])
    return Result(frame, scene(frame), own, tuple(notes), path.read_bytes())


def _options(wanted: Wanted, folder: Path) -> dict[str, Any]:
    """What the command line would have read; raises RegistryError."""
    runners = [wanted.runners] if isinstance(wanted.runners, str) else list(wanted.runners or ())
    flights = [wanted.in_flight] if isinstance(wanted.in_flight, int) else list(wanted.in_flight or ())
    ops = [] if wanted.ops is None else [wanted.ops]
    for name, numbers in (("in_flight", flights), ("ops", ops), ("forks", [wanted.forks])):
        if not all(isinstance(each, int) and 0 < each <= 1_000_000 for each in numbers):
            raise RegistryError(f"{name}= takes numbers from 1 on, and not {getattr(wanted, name)!r}")
    return {
        "runners": known_runners(runners), "flights": tuple(dict.fromkeys(flights)), "ops": wanted.ops,
        "forks": wanted.forks, "pythons": (wanted.python,) if wanted.python else (), "pins": (),
        "timeout_s": TIMEOUT_S, "output": folder / "measured.jsonl",
    }  # fmt: skip


def _given(wanted: Wanted) -> Given:
    """The arguments; raises RegistryError where they are no list and no dict."""
    for name, value in (("args", wanted.args), ("items", wanted.items)):
        if value is not None and not isinstance(value, list | tuple | range):
            raise RegistryError(f"{name}= takes a list such as {name}=['tea'], and not {type(value).__name__}")
    if wanted.kwargs is not None and not isinstance(wanted.kwargs, dict):
        raise RegistryError(f"kwargs= takes a dict such as {{'retries': 1}}, and not {type(wanted.kwargs).__name__}")
    if wanted.items is not None and not wanted.items:
        raise RegistryError("items= is empty, and with no items there is no work; give it one at least")
    if wanted.items and (wanted.args or wanted.kwargs):
        raise RegistryError("items= gives each call its own argument; leave args= and kwargs= out")
    return Given(list(wanted.args or ()), dict(wanted.kwargs or {}), list(wanted.items or ()))


@contextmanager
def _reworded() -> Iterator[None]:
    """Errors name arguments, where the command line would name options."""
    try:
        yield
    except WhenAsyncError as error:
        error.args = (as_arguments(str(error)),)
        raise


@contextmanager
def _own_signals() -> Iterator[None]:
    """A polite kill ends a measurement as Ctrl-C does; what it did to this process before it does again afterwards."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    handlers = {number: signal.getsignal(number) for number in POLITE}
    interrupt_when_asked()
    try:
        yield
    finally:
        for number, handler in handlers.items():
            if handler is not None:
                signal.signal(number, handler)
