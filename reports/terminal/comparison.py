"""How B stands to A, in words: the table of `when-async compare`, and the page's section on two environments.

Readers get time of B / time of A, so that 1.08 says that B takes 8 % longer; results.contrast has it the other way
round.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import groupby
from typing import Any, Final

import pandas as pd
from rich.console import Console

from when_async.bench.model import Estimate
from when_async.results.cells.pairing import bare
from when_async.results.contrast.resolve import ContrastError, cells_of
from when_async.results.contrast.rows import MARGIN, ContrastRow, contrast_environments
from when_async.results.stats.estimate import inverse
from when_async.results.stats.standing import MOST_FORKS, Extent, Outcome, Standing

from .. import words
from ..lines import WIDTH, Parts, line, paragraph
from ..scene.tables import Entry, Group, Item, Line, Table, number

SIGNS: Final[Mapping[Outcome, str]] = {
    Outcome.FASTER: "▼",
    Outcome.SLOWER: "▲",
    Outcome.EQUIVALENT: "=",
    Outcome.INCONCLUSIVE: "?",
}
LOOKS: Final[Mapping[Outcome, str]] = {
    Outcome.FASTER: "green",
    Outcome.SLOWER: "red",
    Outcome.EQUIVALENT: "",
    Outcome.INCONCLUSIVE: "yellow",
}
METRICS: Final[Mapping[str, str]] = {"wall": "wall", "cpu": "CPU per op"}
CHANCE = 0.05
"""Above this a Holm-adjusted p says that a difference may be one of many rows that chance picked."""
_NAME, _RATIO, _WORD = 10, 21, 14


def as_long(contrast: Standing) -> Estimate | None:
    """How many times as long B takes as A."""
    found = contrast.ratio
    return found and inverse(found)


def said(row: ContrastRow) -> str:
    """Why the verdict is what it is, and what would make an open one conclusive."""
    contrast = row.contrast
    if contrast is None:
        return row.reason
    margin = f"{contrast.margin * 100:g} %"
    if contrast.verdict is Outcome.EQUIVALENT:
        return f"no difference larger than {margin} was seen"
    if contrast.verdict is Outcome.INCONCLUSIVE:
        return _more(contrast)
    extent = {
        Extent.BEYOND: f"by more than the margin of {margin}",
        Extent.WITHIN: f"by less than the margin of {margin}",
        Extent.OPEN: f"whether by more than {margin} is open",
    }[contrast.extent]
    chance = row.p_holm is not None and row.p_holm > CHANCE
    return f"{extent}; of many rows, so perhaps by chance" if chance else extent


def _more(contrast: Standing) -> str:
    forks = contrast.ratio.n if contrast.ratio else None
    if contrast.forks_needed is None:
        return f"more than {MOST_FORKS} forks would be needed"
    if forks is None:
        return f"too few forks; take --forks {contrast.forks_needed}"
    each = "" if contrast.paired else " in each run"
    more = contrast.forks_needed - forks
    return f"about {more} more fork{'' if more == 1 else 's'}{each}: --forks {contrast.forks_needed}"


def flat(row: ContrastRow) -> dict[str, Any]:
    """A row as a flat JSON object; `times_as_long` is time of B / time of A."""
    contrast = row.contrast
    found = as_long(contrast) if contrast else None
    return {
        "label": row.label,
        "cell_a": row.cell_a,
        "cell_b": row.cell_b,
        "metric": row.metric,
        "times_as_long": found.point if found else None,
        "low": found.low if found else None,
        "high": found.high if found else None,
        "confidence": found.confidence if found else None,
        "verdict": str(contrast.verdict) if contrast else None,
        "extent": str(contrast.extent) if contrast else None,
        "margin": contrast.margin if contrast else None,
        "forks": found.n if found else None,
        "forks_needed": contrast.forks_needed if contrast else None,
        "paired": contrast.paired if contrast else None,
        "p": contrast.p if contrast else None,
        "p_holm": row.p_holm,
        "reason": said(row),
        "differs": list(row.differs),
        "warning": row.warning,
    }


def table(a: str, b: str, rows: Sequence[ContrastRow], console: Console) -> None:
    """Print what is compared, in what A and B differ, and two lines per cell; 100 columns at most."""
    line(console, words.one_line(f"A is {a}, B is {b}"), "bold")
    for sentence in _opening(rows):
        paragraph(console, sentence, "  ")
    forks = [_forks(row) for row in rows if row.contrast]
    shared = _common(rows)
    for label, own in groupby(rows, key=lambda row: row.label):
        console.print()
        line(console, words.one_line(label), "bold")
        _cell(list(own), shared, len(set(forks)) > 1, console)


def _opening(rows: Sequence[ContrastRow]) -> Iterable[str]:
    """Sentences that hold for every row."""
    shared = _common(rows)
    if shared:
        yield f"They differ in: {', '.join(shared)}."
    yield "Each figure says how many times as long B takes as A, with its 95 % interval: below 1 B is faster."
    contrasts = [row.contrast for row in rows if row.contrast]
    if contrasts:
        forks = sorted({_forks(row) for row in rows if row.contrast})
        spoken = words.count(forks[0], "fork") if len(forks) == 1 else f"{forks[0]} to {forks[-1]} forks"
        how = "taking turns" if contrasts[0].paired else "each run on its own"
        yield f"{spoken} a cell, {how}. A difference of up to {contrasts[0].margin * 100:g} % does not matter."
    for warning in dict.fromkeys(row.warning for row in rows if row.warning):
        yield words.sentence(f"Note: {warning}")


def _common(rows: Sequence[ContrastRow]) -> list[str]:
    """In what all rows differ."""
    return [each for each in rows[0].differs if all(each in row.differs for row in rows)] if rows else []


def _forks(row: ContrastRow) -> int:
    return row.contrast.ratio.n if row.contrast and row.contrast.ratio else 0


def _cell(own: Sequence[ContrastRow], shared: Sequence[str], forks: bool, console: Console) -> None:
    """Both metrics of two cells; a hole is told once."""
    more = [each for each in own[0].differs if each not in shared]
    if more:
        paragraph(console, f"They differ in: {', '.join(more)}.", "  ")
    holes = {row.reason for row in own if row.contrast is None}
    if len(holes) == 1 and all(row.contrast is None for row in own):
        paragraph(console, f"{words.DASH} {words.one_line(own[0].reason, 600)}", "  ")
        return
    for row in own:
        line(console, _parts(row, forks))


def _parts(row: ContrastRow, forks: bool) -> Parts:
    name: tuple[str, str] = (f"  {METRICS[row.metric]:<{_NAME}} ", "")
    if row.contrast is None:
        return [name, (f"{words.DASH} {words.one_line(row.reason, WIDTH)}", "dim italic")]
    found, verdict = as_long(row.contrast), row.contrast.verdict
    figure = words.interval(found) if found else words.DASH
    told = f"{said(row)} ({words.count(_forks(row), 'fork')})" if forks else said(row)
    return [
        name,
        (f"{figure:<{_RATIO}} ", "bold"),
        (f"{SIGNS[verdict]} {verdict:<{_WORD}}", LOOKS[verdict]),
        (told, "dim"),
    ]


def between(frame: pd.DataFrame) -> Table | None:
    """The page's table of the environments of each run against its first one; None where no run has two."""
    groups: list[Group] = []
    rows = bare(frame)
    for header in frame.attrs.get("headers", ()):
        pythons = [str(each["label"]) for each in header.get("environments") or ()]
        if len(pythons) < 2:
            continue
        own = rows[rows["run"] == header.get("run")]
        have = set(own["python"])
        own.attrs = {"headers": [header]}
        for other in pythons[1:]:
            if {pythons[0], other} <= have:
                groups += _group(own, pythons[0], other)
    if not groups:
        return None
    caption = (
        "How many times as long an environment takes as the first one of its run, paired inside blocks; below 1 it is "
        "faster. ▼ faster and ▲ slower say that the interval excludes 1, by however little; = says that no difference "
        f"larger than {MARGIN * 100:g} % was seen; ? is open. Where many rows stand, one in twenty errs."
    )
    return Table(caption, ["contestant"], ["wall time, ratio", "", "CPU per op, ratio", "", "forks"], groups)


def _group(frame: pd.DataFrame, first: str, other: str) -> list[Group]:
    try:
        rows = contrast_environments(frame, first, other)
    except ContrastError:
        return []
    names = {cell["cell"]: (cell["comparison"], cell["contestant"]) for cell in cells_of(frame)}
    differs = f"differs in: {', '.join(_common(rows))}" if _common(rows) else ""
    groups: dict[str, Group] = {}
    for label, both in groupby(rows, key=lambda row: row.label):
        pair = list(both)
        # Only a side that was asked for has a cell with a name.
        comparison, contestant = names.get(pair[0].cell_a) or names.get(pair[0].cell_b) or ("", label)
        detail = " · ".join(filter(None, (comparison, differs)))
        group = Group(words.one_line(f"{other} against {first}"), words.one_line(detail, 400))
        entries: list[Entry] = [entry for row in pair for entry in _entries(row)]
        forks = max(map(_forks, pair))
        entries.append([Item(str(forks) if forks else words.DASH)])
        groups.setdefault(comparison, group).lines.append(Line(words.one_line(contestant, 200), [], entries))
    return list(groups.values())


def _entries(row: ContrastRow) -> tuple[Entry, Entry]:
    if row.contrast is None:
        return [Item(words.DASH)], [Item("no figure", hole=True, title=words.one_line(row.reason, 300))]
    verdict = row.contrast.verdict
    return [number(as_long(row.contrast))], [Item(f"{SIGNS[verdict]} {verdict}", title=words.one_line(said(row), 300))]
