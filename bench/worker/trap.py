"""Hears what only finalisers and warnings say: a coroutine never awaited (R13), a GIL switched back on (R12, N9)."""

from __future__ import annotations

import gc
import re
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

GIL_ON = re.compile(r"lock \(GIL\) has been enabled to load module '([^']+)'")
"""What a free-threaded CPython warns of when an extension does not say that it can do without the GIL."""


class Refused(Exception):
    """A round whose work cannot be accepted; the text says why in one line."""


class FinaliserTrap:
    """Catches what only finalisers say, such as a coroutine that was never awaited (method.md, R13).

    `gil_by` are the modules for which the GIL was switched on; that is no failure by itself, but has to be told.
    """

    def __init__(self) -> None:
        self.heard: list[str] = []
        self.gil_by: list[str] = []

    def install(self) -> None:
        sys.unraisablehook = self._unraisable
        warnings.simplefilter("always", RuntimeWarning)
        warnings.showwarning = self._warning  # type: ignore[assignment]

    def _unraisable(self, unraisable: Any) -> None:
        self.heard.append(f"{unraisable.err_msg or 'ignored exception'}: {unraisable.exc_value!r}")

    def _warning(self, message: Any, category: type[Warning], *_: Any) -> None:
        if "never awaited" in str(message):
            self.heard.append(str(message))
        elif switched := GIL_ON.search(str(message)):
            self.gil_by.append(switched[1])

    def check(self, *, sweep: bool = True, old: bool = True) -> None:
        """Raise Refused if anything was heard since the last check; with `sweep`, collect garbage before.

        Without `old` the sweep leaves out what was there at the last full one.
        """
        if sweep:
            gc.collect(2 if old else 1)
        heard, self.heard = self.heard, []
        if heard:
            raise Refused(heard[0])


def agings() -> int:
    """How often objects were moved to where only a full collection looks; while it stays, all that is new is young.

    From 3.14 on there are interpreters that move what survives any collection.
    """
    keeps_young = 1 if sys.version_info < (3, 14) else 0
    return sum(generation["collections"] for generation in gc.get_stats()[keeps_young:])


@contextmanager
def gil_heard(switched_by: list[str]) -> Iterator[None]:
    """Note the modules for which the GIL is switched on while something is imported; other warnings go their way."""
    show = warnings.showwarning

    def hear(message: Warning | str, *more: Any, **options: Any) -> None:
        if switched := GIL_ON.search(str(message)):
            switched_by.append(switched[1])
        else:
            show(message, *more, **options)

    # In front of what the user's PYTHONWARNINGS may say, which would have it unheard or raised.
    warnings.filterwarnings("always", message=".*\\(GIL\\) has been enabled", category=RuntimeWarning)
    warnings.showwarning = hear
    try:
        yield
    finally:
        if warnings.showwarning is hear:
            warnings.showwarning = show
