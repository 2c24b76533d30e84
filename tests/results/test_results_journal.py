"""What the writer promises: a line is in the file whole, or not at all."""

from __future__ import annotations

import errno
import gzip
import json
import os
from pathlib import Path
from typing import Any

import pytest

from support.run_files import cell_line, header_line, sample_line, sleep_cells
from when_async.results.journal import Journal
from when_async.results.runfile import RunFileError, read

CELL = sleep_cells()[0]


def test_what_was_appended_is_read_back(tmp_path: Path) -> None:
    path = tmp_path / "runs" / "one.jsonl"
    with Journal.create(path, header_line()) as journal:
        journal.append(cell_line(CELL))
        journal.append(sample_line(CELL.cell.id, answer="10 µs\n"))
    run = read(path)
    assert header_line() == run.header
    assert [cell_line(CELL)] == run.cells()
    assert [sample.answer for sample in run.samples()] == ["10 µs\n"]
    assert run.notes == []


def test_a_record_is_in_the_file_before_the_journal_is_closed(tmp_path: Path) -> None:
    path = tmp_path / "one.jsonl"
    journal = Journal.create(path, header_line())
    journal.append(cell_line(CELL))
    assert len(read(path).cells()) == 1
    journal.close()


def test_kind_schema_and_tool_of_the_header_are_filled_in(tmp_path: Path) -> None:
    path = tmp_path / "one.jsonl"
    Journal.create(path, {"run": "r1"}).close()
    assert read(path).header == {"kind": "run", "schema": 1, "tool": "when-async", "run": "r1"}


def test_an_existing_file_is_not_overwritten(tmp_path: Path) -> None:
    path = tmp_path / "one.jsonl"
    path.write_text("precious")
    with pytest.raises(RunFileError, match="exists already and is not overwritten; name another file"):
        Journal.create(path, header_line())
    assert path.read_text() == "precious"


def test_a_folder_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(RunFileError, match=r"cannot create .*name a file in a writable folder"):
        Journal.create(tmp_path / "file" / "one.jsonl", header_line())


def test_a_closed_journal_says_how_to_go_on(tmp_path: Path) -> None:
    journal = Journal.create(tmp_path / "one.jsonl", header_line())
    journal.close()
    journal.close()
    with pytest.raises(RunFileError, match="is closed"):
        journal.append(cell_line(CELL))


def test_resume_cuts_off_a_torn_line_and_says_so(tmp_path: Path) -> None:
    path = tmp_path / "one.jsonl"
    with Journal.create(path, header_line()) as journal:
        journal.append(cell_line(CELL))
    whole = path.read_bytes()
    path.write_bytes(whole + b'{"kind": "sample", "ce')
    with Journal.resume(path) as journal:
        assert journal.mend() == "cut off an unfinished last line of one.jsonl (22 bytes)"
        assert whole == path.read_bytes()
        journal.append({"kind": "resumed", "at": "2026-11-22T15:10:00+00:00", "attempt": 1})
    assert [record["kind"] for record in read(path).records] == ["cell", "resumed"]


@pytest.mark.parametrize("tail", [b"", b"\n\n"])
def test_resume_of_a_whole_file_changes_nothing(tmp_path: Path, tail: bytes) -> None:
    path = tmp_path / "one.jsonl"
    with Journal.create(path, header_line()) as journal:
        journal.append(cell_line(CELL))
    whole = path.read_bytes()
    path.write_bytes(whole.rstrip() + tail)
    with Journal.resume(path) as journal:
        assert journal.mend() is None
    assert whole == path.read_bytes()


def test_resume_of_a_bare_header_works(tmp_path: Path) -> None:
    path = tmp_path / "one.jsonl"
    path.write_text(json.dumps(header_line()))
    with Journal.resume(path) as journal:
        journal.mend()
        journal.append(cell_line(CELL))
    assert len(read(path).cells()) == 1


def test_resume_refuses_what_read_refuses(tmp_path: Path) -> None:
    path = tmp_path / "one.jsonl"
    with pytest.raises(RunFileError, match="there is no run file"):
        Journal.resume(path)
    path.write_text("{}\n")
    with Journal.resume(path) as journal, pytest.raises(RunFileError, match="is not a run file"):
        journal.mend()


def test_a_file_that_is_opened_to_go_on_is_as_it_was_until_it_is_mended(tmp_path: Path) -> None:
    path = tmp_path / "one.jsonl"
    Journal.create(path, header_line()).close()
    torn = path.read_bytes() + b'{"kind": "sample", "ce'
    path.write_bytes(torn)
    Journal.resume(path).close()
    assert path.read_bytes() == torn


def test_two_cannot_write_to_one_file(tmp_path: Path) -> None:
    path = tmp_path / "one.jsonl"
    with (
        Journal.create(path, header_line()),
        pytest.raises(RunFileError, match=r"another process is writing to .*one\.jsonl; let it end first"),
    ):
        Journal.resume(path)
    Journal.resume(path).close()


def test_what_is_no_file_is_never_read(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path / "pipe", Path("/dev/zero")):
        with pytest.raises(RunFileError, match="is no file but something else"):
            read(path)
        with pytest.raises(RunFileError, match="is no file but something else"):
            Journal.resume(path)


def test_a_name_that_no_system_takes_is_refused_in_a_line(tmp_path: Path) -> None:
    with pytest.raises(RunFileError, match=r"cannot create x+: file name too long; name another file"):
        Journal.create(tmp_path / ("x" * 300), header_line())


def test_an_archive_is_neither_written_nor_gone_on_with(tmp_path: Path) -> None:
    path = tmp_path / "one.jsonl.gz"
    with pytest.raises(RunFileError, match=r"written line by line; name .*one\.jsonl, and pack it with gzip"):
        Journal.create(path, header_line())
    assert not path.exists()
    packed = gzip.compress(json.dumps(header_line()).encode())
    path.write_bytes(packed)
    with pytest.raises(RunFileError, match=r"unpack it with `gunzip --keep .*, then go on with --resume .*one\.jsonl$"):
        Journal.resume(path)
    assert path.read_bytes() == packed


class FullDisk:
    """An `os.write` that takes `room` bytes and then fails, as a full disk does."""

    def __init__(self, room: int, error: BaseException) -> None:
        self.room = room
        self.error = error
        self.real = os.write

    def __call__(self, descriptor: int, data: Any) -> int:
        if self.room == 0:
            raise self.error
        taken = self.real(descriptor, bytes(data)[: self.room])
        self.room -= taken
        return taken


def test_a_full_disk_is_one_clear_line_and_leaves_no_torn_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "one.jsonl"
    with Journal.create(path, header_line()) as journal:
        journal.append(cell_line(CELL))
        whole = path.read_bytes()
        with monkeypatch.context() as patch:
            patch.setattr(os, "write", FullDisk(10, OSError(errno.ENOSPC, "No space left on device")))
            with pytest.raises(RunFileError) as caught:
                journal.append(sample_line(CELL.cell.id))
        said = "no space left on device; all before it is kept: make room, then give the same command again"
        assert said in str(caught.value)
        assert "\n" not in str(caught.value)
        assert whole == path.read_bytes()
        journal.append(sample_line(CELL.cell.id))
    assert len(read(path).samples()) == 1


def test_an_interrupt_in_the_middle_of_a_line_leaves_no_torn_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "one.jsonl"
    with Journal.create(path, header_line()) as journal:
        whole = path.read_bytes()
        with monkeypatch.context() as patch:
            patch.setattr(os, "write", FullDisk(10, KeyboardInterrupt()))
            with pytest.raises(KeyboardInterrupt):
                journal.append(cell_line(CELL))
        assert whole == path.read_bytes()


def test_a_disk_full_at_the_header_leaves_no_file_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "one.jsonl"
    monkeypatch.setattr(os, "write", FullDisk(10, OSError(errno.ENOSPC, "No space left on device")))
    with pytest.raises(RunFileError, match="no space left"):
        Journal.create(path, header_line())
    assert not path.exists()


def test_a_number_that_json_cannot_hold_is_refused_before_anything_is_written(tmp_path: Path) -> None:
    path = tmp_path / "one.jsonl"
    with Journal.create(path, header_line()) as journal:
        whole = path.read_bytes()
        with pytest.raises(ValueError, match="JSON"):
            journal.append({"kind": "account", "wall_s": float("nan")})
        assert whole == path.read_bytes()


def test_text_that_is_no_valid_unicode_survives(tmp_path: Path) -> None:
    path = tmp_path / "one.jsonl"
    with Journal.create(path, header_line(command="run \udcff")):
        pass
    assert read(path).header["command"] == "run \udcff"
