"""What programs of ours showed on each interpreter, as a run file keeps it: how often, of how many fresh processes."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Seen:
    """`shown` of `tried` fresh processes showed what a claim says; `said` is what one of them saw.

    `absent` says why it could not be tried there, and is empty otherwise.
    """

    run: str
    claim: str
    python: str
    version: str
    shown: int
    tried: int
    said: str
    absent: str = ""


def seen_in(frame: pd.DataFrame) -> list[Seen]:
    """All that the runs of a frame recorded, in order."""
    names = {one.name for one in fields(Seen)}
    return [
        Seen(**{name: record[name] for name in names & record.keys()}) for record in frame.attrs.get("behaviours", ())
    ]
