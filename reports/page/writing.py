"""Writes the page people see: one self-contained HTML file, and a Markdown twin with its pictures beside it."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import jinja2
import pandas as pd
from markupsafe import Markup, escape

from when_async.bench.model import Workload
from when_async.bench.registry import RegistryError, collect
from when_async.results.calibration import Calibration
from when_async.results.cells.summary import Row, digest_conflicts
from when_async.results.overview import Overview
from when_async.results.runfile import Header

from .. import words
from ..calibration import cards as calibration
from ..drawing import style, svg
from ..drawing.charts import Chart
from ..drawing.decision_map import DECISION_MAP
from ..scene import conditions, tables
from ..scene.decision import WORKLOAD
from ..scene.evidence import scene as scene_of
from ..scene.findings import findings
from ..scene.rows import Scene
from ..terminal.comparison import between
from ..verdicts.guidance import guidance
from ..verdicts.judging import judge, latest, tally
from ..words import ReportError
from . import claims as claim_sections
from . import cost, markdown
from .older import older_table
from .workloads import OnSection, chart_of, sections, timelines

SMOKE = "smoke run: proves that it runs; no figures"


def write(
    frame: pd.DataFrame,
    output: Path,
    *,
    command: str,
    workloads: Mapping[str, Workload] | None = None,
    calibrations: Mapping[str, Calibration] | None = None,
    older: Sequence[Overview] = (),
    on_section: OnSection | None = None,
) -> list[Path]:
    """Write `index.html`, `report.md` and `img/*.svg` into `output` and return their paths.

    `command` is the line that draws this report again. `workloads` supplies what each workload isolates; by
    default those of the package. `calibrations` are of the machines of these runs, by node id (results.calibration).
    `older` are runs that get a line each. `on_section` is told how far the drawing is.
    Raises ReportError where the folder cannot be written.
    """
    page = build(frame, command, _known() if workloads is None else workloads, calibrations or {}, older, on_section)
    charts = [chart for s in page["sections"] for p in s.parts for chart in p.charts]
    charts += [chart for s in page["sections"] for chart in s.timelines]
    charts += [page["map"]] if page["map"] else []
    pictures = {chart.file: chart.picture for chart in charts}
    texts = {"index.html": _html(page), "report.md": markdown.report(page), **pictures}
    written = []
    try:
        for name, text in texts.items():
            path = Path(output) / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
            written.append(path)
    except OSError as error:
        reason = error.strerror or str(error)
        raise ReportError(f"cannot write the report to {output}: {reason}; choose another folder") from error
    return written


def build(
    frame: pd.DataFrame,
    command: str,
    workloads: Mapping[str, Workload],
    calibrations: Mapping[str, Calibration],
    older: Sequence[Overview] = (),
    on_section: OnSection | None = None,
) -> dict[str, Any]:
    """Everything that the templates show, computed once for both of them."""
    headers = list(frame.attrs.get("headers", ()))
    scene = scene_of(frame)
    first = headers[0] if headers else {}
    verdicts = latest(judge(frame, scene=scene))
    figures = scene.measured
    used = list(dict.fromkeys(row.python for row in scene.rows))
    machines, uncalibrated = calibration.cards(headers, calibrations)
    return {
        "answer": "The answer" if figures else "What ran",
        "heading": "Concurrency models, measured" if figures else "Concurrency models: do they run?",
        "machine": conditions.machine(first),
        "date": conditions.date(first),
        "lead": _lead(headers, used),
        "noise": conditions.noise(frame),
        "banners": _banners(headers, scene, frame),
        "findings": findings(scene) if figures else [],
        "summary": tables.summary_table(scene) if figures else tables.statuses(scene),
        "claims": claim_sections.sections(verdicts, scene),
        "tally": tally(verdicts),
        "map": _map(scene),
        "filters": _filters(scene) if figures else [],
        "guidance": guidance(scene, verdicts),
        "older": older_table(older),
        "between": between(frame) if figures else None,
        "sections": sections(scene, workloads, timelines(frame), on_section) if figures else [],
        "card": cost.card(scene) if figures else None,
        "holes": [_hole(row) for row in scene.rows if row.status != "OK"],
        "holes_sentence": _holes_sentence(scene),
        "remarks": _remarks(scene),
        "method": conditions.method(headers),
        "machines": machines,
        "uncalibrated": uncalibrated,
        "ledger": conditions.ledger(frame),
        "accounts": conditions.accounts(frame),
        "environment": conditions.environment(headers),
        "reproduce": [words.one_line(header.get("command", ""), 2000) for header in headers],
        "command": words.one_line(command, 2000),
        "notes": [words.one_line(note, 600) for note in frame.attrs.get("notes", ())],
        "several_runs": len({row.run for row in scene.rows}) > 1,
        "version": words.one_line(first.get("tool_version", "")),
    }


def _filters(scene: Scene) -> list[tuple[str, list[str]]]:
    """What a reader can choose from, where there is a choice."""
    found = [
        (name, sorted({words.one_line(getattr(row, name)) for row in scene.rows}))
        for name in ("workload", "runner", "python")
    ]
    return [(name, options) for name, options in found if len(options) > 1]


def _map(scene: Scene) -> Chart | None:
    """The decision map, where the run has points enough for one."""
    own = scene.of(workload=WORKLOAD)
    return chart_of(DECISION_MAP, own, "map") if own.rows and DECISION_MAP.fits(own) else None


def _known() -> dict[str, Workload]:
    """The workloads of the house; none where they do not import, as a page must not fail on that."""
    try:
        return {name: found.value for name, found in collect("when_async.workloads", Workload).items()}
    except RegistryError:
        return {}


def _lead(headers: Sequence[Header], used: Sequence[str]) -> str:
    if not headers:
        return "No run."
    boxes = list(dict.fromkeys(conditions.machine(header) for header in headers))
    days = list(dict.fromkeys(conditions.date(header) for header in headers))
    profiles = list(dict.fromkeys(conditions.profile(header) for header in headers))
    parts = ["; ".join(boxes), conditions.interpreters(headers, used), words.listing(days), "; ".join(profiles)]
    return " · ".join(parts)


def _banners(headers: Sequence[Header], scene: Scene, frame: pd.DataFrame) -> list[str]:
    said = []
    if any(header.get("profile") == "smoke" for header in headers) or (scene.rows and not scene.measured):
        smoke = all(header.get("profile") == "smoke" for header in headers)
        said.append(SMOKE if smoke else "no cell has two processes or more, so there is no figure to publish")
    said += [
        f"{comparison}: contestants came to different results, so their work was not equal; read no ratio from it"
        for comparison in digest_conflicts(frame)
    ]
    if any(row.status == "INCOMPLETE" for row in scene.rows):
        said.append("The run was interrupted: cells that were not decided are listed under “Holes and why”.")
    if len({header.get("run") for header in headers}) > 1:
        runs = words.listing([f"{header.get('run')} ({conditions.date(header)})" for header in headers])
        said.append(f"Several runs stand side by side and are never averaged: {runs}.")
    return [words.one_line(text, 600) for text in said]


def _hole(row: Row) -> dict[str, str]:
    return {
        "cell": words.one_line(row.cell, 300),
        "run": words.one_line(row.run),
        "status": str(row.status),
        "reason": words.clean(row.reason or "no reason on record"),
        "advice": words.clean(row.advice or ""),
    }


def _holes_sentence(scene: Scene) -> str:
    holes = [row for row in scene.rows if row.status != "OK"]
    counts: dict[str, int] = {}
    for row in holes:
        counts[str(row.status)] = counts.get(str(row.status), 0) + 1
    said = words.listing([f"{number} {status}" for status, number in sorted(counts.items())])
    return f"{len(holes)} of {words.count(len(scene.rows), 'cell')} have no figure: {said}."


def _remarks(scene: Scene) -> list[str]:
    """Advice on cells that ran, and rows that a server held back."""
    said = [f"{row.cell}: {words.clean(row.advice)}" for row in scene.rows if row.status == "OK" and row.advice]
    said += [
        f"{row.cell}: server-bound, so its throughput is a lower bound"
        + (f"; the server could take {words.digits(row.headroom)} times what was asked of it" if row.headroom else "")
        for row in scene.rows
        if row.status == "OK" and row.server_bound
    ]
    said += [f"{row.cell}: {_apart(row)}; none was dropped" for row in scene.rows if row.outliers]
    return said


def _apart(row: Row) -> str:
    """How many processes lay apart from the others, and where."""
    sides = {"high": "slower", "low": "quicker"}
    told = [
        f"{count} {'far ' if label.endswith('severe') else ''}{sides[label.split()[0]]} than the others"
        for label, count in row.outliers.items()
    ]
    return f"of {row.forks} processes {words.listing(told)}"


def code(text: str) -> Markup:
    """Escaped text in which what stands between backticks is set as code."""
    return Markup(re.sub(r"`([^`]+)`", r"<code>\1</code>", str(escape(text))))


def _html(page: Mapping[str, Any]) -> str:
    """The page; every text that is not ours is escaped by the template engine."""
    loader = jinja2.PackageLoader("when_async.reports")
    made = jinja2.Environment(loader=loader, autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True)
    css = Markup(style.css() + "\n" + loader.get_source(made, "page.css")[0])
    made.filters["code"] = code
    script = Markup(loader.get_source(made, "filters.js")[0])
    return svg.shared(made.get_template("page.html.j2").render(page=page, css=css, script=script))
