"""The page's section on each workload: what it isolates, its charts and tables, and what to learn from it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import pandas as pd

from when_async.bench.model import Timeline, Workload, from_json
from when_async.bench.registry import collect

from .. import words
from ..drawing import timeline
from ..drawing.charts import Chart, drawn
from ..drawing.plotting import Plot
from ..scene import tables
from ..scene.rows import (
    BOUND,
    BOUND_MEANS,
    THROUGHPUT,
    Scene,
    busiest,
    comparisons,
    facet,
    facet_names,
    facets,
    headline,
    ladder,
)
from ..words import slug
from . import gil_table
from .own_figures import figures_table, latency_table

CHARTED = 3
"""So many comparisons of a workload have charts; a page of all of them would be long, slow and full of repetition."""


SIDE_BY_SIDE = 4
"""So many interpreters stand side by side in charts; of more it is the first and the last of each build."""


@dataclass(frozen=True)
class Part:
    """Charts of one comparison."""

    heading: str
    charts: list[Chart] = field(default_factory=list)


@dataclass(frozen=True)
class Section:
    """All about one workload."""

    name: str
    anchor: str
    isolates: str
    learn: str
    parts: list[Part]
    table: tables.Table
    others: tables.Table | None
    others_label: str
    gil: tables.Table | None = None
    """Each runner with and without the GIL, where a run measured both."""
    own: Sequence[tuple[str, tables.Table]] = ()
    """What the workload reports of itself and how long things waited, each with its heading."""
    timelines: Sequence[Chart] = ()
    """Single rounds, seen from inside."""
    uncharted: int = 0
    """How many of its comparisons have no charts."""
    shown: str = ""
    """Which interpreters the charts show, where they leave some out."""


def timelines(frame: pd.DataFrame) -> list[Timeline]:
    """The rounds that the runs wrote down from inside."""
    return [from_json(Timeline, record) for record in frame.attrs.get("timelines", ())]


OnSection = Callable[[int, int, str], None]
"""Is told before each section: how many are done, how many there are, and the name of this one."""


def sections(
    scene: Scene, workloads: Mapping[str, Workload], seen: Sequence[Timeline], on_section: OnSection | None = None
) -> list[Section]:
    """A section for each workload in order of the rows; drawing its charts is what takes a page its time."""
    found = collect("when_async.reports.plots", Plot).values()
    plots = sorted((each.value for each in found), key=lambda plot: plot.order)
    sections: list[Section] = []
    names = list(dict.fromkeys(row.workload for row in scene.rows))
    for name in names:
        if on_section:
            on_section(len(sections), len(names), words.one_line(name))
        own = scene.of(workload=name)
        pictured = of_each_build(own)
        known = workloads.get(name)
        shown = busiest(own.rows)
        rest = [row for row in own.rows if row.comparison not in shown]
        top = own.only(row for row in own.rows if row.comparison in shown)
        sections.append(
            Section(
                name=words.one_line(name),
                anchor=f"w{len(sections) + 1}-{slug(name)}",
                isolates=words.sentence(known.summary) if known else "A workload that is not part of this house.",
                learn=words.sentence(known.learn) if known else "",
                parts=_parts(pictured, plots, len(sections) + 1),
                uncharted=max(0, len(shown) - CHARTED),
                shown=_shown(pictured) if len(pictured.rows) < len(own.rows) else "",
                table=tables.workload_table(top),
                others=tables.workload_table(own.only(rest)) if rest else None,
                others_label=f"Every contestant in {words.count(len(comparisons(rest)), 'other comparison')}",
                gil=gil_table.table(top),
                own=_own(own, known),
                timelines=timeline.charts(_timelines_of(pictured, seen), f"c{len(sections) + 1}"),
            )
        )
    return sections


def of_each_build(scene: Scene) -> Scene:
    """The rows that charts show: of many interpreters the first and the last with a GIL, and the same without one."""
    known = facets(scene.rows)
    if len(known) <= SIDE_BY_SIDE:
        return scene
    builds: dict[bool, list[tuple[str, str]]] = {}
    for row in scene.rows:
        builds.setdefault(row.gil is False, []).append(facet(row))
    kept = {one for places in builds.values() for one in (places[0], places[-1])}
    return scene.only(row for row in scene.rows if facet(row) in kept)


def _shown(scene: Scene) -> str:
    names = words.listing(list(facet_names(scene.rows).values()))
    return f"The charts show {names}; the tables have every interpreter."


def _timelines_of(scene: Scene, seen: Sequence[Timeline]) -> list[Timeline]:
    """Rounds of these rows on the first interpreter that has any; another's look the same."""
    own = [one for one in seen if one.comparison in comparisons(scene.rows)]
    return [one for one in own if one.python == own[0].python]


def _own(scene: Scene, workload: Workload | None) -> list[tuple[str, tables.Table]]:
    """The tables of what only this workload reports."""
    found = (("Latency", latency_table(scene)), ("What else it reports", figures_table(scene, workload)))
    return [(heading, table) for heading, table in found if table is not None]


def _parts(scene: Scene, plots: Sequence[Plot], number: int) -> list[Part]:
    """One part for each of the first ladders: its busiest comparison, then what spans all its concurrencies."""
    parts: list[Part] = []
    for place, comparison in enumerate(busiest(scene.rows)[:CHARTED], start=1):
        here = scene.of(comparison=comparison)
        steps = scene.only(row for row in scene.rows if ladder(row) == ladder(here.rows[0]))
        part = Part(comparison if len(comparisons(scene.rows)) > 1 else "")
        for plot in plots:
            target = steps if plot.spans else here
            if not plot.fits(target):
                continue
            if plot.name == "interval_bars" and headline(here.rows) is THROUGHPUT and part.charts:
                # The same rows as above in absolute figures, which the table has.
                continue
            part.charts.append(chart_of(plot, target, f"c{number}-{place}-{plot.name}"))
        parts.append(part)
    return parts


def chart_of(plot: Plot, scene: Scene, name: str) -> Chart:
    """The chart of a plot; the file for Markdown is the wide one with its own colours."""
    bound = any(row.status == "OK" and row.server_bound for row in scene.rows) and headline(scene.rows) is THROUGHPUT
    return drawn(
        lambda width: plot.draw(scene, width),
        name,
        f"{slug(scene.rows[0].workload)}-{name}",
        (plot.title(scene), plot.subtitle(scene), plot.caption + (f" {BOUND} {BOUND_MEANS}" if bound else "")),
    )
