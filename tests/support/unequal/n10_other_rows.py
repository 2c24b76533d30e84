"""N10, different rows: one driver hands out dicts where the others hand out tuples, which cost less to make."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from when_async.bench.model import Kit, Param, Params, Point, Workload, WrongAnswer


def fetch_dicts(kit: Kit, params: Params) -> Callable[[int], Any]:
    return lambda item: [{"id": item, "name": f"row {item}"}]


def fetch_tuples(kit: Kit, params: Params) -> Callable[[int], Any]:
    return lambda item: [(item, f"row {item}")]


def check(params: Params, items: Sequence[int], results: Sequence[Any]) -> str:
    """An oracle that does not mind: the values are right in both."""
    for item, (row,) in zip(items, results, strict=True):
        values = tuple(row.values()) if isinstance(row, dict) else row
        if values != (item, f"row {item}"):
            raise WrongAnswer(f"row {item} came back as {row}")
    return f"{len(results)} rows"


ROWS = Workload(
    name="rows",
    summary="rows of a table",
    bodies={"sync": fetch_dicts, "blocking": fetch_tuples},
    params=(Param("n", 1, 1000, "how many queries"),),
    make_items=lambda params, seed: list(range(int(params["n"]))),
    check=check,
    grid={"quick": (Point(2, {"n": 4}),)},
)
