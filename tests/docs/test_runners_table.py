"""The documents' table of runners has every one of ours, once, and sets the core in bold."""

from __future__ import annotations

import re
from pathlib import Path

from when_async.bench.selection import catalogue

TABLE = Path(__file__).parents[2] / "docs" / "workloads-and-runners.md"


def named() -> list[tuple[str, bool]]:
    """Name of each runner in the table, and whether it stands in bold."""
    text = TABLE.read_text(encoding="utf-8").partition("\n## The runners\n")[2].partition("\n## ")[0]
    cells = [line.split("|")[2] for line in text.splitlines() if line.startswith("|")]
    return [(name, bool(bold)) for cell in cells for bold, name in re.findall(r"(\*\*)?`([^`]+)`", cell)]


def test_the_table_names_every_runner_once_and_no_other() -> None:
    assert sorted(name for name, _ in named()) == sorted(catalogue().runners)


def test_the_core_is_in_bold() -> None:
    core = [name for name, found in catalogue().runners.items() if found.value.core]
    assert sorted(name for name, bold in named() if bold) == sorted(core)
