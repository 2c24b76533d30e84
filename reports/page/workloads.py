"""The page's section on each workload: what it isolates, its chart and tables, and what to learn from it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from when_async.bench.model import Workload
from when_async.bench.registry import collect

from .. import words
from ..drawing.charts import Chart, drawn
from ..drawing.plotting import Plot
from ..scene import gil, tables
from ..scene.findings import per_facet
from ..scene.rows import (
    BOUND,
    BOUND_MEANS,
    THROUGHPUT,
    Scene,
    comparisons,
    facet,
    facet_names,
    facets,
    headline,
    ladder,
    value,
)
from ..words import slug
from . import gil_table
from .own_figures import figures_table, latency_table

SIDE_BY_SIDE = 4
"""So many interpreters stand side by side in charts; of more it is the first and the last of each build."""
CORE, YOURS, OTHERS, INSTRUMENT = "", "Yours", "Others", "The instrument"
GROUPS: Mapping[str, tuple[str, ...]] = {
    CORE: ("sleep", "http_fetch", "grid_search"),
    "Waiting in turns": ("chess", "count", "chain", "mixed", "semaphore", "ladder"),
    "Structure": ("queue", "fanout", "async_iteration", "blocking_in_async"),
    "Servers": ("echo_server", "http_server", "chat"),
    "Storage": ("file_append", "database_sqlite", "database_postgres"),
    "Computing": ("grid_search_numpy", "grid_search_sklearn"),
}
"""The workloads in their order, by what they ask."""
FEW = 3
"""So many workloads stand open, whatever they are."""


@dataclass(frozen=True)
class Section:
    """All about one workload; those of a group other than the core are folded, unless there are few in all."""

    name: str
    anchor: str
    group: str
    unfolded: bool
    isolates: str
    finding: str
    learn: str
    charts: Sequence[Chart]
    table: tables.Table
    others: tables.Table | None
    others_label: str
    absent: str = ""
    """Who cannot do this work here, and why."""
    gil: tables.Table | None = None
    """Each runner with and without the GIL, where a run measured both."""
    gil_said: Sequence[str] = ()
    own: Sequence[tuple[str, tables.Table]] = ()
    """What the workload reports of itself and how long things waited, each with its heading."""
    shown: str = ""
    """Which interpreters the chart shows, where it leaves some out."""

    @property
    def python(self) -> str:
        """The interpreter of the whole table, where there is one."""
        return next((group.python for group in self.table.groups), "")


OnSection = Callable[[int, int, str], None]


def sections(
    scene: Scene, workloads: Mapping[str, Workload], on_section: OnSection | None = None, mapped: str = ""
) -> list[Section]:
    """One section for each workload, those of the core first, then by group; `mapped` has its chart elsewhere.

    `on_section` is told how many are drawn, of how many, and which one is next.
    """
    plots = sorted((each.value for each in collect("when_async.reports.plots", Plot).values()), key=lambda p: p.order)
    names = sorted(dict.fromkeys(row.workload for row in scene.rows), key=lambda name: _rank(name, workloads))
    made: list[Section] = []
    for number, name in enumerate(names, start=1):
        if on_section:
            on_section(number - 1, len(names), words.one_line(name))
        own = scene.of(workload=name)
        made.append(_section(own, workloads.get(name), number, () if name == mapped else plots, len(names) <= FEW))
    return made


def _group(name: str, workload: Workload | None) -> str:
    if workload is None:
        return YOURS
    if workload.calibration:
        return INSTRUMENT
    return next((group for group, own in GROUPS.items() if name in own), OTHERS)


def _rank(name: str, workloads: Mapping[str, Workload]) -> tuple[int, int]:
    """Where a workload stands: the reader's own and the core first, then the groups in their order."""
    group = _group(name, workloads.get(name))
    own = GROUPS.get(group, ())
    return ([YOURS, *GROUPS, OTHERS, INSTRUMENT].index(group), own.index(name) if name in own else 0)


def _section(own: Scene, known: Workload | None, number: int, plots: Sequence[Plot], few: bool) -> Section:
    name = words.one_line(own.rows[0].workload)
    group = _group(own.rows[0].workload, known)
    unfolded = few or group in (CORE, YOURS)
    pictured = of_each_build(own)
    main = chief(own)
    top = own.of(comparison=main)
    rest = [row for row in own.rows if row.comparison != main]
    return Section(
        name=name,
        anchor=f"w{number}-{slug(name)}",
        group=group,
        unfolded=unfolded,
        isolates=words.capital(words.sentence(known.summary)) if known else "A workload of your own.",
        finding=_finding(top),
        learn=words.sentence(known.learn) if known else "",
        charts=_charts(pictured, main, plots, f"c{number}", unfolded),
        shown=_shown(pictured) if len(pictured.rows) < len(own.rows) else "",
        table=tables.workload_table(top),
        others=tables.workload_table(own.only(rest), raw=False) if rest else None,
        others_label=words.count(len(comparisons(rest)), "other comparison"),
        absent=tables.absent(own.rows),
        gil=gil_table.table(top),
        gil_said=gil.told(top),
        own=_own(own, known),
    )


def chief(scene: Scene) -> str:
    """The comparison that stands for a workload: that in which most kinds of model have a figure.

    Of those the one with most contestants, then with most in flight.
    """
    metric = headline(scene.rows)
    seen = [row for row in scene.rows if value(row, metric) is not None]
    kinds = {one: {row.family for row in seen if row.comparison == one} for one in comparisons(scene.rows)}
    there = Counter(row.comparison for row in seen)
    flight = {row.comparison: row.concurrency for row in scene.rows}
    return max(kinds, key=lambda one: (len(kinds[one]), there[one], flight[one]))


def _finding(scene: Scene) -> str:
    """Who leads in one comparison; of several interpreters who leads on which."""
    if not scene.measured:
        return ""
    return words.capital(words.sentence(per_facet(scene, headline(scene.rows))))


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
    return f"Charts show {names}; the tables have every interpreter."


def _own(scene: Scene, workload: Workload | None) -> list[tuple[str, tables.Table]]:
    """The tables of what only this workload reports."""
    found = (("Latency", latency_table(scene)), ("What else it reports", figures_table(scene, workload)))
    return [(heading, table) for heading, table in found if table is not None]


def _charts(scene: Scene, main: str, plots: Sequence[Plot], stem: str, both: bool) -> list[Chart]:
    """The first chart that fits: it shows what the bars of the table do not; `both` adds the form for a telephone."""
    here = scene.of(comparison=main)
    for plot in plots:
        own = scene.only(row for row in scene.rows if ladder(row) == ladder(here.rows[0])) if plot.spans else here
        if own.rows and plot.fits(own):
            return [chart_of(plot, own, f"{stem}-{plot.name}", both=both)]
    return []


def chart_of(plot: Plot, scene: Scene, name: str, *, both: bool = True) -> Chart:
    """The chart of a plot; the file for Markdown is the wide one with its own colours."""
    bound = any(row.status == "OK" and row.server_bound for row in scene.rows) and headline(scene.rows) is THROUGHPUT
    return drawn(
        lambda width: plot.draw(scene, width),
        name,
        f"{slug(scene.rows[0].workload)}-{name}",
        (plot.title(scene), plot.subtitle(scene), plot.caption + (f" {BOUND} {BOUND_MEANS}" if bound else "")),
        both=both,
    )
