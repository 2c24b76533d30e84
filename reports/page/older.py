"""The table of runs that a page of many does not show in full."""

from __future__ import annotations

from collections.abc import Sequence

from when_async.results.overview import Overview

from .. import words
from ..scene import conditions
from ..scene.tables import Group, Item, Line, Table


def older_table(older: Sequence[Overview]) -> Table | None:
    """A line for each run, the newest first; None where there is none."""
    if not older:
        return None
    lines = [
        Line(
            words.one_line(one.run),
            [conditions.date(one.header), words.one_line(", ".join(map(str, one.header.get("pythons", ()))))],
            [
                [Item(words.one_line(one.header.get("profile", "")))],
                [Item(str(one.samples))],
                [Item(", ".join(f"{count} {status}" for status, count in sorted(one.statuses.items())) or words.DASH)],
            ],
        )
        for one in sorted(older, key=lambda one: one.run, reverse=True)
    ]
    caption = (
        "These runs are not shown in full, as newer ones have their machines and interpreters. `when-async report` "
        "with the file of one of them shows it, and `when-async history` follows cells over all of them."
    )
    heads, columns = ["run", "date", "Python"], ["profile", "rounds", "cells"]
    return Table(caption, heads, columns, [Group("", lines=lines)], worded=True)
