"""The order of the documentation, which docs/index.md holds: a heading is a chapter, the link of an item is a page."""

from __future__ import annotations

import re
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[1]
INDEX = ROOT / "docs" / "index.md"
ITEM = re.compile(r"^(?:-|\d+\.) \[([^\]]+)\]\(([^)#:]+\.md)\)", re.MULTILINE)


class Page(NamedTuple):
    """A page as the navigation names it, by its path from the top of the repository."""

    title: str
    path: str


def chapters(text: str) -> dict[str, list[Page]]:
    """The title of each chapter of an index and its pages, both in order."""
    _, *parts = re.split(r"^## ", text, flags=re.MULTILINE)
    return {part.partition("\n")[0].strip(): [Page(*found) for found in _items(part)] for part in parts}


def toctrees(text: str) -> str:
    """The same for Sphinx: one hidden toctree a chapter."""
    return "\n".join(
        "\n".join(
            [
                "\n```{toctree}\n:hidden:",
                f":caption: {chapter}\n",
                *(f"{page.title} </{page.path.removesuffix('.md')}>" for page in pages),
                "```",
            ]
        )
        for chapter, pages in chapters(text).items()
    )


def pages() -> list[str]:
    """Every document that belongs to the site, by its path from the top of the repository."""
    found = [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), ROOT / "results" / "SCHEMA.md"]
    return sorted(path.relative_to(ROOT).as_posix() for path in found)


def _items(part: str) -> list[tuple[str, str]]:
    return [(title, (INDEX.parent / link).resolve().relative_to(ROOT).as_posix()) for title, link in ITEM.findall(part)]
