"""What programs of ours showed on each interpreter, as a run file keeps it: how often, of how many fresh processes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any

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


def of_record(record: Mapping[str, Any]) -> Seen:
    """One line of a run file, with the run that it belongs to."""
    names = {one.name for one in fields(Seen)}
    return Seen(**{name: record[name] for name in names & record.keys()})


def seen_in(frame: pd.DataFrame) -> list[Seen]:
    """All that the runs of a frame recorded, in order."""
    return [of_record(record) for record in frame.attrs.get("behaviours", ())]
