"""What the reader promises: whole records, or one clear line on what is wrong and what to do."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from support.run_files import (
    cell_line,
    header_line,
    make_run,
    measurement_line,
    sample_line,
    sleep_cells,
    trial_line,
    write_lines,
)
from when_async.bench.model import Phase, Status
from when_async.results.runfile import RunFileError, read

CELL = sleep_cells()[0]
ID = CELL.cell.id
Lines = list[dict[str, Any]]


def lines(*more: dict[str, Any]) -> Lines:
    return [header_line(), cell_line(CELL), *more]


def test_a_complete_run_reads_without_notes(tmp_path: Path) -> None:
    run = read(make_run(tmp_path / "run.jsonl", forks=2, rounds=3))
    assert run.notes == []
    assert len(run.cells()) == 24
    # 22 OK cells of 2 forks x (1 + 3) rounds; the failed cell had 1 + 2 rounds, the unsupported one none.
    assert len(run.samples()) == 22 * 8 + 3
    assert len(run.trials()) == 44
    statuses = [word.status for word in run.measurements().values()]
    assert {s: statuses.count(s) for s in set(statuses)} == {Status.OK: 22, Status.FAILED: 1, Status.UNSUPPORTED: 1}


def test_the_last_word_on_a_cell_counts(tmp_path: Path) -> None:
    words = [measurement_line(ID, Status.TIMEOUT, reason="slow"), measurement_line(ID, Status.OK)]
    run = read(write_lines(tmp_path / "run.jsonl", lines(*words)))
    assert run.measurements()[ID].status is Status.OK


def test_records_of_an_unknown_kind_are_kept(tmp_path: Path) -> None:
    run = read(write_lines(tmp_path / "run.jsonl", lines({"kind": "weather", "sky": "grey"})))
    assert run.of_kind("weather") == [{"kind": "weather", "sky": "grey"}]


def test_unknown_fields_are_ignored(tmp_path: Path) -> None:
    run = read(write_lines(tmp_path / "run.jsonl", lines({**sample_line(ID), "colour": "red"})))
    assert len(run.samples()) == 1


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "is empty; delete it"),
        (b"\n \n", "is empty; delete it"),
        (b"hello\n", "is not a run file of when-async"),
        (b'{"kind": "run", "schema": 1}\n', "is not a run file of when-async"),
        (b'[1, 2]\n{"kind": "cell"}\n', "is not a run file of when-async"),
        (b"\xff\xfe\x00\n", "is not a run file of when-async"),
        (json.dumps(header_line(schema="1")).encode(), "is not a run file of when-async"),
        (json.dumps(header_line(schema=2)).encode(), "has schema 2 and this when-async reads up to 1; upgrade with"),
    ],
)
def test_a_file_that_is_no_run_is_refused_in_one_line(tmp_path: Path, content: bytes, message: str) -> None:
    path = tmp_path / "run.jsonl"
    path.write_bytes(content)
    with pytest.raises(RunFileError) as caught:
        read(path, skip_corrupt=True)
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_missing_file_and_a_folder_are_told(tmp_path: Path) -> None:
    with pytest.raises(RunFileError, match=r"there is no run file .*; make one with `when-async run`"):
        read(tmp_path / "none.jsonl")
    with pytest.raises(RunFileError, match=r"cannot read .*: is a directory; name a run file"):
        read(tmp_path)


@pytest.mark.parametrize("tail", [b'{"kind": "sam', b"\x00\x00\x00", b'{"kind": "sample"}\n', b"\xff\n", b"null"])
def test_a_torn_last_line_is_dropped_with_a_note(tmp_path: Path, tail: bytes) -> None:
    path = write_lines(tmp_path / "run.jsonl", lines(sample_line(ID)))
    path.write_bytes(path.read_bytes() + tail)
    run = read(path)
    assert len(run.samples()) == 1
    assert run.notes == ["run.jsonl: the last line (4) is unfinished and was left out"]


def test_a_last_line_that_only_lacks_its_line_end_counts(tmp_path: Path) -> None:
    path = write_lines(tmp_path / "run.jsonl", lines(sample_line(ID)))
    path.write_bytes(path.read_bytes().rstrip())
    assert (read(path).notes, len(read(path).samples())) == ([], 1)


def without(name: str) -> Callable[[dict[str, Any]], str]:
    return lambda line: json.dumps({key: value for key, value in line.items() if key != name})


def having(**changes: Any) -> Callable[[dict[str, Any]], str]:
    return lambda line: json.dumps({**line, **changes})


@pytest.mark.parametrize(
    ("damage", "reason"),
    [
        (lambda line: json.dumps(line)[:-9], "not JSON"),
        (lambda line: "17", "not a record with a kind"),
        (without("makespan_s"), "a sample without makespan_s"),
        (having(makespan_s=0.0), "makespan_s must be above 0, got 0.0"),
        (having(makespan_s="fast"), "an impossible sample"),
        (having(phase="tea"), "an impossible sample"),
        (having(fork=None), "fork: expected a whole number"),
        (having(cell=["x"]), "cell: expected text"),
    ],
)
def test_a_corrupt_line_is_an_error_that_names_it_unless_it_is_skipped(
    tmp_path: Path, damage: Callable[[dict[str, Any]], str], reason: str
) -> None:
    path = write_lines(tmp_path / "run.jsonl", lines(*(sample_line(ID, round=r) for r in range(3))))
    texts = path.read_text().splitlines()
    texts[3] = damage(json.loads(texts[3]))
    path.write_text("\n".join(texts) + "\n")
    with pytest.raises(RunFileError, match=r"line 4 is corrupt .*--skip-corrupt") as caught:
        read(path)
    assert reason in str(caught.value)
    run = read(path, skip_corrupt=True)
    assert [sample.round for sample in run.samples()] == [0, 2]
    assert [note.startswith("run.jsonl: line 4 is corrupt") for note in run.notes] == [True]


def test_a_measured_round_that_occurs_twice_is_an_error_unless_it_is_skipped(tmp_path: Path) -> None:
    twins = [sample_line(ID, makespan_s=0.1), sample_line(ID, makespan_s=0.2), sample_line(ID, fork=1)]
    path = write_lines(tmp_path / "run.jsonl", lines(*twins))
    with pytest.raises(RunFileError, match=r"line 4 repeats round 0 of fork 0 of sleep\[.* from line 3; .*--skip-corr"):
        read(path)
    run = read(path, skip_corrupt=True)
    assert [(sample.fork, sample.makespan_s) for sample in run.samples()] == [(0, 0.1), (1, 0.1)]
    assert len(run.notes) == 1


def test_warm_up_rounds_may_occur_twice_because_a_resumed_fork_warms_up_again(tmp_path: Path) -> None:
    twins = [sample_line(ID, phase=Phase.WARMUP), sample_line(ID, phase=Phase.WARMUP, attempt=1), sample_line(ID)]
    assert len(read(write_lines(tmp_path / "run.jsonl", lines(*twins))).samples()) == 3


def test_a_sample_of_a_cell_that_nobody_asked_for_is_an_error_unless_it_is_skipped(tmp_path: Path) -> None:
    path = write_lines(tmp_path / "run.jsonl", lines(sample_line("ghost"), sample_line("ghost", round=1)))
    with pytest.raises(RunFileError, match="line 3 is a sample of ghost, which has no cell line"):
        read(path)
    run = read(path, skip_corrupt=True)
    assert run.notes == ["run.jsonl: ghost has no cell line; 2 of its samples were left out"]
    assert run.samples() == []


def test_a_trial_that_was_resumed_occurs_once_for_each_attempt(tmp_path: Path) -> None:
    run = read(write_lines(tmp_path / "run.jsonl", lines(trial_line(ID), trial_line(ID, attempt=1))))
    assert [trial.attempt for trial in run.trials()] == [0, 1]
