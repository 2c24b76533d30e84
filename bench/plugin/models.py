"""The fixture `models`: a function of a suite measured inside a test, at once or, in an async test, in a thread."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Any, NoReturn

import pytest

from ..doors.measuring import FORKS, Wanted, taken
from ..doors.result import Result
from ..model import WhenAsyncError
from .rows import show

MARKED = ("forks", "ops", "runners", "in_flight", "any_result", "python")
"""What the mark can say of a test."""
UNAWAITED = "models(...) measures when it is awaited in an async test; write: result = await models(...)"


class Models:
    """Measures what it is called with; `kept_as` is the property of the test that tells what came of it."""

    def __init__(self, request: pytest.FixtureRequest, kept_as: str) -> None:
        self._request = request
        self._kept_as = kept_as
        self._pending: list[Pending] = []
        self._count = 0
        node = request.node
        # A test that is run again tells of its last run.
        node.user_properties[:] = [each for each in node.user_properties if each[0] != kept_as]

    def __call__(
        self,
        function: Callable[..., Any] | str,
        args: Sequence[Any] = (),
        kwargs: Mapping[str, Any] | None = None,
        items: Sequence[Any] | None = None,
        *,
        twin: Callable[..., Any] | str | None = None,
        **more: Any,
    ) -> Any:
        """The result; where an event loop runs, something to await that gives it. Takes what `measure` takes."""
        __tracebackhide__ = True
        unknown = sorted({*more} - {*MARKED})
        if unknown:
            raise TypeError(f"models() got an unexpected keyword argument {unknown[0]!r}; it takes {', '.join(MARKED)}")
        wanted = Wanted(function, args, kwargs, items, twin, **{**self._settings(), **more})
        library = running_loop()
        if library:
            self._pending.append(Pending(lambda halted: self._taken(replace(wanted, halted=halted)), library))
            return self._pending[-1]
        return self._taken(wanted)

    def __repr__(self) -> str:
        return "<the fixture models of when-async>"

    def close(self) -> None:
        """The test is over; fails it where something was never measured."""
        if any(not each.awaited for each in self._pending):
            pytest.fail(UNAWAITED, pytrace=False)

    def _settings(self) -> dict[str, Any]:
        """What is not said in the call: by the mark, else on the command line, else in the settings file."""
        config = self._request.config
        found: dict[str, Any] = {"forks": FORKS}
        for name in ("forks", "ops", "python"):
            text = config.getini(f"models_{name}")
            option = config.getoption(f"--models-{name}")
            if option is not None:
                found[name] = option
            elif text:
                found[name] = text if name == "python" else _number(f"models_{name}", text)
        mark = self._request.node.get_closest_marker("models")
        if mark is not None:
            unknown = sorted({*mark.kwargs} - {*MARKED})
            if unknown or mark.args:
                wrong = unknown[0] if unknown else "an argument without a name"
                pytest.fail(f"the mark models takes {', '.join(MARKED)}, and not {wrong}", pytrace=False)
            found |= mark.kwargs
        return found

    def _taken(self, wanted: Wanted) -> Result:
        __tracebackhide__ = True
        try:
            result = taken(wanted)
        except WhenAsyncError as error:
            failed(str(error))
        self._count += 1
        self._request.node.user_properties.append((self._kept_as, result.sentence))
        show(self._request.config, self._request.node, result, self._count)
        return result


def _number(name: str, text: str) -> int:
    if not text.isdecimal() or not int(text):
        pytest.fail(f"{name} is a number from 1 on, and not {text!r}", pytrace=False)
    return int(text)


def failed(text: str) -> NoReturn:
    """Fail the test with one line."""
    raise pytest.fail.Exception(f"models: {text}", pytrace=False) from None


def running_loop() -> str:
    """The library whose event loop runs this; empty where none does."""
    asyncio, trio = sys.modules.get("asyncio"), sys.modules.get("trio")
    if trio is not None:
        with suppress(RuntimeError):
            trio.lowlevel.current_task()
            return "trio"
    return "asyncio" if asyncio is not None and asyncio._get_running_loop() is not None else ""


class Pending:
    """A measurement in an async test: made in a thread while it is awaited, so that the test's own loop runs on."""

    def __init__(self, work: Callable[[Callable[[], bool]], Result], library: str) -> None:
        self._work = work
        self._library = library
        self.awaited = False

    def __await__(self) -> Generator[Any, Any, Result]:
        self.awaited = True
        return self._in_thread().__await__()

    async def _in_thread(self) -> Result:
        __tracebackhide__ = True
        stop = threading.Event()
        try:
            if self._library == "trio":
                import trio

                found: Result = await trio.to_thread.run_sync(self._work, stop.is_set, abandon_on_cancel=True)
                return found
            import asyncio

            return await asyncio.to_thread(self._work, stop.is_set)
        finally:
            # Where the test was cancelled, the thread ends after the round that it is at.
            stop.set()

    def __getitem__(self, name: object) -> NoReturn:
        raise TypeError(UNAWAITED)

    def __getattr__(self, name: str) -> NoReturn:
        raise AttributeError(UNAWAITED)
