"""What a rule makes of figures; topics.py adds the question and where the figures come from."""

from __future__ import annotations

from dataclasses import dataclass

from when_async.bench.model import Estimate


@dataclass(frozen=True)
class Said:
    """The parts of an Answer that follow from figures."""

    answer: str
    sentence: str
    figure: Estimate | None
    compares: str
    decides: str
    advice: str
    limits: str
    claims: tuple[str, ...]


def joined(*sentences: str) -> str:
    """Those sentences that there are, in a row."""
    return " ".join(one for one in sentences if one)
