"""A run file that was damaged is refused in one line that names line and field, or read without the line."""

from __future__ import annotations

import gzip
import json
import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from support.mixed_cells import mixed_cells
from support.run_files import make_run
from when_async.bench.model import WhenAsyncError
from when_async.results.cells.summary import summary
from when_async.results.frame import load
from when_async.results.runfile import RunFileError, read

VALUES: Sequence[Any] = (
    "x", "", None, True, -1, 0, 1, 1e308, 10**30, [], {}, [1], {"a": "b"}, 0.5, "1", "\x00<b>", [[[]]],
)  # fmt: skip
FEW = 60
TRIES = int(os.environ.get("WHEN_ASYNC_DAMAGES", FEW))
"""Damages that are tried: few in each run of the suite, 5 000 now and then."""


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


def test_a_small_file_that_unpacks_to_a_huge_one_is_refused_before_it_is_held(tmp_path: Path) -> None:
    path = tmp_path / "bomb.jsonl.gz"
    path.write_bytes(gzip.compress(bytes(100 << 20), 9))
    with pytest.raises(RunFileError, match=r"bomb\.jsonl\.gz holds more than 7\d MiB when it is unpacked"):
        read(path)


@pytest.mark.parametrize("name", ["run.jsonl", "run.jsonl.gz"])
def test_a_damaged_first_line_is_refused_with_the_field(whole: list[str], tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    text = "\n".join([changed(whole[0], ("machine",), "x"), *whole[1:]]).encode()
    path.write_bytes(gzip.compress(text) if name.endswith(".gz") else text)
    with pytest.raises(RunFileError, match=r"its first line is corrupt \(machine: expected an object, got text\)"):
        read(path)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8) | st.sampled_from(VALUES),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=6,
)
"""Any value that a line can hold, NaN and numbers beyond 64 bits among them."""


@st.composite
def damaged(draw: Any, lines: Sequence[str]) -> bytes:
    """The file with one field of one line replaced or removed, or with some of its bytes changed, added or cut off."""
    place = draw(st.just(0) | st.integers(0, len(lines) - 1))
    if draw(st.integers(0, 3)):
        way = draw(st.sampled_from([*spots(json.loads(lines[place]))]))
        line = removed(lines[place], way) if draw(st.integers(0, 5)) == 0 else changed(lines[place], way, draw(JSON))
        return "\n".join([*lines[:place], line, *lines[place + 1 :]]).encode(errors="surrogatepass") + b"\n"
    text = "\n".join(lines).encode() + b"\n"
    start = draw(st.integers(0, len(text)))
    return text[:start] + draw(st.binary(max_size=6)) + text[start + draw(st.integers(0, 40)) :]


def removed(line: str, way: tuple[Any, ...]) -> str:
    record = json.loads(line)
    inner = record
    for name in way[:-1]:
        inner = inner[name]
    del inner[way[-1]]
    return json.dumps(record)


@settings(
    max_examples=TRIES, deadline=None, derandomize=TRIES == FEW, database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)  # fmt: skip
@given(data=st.data())
def test_no_damage_ends_in_anything_but_one_line(whole: list[str], tmp_path: Path, data: st.DataObject) -> None:
    path = tmp_path / "damaged.jsonl"
    path.write_bytes(data.draw(damaged(whole)))
    for skip in (False, True):
        assert "\n" not in complaint(path, skip=skip)
