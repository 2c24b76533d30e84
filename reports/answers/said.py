"""What a rule makes of figures; topics.py adds the question and where the figures come from."""

from __future__ import annotations

from dataclasses import dataclass

from when_async.bench.model import Estimate


@dataclass(frozen=True)
class Said:
    """The parts of an Answer that follow from figures.

    `answer` is a phrase of a few words; `figure` the ratio behind it, with what it compares in `compares`; `sentence`
    the one sentence for a reader in a hurry; `decides` what tips the balance; `claims` the ids behind all of it.
    `model` is the runner whose code is one to begin from, with `in_flight` at once; 0 stands for one for each core.
    """

    answer: str
    sentence: str
    figure: Estimate | None
    compares: str
    decides: str
    advice: str
    limits: str
    claims: tuple[str, ...]
    model: str = ""
    in_flight: int = 0


def joined(*sentences: str) -> str:
    """Those sentences that there are, in a row."""
    return " ".join(one for one in sentences if one)
