"""What two sides of a comparison do not have in common, in words: interpreters, libraries, machines."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from when_async.bench.model import Environment, from_json

from ..runfile import Header

MACHINE_REFUSED = ("node_id", "cpu")
"""Two machines, or two processors: a ratio of times would compare these and not the programs."""
MACHINE_TOLD = ("system", "cores", "memory_bytes", "governor", "virtual", "container")
RUN_TOLD = ("tool_version", "profile", "pin")
_WORDS = {
    "node_id": "machine", "cpu": "processor", "system": "kernel", "memory_bytes": "memory", "governor": "CPU governor",
    "virtual": "hypervisor", "tool_version": "when-async", "pin": "pinning",
}  # fmt: skip


def environment_differences(header_a: Header, label_a: str, header_b: Header, label_b: str) -> tuple[str, ...]:
    """What differs between two interpreters of run headers, first value first: `Python 3.13.1 vs 3.14.0`."""
    a, b = _environment(header_a, label_a), _environment(header_b, label_b)
    if a is None or b is None:
        return ("an interpreter was not recorded, so what differs cannot be told",)
    return tuple(a.difference(b))


def machine_differences(a: Header, b: Header) -> tuple[str, ...]:
    """What makes a comparison of two runs one of machines; empty where they were made on the same one."""
    return _differences(a.get("machine") or {}, b.get("machine") or {}, MACHINE_REFUSED)


def run_differences(a: Header, b: Header) -> tuple[str, ...]:
    """What else differs between two runs and may have moved the times, such as the kernel or pinning."""
    machine = _differences(a.get("machine") or {}, b.get("machine") or {}, MACHINE_TOLD)
    return (*machine, *_differences(a, b, RUN_TOLD))


def _environment(header: Header, label: str) -> Environment | None:
    for record in header.get("environments") or ():
        if record["label"] == label:
            return from_json(Environment, record)
    return None


def _differences(a: Mapping[str, Any], b: Mapping[str, Any], keys: Iterable[str]) -> tuple[str, ...]:
    return tuple(
        f"{_WORDS.get(key, key)} {_word(a.get(key))} vs {_word(b.get(key))}" for key in keys if a.get(key) != b.get(key)
    )


def _word(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "unknown" if value is None else str(value)
