"""How Sphinx makes the site of the Markdown files where they are: `make docs`."""

from __future__ import annotations

import sys
from importlib import metadata
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from docs.navigation import pages, toctrees  # noqa: E402

project = "when-async"
author = "the authors of when-async"
project_copyright = author
release = metadata.version("when-async")

extensions = ["myst_parser"]
myst_heading_anchors = 4
root_doc = "docs/index"
include_patterns = pages()
exclude_patterns = [".*", "build", "dist"]
nitpicky = True

html_theme = "furo"
html_title = "when-async"
html_copy_source = False
templates_path = ["templates"]
html_additional_pages = {"index": "forward.html"}


def with_navigation(app: Any, docname: str, source: list[str]) -> None:
    """Give the front page the toctrees that its own lists amount to."""
    if docname == root_doc:
        source[0] += toctrees(source[0])


def setup(app: Any) -> None:
    """Called by Sphinx."""
    app.connect("source-read", with_navigation)
