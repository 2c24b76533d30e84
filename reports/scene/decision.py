"""The decision map as values: for each share of waiting, size of op and number in flight, who is best and by how much.

It is read from the workload `mixed`. What can be gained at all is the operational bound: with W of waiting and C of
computing in an op and k in flight, one thread gets at most min(k, (W + C) / C) times the throughput of one op after
another, and `cores` in parallel at most min(k, cores * (W + C) / C) (Denning and Buzen, ACM Computing Surveys 10,
1978).
"""

from __future__ import annotations

from dataclasses import dataclass

from when_async.bench.model import Estimate
from when_async.results.cells.summary import Row

from .findings import lead
from .rows import THROUGHPUT, Scene, facets, models, ordered, value

WORKLOAD = "mixed"
LEAST = 4
"""With fewer points than this there is no map."""


@dataclass(frozen=True)
class Region:
    """One point of the map in one facet.

    `top` are the best and all that cannot be told from it; `second` is the next best row by its point. `margin` is how
    many times the throughput of `second` the best has.
    """

    size_s: float
    waiting: float
    concurrency: int
    top: tuple[Row, ...]
    second: Row | None
    margin: Estimate | None

    @property
    def best(self) -> Row:
        return self.top[0]

    @property
    def sure(self) -> bool:
        """Whether the best is beyond doubt."""
        return len(self.top) == 1


def regions(scene: Scene) -> list[Region]:
    """The map of the rows of one facet, by size, then share of waiting, then ops in flight; models alone."""
    kept = [row for row in scene.rows if row.workload == WORKLOAD]
    names = models(kept)
    found = []
    for comparison in dict.fromkeys(row.comparison for row in kept):
        rows = [row for row in kept if row.comparison == comparison and row.runner in names]
        region = _region(scene.only(rows))
        if region is not None:
            found.append(region)
    return sorted(found, key=lambda one: (one.size_s, one.waiting, one.concurrency))


def _region(here: Scene) -> Region | None:
    found = lead(here, THROUGHPUT)
    if found is None:
        return None
    best = found.top[0]
    rest = [row for row in ordered(here.rows, THROUGHPUT) if row is not best and value(row, THROUGHPUT) is not None]
    second = rest[0] if rest else None
    wait_s, cpu_s = float(best.params["wait_s"]), float(best.params["cpu_s"])
    return Region(
        size_s=round(wait_s + cpu_s, 9),
        waiting=wait_s / (wait_s + cpu_s),
        concurrency=best.concurrency,
        top=found.top,
        second=second,
        margin=here.ratio(best, second, THROUGHPUT) if second is not None else None,
    )


def maps(scene: Scene) -> dict[tuple[str, str], list[Region]]:
    """The map of each run and interpreter that has points enough for one."""
    found = {one: regions(scene.of_facet(one)) for one in facets(scene.rows)}
    return {one: own for one, own in found.items() if len(own) >= LEAST}
