"""Verdicts of run files, read from what was kept of them where run file and code are still the same.

python -m when_async.reports.verdicts.kept RUN...      keep those of committed recordings beside them
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from dataclasses import fields, is_dataclass
from enum import StrEnum
from functools import partial
from pathlib import Path
from typing import Any

from when_async.bench.model import Estimate
from when_async.results.reduced import commit, reduced
from when_async.results.runfile import refuse_twins

from .claim import Part, Reading, Side, Statement, Word
from .judging import Verdict, claims, judge
from .lookup import Hole, Outcome

WHAT = "verdicts"
CODE = (
    "bench/model", "results/cells", "results/stats", "results/columns.py", "results/frame.py", "results/runfile.py",
    "results/packed.py", "results/schema.py", "results/reference/spread.json", "reports/scene/evidence.py",
    "reports/scene/rows.py", "reports/words.py",
    "reports/verdicts", "reports/claims",
)  # fmt: skip
"""All that a verdict follows from beside its run file."""

_KINDS: dict[str, Any] = {one.__name__: one for one in (Verdict, Reading, Estimate, Outcome, Hole, Side, Word)}
_TAG = "is"


def judged(
    paths: Iterable[Path], asked: Iterable[Statement], *, skip_corrupt: bool = False
) -> tuple[list[Verdict], list[str]]:
    """One verdict for each claim asked for and each interpreter of each run, as `judge` has them; and the notes.

    The notes say what was left out of the files. Raises RunFileError as `results.frame.load` does.
    """
    found = []
    for path in paths:
        make = partial(_judged, path, skip_corrupt)
        # What is left out of a damaged file has to be told each time, so nothing is kept of it.
        found.append((path, make() if skip_corrupt else reduced(path, WHAT, CODE, make)))
    refuse_twins((run, path) for path, own in found for run in own["runs"])
    verdicts = [_value(one, claim) for claim in asked for _, own in found for one in own["verdicts"][claim.name]]
    return verdicts, [note for _, own in found for note in own["notes"]]


def _judged(path: Path, skip_corrupt: bool = False) -> dict[str, Any]:
    """The notes of one file and the verdicts on all claims of the house, by claim, as JSON has them."""
    from when_async.results.frame import load

    frame = load(path, skip_corrupt=skip_corrupt)
    known = claims()
    plain: dict[str, list[Any]] = {name: [] for name in known}
    for one in judge(frame, known):
        plain[one.claim.name].append(_plain(one, one.claim))
    runs = [header["run"] for header in frame.attrs["headers"]]
    return {"runs": runs, "notes": frame.attrs["notes"], "verdicts": plain}


def _plain(value: Any, claim: Statement) -> Any:
    """A value as JSON has it; the claim that it is part of is known, and its parts are told by their number."""
    if value is claim:
        return {_TAG: "claim"}
    if isinstance(value, Part):
        return {_TAG: "part", "at": _parts(claim).index(value)}
    if isinstance(value, StrEnum):
        return {_TAG: type(value).__name__, "value": str(value)}
    if isinstance(value, list | tuple):
        return [_plain(one, claim) for one in value]
    if not is_dataclass(value):
        return value
    kind = type(value).__name__
    assert kind in _KINDS, f"{kind} cannot be kept"
    return {_TAG: kind, **{one.name: _plain(getattr(value, one.name), claim) for one in fields(value)}}


def _value(plain: Any, claim: Statement) -> Any:
    """What `_plain` was made of."""
    if isinstance(plain, list):
        return tuple(_value(one, claim) for one in plain)
    if not isinstance(plain, dict):
        return plain
    own = {name: _value(one, claim) for name, one in plain.items()}
    kind = own.pop(_TAG)
    if kind == "claim":
        return claim
    return _parts(claim)[own["at"]] if kind == "part" else _KINDS[kind](**own)


def _parts(claim: Statement) -> tuple[Part, ...]:
    return getattr(claim, "parts", ())


def main(arguments: Sequence[str]) -> None:
    """Keep the verdicts of these recordings beside them."""
    for path in map(Path, arguments):
        print(commit(path, WHAT, CODE, partial(_judged, path)))


if __name__ == "__main__":
    main(sys.argv[1:])
