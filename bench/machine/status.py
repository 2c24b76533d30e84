"""How far something long is: one live line on a terminal, plain lines elsewhere."""

from __future__ import annotations

from typing import IO, Any, Self


class StatusLine:
    """Use it as a context manager; what is `quiet` writes no plain lines but those that are said."""

    def __init__(self, stream: IO[str], *, live: bool, quiet: bool = False) -> None:
        self._stream = stream
        self._live = live
        self._quiet = quiet
        self._status: Any = None
        self._stage: object = None

    def __enter__(self) -> Self:
        if self._live:
            from rich.console import Console

            self._status = Console(file=self._stream).status("starting")
            self._status.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._status:
            self._status.stop()

    def show(self, live: str, plain: str, stage: object) -> None:
        """`live` on the live line; where there is none, `plain` as the first line of each new `stage`."""
        if self._status:
            from rich.markup import escape

            self._status.update(escape(live))
        elif stage != self._stage and not self._quiet:
            self._write(plain)
        self._stage = stage

    def say(self, text: str) -> None:
        """A line that stays."""
        if self._status:
            self._status.console.print(text, markup=False, highlight=False)
        else:
            self._write(text)

    def _write(self, line: str) -> None:
        self._stream.write(line + "\n")
        self._stream.flush()
