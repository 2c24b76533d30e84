"""Regressions that people decided to live with: kept in a file of the repository, each with its reason.

An acceptance raises the margin of one cell, and only as long as the change that was accepted lies between base and
head: once base contains it, the new speed is what the next change is compared with. So a regression is never
the baseline by accident, and an acceptance never hides the next one.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from when_async.bench.model import WhenAsyncError

from ..files import os_words, write_whole
from .report import CellResult, GateReport, Word

SCHEMA = 1
LARGEST = 100.0
"""Nobody accepts a program that takes a hundred times as long; NaN and infinity are no shares either."""


class AcceptanceError(WhenAsyncError):
    """The file of acceptances cannot be used, or there is nothing to accept; the text says what to do."""


@dataclass(frozen=True)
class Acceptance:
    """One slow-down that was accepted: up to `slowdown` (0.08 is 8 %) in `metric` of `cell`.

    `base` is the commit, or the text of the side, that it was measured against, `head` the commit that brought it, or
    None where head was a folder. `word` is `REGRESSED`, `MISSING` or `RENAMED`.
    """

    cell: str
    word: str
    metric: str
    slowdown: float
    base: str
    head: str | None
    reason: str
    date: str


def load(path: Path) -> tuple[Acceptance, ...]:
    """What has been accepted so far, nothing where there is no file; raises AcceptanceError for a damaged one."""
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
        return tuple(_read(entry) for entry in data["accepted"])
    except FileNotFoundError:
        return ()
    except (OSError, ValueError, TypeError, KeyError) as error:
        what = f"{path} is not a file of acceptances ({error}); restore it from the repository"
        raise AcceptanceError(what) from None


def _read(entry: dict[str, Any]) -> Acceptance:
    """One entry; raises ValueError for a slow-down that is no share, which would wave everything through."""
    slowdown = float(entry["slowdown"])
    if not 0 <= slowdown <= LARGEST:
        raise ValueError(f"a slowdown of {slowdown:g}")
    return Acceptance(**{**entry, "slowdown": slowdown})


def save(accepted: Sequence[Acceptance], path: Path) -> None:
    """Write the file in one step; raises AcceptanceError where it cannot be written."""
    text = json.dumps({"schema": SCHEMA, "accepted": [asdict(one) for one in accepted]}, indent=1) + "\n"
    try:
        write_whole({path: text})
    except OSError as error:
        raise AcceptanceError(f"{path} cannot be written: {os_words(error)}") from None


def accept(report: GateReport, reason: str, date: str, cells: Sequence[str] = ()) -> tuple[Acceptance, ...]:
    """The acceptances for the regressed, missing and renamed cells of `report`, or for those of them that are named.

    Raises AcceptanceError where a name is not among them, or where there is nothing to accept.
    """
    if report.injected:
        raise AcceptanceError("the last gate run had a slow-down put into head on purpose, which is nothing to accept")
    open_ = {result.cell: result for result in report.of(Word.REGRESSED, Word.MISSING, Word.RENAMED)}
    unknown = [cell for cell in cells if cell not in open_]
    if unknown:
        raise AcceptanceError(f"{unknown[0]} neither regressed nor went missing in the last gate run")
    if not open_:
        raise AcceptanceError("nothing regressed or went missing in the last gate run, so there is nothing to accept")
    if not reason.strip():
        raise AcceptanceError("an acceptance needs a reason that the next reader understands: --reason TEXT")
    return tuple(one for cell in cells or open_ for one in _of(open_[cell], report, reason.strip(), date))


def _of(result: CellResult, report: GateReport, reason: str, date: str) -> list[Acceptance]:
    base, head = report.base.commit or report.base.asked, report.head.commit
    if result.word is not Word.REGRESSED:
        return [Acceptance(result.cell, str(result.word), "", 0.0, base, head, reason, date)]
    return [
        Acceptance(result.cell, str(result.word), metric.metric, metric.ratio.high - 1, base, head, reason, date)
        for metric in result.metrics
        if metric.ratio is not None and metric.ratio.low > 1
    ]


def in_force(accepted: Sequence[Acceptance], spent: Sequence[Acceptance]) -> dict[tuple[str, str], Acceptance]:
    """What still counts, by (cell, metric); the latest of several.

    `spent` is what base's own file holds. An acceptance is committed with the change that it is for, so a base that has
    the one has the other, however the commits were squashed or rewritten on the way.
    """
    return {(one.cell, one.metric): one for one in accepted if one not in spent}
