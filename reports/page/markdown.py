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
        *_map(page["map"]),
        *(f"**{text(line.question)}.** {prose(line.answer)}" for line in page["guidance"]),
        *_claims(page),
        "\n".join(_findings(page["findings"])),
        *_summary(page["summary"]),
        *_between(page["between"]),
    ]
    for section in page["sections"]:
        blocks += [f"## {text(section.name)}", text(section.isolates)]
        for part in section.parts:
            for chart in (*part.charts, *part.more):
                picture = f"![{text(chart.title)}]({chart.file})"
                blocks += [f"### {text(chart.title)}", picture, f"{text(chart.subtitle)} {text(chart.caption)}"]
        if section.gil:
            blocks += ["### With the GIL and without it", *map(text, section.gil_said), _grid(section.gil)]
            blocks.append(text(section.gil.caption))
        for chart in section.timelines:
            picture = f"![{text(chart.title)}]({chart.file})"
            blocks += [f"### {text(chart.title)}", picture, f"{text(chart.subtitle)} {text(chart.caption)}"]
        for heading, table in section.own:
            blocks += [f"### {text(heading)}", _grid(table), text(table.caption)]
        blocks.append(text(section.learn))
    blocks += _holes(page)
    blocks += ["## Method", "\n".join(f"- {text(sentence)}" for sentence in page["method"])]
    blocks += _machines(page)
    blocks += ["Measure again:", "\n".join(f"    {line}" for line in page["reproduce"])]
    blocks += ["Draw this report again:", f"    {page['command']}"]
    return "\n\n".join(block for block in blocks if block) + "\n"


def _map(chart: Chart | None) -> Sequence[str]:
    """The decision map, where there is one."""
    if chart is None:
        return []
    said = f"{text(chart.subtitle)} {text(chart.caption)}"
    return [f"### {text(chart.title)}", f"![{text(chart.title)}]({chart.file})", said]


def _claims(page: Mapping[str, Any]) -> Sequence[str]:
    """A line for each verdict; claims without any figure are named below."""
    told = [claim for claim in page["claims"] if claim.told]
    if not told:
        return []
    lines = [_line(["claim", "Python", "verdict", "what the figures say"]), _line(["---"] * 4)]
    lines += [
        _line([code(claim.name), text(line.python), f"{line.sign} {text(line.word)}", prose(line.sentence)])
        for claim in told
        for line in claim.lines
    ]
    rest = ", ".join(code(claim.name) for claim in page["claims"] if not claim.told)
    end = f". Without any figure: {rest}." if rest else "."
    return ["### The claims, judged", "\n".join(lines), page["tally"] + end]


def _between(table: Table | None) -> Sequence[str]:
    return ["## Between environments", _grid(table), text(table.caption)] if table else []


def _findings(found: Iterable[Finding]) -> Iterable[str]:
    for finding in found:
        yield f"- {code(finding.comparison)}" + (f": {text(finding.brief)}" if finding.brief else "")
        for where, sentence in finding.said:
            yield f"  - {f'**{text(where)}:** ' if where else ''}{text(sentence)}"


def _line(entries: Iterable[str]) -> str:
    return f"| {' | '.join(entries)} |"


def _grid(table: Table) -> str:
    """A pipe table; a group's heading is a row of its own."""
    heads, columns = list(table.heads), list(table.columns)
    lines = [_line(text(name) for name in heads + columns)]
    lines.append(_line(["---"] * len(heads) + ["---" if table.worded else "---:"] * len(columns)))
    for group in table.groups:
        if group.heading:
            heading = f"**{text(group.heading)}** {text(group.detail)}".strip()
            lines.append(_line([heading] + [""] * (len(heads) + len(columns) - 1)))
        lines += [_line([text(line.head), *map(text, line.notes), *map(_entry, line.entries)]) for line in group.lines]
    return "\n".join(lines)


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
        lines = [_line(["cell", "status", "reason", "what to do"]), _line(["---"] * 4)]
        names = ("status", "reason", "advice")
        lines += [_line([code(hole["cell"]), *(text(hole[name]) for name in names)]) for hole in page["holes"]]
        blocks += [page["holes_sentence"], "\n".join(lines)]
    else:
        blocks.append("None: every cell that was asked for has a checked result.")
    blocks.append("\n".join(f"- {text(remark)}" for remark in page["remarks"]))
    return blocks
