"""What the deciding run begins with is what the reference scattered by, and nothing that was typed."""

from __future__ import annotations

from docs.evidence.spread import parts, reference, text
from when_async.results.cells.rule import recorded


def test_the_recorded_spread_is_that_of_the_reference() -> None:
    from docs.evidence.spread import RECORDED, REFERENCE

    assert (REFERENCE / RECORDED).read_text(encoding="utf-8") == text(reference())


def test_nearly_every_part_has_a_recorded_spread() -> None:
    known = recorded()
    missing = [key for key in parts() if key not in known]
    # Counts are exact, limits happen or do not, and an overlap that is whole in each process does not scatter.
    assert all(key.startswith(("limit of", "peak_in_flight of", "overlapped of")) for key in missing), missing
