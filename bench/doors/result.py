"""What came of a measurement, for a notebook, a script or a test: a table, one sentence, and answers to questions."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass
from functools import cached_property
from io import StringIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

from when_async.reports import words
from when_async.reports.lines import WIDTH
from when_async.reports.scene.findings import ahead
from when_async.reports.scene.rows import THROUGHPUT, Scene, serial
from when_async.reports.terminal.begun import begun
from when_async.reports.terminal.tried import Own, answer, curve
from when_async.results.cells.summary import Row as Row

from ..model import Estimate, Status, WhenAsyncError

if TYPE_CHECKING:
    import pandas as pd


class NoRow(WhenAsyncError, KeyError):
    """There is no such row, or it has no figure; the text says what there is."""

    def __str__(self) -> str:
        return str(self.args[0])


@dataclass(frozen=True, repr=False)
class Measured:
    """One row of a result: a model with so many calls in flight."""

    row: Row
    _of: Result

    @property
    def runner(self) -> str:
        return self.row.contestant

    @property
    def in_flight(self) -> int:
        """How many calls were in flight, one after another in a plain loop whatever was asked for."""
        return self.row.concurrency

    @property
    def status(self) -> str:
        """OK, FAILED, TIMEOUT, UNSUPPORTED or LEFT, of which all but OK have a reason."""
        return self.row.status

    @property
    def reason(self) -> str:
        return self.row.reason

    @property
    def throughput(self) -> Estimate | None:
        """Calls per second with their interval; None where the row is not OK or has fewer than two processes."""
        return self.row.throughput if self.row.status == Status.OK else None

    def against(self, other: str | tuple[str, int] | Measured) -> Estimate | None:
        """How many times as fast it is as another row, with the interval; None where there are too few processes.

        Raises NoRow where one of the two was not measured.
        """
        __tracebackhide__ = True
        against = other if isinstance(other, Measured) else self._of.row(other, like=self)
        for one in (self, against):
            if one.status != Status.OK:
                raise NoRow(f"{one.runner} has no figure: {one.status} {one.reason}".rstrip())
        return self._of.scene.ratio(self.row, against.row, THROUGHPUT)

    def faster_than(self, other: str | tuple[str, int] | Measured) -> bool:
        """Whether it is faster beyond doubt: the whole interval of the ratio lies above 1."""
        __tracebackhide__ = True
        return ahead(self.against(other))

    def __repr__(self) -> str:
        rate = self.throughput
        said = words.with_unit(rate, "/s") if rate else " ".join(filter(None, (self.status, self.reason)))
        many = "one at a time" if serial(self.row) else f"{self.in_flight} in flight"
        return f"<{self.runner}, {many}: {said}>"


class Result:
    """All that was measured of a callable.

    `frame` has a row for each round (`when_async.load`), `rows` one for each model and number of calls in flight.
    `sentence` says which to use, `code` is a program to begin from, `notes` what must be known beside the figures.
    """

    def __init__(self, frame: pd.DataFrame, scene: Scene, own: Own, notes: tuple[str, ...], recorded: bytes) -> None:
        self.frame = frame
        self.scene = scene
        self.notes = notes
        self._own = own
        self._recorded = recorded

    @property
    def rows(self) -> tuple[Row, ...]:
        return self.scene.rows

    @cached_property
    def sentence(self) -> str:
        return " ".join(answer(self.scene, self._own))

    @cached_property
    def code(self) -> str:
        return begun(self.scene, self._own)

    def __getitem__(self, wanted: str | tuple[str, int]) -> Measured:
        """A row by its model, or by model and calls in flight where several numbers of these were measured."""
        __tracebackhide__ = True
        return self.row(wanted)

    def row(self, wanted: str | tuple[str, int], like: Measured | None = None) -> Measured:
        """The same; of several numbers in flight that of `like`. Raises NoRow."""
        __tracebackhide__ = True
        name, in_flight = (wanted, like and like.in_flight) if isinstance(wanted, str) else wanted
        own = [each for each in self.rows if each.contestant == name]
        found = [each for each in own if in_flight in (None, each.concurrency)]
        if len(found) == 1:
            return Measured(found[0], self)
        if found:
            numbers = words.listing([str(each.concurrency) for each in found])
            raise NoRow(f"{name} was measured with {numbers} in flight; name one: [{name!r}, {found[0].concurrency}]")
        what = f"{name!r} with {in_flight} in flight" if own else repr(name)
        there = words.listing(list(dict.fromkeys(each.contestant for each in self.rows)))
        raise NoRow(f"there is no row for {what}; measured were {there}")

    def save(self, path: Path | str) -> None:
        """Write the run file, of which `when-async report` makes a page; raises RunFileError where one is there."""
        from when_async.results.journal import refuse_unfit

        refuse_unfit(Path(path))
        Path(path).write_bytes(self._recorded)

    def __await__(self) -> Generator[Any, None, Result]:
        """Itself, so that what is awaited in an async test may be awaited in any."""
        return self
        yield

    def __str__(self) -> str:
        from rich.console import Console

        from when_async.reports.terminal.run import summary

        stream = StringIO()
        summary(self.rows, Console(file=stream, width=WIDTH, force_terminal=False), self.scene.rounds)
        notes = [f"note: {note}" for note in self.notes]
        lines = [self.sentence, "", *curve(self.scene), stream.getvalue().rstrip(), *([""] if notes else []), *notes]
        return "\n".join(lines)

    __repr__ = __str__

    def _repr_html_(self) -> str:
        from .notebook import html

        return html(self.sentence, self.scene, self.notes, self.code)
