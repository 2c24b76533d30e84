"""A Row for machines: one flat object of numbers and texts."""

from __future__ import annotations

import json
from collections.abc import Mapping

from when_async.bench.model import Estimate, Scalar

from .quantities import SUMMED
from .summary import Row


def flat(row: Row) -> dict[str, Scalar | bool | None]:
    """A Row as one flat object for machines: an estimate becomes `name`, `name_low` and `name_high`."""
    record: dict[str, Scalar | bool | None] = {}
    for name, value in vars(row).items():
        if name in SUMMED or name == "speedup":
            record |= _flat_estimates({name: value})
        elif name == "also":
            record |= _flat_estimates(value)
        elif name == "params":
            record[name] = json.dumps(value, sort_keys=True)
        elif name == "digests":
            record[name] = ",".join(value)
        elif name == "processes":
            continue
        elif name in ("bounds", "outliers"):
            record[name] = json.dumps(value)
        elif name == "figures":
            record |= _flat_estimates(value)
        elif name == "latency":
            known = value.percentiles if value else {}
            record |= _flat_estimates({f"latency_{one}_s": each for one, each in known.items()})
        else:
            record[name] = value
    return record


def _flat_estimates(named: Mapping[str, Estimate | None]) -> dict[str, Scalar | bool | None]:
    """Three entries for each, as `flat` has them."""
    return {
        f"{name}{end}": number
        for name, value in named.items()
        for end, number in zip(
            ("", "_low", "_high"), (value.point, value.low, value.high) if value else (None,) * 3, strict=True
        )
    }
