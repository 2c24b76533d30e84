"""How the reference is taken: in which order, when a recording waits, and what becomes of each."""

from __future__ import annotations

import gzip
import json
import os
from pathlib import Path

import pytest

from docs.evidence import taking
from docs.evidence.taking import (
    KINDS,
    OTHERS_CORES,
    PATIENCE_S,
    Step,
    adopt,
    settle,
    stand_beside,
    steps,
    undone,
    wait_for_quiet,
)
from support.run_files import make_run

PYTHONS = ("3.11", "3.13", "3.13t", "3.14t")


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(taking, "FOLDER", tmp_path / "taking")
    monkeypatch.setattr(taking, "TAKEN", tmp_path / "taken.json")
    (tmp_path / "taking").mkdir()
    return tmp_path


def test_each_time_goes_over_all_interpreters_before_the_next_begins() -> None:
    found = steps(PYTHONS)
    assert [one.kind for one in found] == [kind for kind in KINDS for _ in range(3)]


def test_twins_run_in_one_recording_and_a_build_without_its_twin_alone() -> None:
    assert [one.pythons for one in steps(PYTHONS)][:3] == [("3.11",), ("3.13", "3.13t"), ("3.14t",)]


def test_a_recording_that_has_begun_is_gone_on_with_and_one_that_is_there_is_not_taken() -> None:
    first, second, *_ = steps(PYTHONS)
    assert first.command()[:3] == ["run", "--claim", "all"]
    first.path.touch()
    assert first.command()[:3] == ["run", "--resume", os.path.relpath(first.path)]
    taking.note(file=first.kept.name, what=taking.DONE)
    assert next(undone(PYTHONS)) == second


def test_a_recording_waits_for_others_to_end_and_not_for_ever() -> None:
    readings, said, clock = iter([0.9, 0.5, 0.1]), [], iter(range(100))
    assert wait_for_quiet(lambda: next(readings), lambda: float(next(clock)), said.append) < OTHERS_CORES
    assert len(said) == 2
    ages = iter([0.0, PATIENCE_S + 1])
    assert wait_for_quiet(lambda: 1.0, lambda: next(ages), said.append) == 1.0


@pytest.mark.parametrize(("others", "marks"), [(0.01, [""]), (0.9, ["-disturbed", ""])])
def test_a_disturbed_recording_is_set_aside_once_and_the_second_stands_whatever_it_is(
    folder: Path, others: float, marks: list[str]
) -> None:
    step = Step("whole", ("3.11",))
    for _ in marks:
        make_run(step.path, forks=2, rounds=2, others=others)
        done = settle(step)
    assert done
    assert [path.name for path in sorted((folder / "taking").iterdir())] == [
        f"claims-3.11{mark}.jsonl.gz" for mark in marks
    ]
    assert gzip.decompress(step.kept.read_bytes()).startswith(b'{"kind": "run"')
    assert [one["what"] for one in json.loads((folder / "taken.json").read_text())][-1] == "kept"


@pytest.fixture
def reference(folder: Path) -> Path:
    (folder / "reference" / "replaced").mkdir(parents=True)
    for name in ("claims-3.11.jsonl.gz", "claims-3.11.verdicts.json.gz"):
        (folder / "reference" / name).write_text("old")
    return folder / "reference"


def done(step: Step) -> None:
    step.kept.write_text("new")
    taking.note(file=step.kept.name, what=taking.DONE)


def test_the_new_reference_takes_the_place_of_the_old_one_when_all_of_it_is_there(
    folder: Path, reference: Path
) -> None:
    first, second, last = steps(["3.11"])
    done(first)
    done(second)
    assert adopt(["3.11"], reference).startswith("1 of 3 recordings are not done")
    stand_beside(reference)
    assert (reference / first.kept.name).read_text() == "new"
    assert (reference / second.kept.name).read_text() == "old"
    done(last)
    (folder / "taking" / "claims-3.11-disturbed.jsonl.gz").write_text("aside")
    assert adopt(["3.11"], reference) == ""
    assert {path.read_text() for path in (reference / "before").iterdir()} == {"old"}
    assert {path.name: path.read_text() for path in reference.glob("*.jsonl.gz")} == {
        step.kept.name: "new" for step in steps(["3.11"])
    }
    assert (reference / "replaced" / "claims-3.11-disturbed.jsonl.gz").exists()


def test_when_a_reference_stands_the_next_one_begins_with_nothing_done(reference: Path) -> None:
    for step in steps(["3.11"]):
        done(step)
    assert not list(undone(["3.11"]))
    assert adopt(["3.11"], reference) == ""
    assert list(undone(["3.11"])) == steps(["3.11"])
