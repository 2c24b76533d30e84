"""The documentation has an order that leaves nothing out, shows what commands really print, and becomes a site."""

from __future__ import annotations

import re
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

from docs import commands, shown
from docs.navigation import INDEX, ROOT, Page, chapters, pages, toctrees
from when_async.bench.cli.folders import DEFAULTS
from when_async.bench.cli.shared import INTERNAL, INTERRUPTED, UNREAD
from when_async.bench.gate.config import GateConfig
from when_async.results.gate import report

HANG_S = 300
MOST_WORDS = 30
DOCS = ROOT / "docs"
REFERENCE = DOCS / "reference"
WRITTEN = [
    INDEX, REFERENCE / "settings.md", REFERENCE / "exit-codes.md", *sorted(DOCS.glob("tutorial/*.md")),
    *sorted(DOCS.glob("how-to/*.md")),
]  # fmt: skip
FENCE = re.compile(r"^```(\w*)\n(.*?)^```", re.MULTILINE | re.DOTALL)


def named(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def first_cells(path: Path) -> set[str]:
    """What stands in the first column of the tables of a page, without backticks."""
    return set(re.findall(r"^\| `?([\w-]+)`? \|", path.read_text(encoding="utf-8"), re.MULTILINE))


def sentences(text: str) -> list[str]:
    """The sentences of a document's prose, items and cells; code is none."""
    text = re.sub(r"<!--.*?-->", "", FENCE.sub("\n\n", text), flags=re.DOTALL)
    text = re.sub(r"\]\([^)]*\)", "]", text)
    blocks = re.split(r"\n\s*\n|\n(?=[-|#]|\d+\. )|\|", text)
    return [found for block in blocks for found in re.split(r"(?<=[.?!])\s+", " ".join(block.split())) if found]


def test_every_page_is_in_the_navigation_and_none_is_there_twice() -> None:
    found = [page.path for each in chapters(INDEX.read_text(encoding="utf-8")).values() for page in each]
    assert sorted([*found, named(INDEX)]) == pages(), "docs/index.md is the navigation; give each page one item there"


def test_the_navigation_is_read_from_headings_and_the_first_link_of_each_item() -> None:
    text = (
        "# T\n\n- [no](no.md)\n\n## How\n\n1. [A b](how-to/a.md): see [c](c.md).\n\n## Why\n\n- [R](../README.md): x\n"
    )
    assert chapters(text) == {"How": [Page("A b", "docs/how-to/a.md")], "Why": [Page("R", "README.md")]}
    first, second = toctrees(text).split("```{toctree}\n")[1:]
    assert first == ":hidden:\n:caption: How\n\nA b </docs/how-to/a>\n```\n\n"
    assert second == ":hidden:\n:caption: Why\n\nR </README>\n```"


def test_the_reference_of_commands_is_their_own_help() -> None:
    written = commands.PAGE.read_text(encoding="utf-8")
    assert commands.page() == written, "docs/reference/commands.md is stale; write it with: python -m docs.commands"


@pytest.mark.skipif(sys.version_info[:2] != (3, 11), reason="the answers that are shown are those for Python 3.11")
@pytest.mark.parametrize("path", shown.shown(), ids=named)
def test_what_a_document_shows_of_the_reference_run_is_what_the_command_prints(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert shown.filled(text) == text, f"{named(path)} is stale; write it with: python -m docs.shown"


def test_a_command_that_is_not_there_yet_leaves_a_mark_in_place_of_its_output() -> None:
    empty = "<!-- output of: when-async foretell rain -->\n\n<!-- end of output -->\n\nand\n\n"
    full = f"<!-- output of: when-async foretell rain -->\n\n{shown.PENDING}\n\n<!-- end of output -->\n\nand\n\n"
    assert shown.filled(empty + empty + full) == full + full + full


def test_the_settings_that_are_described_are_those_that_are_read() -> None:
    names = {**GateConfig.__dataclass_fields__, "target": None}
    del names["targets"]
    gate = {name.removesuffix("_s").replace("_", "-") for name in names}
    assert first_cells(REFERENCE / "settings.md") - {"setting", "variable"} == {*DEFAULTS, *gate} | {
        "VIRTUAL_ENV", "WHEN_ASYNC_CACHE", "WHEN_ASYNC_DASK_SCHEDULER", "WHEN_ASYNC_IMPORT_S", "WHEN_ASYNC_LOCK",
    }  # fmt: skip


def test_the_exit_codes_that_are_described_are_those_that_there_are() -> None:
    gate = {report.OK, report.REGRESSION, report.USAGE, report.BROKEN, report.UNDECIDED}
    known = {*gate, INTERRUPTED, INTERNAL, UNREAD}
    assert first_cells(REFERENCE / "exit-codes.md") - {"code"} == {str(code) for code in known}


@pytest.mark.parametrize("path", WRITTEN, ids=named)
def test_the_code_that_is_shown_compiles_and_no_sentence_is_long(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    for language, block in FENCE.findall(text):
        if language == "python":
            compile(block, named(path), "exec")
    assert [each for each in sentences(text) if len(each.split()) > MOST_WORDS] == []


@pytest.mark.skipif(find_spec("sphinx") is None, reason="Sphinx is not installed; run: pip install 'when-async[docs]'")
def test_the_site_is_built_without_a_warning(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "sphinx", "--fail-on-warning", "--quiet", "-d", tmp_path / "trees", "-c", "docs"]
    done = subprocess.run([*command, ".", tmp_path / "site"], cwd=ROOT, capture_output=True, text=True, timeout=HANG_S)
    assert (done.returncode, done.stderr) == (0, "")
    for page in pages():
        assert (tmp_path / "site" / page).with_suffix(".html").is_file()
    assert "docs/index.html" in (tmp_path / "site" / "index.html").read_text(encoding="utf-8")
