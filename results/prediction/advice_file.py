"""What `when-async advise` knows: figures of each runner on each interpreter, and how good predictions were."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pandas as pd

from when_async.bench.model import WhenAsyncError

from ..cells.summary import Row, summary
from .fitted import Fitted, fitted
from .law import Accuracy, from_record, to_record


class AdviceError(WhenAsyncError):
    """There is nothing to advise from; the text is one line that says what to do next."""


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
    records = [
        {
            "python": one.python, "gil": one.gil, "cores": one.cores, "run": one.run,
            "accuracy": asdict(one.accuracy), "overheads": [to_record(each) for each in one.overheads],
        }
        for one in found
    ]  # fmt: skip
    path.write_text(json.dumps({"machine": machine, "interpreters": records}, indent=1) + "\n", encoding="utf-8")


def read(path: Path) -> tuple[list[Fitted], str]:
    """What was kept, and of which machine; raises AdviceError."""
    try:
        data: Mapping[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        found = [
            Fitted(
                one["python"], one["gil"], one["cores"], one["run"],
                tuple(from_record(each) for each in one["overheads"]), Accuracy(**one["accuracy"]), (),
            )
            for one in data["interpreters"]
        ]  # fmt: skip
        return found, str(data["machine"])
    except FileNotFoundError:
        raise AdviceError(f"there is no {path.name} here; name a run with --run, or take a whole checkout") from None
    except (OSError, ValueError, KeyError, TypeError):
        raise AdviceError(f"{path} cannot be read; renew it with: python -m docs.evidence.advice") from None
