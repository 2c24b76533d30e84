"""From the text a user wrote to the cells of a run: a full cell id, a contestant, a runner or an interpreter."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import pandas as pd

from when_async.bench.model import WhenAsyncError

from ..cells.pairing import bare

CellFacts = Mapping[str, Any]
"""What is known of a cell whether or not it was measured: its columns `FACTS`, as an object."""
FACTS = ("run", "cell", "comparison", "contestant", "runner", "library", "python", "status", "reason")


class ContrastError(WhenAsyncError):
    """A comparison that cannot be made or would be meaningless; the message is one line that says what to do next."""


class Kind(StrEnum):
    """What a text names."""

    CELL = "cell"
    CONTESTANT = "contestant"
    PYTHON = "interpreter"


@dataclass(frozen=True)
class Name:
    """A text that was understood, and the cells that it names, in the order in which they were asked for.

    `library` and `python` say whether the text fixes them: `threading` leaves both open, `threading/requests@3.13`
    none.
    """

    text: str
    kind: Kind
    cells: tuple[CellFacts, ...]
    library: bool = True
    python: bool = True


def cells_of(frame: pd.DataFrame) -> list[CellFacts]:
    """One object per cell of the frame, in order."""
    records = bare(frame)[list(FACTS)].drop_duplicates(["run", "cell"]).to_dict("records")
    return [{str(name): value for name, value in record.items()} for record in records]


def resolve(frame: pd.DataFrame, text: str) -> Name:
    """What `text` names in this frame: a cell id, an interpreter's label, or a contestant or runner, with or without
    `@interpreter`.

    Raises ContrastError for a text that names nothing here, and suggests the nearest.
    """
    cells = cells_of(frame)
    wanted = text.strip()
    exact = _where(cells, cell=wanted)
    if exact:
        return Name(wanted, Kind.CELL, exact)
    interpreter = _where(cells, python=wanted)
    if interpreter:
        return Name(wanted, Kind.PYTHON, interpreter, library=False)
    who, at, python = wanted.partition("@")
    there = _where(cells, python=python) if at else tuple(cells)
    for column in ("runner", "contestant"):
        found = _where(there, **{column: who})
        if found:
            library = column == "contestant" or not any(cell["library"] for cell in found)
            return Name(wanted, Kind.CONTESTANT, found, library=library, python=bool(at))
    raise ContrastError(f"there is no cell, contestant or interpreter named {wanted!r}; {_hint(wanted, cells)}")


def nearest(text: str, names: Iterable[str]) -> str | None:
    """The name that `text` most likely meant, or None where none is near."""
    found = difflib.get_close_matches(text, list(dict.fromkeys(names)), n=1, cutoff=0.5)
    return found[0] if found else None


def _where(cells: Iterable[CellFacts], **wanted: str) -> tuple[CellFacts, ...]:
    return tuple(cell for cell in cells if all(cell[name] == value for name, value in wanted.items()))


def _hint(text: str, cells: list[CellFacts]) -> str:
    """The nearest name, or all short ones."""
    short = [name for column in ("runner", "contestant", "python") for name in (str(cell[column]) for cell in cells)]
    placed = [f"{cell['contestant']}@{cell['python']}" for cell in cells]
    near = nearest(text, [*short, *placed, *(str(cell["cell"]) for cell in cells)])
    known = ", ".join(dict.fromkeys(short))
    return f"did you mean {near!r}?" if near else f"known are {known}" if known else "the run has no cells"
