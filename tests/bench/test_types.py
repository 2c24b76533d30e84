"""The nouns of the house are typed wherever they are passed: `Any` for one of them would switch the checker off."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).resolve().parents[2]
ROOMS = ("bench", "workloads", "results", "reports")

NOUNS = (
    "axes", "bound", "cell", "claim", "comparison", "contestant", "course", "environment", "estimate", "fig", "figure",
    "frame", "header", "history", "job", "kit", "measurement", "metric", "observed", "pair", "params", "part", "plan",
    "plot", "point", "proof", "reading", "round", "row", "runner", "sample", "scene", "selection", "service", "session",
    "settings", "span", "timeline", "trial", "verdict", "workload",
)  # fmt: skip
"""What a parameter, variable or field is called that holds a central noun; with an `s` it holds several."""

EXCEPTIONS = {
    "bench/worker/by_hand.py session": "reaches into the session of the one runner whose loop is written by hand there",
    "results/frame.py rows": "lines of a file on their way into columns, a value of another type in each place",
    "workloads/servers/postgres.py row": "what PostgreSQL answers",
}
"""Where it may be, and why."""


class Place(NamedTuple):
    """Something with a name, and what it is said to hold."""

    path: str
    name: str
    line: int
    annotation: ast.expr | None

    @property
    def noun(self) -> bool:
        bare = self.name.lstrip("_").lower()
        return bare in NOUNS or bare.removesuffix("s") in NOUNS

    @property
    def excepted(self) -> bool:
        return f"{self.path} {self.name}" in EXCEPTIONS

    def __str__(self) -> str:
        said = ast.unparse(self.annotation) if self.annotation else "nothing"
        return f"{self.path}:{self.line} {self.name}: {said}"


@cache
def trees(room: str) -> list[tuple[str, ast.Module]]:
    paths = sorted((ROOT / room).rglob("*.py"))
    return [(str(path.relative_to(ROOT)), ast.parse(path.read_text(encoding="utf-8"))) for path in paths]


def named(path: str, node: ast.AST) -> Iterator[Place]:
    """Parameters of a function with their annotations, and annotated variables and fields."""
    match node:
        case ast.FunctionDef(args=given) | ast.AsyncFunctionDef(args=given):
            for each in (*given.posonlyargs, *given.args, given.vararg, *given.kwonlyargs, given.kwarg):
                if each is not None:
                    yield Place(path, each.arg, each.lineno, each.annotation)
        case ast.AnnAssign(target=ast.Name(id=name) | ast.Attribute(attr=name), annotation=annotation):
            yield Place(path, name, node.lineno, annotation)


def anything(annotation: ast.expr | None) -> bool:
    """Whether it says nothing or `Any`, alone or inside; a record with names may hold anything."""
    if annotation is None:
        return True
    match annotation:
        case ast.Name(id="Any") | ast.Attribute(attr="Any"):
            return True
        case ast.Subscript(value=ast.Name(id="Mapping" | "dict"), slice=ast.Tuple(elts=[key, ast.Name(id="Any")])):
            return anything(key)
        case ast.Subscript(value=ast.Name(id="Annotated"), slice=ast.Tuple(elts=[held, *_])):
            return anything(held)
        case ast.Constant(value=str(text)):
            return anything(ast.parse(text, mode="eval").body)
    return any(anything(child) for child in ast.iter_child_nodes(annotation) if isinstance(child, ast.expr))


@pytest.mark.parametrize("room", ROOMS)
def test_whatever_is_called_like_a_central_noun_has_a_type(room: str) -> None:
    known = [each for path, tree in trees(room) for node in ast.walk(tree) for each in named(path, node) if each.noun]
    assert known
    assert [str(each) for each in known if anything(each.annotation) and not each.excepted] == []


@pytest.mark.parametrize("room", ROOMS)
def test_no_type_is_another_name_for_any(room: str) -> None:
    found = [
        Place(path, name, node.lineno, node.value)
        for path, tree in trees(room)
        for node in tree.body
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Name) and node.value.id == "Any"
        for name in map(ast.unparse, node.targets)
    ]
    assert [str(each) for each in found if not each.excepted] == []


@pytest.mark.parametrize(
    ("text", "refused"),
    [
        ("Kit", False),
        ("Sequence[Row]", False),
        ("Annotated[int, Quantity('how many', 'Any')]", False),
        ("Annotated[Any, Quantity('how many')]", True),
        ("Mapping[str, Any]", False),
        ("Any", True),
        ("typing.Any", True),
        ("Any | None", True),
        ("Sequence[Any]", True),
        ("'list[Any]'", True),
        ("Mapping[str, Sequence[Any]]", True),
    ],
)
def test_any_is_seen_wherever_it_stands(text: str, refused: bool) -> None:
    assert anything(ast.parse(text, mode="eval").body) is refused
