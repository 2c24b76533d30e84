"""Sentences computed from the data. An ordering is claimed only where the interval excludes "no difference"."""

from __future__ import annotations

from dataclasses import dataclass

from when_async.bench.model import Estimate
from when_async.results.cells.summary import Row

from .. import words
from .rows import CPU, Metric, Scene, facet_names, facets, figures, value

NOTHING = "No contestant has a figure here"


def gap(scene: Scene, better: Row, worse: Row, metric: Metric) -> Estimate | None:
    """By how much `better` is ahead: a ratio above 1, or a difference in seconds where an overhead may be 0."""
    if metric.higher_is_better:
        return scene.ratio(better, worse, metric)
    return scene.ratio(worse, better, metric) or scene.difference(worse, better, metric)


def _is_ratio(distance: Estimate) -> bool:
    return distance.unit != "s"


def ahead(distance: Estimate | None) -> bool:
    """Whether a gap is beyond doubt at its confidence."""
    return distance is not None and distance.low > (1 if _is_ratio(distance) else 0)


@dataclass(frozen=True)
class Lead:
    """Who leads one comparison in one facet.

    `top` holds the first row and all that are not clearly behind it, however they rank; `behind` is the best row
    that is, `by` how much; `within` is the widest gap inside `top`, and its interval holds "no difference".
    """

    top: tuple[Row, ...]
    behind: Row | None = None
    by: Estimate | None = None
    within: Estimate | None = None

    @property
    def names(self) -> str:
        return words.several([row.contestant for row in self.top])


def lead(scene: Scene, metric: Metric) -> Lead | None:
    """The leaders among rows of one comparison and facet; None when none has a figure."""
    rows = figures(scene, metric)
    if not rows:
        return None
    gaps = [(row, gap(scene, rows[0], row, metric)) for row in rows[1:]]
    clear = [(row, one) for row, one in gaps if ahead(one)]
    tied = [(row, one) for row, one in gaps if not ahead(one)]
    known = [one for _, one in tied if one is not None]
    behind, by = clear[0] if clear else (None, None)
    within = max(known, key=lambda one: one.high) if len(known) == len(tied) and known else None
    return Lead((rows[0], *(row for row, _ in tied)), behind, by, within)


def _tie(found: Lead) -> str:
    if found.within is None:
        return "their intervals do not tell them apart"
    if _is_ratio(found.within):
        return words.no_difference(found.within)
    largest = max(abs(found.within.low), abs(found.within.high))
    return f"no difference larger than {words.scalar(largest, 's')} per op was seen"


def lead_sentence(scene: Scene, metric: Metric) -> str:
    """Who leads, by how much, how sure; for rows of one comparison and one facet."""
    found = lead(scene, metric)
    if found is None:
        return NOTHING
    if len(found.top) > 1:
        return _tie_sentence(found, metric)
    first = found.top[0]
    amount = value(first, metric)
    figure = words.with_unit(amount, metric.kind) if amount else ""
    overhead = metric.name == "overhead_per_op"
    if found.behind is None or found.by is None:
        more = " per op over the ideal" if overhead else " of CPU per op" if metric is CPU else ""
        return f"{found.names} is the only one with a figure: {figure}{more}"
    if overhead:
        more = f"{words.times(found.by)} as much" if _is_ratio(found.by) else f"{words.with_unit(found.by, 's')} more"
        return f"{found.names} added least to the wait, {figure} per op; {found.behind.contestant} added {more}"
    if metric is CPU:
        more = f"{found.behind.contestant} {words.times(found.by)} as much"
        return f"{found.names} used least CPU, {figure} per op; {more}"
    return f"{found.names} led, with {words.times(found.by)} the throughput of {found.behind.contestant}"


DID = {"overhead_per_op": "added least to the wait", "cpu_per_op": "used least CPU"}
"""What the best of a comparison did, by its metric; otherwise it led."""


def did(metric: Metric) -> str:
    return DID.get(metric.name, "led")


def _tie_sentence(found: Lead, metric: Metric) -> str:
    """Contestants that cannot be ordered are named together, with the largest difference that could still hide."""
    names, tie = found.names, _tie(found)
    level = "are level" if tie.startswith("no difference") else ""
    if found.behind is None:
        return f"{names} {level or 'cannot be ordered'}: {tie}"
    return f"{names} {did(metric)}{f' and {level}' if level else ''}: {tie}"


def per_facet(scene: Scene, metric: Metric) -> str:
    """The lead sentence, and where there are several interpreters who leads on which."""
    known = facets(scene.rows)
    names = facet_names(scene.rows)
    if len(known) == 1:
        return lead_sentence(scene, metric)
    groups: dict[str, list[str]] = {}
    for one in known:
        found = lead(scene.of_facet(one), metric)
        said = f"{found.names} {did(metric)}" if found else "nobody has a figure"
        if found and len(found.top) > 1 and found.behind is None:
            said = "nobody leads"
        groups.setdefault(said, []).append(names[one].removeprefix("Python "))
    return ". ".join(f"{said} on {words.listing(where)}" for said, where in groups.items())
