"""The process that tries to import a user's file: says in one JSON line what the file would do to whoever imports it.

It may end, hang or fork; so the line goes to a pipe of its own, stacks go to a file, and what the file prints nowhere.
"""

from __future__ import annotations

import faulthandler
import json
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ..registry import RegistryError, load_module
from . import patches

GRACE_S = 0.3
"""A copy of this process, and a thread, may take so long to come to an end of their own."""


class Watch:
    """Sees what an import does to its process, and where in the file."""

    def __init__(self, path: str, answers: int) -> None:
        self.path = os.path.realpath(path)
        self.pid = os.getpid()
        self.did: dict[str, str] = {}
        """By what was done the first place where it was."""
        self.forked = ""
        self._answers = answers

    def install(self) -> None:
        """Have the functions noted by which a file changes its process."""
        ends = os._exit
        started = threading.Thread.start

        def leave(status: int) -> None:
            if os.getpid() == self.pid:
                self.say({"ends": f"os._exit({status}) at {self.here()}"})
            ends(status)

        def start(thread: threading.Thread) -> None:
            thread.started_at = self.here()  # type: ignore[attr-defined]
            started(thread)

        threading.Thread.start = start  # type: ignore[method-assign,assignment]
        os._exit = leave  # type: ignore[assignment]
        self._note(os, "chdir", "folder")
        self._note(signal, "signal", "signals")
        self._note(signal, "setitimer", "timer")
        self._note(signal, "alarm", "timer")
        os.register_at_fork(before=self._forks)

    def _note(self, module: Any, name: str, what: str) -> None:
        function: Callable[..., Any] = getattr(module, name)

        def noted(*arguments: Any, **named: Any) -> Any:
            self.did.setdefault(what, self.here())
            return function(*arguments, **named)

        setattr(module, name, noted)

    def changes(self, before: tuple[Any, ...]) -> dict[str, str]:
        """What is not as it was `before`, by what it is, with the place."""
        pairs = zip(("folder", "signals", "timer"), before, state(), strict=True)
        return {what: self.did.get(what, "") for what, was, now in pairs if was != now}

    def _forks(self) -> None:
        self.forked = self.forked or self.here()

    def here(self) -> str:
        """Where in the file we are, or in what it imports."""
        frame = sys._getframe(1)
        own = frame.f_code.co_filename
        last = ""
        while frame is not None:
            file = frame.f_code.co_filename
            place = f"{os.path.basename(file)}:{frame.f_lineno}"
            if os.path.realpath(file) == self.path:
                return place
            if not last and file != own and not file.startswith("<") and os.sep in file:
                last = place
            frame = frame.f_back  # type: ignore[assignment]
        return last

    def say(self, answer: Mapping[str, Any]) -> None:
        """The one line."""
        os.write(self._answers, json.dumps(answer).encode() + b"\n")


def tried(watch: Watch, path: str, wanted: Sequence[Any] | None = None) -> dict[str, Any]:
    """Import the file; what it would do to us. An error of its own is left for whoever imports it to find.

    Where points are `wanted` nobody will: then its workloads are described, with their figures there.
    """
    before, had = state(), patches.kept()
    try:
        load_module(path)
    except RegistryError:
        pass
    except BaseException as error:
        return {"raises": f"{type(error).__name__}: {error}".rstrip(": ")}
    finally:
        replaced = patches.put_back(had)
    if os.getpid() != watch.pid:
        return {"forks": watch.forked}
    if watch.forked:
        time.sleep(GRACE_S)
    for thread in threading.enumerate():
        if thread is not threading.main_thread() and not thread.daemon and not pooled(thread):
            thread.join(GRACE_S)
            if thread.is_alive():
                return {"thread": f"{thread.name}, started at {getattr(thread, 'started_at', '')}"}
    did = {**watch.changes(before), **({"functions": patches.told(replaced)} if replaced else {})}
    return {"did": did, **({} if wanted is None else _described(path, wanted))}


def _described(path: str, wanted: Sequence[Any]) -> dict[str, Any]:
    from .describing import described

    try:
        return {"workloads": described(path, wanted)}
    except RegistryError as error:
        return {"error": str(error)}
    except Exception as error:
        return {"error": f"{path} cannot be planned: {type(error).__name__}: {error}"}


def state() -> tuple[Any, ...]:
    """The current folder, the handlers of signals and the timer."""
    handlers = [signal.getsignal(number) for number in sorted(signal.valid_signals())]
    return os.getcwd(), handlers, signal.getitimer(signal.ITIMER_REAL) != (0.0, 0.0)


def pooled(thread: threading.Thread) -> bool:
    """Whether a thread is of an executor, which ends them when Python does."""
    futures = sys.modules.get("concurrent.futures.thread")
    return futures is not None and thread in futures._threads_queues


def main(path: str, answers: int, stacks: int, limit_s: float, wanted: Sequence[Any] | None = None) -> None:
    """Import `path`; the numbers are open files for the answer and for stacks. `wanted` as `tried` has it."""
    leave = os._exit
    faulthandler.enable(stacks)
    faulthandler.dump_traceback_later(limit_s, exit=True, file=stacks)
    watch = Watch(path, answers)
    watch.install()
    # The clock that ends us is a thread, which a copy of this process has not, and would wait for if it stopped it.
    watch.say(tried(watch, path, wanted))
    leave(0)
