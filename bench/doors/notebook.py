"""A result as a notebook shows it. Whatever is not ours, a name of a function or the text of an error, is escaped."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from html import escape

from when_async.reports import words
from when_async.reports.scene.rows import (
    THROUGHPUT,
    Scene,
    comparisons,
    facet_names,
    facets,
    ordered,
    reason,
    value,
)
from when_async.results.cells.summary import Row

from ..model import Estimate

HEAD = "<tr><th></th><th>throughput</th><th>interval</th><th>ratio</th><th>interval</th></tr>"
LEFT = ' style="text-align:left"'


def html(sentence: str, scene: Scene, notes: Sequence[str], code: str) -> str:
    """The sentence, a table for each comparison, the notes, and the program to begin from, folded."""
    parts = [f"<p><strong>{escape(sentence)}</strong></p>", *_tables(scene)]
    if notes:
        parts.append(f"<ul>{''.join(f'<li>{escape(note)}</li>' for note in notes)}</ul>")
    if code:
        parts.append(f"<details><summary>code to begin from</summary><pre>{escape(code)}</pre></details>")
    return "".join(parts)


def _tables(scene: Scene) -> Iterator[str]:
    names = facet_names(scene.rows)
    for comparison in comparisons(scene.rows):
        here = scene.of(comparison=comparison)
        for one in facets(here.rows):
            title = f"{comparison}, {names[one]}" if len(names) > 1 else comparison
            rows = "".join(map(_row, ordered(here.of_facet(one).rows, THROUGHPUT)))
            yield f"<table><caption>{escape(title)}</caption><thead>{HEAD}</thead><tbody>{rows}</tbody></table>"


def _row(row: Row) -> str:
    name = f"<th{LEFT}>{escape(row.contestant)}</th>"
    rate = value(row, THROUGHPUT)
    if rate is None:
        return f'<tr>{name}<td colspan="4"{LEFT}>{escape(reason(row))}</td></tr>'
    ratio = _cells(row.speedup, "x") if row.speedup else f'<td colspan="2">{"reference" if row.reference else ""}</td>'
    return f"<tr>{name}{_cells(rate, THROUGHPUT.kind)}{ratio}</tr>"


def _cells(found: Estimate, kind: str) -> str:
    return "".join(f"<td>{escape(part)}</td>" for part in words.figure(found, kind))
