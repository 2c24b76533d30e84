"""What `when-async advise` knows: figures of each runner on each interpreter, and how good predictions were."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from when_async.bench.model import WhenAsyncError

from ..cells.summary import Row, summary
from ..files import write_whole
from .fitted import Fitted, fitted

if TYPE_CHECKING:
    import pandas as pd


class AdviceError(WhenAsyncError):
    """There is nothing to advise from; the text is one line that says what to do next."""


@dataclass(frozen=True)
class _Kept:
    """What the file holds."""

    machine: str
    interpreters: list[Fitted]


def from_frame(frame: pd.DataFrame) -> list[Fitted]:
    """What the runs of a frame tell of their machine, for each run and interpreter that has cells enough."""
    rows = summary(frame)
    cores = {header["run"]: int(header.get("machine", {}).get("cores") or 1) for header in frame.attrs["headers"]}
    places: dict[tuple[str, str], list[Row]] = {}
    for row in rows:
        places.setdefault((row.run, row.python), []).append(row)
    found = [fitted(own, python, run, cores[run]) for (run, python), own in places.items()]
    known = [one for one in found if one is not None]
    if not known:
        raise AdviceError("these runs are no ground for advice; measure with: when-async run --claim async-first")
    return known


def write(path: Path, found: Sequence[Fitted], machine: str) -> None:
    """Keep what was fitted, without the single trials."""
    kept = _Kept(machine, [replace(one, trials=()) for one in found])
    write_whole({path: json.dumps(asdict(kept), indent=1) + "\n"})


def read(path: Path) -> tuple[list[Fitted], str]:
    """What was kept, and of which machine; raises AdviceError."""
    try:
        kept = msgspec.json.decode(path.read_bytes(), type=_Kept)
    except FileNotFoundError:
        raise AdviceError(f"there is no {path.name} here; name a run with --run, or take a whole checkout") from None
    except (OSError, msgspec.MsgspecError) as error:
        what = error.strerror if isinstance(error, OSError) else error
        raise AdviceError(f"{path} cannot be read: {what}; renew it with: python -m docs.evidence.advice") from None
    return kept.interpreters, kept.machine
