"""Verdicts that were kept are those that the run file gives, and are made again once the code is another."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from support.run_files import grid_cells, make_run, sleep_cells
from when_async.bench.cli.claims import elsewhere, references
from when_async.reports.verdicts import kept
from when_async.reports.verdicts.judging import claims, judge
from when_async.reports.verdicts.kept import CODE, judged
from when_async.results import reduced
from when_async.results.frame import load
from when_async.results.runfile import RunFileError

NO_NUMBERS = {
    "when_async", "when_async.bench", "when_async.bench.registry", "when_async.reports", "when_async.results",
    "when_async.bench.homes", "when_async.bench.homes.beside", "when_async.bench.homes.keeping",
    "when_async.bench.homes.side", "when_async.results.late",
    "when_async.results.reduced", "when_async.results.files", "when_async.reports.scene",
}  # fmt: skip
"""Modules that a verdict needs, and that have no part in what it says."""
ASKED = """
import json, sys
from pathlib import Path
from when_async.reports.verdicts.kept import judged
from when_async.reports.verdicts.judging import claims
judged([Path(sys.argv[1])], claims().values())
ours = {name: module.__file__ for name, module in sys.modules.items() if name.partition(".")[0] == "when_async"}
print(json.dumps(ours))
"""


@pytest.fixture
def run(tmp_path: Path) -> Path:
    return make_run(tmp_path / "a.jsonl", cells=[*sleep_cells(), *grid_cells()], forks=6, noise=0.01, fork_noise=0.01)


def test_first_and_second_reading_give_the_verdicts_of_the_run_file(run: Path) -> None:
    expected = judge(load(run))
    for _ in range(2):
        assert judged([run], claims().values()) == (expected, [])


def test_verdicts_of_several_files_come_in_the_order_of_one_table(run: Path, tmp_path: Path) -> None:
    other = make_run(tmp_path / "b.jsonl", run="20260102-000000-beef", cells=sleep_cells(), forks=3)
    assert judged([run, other], claims().values())[0] == judge(load([run, other]))


def test_a_run_that_is_named_twice_is_refused_from_what_was_kept(run: Path, tmp_path: Path) -> None:
    twin = tmp_path / "twin.jsonl"
    twin.write_bytes(run.read_bytes())
    with pytest.raises(RunFileError, match="hold the same run"):
        judged([run, twin], claims().values())


def test_the_notes_are_told_each_time(run: Path) -> None:
    with run.open("a", encoding="utf-8") as file:
        file.write('{"kind": "sam')
    first, second = (judged([run], claims().values())[1] for _ in range(2))
    assert first == second == load(run).attrs["notes"]
    assert len(first) == 1


def test_a_missing_file_is_told_as_always(tmp_path: Path) -> None:
    with pytest.raises(RunFileError, match="there is no run file"):
        judged([tmp_path / "none.jsonl"], claims().values())


def test_every_module_that_a_verdict_follows_from_counts_as_its_code(run: Path) -> None:
    ended = subprocess.run([sys.executable, "-c", ASKED, str(run)], capture_output=True, text=True, check=True)
    known = {path.resolve() for path in reduced.sources(CODE)}
    used = {name for name, file in json.loads(ended.stdout).items() if Path(file).resolve() not in known}
    assert used <= NO_NUMBERS


@pytest.mark.parametrize("path", [*references(), *elsewhere()], ids=lambda path: path.name.partition(".jsonl")[0])
def test_what_is_kept_of_the_reference_is_what_its_file_gives(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    expected = judge(load(path))

    def refuse(*_: object) -> None:
        what = "results/reference/claims-*.jsonl.gz results/reference/machines/*/*.jsonl.gz"
        pytest.fail(f"renew what is kept: python -m when_async.reports.verdicts.kept {what}")

    monkeypatch.setattr(reduced, "FOLDER", "nothing-is-there")
    monkeypatch.setattr(kept, "_judged", refuse)
    found, _ = judged([path], claims().values())
    assert len(found) == len(expected)
    for one, other in zip(found, expected, strict=True):
        assert_same(kept._plain(one, one.claim), kept._plain(other, other.claim))


def assert_same(one: object, other: object) -> None:
    """Equal, and numbers to twelve digits: another processor may round the last ones otherwise."""
    if isinstance(one, dict) and isinstance(other, dict):
        assert one.keys() == other.keys()
        for name in one:
            assert_same(one[name], other[name])
    elif isinstance(one, list) and isinstance(other, list):
        for mine, yours in zip(one, other, strict=True):
            assert_same(mine, yours)
    elif isinstance(one, float) and isinstance(other, float):
        assert one == pytest.approx(other, rel=1e-12)
    else:
        assert one == other
