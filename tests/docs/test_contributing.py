"""The walk of a sample in CONTRIBUTING.md names files and functions that are there."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


def stages() -> list[tuple[str, list[str], list[str]]]:
    """Number, files and functions of each stage."""
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| (\d+) \|[^|]+\|([^|]+)\|([^|]+)\|", text.partition("## From a round")[2], re.MULTILINE)
    return [(number, re.findall(r"`([^`]+)`", files), re.findall(r"`([^`]+)`", functions))
            for number, files, functions in rows]  # fmt: skip


def defined(path: Path) -> set[str]:
    """Functions and methods of a file, the latter as `Class.method` and as `method`."""
    found: set[str] = set()
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            found.add(node.name)
        elif isinstance(node, ast.ClassDef):
            own = {each.name for each in node.body if isinstance(each, ast.FunctionDef | ast.AsyncFunctionDef)}
            found |= own | {f"{node.name}.{name}" for name in own}
    return found


def test_there_are_stages_from_the_command_to_the_page() -> None:
    assert [number for number, _, _ in stages()] == [str(number) for number in range(1, len(stages()) + 1)]
    assert len(stages()) >= 10


@pytest.mark.parametrize("stage", stages(), ids=lambda stage: f"stage {stage[0]}")
def test_every_file_and_function_of_a_stage_is_there(stage: tuple[str, list[str], list[str]]) -> None:
    _, files, functions = stage
    folder = Path(files[0]).parent
    paths = [ROOT / (name if "/" in name else folder / name) for name in files]
    assert [str(path) for path in paths if not path.exists()] == []
    known = set().union(*(defined(path) for path in paths if path.suffix == ".py"))
    assert functions
    assert [name for name in functions if name not in known] == []
