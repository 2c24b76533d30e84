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
    head = next(iter(now.headers.values()))
    runs = {head["run"], twice.headers["second"]["run"]}
    both = Recorded(
        [one for one in twice.verdicts if one.run in runs],
        {name: one for name, one in twice.headers.items() if one["run"] in runs},
    )
    python = both.pythons[0]
    (found,) = [one for one in "\n".join(shares(both)).splitlines() if one.startswith(f"| Python {python}, one")]
    pairs, same = (int(one) for one in found.split("|")[2:4])
    spoken = [one for one in both.verdicts if (one.run, one.python) == (head["run"], python) and one.speaks]
    assert pairs == len(spoken)
    assert pairs - same == 1


def test_a_verdict_that_differs_is_listed_with_both_words_and_dates(twice: Recorded) -> None:
    claim = twice.verdicts[0].claim.name
    first = next(one for one in differing(twice) if one.splitlines()[0].startswith("- ") and "2099" in one)
    assert "31 December 2099, 00:00: ✗ REFUTED" in first
    assert any(one.startswith(f"**{claim}**") for one in differing(twice))
