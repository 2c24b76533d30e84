"""Of many runs only the newest are read whole; of the others it is known what they hold."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from support.run_files import grid_cells, http_cells, make_run
from when_async.results.overview import FEW, overview, parted
from when_async.results.runfile import RunFileError


def runs(folder: Path, count: int, **more: object) -> list[Path]:
    return [
        make_run(
            folder / f"{place:02d}.jsonl", cells=grid_cells(), forks=2, run=f"202601{place:02d}-000000-aaaa", **more
        )  # type: ignore[arg-type]
        for place in range(1, count + 1)
    ]


def test_a_few_runs_are_all_read(tmp_path: Path) -> None:
    paths = runs(tmp_path, FEW)
    assert parted(paths) == (paths, [])


def test_of_many_the_newest_of_each_interpreter_is_read_whole(tmp_path: Path) -> None:
    paths = runs(tmp_path, FEW)
    other = make_run(
        tmp_path / "99.jsonl", cells=grid_cells("3.14t"), pythons=("3.14t",), run="20250101-000000-bbbb", forks=2
    )
    for path, pythons in [(path, ["3.11"]) for path in paths] + [(other, ["3.14t"])]:
        text = path.read_text(encoding="utf-8")
        head, _, rest = text.partition("\n")
        path.write_text(head[:-1] + f', "pythons": {pythons!r}'.replace("'", '"') + "}\n" + rest, encoding="utf-8")
    whole, rest_ = parted([*paths, other])
    assert whole == [paths[-1], other]
    assert rest_ == paths[:-1]
    assert parted([*paths, other], lambda head: head["run"] == "20260103-000000-aaaa")[0] == [paths[2], other]
    assert parted([*paths, other], most=1)[0] == [paths[-1]]


def test_what_a_run_holds_is_counted_without_reading_it(tmp_path: Path) -> None:
    path = make_run(tmp_path / "a.jsonl", cells=http_cells(), forks=2, rounds=3, warmups=1)
    found = overview(path)
    lines = path.read_text(encoding="utf-8").splitlines()
    assert found.samples == sum('"kind": "sample"' in line for line in lines)
    assert found.statuses == {"OK": 7, "UNSUPPORTED": 1, "FAILED": 1}
    packed = tmp_path / "a.jsonl.gz"
    packed.write_bytes(gzip.compress(path.read_bytes()))
    assert overview(packed).statuses == found.statuses


@pytest.mark.parametrize("data", [b"", b"no run file\n", b"{}\n"])
def test_what_is_no_run_file_is_told_in_one_line(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "a.jsonl"
    path.write_bytes(data)
    with pytest.raises(RunFileError, match="is not a run file"):
        overview(path)
    with pytest.raises(RunFileError, match="there is no run file"):
        overview(tmp_path / "none.jsonl")
