"""Values of the model as flat objects for one line of a run file, and back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from .measured import Measurement, Sample
from .words import Phase, Status

Noun = TypeVar("Noun", bound=Any)


def to_json(kind: str, value: Any) -> dict[str, Any]:
    """Turn a dataclass of this module into a flat object for one journal line."""
    return {"kind": kind, **vars(value)}


def from_json(cls: type[Noun], data: Mapping[str, Any]) -> Noun:
    """Build `cls` from a journal line; fields it does not know are left out, so old readers keep working."""
    known = {name: data[name] for name in vars(cls)["__dataclass_fields__"] if name in data}
    if cls is Sample:
        known["phase"] = Phase(known["phase"])
        known["affinity"] = tuple(known["affinity"])
    if cls is Measurement:
        known["status"] = Status(known["status"])
        known["advice"] = tuple(known.get("advice", ()))
    value: Noun = cls(**known)
    return value
