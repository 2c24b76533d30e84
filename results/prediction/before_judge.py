"""How good predictions were before a judge: a recording of other places, made when all was fixed."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import msgspec

from ..files import write_whole
from .fitted import Fitted
from .judged import Accuracy

CALIBRATED, REFERENCE = "calibrated", "reference"
"""By which costs it was predicted: of the machine itself, or of the reference, which is another."""


@dataclass(frozen=True)
class Verdict:
    """What the judge said of one set of costs.

    `accuracy` is by interpreter. `errors` has by runner between which logarithms of measured / predicted 95 % of its
    cells lay, over all interpreters.
    """

    accuracy: Mapping[str, Accuracy]
    errors: Mapping[str, tuple[float, float]]


def write(path: Path, found: Mapping[str, Verdict]) -> None:
    """Keep what the judge said of each set of costs."""
    write_whole({path: json.dumps({name: asdict(one) for name, one in found.items()}, indent=1) + "\n"})


def read(path: Path) -> Mapping[str, Verdict]:
    """What it said; nothing where no judge was heard, or where that cannot be read."""
    try:
        return msgspec.json.decode(path.read_bytes(), type=dict[str, Verdict])
    except (OSError, msgspec.MsgspecError):
        return {}


def judged(found: Sequence[Fitted], said: Mapping[str, Verdict]) -> list[Fitted]:
    """The same models, each with how far off it was before the judge, where it was heard of it."""
    return [_judged(one, said.get(CALIBRATED if one.calibrated else REFERENCE)) for one in found]


def _judged(known: Fitted, said: Verdict | None) -> Fitted:
    if said is None or known.python not in said.accuracy:
        return known
    models = tuple(
        replace(one, error_low=said.errors[one.runner][0], error_high=said.errors[one.runner][1])
        if one.runner in said.errors else one
        for one in known.models
    )  # fmt: skip
    return replace(known, models=models, accuracy=said.accuracy[known.python], judged=True)
