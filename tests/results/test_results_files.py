"""What is written whole, or not at all."""

from __future__ import annotations

from pathlib import Path

import pytest

from when_async.results.files import write_whole


def test_files_that_belong_together_are_written_all_or_none(tmp_path: Path) -> None:
    first, second = tmp_path / "page" / "index.html", tmp_path / "page" / "img" / "one.svg"
    write_whole({first: "old", second: "old"})
    second.unlink()
    second.mkdir()
    (second / "in the way").touch()
    with pytest.raises(OSError, match="directory"):
        write_whole({second: "new", first: "new"})
    write_whole({first: "newer"})
    assert first.read_text() == "newer"
    assert sorted(path.name for path in tmp_path.rglob("*") if path.is_file()) == ["in the way", "index.html"]


def test_a_fault_while_writing_leaves_all_as_it_was(tmp_path: Path) -> None:
    first, second = tmp_path / "a.md", tmp_path / "b.md"
    write_whole({first: "old"})
    with pytest.raises(UnicodeEncodeError):
        write_whole({first: "new", second: "\ud800"})
    assert {path.name: path.read_text() for path in tmp_path.iterdir()} == {"a.md": "old"}
