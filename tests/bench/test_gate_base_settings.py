"""Whoever deletes a benchmark deletes its line in the settings too, and the gate still looks for it."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

from when_async.bench.cli.gate.command import with_base_workloads
from when_async.bench.gate.config import GateConfig


def base(folder: Path, text: str | None) -> Any:
    """Sides of which base is a folder with such a pyproject.toml."""
    if text is not None:
        (folder / "pyproject.toml").write_text(text, encoding="utf-8")
    return SimpleNamespace(sources={"base": SimpleNamespace(path=folder)})


LISTED = '[tool.when-async.gate]\nworkloads = ["benchmarks/a.py", "benchmarks/b.py"]\n'


def test_workloads_that_only_base_lists_are_looked_for_too(tmp_path: Path) -> None:
    config = with_base_workloads(GateConfig(workloads=("benchmarks/a.py",)), base(tmp_path, LISTED))
    assert config.workloads == ("benchmarks/a.py", "benchmarks/b.py")


def test_without_a_list_in_head_all_of_both_are_taken_anyway(tmp_path: Path) -> None:
    assert with_base_workloads(GateConfig(), base(tmp_path, LISTED)).workloads == ()


def test_settings_of_base_that_are_missing_or_damaged_change_nothing(tmp_path: Path) -> None:
    config = GateConfig(workloads=("benchmarks/a.py",))
    assert with_base_workloads(config, base(tmp_path, None)) == config
    assert with_base_workloads(config, base(tmp_path, "[tool.when-async.gate]\nmargin = 3\n")) == config
