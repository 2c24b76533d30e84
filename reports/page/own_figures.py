"""What a workload reports beside the common figures, as tables: its own figures, and percentiles of its latencies."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from when_async.bench.model import Estimate, Workload, unit_of
from when_async.results.cells.latency import PERCENTILES
from when_async.results.cells.summary import Row

from .. import words
from ..scene.rows import Scene
from ..scene.tables import Column, Line, Table, grouped, hole, number, scales_of


def figures_table(scene: Scene, workload: Workload | None) -> Table | None:
    """Every figure that the workload reports of its rounds; None where it reports none."""
    told = [name for row in scene.rows for name in row.figures]
    if not told:
        return None
    known = {figure.name: figure for figure in workload.figures} if workload else {}
    names = [name for name in known if name in told] + [name for name in dict.fromkeys(told) if name not in known]
    columns: list[Column] = [(_title(name), unit_of(name)[1], partial(_figure, name)) for name in names]
    said = [f"{_title(name)}: {known[name].help}" for name in names if name in known]
    caption = f"{'; '.join(said)}. " if said else ""
    return _table(scene, columns, f"{caption}Medians of the rounds; 95 % intervals over processes in brackets.")


def latency_table(scene: Scene) -> Table | None:
    """Percentiles of the latencies, as far as every process has the samples for them; None where nothing waited."""
    waited = [row.latency for row in scene.rows if row.latency is not None]
    if not waited:
        return None
    names = [name for name in PERCENTILES if any(name in one.percentiles for one in waited)]
    if not names:
        return None
    columns: list[Column] = [(name, "s", partial(_percentile, name)) for name in names]
    least, most = min(one.count for one in waited), max(one.count for one in waited)
    many = f"{least}" if least == most else f"{least} to {most}"
    return _table(
        scene,
        columns,
        f"Latency from {of(scene)}, {many} samples a row. A percentile is read only where each process has ten samples "
        "beyond it: p99 takes 1000, p99.9 takes 10 000. 95 % intervals over processes in brackets.",
    )


def _figure(name: str, row: Row) -> Estimate | None:
    return row.figures.get(name)


def _percentile(name: str, row: Row) -> Estimate | None:
    return row.latency.percentiles.get(name) if row.latency else None


def of(scene: Scene) -> str:
    """What the latencies of these rows are of."""
    return words.one_line(next((row.latency_of for row in scene.rows if row.latency_of), "start to end"))


def _title(name: str) -> str:
    """The words of a figure's name, without its unit."""
    return words.one_line(name.removesuffix(unit_of(name)[0]).replace("_", " "))


def _headed(title: str, unit: str) -> str:
    """`first result, ms`, `items/s`, `jain`."""
    return f"{title}{unit if unit.startswith('/') or not unit else f', {unit}'}"


def _table(scene: Scene, columns: Sequence[Column], caption: str) -> Table:
    """These columns for every row, grouped by comparison and interpreter in the order of the workload's table."""
    scales = scales_of(scene.rows, columns)
    titles = [_headed(title, scale.label) for (title, _, _), scale in zip(columns, scales, strict=True)]

    def line(row: Row, _: bool) -> Line:
        if row.status != "OK":
            return Line(row.contestant, [], [[hole(row)]], quiet=True)
        return Line(
            row.contestant, [], [[number(get(row), scale)] for (_, _, get), scale in zip(columns, scales, strict=True)]
        )

    return Table(caption, ["contestant"], titles, grouped(scene, line))
