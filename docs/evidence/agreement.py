"""Write docs/agreement.md: whether recordings of one interpreter agree, and what changed since the old ones.

    python -m docs.evidence.agreement --write

It reads every recording of the reference and of other machines. The old ones are those in results/reference/before/,
and as long as there are none those that were replaced one by one.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from docs.evidence.agreement_tables import Recorded, differing, shares, signs, sources
from docs.evidence.spread import REFERENCE
from when_async.bench.cli.claims import PATTERN, elsewhere, references
from when_async.reports.page.markdown import prose, text
from when_async.reports.recordings.agreement import agreed
from when_async.reports.recordings.changes import Change, changes, matched
from when_async.reports.verdicts.judging import claims
from when_async.reports.verdicts.kept import judged
from when_async.results.overview import header_of

PAGE = Path("docs/agreement.md")
OLD = ("before", "replaced")
"""Folders of the reference in which old recordings lie; the first that has any counts."""


@dataclass(frozen=True)
class Changes:
    """What is another verdict than in the recordings of `folder`, of how many that can be held against each other."""

    folder: str
    found: Sequence[Change]
    held: int


def read(paths: Sequence[Path]) -> Recorded:
    """The verdicts of some recordings, each as it stands, and their headers by file."""
    headers = {str(path.relative_to(REFERENCE)): header_of(path) for path in paths}
    return Recorded(judged(paths, claims().values())[0], headers)


def old() -> tuple[str, list[Path]]:
    """The recordings that stood before, and the folder that they lie in."""
    for folder in OLD:
        if found := sorted((REFERENCE / folder).glob(PATTERN)):
            return folder, found
    return OLD[0], []


def since(now: Recorded, before: Recorded, folder: str) -> Changes:
    """What changed from the recordings of a folder to those of today."""
    headers = [*before.headers.values(), *now.headers.values()]
    new, was = agreed(now.verdicts, headers), agreed(before.verdicts, headers)
    held = sum(one is not None for _, one in matched(new, was, headers))
    return Changes(folder, changes(new, was, headers), held)


def page(now: Recorded, changed: Changes) -> str:
    """docs/agreement.md."""
    blocks = [HEAD, *sources(now), "## The verdicts of all recordings", SIGNS_SAID, "\n".join(signs(now))]
    blocks += ["## How often they agree", SHARES_SAID, "\n".join(shares(now))]
    blocks += ["## Where they differ", *differing(now), "## What changed since the old reference"]
    return "\n\n".join([*blocks, *told(changed)]) + "\n"


def told(changed: Changes) -> Iterator[str]:
    """Each verdict that is another, with what may have changed it."""
    where = f"`results/reference/{changed.folder}/`"
    if not changed.held:
        yield f"There is no old recording in {where}."
        return
    yield CHANGED_SAID.format(where=where, count=len(changed.found), held=changed.held)
    rows = []
    for one in changed.found:
        box = f" on {text(one.now.record.machine)}" if one.now.record else ""
        rows.append(f"- **{text(one.now.claim.name)}**, Python {text(one.now.python)}{box}: {text(one.before.word)} "
                    f"before, {text(one.now.word)} now. {prose(one.said)}")  # fmt: skip
    yield "\n".join(rows) or "No verdict is another."


HEAD = """# Do recordings agree?

This page is written by `python -m docs.evidence.agreement --write` from every recording that is in use. It shows what
each of them says of each claim, how often two of them say the same, and every verdict on which they differ.

The rule for what is shown elsewhere: recordings of one interpreter on one machine have to say the same word. A
recording without a figure has no say, nor has one that lacks parts and is open for that alone. Where two words differ
the verdict is INCONCLUSIVE and names both. That is so for INCONCLUSIVE beside HOLDS too. Figures of two recordings are
never pooled, and machines stand beside each other.
Of recordings that agree, the figures shown are those of the newest with the same number of processes everywhere: it
has every part of a claim, and when it ended did not depend on what it found."""

SIGNS_SAID = """✓ HOLDS, ✗ REFUTED, ± DEPENDS, ? INCONCLUSIVE, – NOT_MEASURED. Each sign is one recording, in the
order of the list above. A slash parts machines. Bold is where two of those that have a figure differ."""

SHARES_SAID = """A pair is two recordings of one interpreter that both have a figure for a claim. The interval is the
exact one of Clopper and Pearson, at 95 %. It takes pairs to be independent, and they are not quite: three recordings
make three pairs, and claims share cells. What is asked for is 19 of 20."""

CHANGED_SAID = """The old recordings lie in {where}, and are judged by today's claims. Of {held} verdicts that can be
held against each other {count} are others now. A cause is named where the two recordings differ in it. None of them
was proved."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--write", action="store_true")
    asked = parser.parse_args()
    made = written()
    if asked.write:
        PAGE.write_text(made, encoding="utf-8")
    else:
        print(made, end="")


def written() -> str:
    """The page as the recordings of today give it."""
    now = read([*references(), *elsewhere()])
    folder, paths = old()
    return page(now, since(now, read(paths), folder))


if __name__ == "__main__":
    main()
