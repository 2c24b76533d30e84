"""The Markdown twin of the page: same findings, same summary table, pictures as files beside it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from .. import words
from ..drawing.charts import Chart
from ..scene.findings import Finding
from ..scene.tables import Entry, Item, Table


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


def _summary(table: Table) -> list[str]:
    """The summary, folded away where it is long."""
    blocks = [_grid(table), text(table.caption)]
    if not table.long:
        return blocks
    head = f"<details><summary>All of it in figures: {table.size} rows</summary>"
    return [head, *blocks, "</details>"]


def report(page: Mapping[str, Any]) -> str:
    """The whole report from what `reports.page.build` computed."""
    noise = page["noise"]
    blocks = [
        f"# {text(page['heading'])}",
        text(page["lead"]),
        f"**{noise.sign} {text(noise.word)}** {text(noise.sentence)}",
        *(f"> {text(banner)}" for banner in page["banners"]),
        f"## {text(page['answer'])}",
        *(_chart(page["map"]) if page["map"] else ()),
        *(f"**{text(line.question)}.** {prose(line.answer)}" for line in page["guidance"]),
        *_claims(page),
        "\n".join(_findings(page["findings"])),
        *_summary(page["summary"]),
        *_between(page["between"]),
    ]
    for section in page["sections"]:
        blocks += [f"## {text(section.name)}", text(section.isolates)]
        for part in section.parts:
            for chart in part.charts:
                blocks += _chart(chart)
        if section.gil:
            blocks += ["### With the GIL and without it", _grid(section.gil)]
            blocks.append(text(section.gil.caption))
        for chart in section.timelines:
            blocks += _chart(chart)
        for heading, table in section.own:
            blocks += [f"### {text(heading)}", _grid(table), text(table.caption)]
        blocks.append(text(section.learn))
    blocks += _holes(page)
    blocks += ["## Method", "\n".join(f"- {text(sentence)}" for sentence in page["method"])]
    blocks += _machines(page)
    blocks += ["Measure again:", "\n".join(f"    {line}" for line in page["reproduce"])]
    blocks += ["Draw this report again:", f"    {page['command']}"]
    return "\n\n".join(block for block in blocks if block) + "\n"


def _chart(chart: Chart) -> Sequence[str]:
    picture = f"![{text(chart.title)}]({chart.file})"
    return [f"### {text(chart.title)}", picture, f"{text(chart.subtitle)} {text(chart.caption)}"]


def _claims(page: Mapping[str, Any]) -> Sequence[str]:
    """A line for each verdict; claims without any figure are named below."""
    told = [claim for claim in page["claims"] if claim.told]
    if not told:
        return []
    rows = [
        [code(claim.name), text(line.python), f"{line.sign} {text(line.word)}", prose(line.sentence)]
        for claim in told
        for line in claim.lines
    ]
    judged = pipes(["claim", "Python", "verdict", "what the figures say"], rows)
    rest = ", ".join(code(claim.name) for claim in page["claims"] if not claim.told)
    end = f". Without any figure: {rest}." if rest else "."
    return ["### The claims, judged", judged, page["tally"] + end]


def _between(table: Table | None) -> Sequence[str]:
    return ["## Between environments", _grid(table), text(table.caption)] if table else []


def _findings(found: Iterable[Finding]) -> Iterable[str]:
    for finding in found:
        yield f"- {code(finding.comparison)}" + (f": {text(finding.brief)}" if finding.brief else "")
        for where, sentence in finding.said:
            yield f"  - {f'**{text(where)}:** ' if where else ''}{text(sentence)}"


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
