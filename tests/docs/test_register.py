"""The register of recordings holds all that there are, as they are, and what replaced which."""

from __future__ import annotations

import pandas as pd
import pytest

from docs.evidence import register
from docs.evidence.register import FOLDER, PAGE, REPLACED, checksum, files, may_be_taken_again, page, read


def test_every_recording_is_in_the_register_as_it_is_on_the_disk() -> None:
    assert {str(path.relative_to(FOLDER)): checksum(path) for path in files()} == {
        name: one["sha256"] for name, one in read().items()
    }


def test_the_page_is_that_of_the_register() -> None:
    assert page(read()) == PAGE.read_text(encoding="utf-8"), "run python -m docs.evidence.register --write"


def test_what_was_replaced_stays_with_its_verdicts_beside_what_stands_for_it() -> None:
    kept = read()
    for name, (new, why) in REPLACED.items():
        assert why
        assert kept[name]["verdicts"]
        assert kept[new]["started"] > kept[name]["started"]
        assert new not in REPLACED


@pytest.mark.parametrize(
    ("others", "share", "again"),
    [(0.3, None, True), (0.2, None, False), (None, None, False), (0.0, 0.06, True), (0.0, 0.04, False)],
)
def test_what_a_recording_says_plays_no_part_in_whether_it_may_be_taken_again(
    monkeypatch: pytest.MonkeyPatch, others: float | None, share: float | None, again: bool
) -> None:
    monkeypatch.setattr(register, "noise", lambda frame: {"others_cores": others})
    monkeypatch.setattr(register, "disturbed_share", lambda frame: share)
    assert may_be_taken_again(pd.DataFrame())[0] is again
