"""A contestant that lives in a comparison, and one that has left it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ..model import Status
from ..plan import Contestant
from ..processes.worker import Worker


@dataclass(frozen=True)
class LostWorker:
    """A contestant that leaves the comparison, and why."""

    cell: str
    status: Status
    reason: str


@dataclass
class Member:
    """A live contestant and what is known of its process so far."""

    contestant: Contestant
    worker: Worker
    startup_s: float = 0.0
    facts: Mapping[str, Any] | None = None
    attestation: Mapping[str, Any] | None = None
    items: str = ""
    """Digest of the items that its process made."""
    result_type: str = ""
    modules: Mapping[str, str] = field(default_factory=dict)
    """Of a side's project, with their files."""
