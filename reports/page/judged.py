"""What a page says of claims: its own verdicts, those of older recordings beside them, and what the reference lends."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pandas as pd

from when_async.results.overview import Overview
from when_async.results.runfile import Header

from .. import words
from ..answers.answer import gathered
from ..recordings.agreement import agreed, machines
from ..scene.rows import Scene
from ..verdicts.judging import Verdict, claims, judge
from ..verdicts.kept import judged as kept
from . import claims as claim_groups
from .opening import Reference, open_claims, opening

NOTHING: dict[str, Any] = {"opening": None, "claims": [], "boxes": [], "shared": ""}
"""Of runs that prove no more than that they run."""


def judged(
    frame: pd.DataFrame, scene: Scene, older: Sequence[Overview], reference: Reference | None
) -> dict[str, Any]:
    """The first screen, of one machine, and the claims; what these runs left open is asked of the reference."""
    asked_then = [one for one in older if one.header.get("asked_claims")]
    before, _ = kept([one.path for one in asked_then], claims().values())
    headers = [*frame.attrs.get("headers", ()), *(one.header for one in asked_then)]
    verdicts = agreed([*judge(frame, scene=scene), *before], headers)
    box = machines(verdicts)[:1]
    own = gathered((one for one in verdicts if one.record and one.record.machine in box), headers)
    asked = open_claims(verdicts, own)
    known = [one for one in (reference(asked) if reference and asked else ()) if one.source.run not in runs(headers)]
    groups = claim_groups.groups(verdicts, scene, known)
    return {"opening": opening(own, known), "claims": groups, **_boxes(verdicts)}


def _boxes(verdicts: Sequence[Verdict]) -> dict[str, Any]:
    """The machines whose verdicts stand side by side, none where there is one, and the interpreters that all have."""
    boxes = machines(verdicts)
    if len(boxes) < 2:
        return {"boxes": [], "shared": ""}
    shared = claim_groups.shared_by([(one.record.machine, one.python) for one in verdicts if one.record])
    return {"boxes": [words.one_line(one) for one in boxes], "shared": words.one_line(words.listing(shared))}


def runs(headers: Sequence[Header]) -> set[str]:
    """The runs that a page shows, which are nobody else's."""
    return {str(header.get("run")) for header in headers}
