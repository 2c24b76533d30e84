"""Files and functions stay small enough to be read at once."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[2]
FOLDERS = ("bench", "workloads", "results", "reports", "docs/evidence")
MOST_LINES_OF_FILE = 300
MOST_LINES_OF_FUNCTION = 50

EXCEPTIONS: dict[str, str] = {}
"""What may be longer, as `path` or `path function`, and why."""


class Piece(NamedTuple):
    """A file or a function, and how many lines it has."""

    name: str
    lines: int
    most: int


def pieces(path: str, text: str) -> Iterator[Piece]:
    """The file, and each function in it from its `def` to its end; what is nested is in both, decorators in none."""
    yield Piece(path, len(text.splitlines()), MOST_LINES_OF_FILE)
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            assert node.end_lineno is not None
            yield Piece(f"{path} {node.name}", node.end_lineno - node.lineno + 1, MOST_LINES_OF_FUNCTION)


@cache
def too_long() -> dict[str, int]:
    found = (path for folder in FOLDERS for path in sorted((ROOT / folder).rglob("*.py")))
    each = (piece for path in found for piece in pieces(str(path.relative_to(ROOT)), path.read_text(encoding="utf-8")))
    return {piece.name: piece.lines for piece in each if piece.lines > piece.most}


def test_no_file_and_no_function_is_longer_than_the_house_allows() -> None:
    assert {name: lines for name, lines in too_long().items() if name not in EXCEPTIONS} == {}


def test_each_exception_is_still_needed() -> None:
    assert EXCEPTIONS.keys() - too_long().keys() == set()


def test_a_function_counts_from_its_def_with_what_is_nested_and_without_its_decorators() -> None:
    text = "@option\n@option\ndef outer():\n    async def inner():\n        pass\n    return inner\n"
    assert [(piece.name, piece.lines) for piece in pieces("a.py", text)] == [
        ("a.py", 6), ("a.py outer", 4), ("a.py inner", 2)
    ]  # fmt: skip
