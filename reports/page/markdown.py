"""The Markdown twin of the page: same answers and claims, tables of the core, pictures as files beside it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from .. import words
from ..scene.tables import Entry, Item, Table
from .claims import ClaimGroup
from .opening import Opening
from .verdict_lines import VerdictLine

if TYPE_CHECKING:
    # The gate writes Markdown too, and draws nothing.
    from ..drawing.charts import Chart


def text(raw: object) -> str:
    """Text that Markdown shows as it is, on one line."""
    flat = " ".join(words.clean(raw).split())
    flat = flat.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    flat = re.sub(r"([\\`*_\[\]|])", r"\\\1", flat)
    # A web address in a reason is text and must not turn into a link.
    return re.sub(r"(https?):(?=//)|(www)\.", lambda m: f"{m[1]}&#58;" if m[1] else "www&#46;", flat)


def prose(raw: object) -> str:
    """The same, but what stands between backticks stays code."""
    flat = " ".join(words.clean(raw).split())
    parts = re.split(r"(`[^`]+`)", flat)
    return "".join(code(part[1:-1]) if part.startswith("`") and len(part) > 2 else _spaced(part) for part in parts)


def _spaced(part: str) -> str:
    """A piece of text with the spaces at its ends, which `text` takes away."""
    lead, end = " " * part.startswith(" "), " " * (part.endswith(" ") and len(part) > 1)
    return f"{lead}{text(part)}{end}"


def code(raw: object) -> str:
    """Text as a code span that also fits into a table."""
    return "`" + " ".join(words.clean(raw).split()).replace("`", "'").replace("|", "\\|") + "`"


def report(page: Mapping[str, Any]) -> str:
    """The whole report from what `reports.page.build` computed."""
    spread = page["spread"]
    blocks = [
        f"# {text(page['heading'])}",
        text(page["lead"]),
        *(f"> {text(banner)}" for banner in page["banners"]),
        prose(page["undecided"]),
        *_answers(page["opening"]),
        *(part for name in ("map", "whole_map") if page[name] for part in _chart(page[name])),
        *(("## What ran", _grid(page["statuses"])) if page["statuses"] else ()),
        *_claims(page["claims"]),
    ]
    for section in page["sections"]:
        blocks += [
            f"## {text(section.name)}",
            text(section.isolates),
            f"**{text(section.finding)}**" * bool(section.finding),
        ]
        for chart in section.charts:
            blocks += _chart(chart)
        if section.unfolded:
            blocks += [_grid(section.table), text(section.table.caption)]
            for heading, table in section.own:
                blocks += [f"### {text(heading)}", _grid(table), text(table.caption)]
        blocks.append(text(section.absent))
        if section.gil:
            blocks += ["### With the GIL and without it", *map(text, section.gil_said)]
            blocks += [_grid(section.gil), text(section.gil.caption)]
        blocks.append(text(section.learn))
    blocks += _holes(page)
    blocks += ["## Method", f"**{spread.sign} {text(spread.word)}** {text(spread.sentence)}"]
    blocks += ["\n".join(f"- {text(sentence)}" for sentence in page["method"]), *_machines(page)]
    blocks += ["Measure again:", "\n".join(f"    {line}" for line in page["reproduce"])]
    blocks += ["Draw this report again:", f"    {page['command']}"]
    return "\n\n".join(block for block in blocks if block) + "\n"


def _chart(chart: Chart) -> Sequence[str]:
    picture = f"![{text(chart.title)}]({chart.file})"
    whose = f" *({text(chart.whose)})*" if chart.whose else ""
    return [f"### {text(chart.title)}", picture, f"{text(chart.subtitle)} {text(chart.caption)}{whose}"]


def _answers(opening: Opening | None) -> Iterable[str]:
    """A row for each question; another machine's answer says so."""
    if opening is None:
        return
    rows = []
    for row in opening.rows:
        figure = f"{text(row.figure)} {text(row.bounds)}: {text(row.compares)}" if row.figure else ""
        decides = text(row.decides) + (f" *({text(row.whose)})*" if row.whose else "")
        rows.append([text(row.question), f"**{text(row.answer)}**", figure, decides])
    yield pipes(["question", "answer", "figure", "what decides"], rows)


def _claims(groups: Sequence[ClaimGroup]) -> Iterable[str]:
    """A line for each claim, by group."""
    for group in groups:
        yield f"### {text(group.heading)}"
        rows = []
        boxes = list(group.rows[0].machines)
        for claim in group.rows:
            said = prose(claim.told.brief) + (f" On {text(claim.elsewhere)}." if claim.elsewhere else "")
            if claim.other:
                said += f" *{text(claim.other.plain)} on {text(claim.whose)}*: {prose(claim.other.brief)}"
            beside = [_box(line) for _, line in claim.beside]
            rows.append([code(claim.name), prose(claim.statement), *(beside or [""] * len(boxes)), said])
        yield pipes(["claim", "what is said", *map(text, boxes), "what was found"], rows)


def _box(line: VerdictLine | None) -> str:
    """What one of several machines says; another one's other word is marked."""
    return text(f"{line.sign} {line.plain}{' ≠' if line.unlike else ''}") if line else words.DASH


def pipes(heads: Sequence[str], rows: Iterable[Iterable[str]], figures: Sequence[int] = ()) -> str:
    """A table of entries that are Markdown already; columns at the places `figures` are set to the right."""
    rule = ["---:" if place in figures else "---" for place in range(len(heads))]
    return "\n".join(f"| {' | '.join(row)} |" for row in (heads, rule, *rows))


def _grid(table: Table) -> str:
    """A table of the page; a group's heading is a row of its own."""
    heads = [text(name) for name in (*table.heads, *table.columns)]
    rows: list[list[str]] = []
    for group in table.groups:
        if group.heading:
            rows.append([f"**{text(group.heading)}** {text(group.detail)}".strip(), *[""] * (len(heads) - 1)])
        rows += [[text(line.head), *map(text, line.notes), *map(_entry, line.entries)] for line in group.lines]
    return pipes(heads, rows, () if table.worded else range(len(table.heads), len(heads)))


def _entry(entry: Entry) -> str:
    return "<br>".join(map(_item, entry))


def _item(item: Item) -> str:
    shown = f"{text(item.text)}{item.mark}"
    parts = (text(item.label), f"**{shown}**" if item.best else shown, text(item.bounds))
    return " ".join(part for part in parts if part)


def _machines(page: Mapping[str, Any]) -> Iterable[str]:
    """What the calibration found of each machine, or how to get one."""
    for card in page["machines"]:
        yield from (f"### {text(card.heading)}", text(card.intro), _grid(card.table), text(card.table.caption))
        yield "\n".join(f"- {one.sign} {text(one.text)}" for one in card.warnings)
    for sentence in page["uncalibrated"]:
        yield f"{text(sentence)} `when-async calibrate` measures it, and the next report shows it here."


def _holes(page: Mapping[str, Any]) -> Sequence[str]:
    blocks = ["## Holes and why"]
    if page["holes"]:
        names = ("status", "reason", "advice")
        rows = [[code(hole["cell"]), *(text(hole[name]) for name in names)] for hole in page["holes"]]
        blocks += [page["holes_sentence"], pipes(["cell", "status", "reason", "what to do"], rows)]
    else:
        blocks.append("None: every cell that was asked for has a checked result.")
    blocks.append("\n".join(f"- {text(remark)}" for remark in page["remarks"]))
    return blocks
