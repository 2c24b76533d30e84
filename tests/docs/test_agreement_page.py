"""The page on agreement is that of the recordings, and counts pairs of recordings of one interpreter."""

from __future__ import annotations

from dataclasses import replace

import pytest

from docs.evidence import agreement
from docs.evidence.agreement_tables import Recorded, differing, shares, signs
from when_async.bench.cli.claims import elsewhere, references
from when_async.reports.verdicts.claim import Word


@pytest.fixture(scope="module")
def now() -> Recorded:
    return agreement.read([*references(), *elsewhere()])


@pytest.fixture(scope="module")
def twice(now: Recorded) -> Recorded:
    """The same, and a second recording of the first file that has one other verdict."""
    head = next(iter(now.headers.values()))
    run = "20991231-000000-beef"
    again = [replace(one, run=run) for one in now.verdicts if one.run == head["run"]]
    again[0] = replace(again[0], word=Word.REFUTED)
    headers = {**now.headers, "second": {**head, "run": run, "started": "2099-12-31T00:00:00+00:00"}}
    return Recorded([*now.verdicts, *again], headers)


def test_the_page_is_what_the_script_writes(now: Recorded) -> None:
    folder, paths = agreement.old()
    made = agreement.page(now, agreement.since(now, agreement.read(paths), folder))
    assert made == agreement.PAGE.read_text(encoding="utf-8"), "run python -m docs.evidence.agreement --write"


def test_every_claim_has_a_row_with_a_sign_of_each_recording(now: Recorded, twice: Recorded) -> None:
    rows = "\n".join(signs(now)).splitlines()
    assert len(rows) == 2 + len(now.claims)
    assert {row.count("|") for row in rows} == {len(now.pythons) + 2}
    before, after = ("".join(signs(each)).count("✗") for each in (now, twice))
    assert after > before


def test_two_recordings_of_one_machine_make_a_pair_for_each_claim_of_both(now: Recorded, twice: Recorded) -> None:
    python = now.pythons[0]

    def row(of: Recorded) -> list[str]:
        (found,) = [one for one in "\n".join(shares(of)).splitlines() if one.startswith(f"| Python {python}, one")]
        return [one.strip() for one in found.split("|")[2:4]]

    (pairs, same), (more, agree) = row(now), row(twice)
    assert int(more) - int(agree) == int(pairs) - int(same) + 1
    assert int(more) > int(pairs)


def test_a_verdict_that_differs_is_listed_with_both_words_and_dates(twice: Recorded) -> None:
    claim = twice.verdicts[0].claim.name
    first = next(one for one in differing(twice) if one.splitlines()[0].startswith("- ") and "2099" in one)
    assert "31 December 2099, 00:00: ✗ REFUTED" in first
    assert any(one.startswith(f"**{claim}**") for one in differing(twice))
