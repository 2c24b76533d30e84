"""Writes the page people see: one self-contained HTML file, and a Markdown twin with its pictures beside it."""

from __future__ import annotations

import gc
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import jinja2
import pandas as pd
from markupsafe import Markup, escape

from when_async.bench.model import Workload
from when_async.bench.registry import RegistryError, collect
from when_async.results.calibration import Calibration
from when_async.results.cells.summary import digest_conflicts
from when_async.results.files import os_words, write_whole
from when_async.results.overview import Overview
from when_async.results.runfile import Header

from .. import words
from ..calibration import cards as calibration
from ..drawing import style, svg
from ..drawing.charts import Chart
from ..drawing.decision_map import DECISION_MAP, of_both_builds
from ..scene import builds, conditions, tables
from ..scene.decision import WORKLOAD
from ..scene.evidence import scene as scene_of
from ..scene.rows import Scene
from ..terminal.comparison import between
from ..words import ReportError
from . import cost, elsewhere, holes, markdown
from .judged import NOTHING, judged, runs
from .older import older_table
from .opening import Reference
from .workloads import OnSection, chart_of, sections

SMOKE = "smoke run: proves that it runs; no figures"


def write(
    frame: pd.DataFrame,
    output: Path,
    *,
    command: str,
    workloads: Mapping[str, Workload] | None = None,
    calibrations: Mapping[str, Calibration] | None = None,
    older: Sequence[Overview] = (),
    reference: Reference | None = None,
    on_section: OnSection | None = None,
) -> list[Path]:
    """Write `index.html`, `report.md` and `img/*.svg` into `output` and return their paths.

    `command` is the line that draws this report again. `workloads` supplies what each workload isolates; by
    default those of the package. `calibrations` are of the machines of these runs, by node id (results.calibration).
    `older` are runs that get a line each, and of which only verdicts are read. `reference` is asked for what these
    runs did not decide. `on_section` is told how far the drawing is. Raises ReportError where the folder cannot be
    written.
    """
    known = _known() if workloads is None else workloads
    with _rarely_collected():
        page = build(frame, command, known, calibrations or {}, older, reference, on_section)
    charts = [chart for section in page["sections"] for chart in section.charts]
    charts += [page[name] for name in ("map", "whole_map") if page[name]]
    pictures = {chart.file: chart.picture for chart in charts}
    texts = {"index.html": _html(page), "report.md": markdown.report(page), **pictures}
    files = {Path(output) / name: text for name, text in texts.items()}
    try:
        write_whole(files)
    except OSError as error:
        raise ReportError(f"cannot write the report to {output}: {os_words(error)}; choose another folder") from error
    return list(files)


@contextmanager
def _rarely_collected() -> Iterator[None]:
    """Collect garbage a fiftieth as often: figures are full of cycles, but a page makes too few of them to matter."""
    before = gc.get_threshold()
    gc.set_threshold(50_000, 20, 100)
    try:
        yield
    finally:
        gc.set_threshold(*before)


def build(
    frame: pd.DataFrame,
    command: str,
    workloads: Mapping[str, Workload],
    calibrations: Mapping[str, Calibration],
    older: Sequence[Overview] = (),
    reference: Reference | None = None,
    on_section: OnSection | None = None,
) -> dict[str, Any]:
    """Everything that the templates show, computed once for both of them."""
    headers = list(frame.attrs.get("headers", ()))
    scene = scene_of(frame)
    first = headers[0] if headers else {}
    figures = scene.measured
    smoke = any(header.get("profile") == "smoke" for header in headers)
    said = NOTHING if smoke else judged(frame, scene, older, reference)
    used = pythons(scene)
    chart = _map(scene)
    lends = bool(said["opening"] and reference and not chart)
    return {
        **said,
        "heading": "What to use when" if figures or said["opening"] else "Concurrency models: do they run?",
        "machine": conditions.machine(first),
        "date": conditions.date(first),
        **_top(frame, scene, headers, used),
        "statuses": None if figures else tables.statuses(scene),
        "map": elsewhere.decision_map(used, runs(headers)) if lends else chart,
        "whole_map": elsewhere.whole_map(_gil(scene)) if said["opening"] and reference else None,
        "filters": _filters(scene) if figures else [],
        "older": older_table(older),
        "between": between(frame) if figures else None,
        "sections": sections(scene, workloads, on_section, WORKLOAD if chart else "") if figures else [],
        "card": cost.card(scene) if figures else None,
        "holes": holes.holes(scene),
        "holes_sentence": holes.sentence(scene),
        "remarks": holes.remarks(scene),
        "several_runs": len({row.run for row in scene.rows}) > 1,
        **_method(frame, scene, headers, calibrations),
        "command": words.one_line(command, 2000),
        "version": words.one_line(first.get("tool_version", "")),
    }


def _gil(scene: Scene) -> bool:
    """Whether any interpreter of a page has the GIL, as most have."""
    return any(row.gil is not False for row in scene.rows)


def pythons(scene: Scene) -> list[str]:
    """The interpreters that a page shows."""
    return list(dict.fromkeys(row.python for row in scene.rows))


def _top(frame: pd.DataFrame, scene: Scene, headers: Sequence[Header], used: Sequence[str]) -> dict[str, Any]:
    """What stands above the answers."""
    return {
        "lead": _lead(headers, used),
        "banners": _banners(headers, scene, frame),
        "undecided": words.one_line(holes.undecided(frame.attrs), 600),
    }


def _method(
    frame: pd.DataFrame, scene: Scene, headers: Sequence[Header], calibrations: Mapping[str, Calibration]
) -> dict[str, Any]:
    """How the figures came about, on what, and how disturbed they are."""
    machines, uncalibrated = calibration.cards(headers, calibrations)
    return {
        "method": conditions.method(headers),
        "machines": machines,
        "uncalibrated": uncalibrated,
        "spread": conditions.spread(scene),
        "noise": conditions.noise(frame),
        "ledger": conditions.ledger(frame),
        "accounts": conditions.accounts(frame),
        "environment": conditions.environment(headers),
        "reproduce": [words.one_line(header.get("command", ""), 2000) for header in headers],
        "notes": [words.one_line(note, 600) for note in frame.attrs.get("notes", ())],
        "apart": _apart(headers),
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
    own = of_both_builds(scene.of(workload=WORKLOAD))
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
        if smoke or not (holes.unfinished(scene, frame.attrs) or holes.undecided(frame.attrs)):
            said.append(SMOKE if smoke else "no cell has two processes or more, so there is no figure to publish")
    said += [
        f"{comparison}: contestants came to different results, so their work was not equal; read no ratio from it"
        for comparison in digest_conflicts(frame)
    ]
    said += [holes.unfinished(scene, frame.attrs), builds.told(headers, pythons(scene))]
    return [words.one_line(text, 600) for text in said if text]


def _apart(headers: Sequence[Header]) -> str:
    """That several runs are never pooled, with their names; empty where there is one."""
    runs = [f"{header.get('run')} ({conditions.date(header)})" for header in headers]
    if len(runs) < 2:
        return ""
    return words.one_line(f"Several runs stand side by side and are never averaged: {words.listing(runs)}.", 600)


def code(text: str) -> Markup:
    """Escaped text in which what stands between backticks is set as code."""
    return Markup(re.sub(r"`([^`]+)`", r"<code>\1</code>", str(escape(text))))


def unbroken(text: str) -> Markup:
    """Escaped text in which no figure is parted from its unit and its interval at the end of a line."""
    return Markup(
        re.sub(r"[−\d.]+(?:×| \w+)? \[[^\[\]]{1,24}\]", r'<span class="whole">\g<0></span>', str(escape(text)))
    )


def _html(page: Mapping[str, Any]) -> str:
    """The page; every text that is not ours is escaped by the template engine."""
    loader = jinja2.PackageLoader("when_async.reports")
    made = jinja2.Environment(loader=loader, autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True)
    css = Markup(style.css() + "\n" + loader.get_source(made, "page.css")[0])
    made.filters["code"] = code
    made.filters["figures"] = unbroken
    made.filters["tint"] = style.variable
    script = Markup(loader.get_source(made, "filters.js")[0])
    return svg.shared(made.get_template("page.html.j2").render(page=page, css=css, script=script))
