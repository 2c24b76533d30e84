"""Which machine a run file is of, by its header, and short names that tell several machines apart."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Machine:
    """A machine as far as figures of it may stand for each other: `node` tells nobody its name.

    Hosts that are moved to another processor keep their node, so it does not tell machines apart by itself.
    """

    node: str
    cpu: str
    cores: int

    @property
    def name(self) -> str:
        """Its processor without trade marks: `Intel Xeon`."""
        plain = re.sub(r"\((?:R|TM|C)\)|\b(?:Processor|CPU)\b(?=\s*$)", " ", self.cpu, flags=re.IGNORECASE)
        return " ".join(plain.split()) or "unknown processor"


def machine_of(header: Mapping[str, Any]) -> Machine:
    """The machine of a run."""
    box = header.get("machine") or {}
    return Machine(str(box.get("node_id") or ""), str(box.get("cpu") or ""), int(box.get("cores") or 0))


def names_of(machines: Iterable[Machine]) -> dict[Machine, str]:
    """A name for each, in order: its processor, with the number of cores and its node where that is not enough."""
    known = list(dict.fromkeys(machines))
    found = {one: one.name for one in known}
    for more in ({one: f"{one.cores} cores" for one in known}, {one: one.node[:4] for one in known}):
        twice = [one for one in known if list(found.values()).count(found[one]) > 1]
        found |= {one: f"{found[one]}, {more[one]}" for one in twice}
    return found
