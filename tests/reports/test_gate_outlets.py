"""Where a gate report goes: files whole or not at all, GitHub only where it listens, and the verdict always last."""

from __future__ import annotations

import io
from pathlib import Path

import pytest

from support.gate_reports import REPORTS
from when_async.reports.gate.machine import load
from when_async.reports.gate.markdown import MARK
from when_async.reports.gate.outlets import SUMMARY_BYTES, NotWritten, publish, step_summary, write

FILES = ["gate.json", "gate.md", "gate.xml", "gate.txt"]
FOUND = REPORTS["regression"]
LAST = "'why it is worth it'"


class Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        return True


def test_four_files_are_written_and_nothing_else(tmp_path: Path) -> None:
    folder = tmp_path / "deep" / "gate"
    written = write(FOUND, folder)
    assert [path.name for path in written] == FILES
    assert sorted(path.name for path in folder.iterdir()) == sorted(FILES)
    assert load(folder / "gate.json") == FOUND
    assert (folder / "gate.md").read_text(encoding="utf-8").startswith(MARK)
    assert (folder / "gate.xml").read_text(encoding="utf-8").startswith("<?xml")
    assert "\x1b" not in (folder / "gate.txt").read_text(encoding="utf-8")


def test_an_older_report_is_replaced(tmp_path: Path) -> None:
    write(REPORTS["pass"], tmp_path)
    write(FOUND, tmp_path)
    assert load(tmp_path / "gate.json") == FOUND


def test_a_failed_write_leaves_the_older_file_and_no_draft(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(REPORTS["pass"], tmp_path)

    def full(self: Path, *_: object, **__: object) -> None:
        self.touch()
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_text", full)
    with pytest.raises(NotWritten, match=r"no space left on device; name a writable folder with room$"):
        write(FOUND, tmp_path)
    monkeypatch.undo()
    assert load(tmp_path / "gate.json") == REPORTS["pass"]
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(FILES)


def test_the_summary_is_appended_where_github_asks_for_one(tmp_path: Path) -> None:
    path = tmp_path / "summary.md"
    path.write_text("before\n", encoding="utf-8")
    assert step_summary(FOUND, {"GITHUB_STEP_SUMMARY": str(path)}) == path
    text = path.read_text(encoding="utf-8")
    assert text.startswith(f"before\n\n{MARK}")
    assert step_summary(FOUND, {}) is None


def test_a_summary_that_github_would_refuse_is_not_written(tmp_path: Path) -> None:
    path = tmp_path / "summary.md"
    path.write_bytes(b"x" * SUMMARY_BYTES)
    with pytest.raises(NotWritten, match="the job summary is full"):
        step_summary(FOUND, {"GITHUB_STEP_SUMMARY": str(path)})
    assert path.stat().st_size == SUMMARY_BYTES


def test_outside_github_only_files_and_the_report_come_out(tmp_path: Path) -> None:
    out = io.StringIO()
    written = publish(FOUND, tmp_path / "gate", {}, out)
    text = out.getvalue()
    assert [path.name for path in written] == FILES
    assert "::error" not in text
    assert text.rstrip().endswith(LAST)
    assert "gate.json, gate.md, gate.xml and gate.txt" in " ".join(text.split())


def test_on_github_annotations_come_first_and_the_verdict_last(tmp_path: Path) -> None:
    out = io.StringIO()
    summary = tmp_path / "summary.md"
    publish(FOUND, tmp_path / "gate", {"GITHUB_ACTIONS": "true", "GITHUB_STEP_SUMMARY": str(summary)}, out)
    text = out.getvalue()
    assert text.startswith("::error title=REGRESSED")
    assert text.rstrip().endswith(LAST)
    assert summary.read_text(encoding="utf-8").startswith(MARK)


def test_nothing_is_kept_where_no_folder_is_named() -> None:
    out = io.StringIO()
    assert publish(FOUND, None, {}, out) == []
    assert "Kept" not in out.getvalue()


def test_the_report_is_told_even_if_it_cannot_be_kept(tmp_path: Path) -> None:
    (tmp_path / "gate").write_text("a file", encoding="utf-8")
    out = io.StringIO()
    environ = {"GITHUB_STEP_SUMMARY": str(tmp_path / "missing" / "summary.md")}
    with pytest.raises(NotWritten, match="name a writable folder with room"):
        publish(FOUND, tmp_path / "gate", environ, out)
    assert "note: cannot write the job summary: no such file or directory" in out.getvalue()
    assert out.getvalue().rstrip().endswith(LAST)


@pytest.mark.parametrize(
    ("stream", "environ", "coloured"),
    [
        (Terminal, {}, True),
        (Terminal, {"NO_COLOR": "1"}, False),
        (Terminal, {"NO_COLOR": ""}, True),
        (Terminal, {"TERM": "dumb"}, False),
        (io.StringIO, {}, False),
        (io.StringIO, {"FORCE_COLOR": "1"}, False),
    ],
)
def test_only_a_terminal_that_wants_it_gets_colour(
    stream: type[io.StringIO], environ: dict[str, str], coloured: bool
) -> None:
    out = stream()
    publish(FOUND, None, environ, out)
    assert ("\x1b[" in out.getvalue()) is coloured
