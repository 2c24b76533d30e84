"""`when-async compare` on the real command line: what A and B are taken for, refusals, and a small measured one."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import Result

from support.commands import Call, records
from support.run_files import header_line, make_run, sleep_cells
from when_async.bench.cli.compare.sides import read_side
from when_async.bench.environments.interpreters import Unresolvable
from when_async.bench.environments.sides import Asked

POINT = ("-w", "empty[n=10,c=2]", "-r", "sync", "--forks", "2", "--rounds", "1")


def refused(result: Result) -> str:
    """The one line of a refusal."""
    assert isinstance(result.exception, SystemExit), result.exception
    assert result.exit_code == 2
    (line,) = result.stderr.splitlines()
    return line


@pytest.mark.parametrize(
    ("text", "asked"),
    [
        ("3.13t", Asked(written="3.13t", python="3.13t")),
        ("main", Asked(written="main", ref="main")),
        ("HEAD~3", Asked(written="HEAD~3", ref="HEAD~3")),
        (".", Asked(written=".", ref=".")),
        ("git:3.13", Asked(written="git:3.13", ref="3.13")),
        ("3.14+uvloop==0.22.1", Asked(written="3.14+uvloop==0.22.1", python="3.14", pins=("uvloop==0.22.1",))),
        ("main+aiohttp==3.13.*", Asked(written="main+aiohttp==3.13.*", ref="main", pins=("aiohttp==3.13.*",))),
        ("a==1 b~=2,c>=3,<4", Asked(written="a==1 b~=2,c>=3,<4", pins=("a==1", "b~=2", "c>=3,<4"))),
    ],
)
def test_a_side_is_read_for_what_it_names(tmp_path: Path, text: str, asked: Asked) -> None:
    assert read_side(text) == asked


def test_what_lies_in_the_folder_under_the_name_of_a_version_or_a_branch_changes_nothing(call: Call) -> None:
    Path("3.13").mkdir()
    Path("main").touch()
    assert read_side("3.13").python == "3.13"
    assert read_side("main").ref == "main"
    assert read_side("./3.13").ref == "./3.13"
    assert read_side("./main").python == "./main"


def test_a_side_with_two_interpreters_is_refused() -> None:
    with pytest.raises(Unresolvable, match=r"names two interpreters, 3\.13 and 3\.12"):
        read_side("3.13+3.12")


@pytest.fixture
def trees(tmp_path: Path) -> tuple[str, str]:
    """Two folders to take for two source trees."""
    for name in ("old", "new"):
        (tmp_path / name).mkdir()
    return "./old", "./new"


def test_two_folders_are_measured_beside_each_other_and_the_run_is_kept(call: Call, trees: tuple[str, str]) -> None:
    result = call("compare", *trees, *POINT)
    assert result.exit_code == 0, result.stderr
    assert "A is old, B is new" in result.stdout
    assert "They differ in: source old vs new." in result.stdout
    (path,) = Path(".when-async/runs").glob("*.jsonl")
    samples = [each for each in records(path, "sample") if each["phase"] == "measure"]
    assert {(each["cell"].rpartition("@")[2], each["fork"]) for each in samples} == {
        (label, fork) for label in ("old", "new") for fork in (0, 1)
    }
    assert f"next: when-async report {path}" in result.stdout

    again = call("compare", "old", "new", "--run", path, "--json")
    found = {(row["metric"], row["verdict"]) for row in json.loads(again.stdout)}
    assert found == {("wall", "inconclusive"), ("cpu", "inconclusive")}, "two forks give no verdict"


SHOP = """
from when_async.bench.model import Param, Point, Workload


def pure(kit, params):
    return lambda item: item + STEP


def check(params, items, results):
    assert results == [item + 1 for item in items], f"got {results}"
    return "right"


SHOP = Workload(
    name="shop", summary="sums", bodies={"pure": pure}, params=(Param("n", 1, 100, "sums"),),
    make_items=lambda params, seed: range(int(params["n"])), check=check, grid={"quick": (Point(1, {"n": 3}),)},
)
"""


def test_each_side_takes_a_workload_file_from_its_own_tree(call: Call, trees: tuple[str, str], tmp_path: Path) -> None:
    for folder, step in ((".", 1), ("old", 1), ("new", 2)):
        (tmp_path / folder / "shop.py").write_text(f"STEP = {step}\n{SHOP}")
    result = call("compare", *trees, "-w", "shop.py", "-r", "sync", "--forks", "2", "--rounds", "1", "-o", "shop.jsonl")
    assert result.exit_code == 3, result.stderr
    statuses = {each["cell"].rpartition("@")[2]: each["status"] for each in records(Path("shop.jsonl"), "measurement")}
    assert statuses == {"old": "OK", "new": "FAILED"}, "the mistake is in the file of the new tree alone"
    assert "is FAILED" in result.stdout


def test_a_tree_without_the_workload_file_is_refused(call: Call, trees: tuple[str, str], tmp_path: Path) -> None:
    (tmp_path / "shop.py").write_text(f"STEP = 1\n{SHOP}")
    result = call("compare", *trees, "-w", "shop.py", "-r", "sync", "--forks", "2", "--rounds", "1")
    assert refused(result).endswith("old has no shop.py; compare trees that both have it")


def test_a_tree_against_itself_is_refused(call: Call, trees: tuple[str, str]) -> None:
    assert "./old and ./old are one environment" in refused(call("compare", "./old", "./old", *POINT))


def test_contestants_are_looked_up_in_the_latest_run(call: Call) -> None:
    Path(".when-async/runs").mkdir(parents=True)
    make_run(Path(".when-async/runs/a.jsonl"), forks=7)
    result = call("compare", "threading", "asyncio")
    assert result.exit_code == 0, result.stderr
    assert "A is threading, B is asyncio" in result.stdout
    assert "of the latest run, .when-async/runs/a.jsonl" in result.stderr
    failed = call("compare", "threading/requests", "multiprocessing/requests")
    assert failed.exit_code == 3, failed.stderr
    assert "the server saw 99 requests where 100 were asked for" in " ".join(failed.stdout.split())
    assert "nothing is measured; leave out --forks" in refused(call("compare", "threading", "asyncio", "--forks", "3"))


def test_two_run_files_are_compared_unpaired_with_a_warning(call: Call) -> None:
    make_run(Path("a.jsonl"), forks=7)
    make_run(Path("b.jsonl"), forks=7)
    result = call("compare", "a.jsonl", "b.jsonl")
    assert "Note: the two runs were measured at different times" in result.stdout


def test_interpreters_that_were_built_unlike_are_marked_by_compare_and_claims(call: Call) -> None:
    cells = [one for python in ("3.11", "3.13") for one in sleep_cells(python) if one.cell.runner == "asyncio"]
    environments = header_line(pythons=("3.11", "3.13"))["environments"]
    for one, pgo in zip(environments, (False, True), strict=True):
        one["build"] = {"pgo": pgo, "compiler": "GCC 12.2.0", "maker": "hand"}
    make_run(Path("a.jsonl"), cells=cells, forks=6, environments=environments)
    done = call("compare", "3.11", "3.13", "--run", "a.jsonl")
    assert "profile-guided optimisation no vs yes" in " ".join(done.stdout.split())
    told = "these interpreters are unlike builds: 3.11 (GCC 12.2.0, made by hand, without profile-guided optimisation)"
    assert told in call("claims", "a.jsonl").stderr


def test_runs_of_two_machines_are_refused(call: Call) -> None:
    make_run(Path("a.jsonl"))
    head, _, rest = make_run(Path("b.jsonl")).read_text().partition("\n")
    header = json.loads(head)
    header["machine"] = {**header["machine"], "node_id": "another"}
    Path("b.jsonl").write_text(json.dumps(header) + "\n" + rest)
    assert "the runs were made on different machines" in refused(call("compare", "a.jsonl", "b.jsonl"))


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (("3.11+3.12", "3.13"), "names two interpreters"),
        (("a.jsonl", "3.13"), "must both be run files, or neither"),
        (("3.12", "3.13", "--margin", "3"), "--margin must be a percentage such as 3%"),
        (("asyncoi", "threading", *POINT), "if you meant the runner asyncio"),
        (("uvloop==", "uvloop==0.22.*", *POINT), "'uvloop==' is not a package with its version"),
    ],
)
def test_wrong_use_is_one_line(call: Call, words: tuple[str, ...], reason: str) -> None:
    assert reason in refused(call("compare", *words))
