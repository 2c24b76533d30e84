"""What the deciding run begins with is what the reference scattered by, and nothing that was typed."""

from __future__ import annotations

import pandas as pd

from docs.evidence.spread import parts, reference, text
from when_async.reports.verdicts.judging import lookups
from when_async.reports.verdicts.lookup import Hole
from when_async.results.cells.rule import recorded


def test_the_recorded_spread_is_that_of_the_reference() -> None:
    from docs.evidence.spread import RECORDED, REFERENCE

    assert (REFERENCE / RECORDED).read_text(encoding="utf-8") == text(reference())


def test_nearly_every_part_that_was_measured_has_a_recorded_spread(frame: pd.DataFrame) -> None:
    known, proofs = recorded(), lookups(frame)
    measured = [
        key
        for key, part in parts().items()
        if key not in known and not all(isinstance(part.measure.series(one), Hole) for one in proofs)
    ]
    # Counts are exact, limits happen or do not, and an overlap that is whole in each process does not scatter.
    assert all(key.startswith(("limit of", "peak_in_flight of", "overlapped of")) for key in measured), measured
