"""A run file that was damaged is refused in one line that names line and field, or read without the line."""

from __future__ import annotations

import gzip
import json
import random
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from support.mixed_cells import mixed_cells
from support.run_files import make_run
from when_async.bench.model import WhenAsyncError
from when_async.results.cells.summary import summary
from when_async.results.frame import load
from when_async.results.runfile import RunFileError, read

VALUES: Sequence[Any] = (
    "x", "", None, True, -1, 0, 1, 1e308, 10**30, [], {}, [1], {"a": "b"}, 0.5, "1", "\x00<b>", [[[]]],
)  # fmt: skip
TRIES = 150


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """The lines of a small run."""
    path = make_run(tmp_path_factory.mktemp("whole") / "run.jsonl", cells=mixed_cells()[:4])
    return path.read_text().splitlines()


def spots(value: Any, way: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The ways to all fields of a record."""
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for name, one in inner:
        yield (*way, name)
        yield from spots(one, (*way, name))


def changed(line: str, way: tuple[Any, ...], value: Any) -> str:
    record = json.loads(line)
    inner = record
    for name in way[:-1]:
        inner = inner[name]
    inner[way[-1]] = value
    return json.dumps(record)


def complaint(path: Path, *, skip: bool) -> str:
    """What is said against a file; empty where it is read. Anything but an error of ours is raised."""
    try:
        summary(load([path], skip_corrupt=skip))
    except WhenAsyncError as error:
        return str(error)
    return ""


def of_kind(lines: list[str], kind: str) -> int:
    return next(place for place, line in enumerate(lines) if json.loads(line)["kind"] == kind)


@pytest.mark.parametrize(
    ("kind", "way", "value", "words"),
    [
        ("cell", ("params",), "x", "an impossible cell: params: expected an object, got text"),
        ("cell", ("concurrency",), 0, "an impossible cell: concurrency: expected a whole number >= 1"),
        ("sample", ("makespan_s",), float("nan"), "NaN is no number"),
        ("sample", ("noise",), "x", "an impossible sample: noise: expected an object, got text"),
        ("sample", ("ops_ok",), 0, "an impossible sample: a round has one op at least"),
        ("trial", ("launch_s",), [], "an impossible trial: launch_s: expected a number, got a list"),
        ("measurement", ("status",), "FINE", "an impossible measurement: status: Invalid enum value 'FINE'"),
    ],
)
def test_a_damaged_field_is_named_with_its_line_and_the_line_can_be_left_out(
    whole: list[str], tmp_path: Path, kind: str, way: tuple[str, ...], value: Any, words: str
) -> None:
    place = of_kind(whole, kind)
    path = tmp_path / "damaged.jsonl"
    path.write_text("\n".join([*whole[:place], changed(whole[place], way, value), *whole[place + 1 :]]) + "\n")
    with pytest.raises(RunFileError) as caught:
        load([path])
    assert f"line {place + 1} is corrupt (" in str(caught.value)
    assert words in str(caught.value)
    assert any(f"line {place + 1} is corrupt" in note for note in read(path, skip_corrupt=True).notes)


@pytest.mark.parametrize(
    ("value", "words"), [("1e400", "1e400 is too large for a number"), ("[" * 10**5 + "]" * 10**5, "nested too deeply")]
)
def test_a_number_beyond_all_bounds_and_deep_nesting_are_damage(
    whole: list[str], tmp_path: Path, value: str, words: str
) -> None:
    path = tmp_path / "damaged.jsonl"
    path.write_text("\n".join([whole[0], f'{{"kind": "x", "y": {value}}}', *whole[1:]]) + "\n")
    with pytest.raises(RunFileError, match=rf"line 2 is corrupt \({words}\)"):
        read(path)


@pytest.mark.parametrize("name", ["run.jsonl", "run.jsonl.gz"])
def test_a_damaged_first_line_is_refused_with_the_field(whole: list[str], tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    text = "\n".join([changed(whole[0], ("machine",), "x"), *whole[1:]]).encode()
    path.write_bytes(gzip.compress(text) if name.endswith(".gz") else text)
    with pytest.raises(RunFileError, match=r"its first line is corrupt \(machine: expected an object, got text\)"):
        read(path)


@pytest.mark.parametrize("seed", range(4))
def test_no_damage_of_one_field_ends_in_anything_but_one_line(whole: list[str], tmp_path: Path, seed: int) -> None:
    draw = random.Random(seed)
    path = tmp_path / "damaged.jsonl"
    for _ in range(TRIES // 4):
        place = draw.choice((0, draw.randrange(len(whole))))
        way = draw.choice([*spots(json.loads(whole[place]))])
        line = changed(whole[place], way, draw.choice(VALUES))
        path.write_text("\n".join([*whole[:place], line, *whole[place + 1 :]]) + "\n")
        for skip in (False, True):
            assert "\n" not in complaint(path, skip=skip)
