"""What is kept of an environment that uv made: what was asked of it, what it lacks and why, when it was last used."""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass, field
from pathlib import Path

from .trees import last_used, remove, surplus

RECORD = "when-async.json"
SCHEMA = 1
LASTING_S = 7 * 86400.0
"""For so long "there is no wheel" is believed; then it is asked again, because projects do publish wheels."""

KEPT = 20
"""So many environments with an installed source tree are kept; each commit makes one of its own."""


@dataclass
class Record:
    """What became of each requirement: absent with a reason that lasts, or with one that may pass (no network)."""

    requirements: dict[str, str]
    lasting: dict[str, str] = field(default_factory=dict)
    passing: dict[str, str] = field(default_factory=dict)
    asked_at: float = 0.0
    tree: str = ""
    schema: int = SCHEMA

    def due(self, now: float) -> dict[str, str]:
        """The requirements worth another try."""
        again = set(self.passing)
        if not 0 <= now - self.asked_at < LASTING_S:
            again |= set(self.lasting)
        return {module: text for module, text in self.requirements.items() if module in again}


def read(folder: Path) -> Record | None:
    """The record of a finished environment; None where there is none that can be trusted."""
    try:
        data = json.loads((folder / RECORD).read_text(encoding="utf-8"))
        record = Record(**data)
        sound = record.schema == SCHEMA and all(
            isinstance(part, dict) for part in (record.requirements, record.lasting, record.passing)
        )
        return record if sound and isinstance(record.asked_at, int | float) else None
    except (OSError, ValueError, TypeError):
        return None


def write(folder: Path, record: Record) -> None:
    """Put the record down in one step, so that a reader sees the old or the new one."""
    temporary = folder / f"{RECORD}.{os.getpid()}"
    temporary.write_text(json.dumps(asdict(record), indent=1) + "\n", encoding="utf-8")
    temporary.replace(folder / RECORD)


def prune(envs: Path, kept: int = KEPT) -> None:
    """Remove the least recently used environments that have a source tree installed, beyond `kept`."""
    found = {}
    for folder in envs.iterdir():
        record = read(folder) if folder.is_dir() else None
        if record is not None and record.tree:
            found[folder] = last_used(folder / RECORD)
    for folder in surplus(found, kept):
        remove(folder)
