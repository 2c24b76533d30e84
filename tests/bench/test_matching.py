"""What base and head both have is paired; every other cell gets a word and a reason."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from support import fakes
from when_async.bench.environments.interpreters import Completed
from when_async.bench.environments.provision import default
from when_async.bench.gate.matching import InventoryFailed, Matched, absolute, in_tree, match, take_inventory
from when_async.bench.model import Environment
from when_async.bench.registry import Found
from when_async.bench.selection import Selection

LIBRARY = {"async/uvloop": fakes.double_async}
BASE = replace(fakes.ENVIRONMENT, label="base")
HEAD = replace(fakes.ENVIRONMENT, label="head")
MINE = "/project/bench/shop.py"


def selection(*names: str, ref: str = fakes.REF, bodies: Any = None) -> Selection:
    return Selection(
        tuple((Found(fakes.workload(name, bodies), ref), fakes.point()) for name in names),
        {"sync": fakes.runner("sync")},
    )


def entry(workload: str, runner: str = "sync", key: str = "blocking", point: str = "[n=20,c=4]") -> Any:
    comparison = f"{workload}{point}"
    return {
        "cell": f"{comparison}-{runner}", "workload": workload, "comparison": comparison, "runner": runner,
        "body_key": key,
    }  # fmt: skip


def entries(*each: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
    return {one["cell"]: one for one in each}


def matched(
    base: Sequence[Any], head: Sequence[Any], chosen: Selection | None = None,
    environments: tuple[Environment, Environment] = (BASE, HEAD),
) -> Matched:  # fmt: skip
    return match(chosen or selection("tiny"), environments, (entries(*base), entries(*head)))


def words(found: Matched) -> list[tuple[str, str]]:
    return [(each.cell.partition("[")[0] + each.cell.partition("]")[2], each.word) for each in found.unmatched]


def test_what_both_have_is_paired() -> None:
    found = matched([entry("tiny")], [entry("tiny")])
    (paired,) = found.paired_cells
    assert found.unmatched == ()
    assert paired.cell == entry("tiny")["cell"]
    assert (paired.base.cell.python, paired.head.cell.python) == ("base", "head")
    assert (paired.base.environment.label, paired.head.environment.label) == ("base", "head")
    assert paired.base.cell.id != paired.head.cell.id


def test_each_side_runs_the_body_by_its_own_name_for_it() -> None:
    (paired,) = matched([entry("tiny", key="pure")], [entry("tiny", key="blocking")]).paired_cells
    assert (paired.base.cell.body_key, paired.head.cell.body_key) == ("pure", "blocking")


def test_a_file_of_the_working_copy_is_found_in_each_tree() -> None:
    found = match(
        selection("tiny", ref=MINE), (BASE, HEAD), (entries(entry("tiny")), entries(entry("tiny"))),
        lambda ref, label: f"/cache/{label}/shop.py" if ref == MINE else ref,
    )  # fmt: skip
    (paired,) = found.paired_cells
    assert (paired.base.workload.ref, paired.head.workload.ref) == ("/cache/base/shop.py", "/cache/head/shop.py")
    assert paired.base.runner.ref == fakes.REF


def test_what_head_lost_is_missing() -> None:
    found = matched([entry("tiny"), entry("gone", key="pure")], [entry("tiny")])
    assert words(found) == [("gone-sync", "MISSING")]
    assert len(found.paired_cells) == 1


@pytest.mark.parametrize("other", [entry("store"), entry("tiny", runner="serial")])
def test_what_head_has_under_another_name_is_renamed_and_not_new_as_well(other: Any) -> None:
    found = matched([entry("tiny")], [other])
    assert words(found) == [("tiny-sync", "RENAMED")]
    assert other["cell"] in found.unmatched[0].reason


def test_what_has_another_name_and_another_body_is_missing_and_new() -> None:
    found = matched([entry("tiny")], [entry("store", key="async")])
    assert words(found) == [("tiny-sync", "MISSING"), ("store-sync", "NEW")]


def test_another_point_of_the_same_workload_is_missing_and_new() -> None:
    found = matched([entry("tiny")], [entry("tiny", point="[n=40,wait=0s,c=4]")])
    assert [each.word for each in found.unmatched] == ["MISSING", "NEW"]


def test_what_only_head_has_is_new() -> None:
    found = matched([entry("tiny")], [entry("tiny"), entry("more")], selection("tiny", "more"))
    assert words(found) == [("more-sync", "NEW")]
    assert [each.cell for each in found.alone] == [entry("more")["cell"]]


def test_what_base_turns_out_to_lack_is_new_and_measured_in_head_alone() -> None:
    both = [entry("tiny"), entry("more")]
    found = matched(both, both, selection("tiny", "more")).without_base({"more": "in base there is none"})
    assert [each.cell for each in found.paired_cells] == [entry("tiny")["cell"]]
    assert [each.cell for each in found.alone] == [entry("more")["cell"]]
    assert [(each.word, each.reason) for each in found.unmatched] == [("NEW", "in base there is none")]


@pytest.mark.parametrize(
    ("lacking", "word", "reason"),
    [
        (("head",), "BROKEN", "it runs in base, but in head uvloop is not installed"),
        (("base",), "NEW", "it runs in head, but in base uvloop is not installed"),
        (("base", "head"), "SKIPPED", "uvloop is not installed"),
    ],
)
def test_a_library_that_is_lacking_decides_the_word(lacking: tuple[str, ...], word: str, reason: str) -> None:
    bodies = {"blocking/uvloop": fakes.double_blocking}
    both = {**entry("tiny", key="blocking/uvloop"), "cell": f"{entry('tiny')['cell']}/uvloop"}
    base, head = (
        replace(each, modules={"uvloop": None if each.label in lacking else "0.22.1"}) for each in (BASE, HEAD)
    )
    found = matched([both], [both], selection("tiny", bodies=bodies), (base, head))
    assert found.paired_cells == ()
    (one,) = found.unmatched
    assert one.word == word
    assert reason in one.reason


def test_what_both_trees_have_and_the_working_copy_lacks_is_broken() -> None:
    (one,) = matched([entry("old")], [entry("old")]).unmatched
    assert (one.word, one.reason.split(";")[1]) == ("BROKEN", " run the gate from a checkout that has it")


def test_specs_that_are_files_are_made_absolute_and_found_in_a_tree(tmp_path: Path) -> None:
    given = ["sleep[n=1]", "shop.py[n=1,c=2]"]
    there = absolute(given)
    assert there[0] == "sleep[n=1]"
    assert there[1].startswith("/")
    assert there[1].endswith("/shop.py[n=1,c=2]")
    assert in_tree(there, lambda ref, label: f"{label}:{ref}", "base") == ["sleep[n=1]", f"base:{there[1]}"]


SHOP = """
from support.fakes import workload
SHOP = workload("shop")
"""


def asked(*workloads: object, runners: Sequence[str] = ("sync", "asyncio")) -> dict[str, Any]:
    return {"workloads": [str(each) for each in workloads], "runners": list(runners), "profile": "gate"}


@pytest.fixture(scope="module")
def here() -> Environment:
    tests = str(Path(__file__).resolve().parents[1])
    return replace(default([], label="base"), path=(str(Path(tests).parent), tests))


def test_the_cells_of_a_real_tree_are_listed(tmp_path: Path, here: Environment) -> None:
    (tmp_path / "shop.py").write_text(SHOP)
    found = take_inventory(here, asked(tmp_path / "shop.py", "sleep", "no_such", tmp_path / "nowhere.py"))
    assert {cell.partition("[")[0] for cell in found} == {"shop", "sleep"}
    assert {each["runner"] for each in found.values()} == {"sync", "asyncio"}
    one = next(each for each in found.values() if each["workload"] == "shop" and each["runner"] == "sync")
    assert one["cell"] == f"{one['comparison']}-sync"
    assert one["body_key"] == "blocking"


def test_a_file_of_an_older_api_makes_the_inventory_fail_with_its_side(tmp_path: Path, here: Environment) -> None:
    (tmp_path / "old.py").write_text("from when_async.bench.model import Workload\nOLD = Workload(title='old')\n")
    with pytest.raises(InventoryFailed, match=r"base: its benchmarks cannot be listed: .*TypeError") as caught:
        take_inventory(here, asked(tmp_path / "old.py"))
    assert "\n" not in str(caught.value)


def test_what_a_tree_has_nothing_of_is_an_empty_inventory(tmp_path: Path, here: Environment) -> None:
    assert take_inventory(here, asked(tmp_path / "nowhere.py")) == {}


def answering(stdout: str, stderr: str = "") -> Any:
    return lambda command, environ: Completed(1, stdout, stderr)


def test_an_interpreter_that_dies_says_its_last_words(here: Environment) -> None:
    with pytest.raises(InventoryFailed, match="cannot be listed: Fatal Python error: no stdlib"):
        take_inventory(here, asked(), run=answering("", "Fatal Python error: no stdlib\nmore"))


def test_what_a_benchmark_prints_while_it_is_imported_is_passed_over(here: Environment) -> None:
    answer = json.dumps({"cells": [entry("tiny")]})
    assert list(take_inventory(here, asked(), run=answering(f"hello\n{answer}\n"))) == [entry("tiny")["cell"]]
