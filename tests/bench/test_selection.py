"""What a user asks for becomes points and runners, and can be asked for again from what a run file keeps."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from support import fakes
from when_async.bench.model import Point
from when_async.bench.quantity import QuantityError, comparison_id
from when_async.bench.recorded import from_record, to_record
from when_async.bench.registry import Found, RegistryError
from when_async.bench.selection import (
    CORE,
    FAMILIES,
    Catalogue,
    Selection,
    catalogue,
    point_of,
    profile_points,
    requirements_for,
    runners_of,
    select,
)

QUICK, OTHER, SMOKE = fakes.point(10), fakes.point(30), fakes.point(2)
TWO_POINTS = fakes.workload(grid={"quick": (QUICK, OTHER), "smoke": (SMOKE,)})
KNOWN = Catalogue(
    {"tiny": Found(TWO_POINTS, fakes.REF), "other": Found(fakes.workload("other"), fakes.REF)},
    {**{name: fakes.runner(name, core=True) for name in ("sync", "asyncio")}, "curio": fakes.runner("curio")},
)

MINE = """
from when_async.bench.model import Param, Point, Workload
from when_async.workloads.sleep import SLEEP

MINE = Workload(
    name="mine", summary="", bodies={"pure": lambda kit, params: abs}, params=(Param("n", 1, 9, ""),),
    make_items=lambda params, seed: [1], check=lambda params, items, results: "ok",
    grid={"quick": (Point(2, {"n": 5}),)},
)
"""
VARIANT = """
from dataclasses import replace
from when_async.bench.runners.asyncio_ import ASYNCIO

VARIANT = replace(ASYNCIO, name="asyncio+mine")
"""


def points(*specs: str, profile: str = "quick") -> list[Point]:
    return [point for _, point in select(KNOWN, specs, [], profile).points]


@pytest.fixture
def mine(tmp_path: Path) -> str:
    (tmp_path / "mine.py").write_text(MINE, encoding="utf-8")
    return str(tmp_path / "mine.py")


def test_nothing_asked_for_means_every_workload_and_the_core_of_the_runners() -> None:
    chosen = select(KNOWN, [], [], "quick")
    assert {found.value.name for found, _ in chosen.points} == {"tiny", "other"}
    assert list(chosen.runners) == ["sync", "asyncio"]


def test_an_id_from_a_page_gives_the_point_that_the_page_shows() -> None:
    shown = "database_sqlite[rows=20000,n=400,c=10]"
    ((found, point),) = select(catalogue(), [shown], ["sync"], "full").points
    assert comparison_id(found.value, point) == shown
    ((found, point),) = select(catalogue(), ["database_sqlite[c=7]"], ["sync"], "full").points
    first = found.value.grid["full"][0]
    assert (point.params, point.concurrency) == (first.params, 7)


def test_a_name_gives_every_point_of_its_profile() -> None:
    assert points("tiny") == [QUICK, OTHER]
    assert points("tiny", profile="smoke") == [SMOKE]


def test_brackets_give_one_point_with_the_rest_from_the_first_of_the_grid() -> None:
    assert points("tiny[n=7,c=2]") == [fakes.point(7, concurrency=2)]
    assert points("tiny[wait=5ms]") == [fakes.point(10, wait_s=0.005)]


def test_a_point_asked_for_twice_is_measured_once() -> None:
    assert points("tiny[n=10]", "tiny", "tiny[n=30]") == [QUICK, OTHER]


def test_runners_come_in_the_order_they_were_asked_for() -> None:
    assert list(select(KNOWN, ["tiny"], ["asyncio", "sync"], "quick").runners) == ["asyncio", "sync"]


def test_a_misspelt_workload_or_runner_is_answered_with_the_nearest() -> None:
    with pytest.raises(RegistryError, match="no workload named 'tinny'; did you mean 'tiny'"):
        points("tinny")
    with pytest.raises(RegistryError, match="no runner named 'asincio'; did you mean 'asyncio'"):
        select(KNOWN, [], ["asincio"], "quick")


def test_a_profile_that_a_workload_does_not_name_falls_back_to_quick_and_then_to_its_first() -> None:
    assert profile_points(TWO_POINTS, "full") == (QUICK, OTHER)
    assert profile_points(fakes.workload(grid={"large": (SMOKE,)}), "full") == (SMOKE,)


def test_a_workload_without_points_is_told_how_to_name_one() -> None:
    with pytest.raises(QuantityError, match="tiny names no points; give it grid="):
        profile_points(fakes.workload(grid={}), "quick")


def test_the_catalogue_lists_runners_by_family_from_the_plain_loop_on() -> None:
    runners = catalogue().runners
    families = [found.value.family for found in runners.values()]
    assert list(dict.fromkeys(families)) == [family for family in FAMILIES if family in families]
    assert families == sorted(families, key=FAMILIES.index), "a family is told in one piece"
    for family in FAMILIES:
        names = [name for name, found in runners.items() if found.value.family == family]
        assert names == sorted(names)


def test_a_runner_of_a_family_of_its_own_comes_last(tmp_path: Path) -> None:
    path = tmp_path / "own.py"
    path.write_text(VARIANT.replace("name=", "family='fibres', name="), encoding="utf-8")
    assert list(catalogue([], [str(path)]).runners)[-1] == "asyncio+mine"


def test_the_core_is_one_runner_of_each_model_and_every_one_of_them_is_ours() -> None:
    core = [found.value for found in runners_of(CORE, catalogue().runners)]
    assert [runner.name for runner in core] == [
        "sync", "threading", "multiprocessing", "interpreters", "asyncio", "uvloop", "trio",
    ]  # fmt: skip
    assert len({runner.family for runner in core}) == len(core)


MANY = {
    name: fakes.runner(name, family=family, core=name in ("sync", "asyncio"))
    for name, family in (
        ("sync", "sync"), ("threading", "threads"), ("threading+per_op", "threads"), ("asyncio", "asyncio"),
        ("asyncio+eager", "asyncio"), ("uvloop+eager", "uvloop"),
    )
}  # fmt: skip


@pytest.mark.parametrize(
    ("spec", "names"),
    [
        ("threading", "threading"),
        ("threading+per_op", "threading+per_op"),
        ("asyncio*", "asyncio asyncio+eager"),
        ("*+eager", "asyncio+eager uvloop+eager"),
        ("thread*g", "threading"),
        ("??????+eager", "uvloop+eager"),
        ("family:threads", "threading threading+per_op"),
        ("core", "sync asyncio"),
        ("all", " ".join(MANY)),
    ],
)
def test_runners_are_found_by_name_pattern_family_core_or_all(spec: str, names: str) -> None:
    assert [found.value.name for found in runners_of(spec, MANY)] == names.split()


def test_a_pattern_that_fits_nobody_says_where_the_names_are() -> None:
    with pytest.raises(RegistryError, match=r"^no runner is named like 'curio\*'; `when-async list` shows them$"):
        runners_of("curio*", MANY)


def test_what_nobody_is_called_is_answered_with_the_nearest() -> None:
    with pytest.raises(RegistryError, match=r"^there is no runner named 'asynci'; did you mean 'asyncio'\?$"):
        runners_of("asynci", MANY)
    with pytest.raises(
        RegistryError, match=r"^there is no family of runners named 'thread'; did you mean 'threads'\?$"
    ):
        runners_of("family:thread", MANY)
    with pytest.raises(RegistryError, match="no family of runners named ''; known are asyncio, sync, threads, uvloop"):
        runners_of("family:", MANY)


def test_a_runner_that_is_asked_for_in_two_ways_is_there_once() -> None:
    known = Catalogue(KNOWN.workloads, MANY)
    chosen = select(known, ["tiny"], ["asyncio", "asyncio*", "core", "family:asyncio"], "quick")
    assert list(chosen.runners) == ["asyncio", "asyncio+eager", "sync"]


def test_only_the_libraries_of_the_runners_asked_for_are_needed() -> None:
    workloads = {"tiny": Found(fakes.workload(bodies={"asyncio/aiohttp": fakes.double_async}), fakes.REF)}
    runners = {
        "sync": fakes.runner("sync", core=True),
        "uvloop": fakes.runner("uvloop", core=True, requires=("uvloop",)),
        "dask": fakes.runner("dask", requires=("distributed",)),
    }
    known = Catalogue(workloads, runners)
    assert known.modules() == known.modules(["core"]) == ["aiohttp", "uvloop"]
    assert known.modules(["sync", "dask"]) == ["aiohttp", "distributed"]
    assert known.modules(["all"]) == ["aiohttp", "distributed", "uvloop"]
    with pytest.raises(RegistryError, match="no runner named 'dusk'; did you mean 'dask'"):
        known.modules(["dusk"])


def test_uv_is_asked_only_for_what_is_needed() -> None:
    (module,) = found = requirements_for(["trio", "http.client", "no_such"])
    assert module == "trio"
    assert found["trio"].startswith("trio>=")
    assert requirements_for([]) == {}


def test_a_file_of_ones_own_may_import_ours_and_brings_its_own_workload_only(mine: str) -> None:
    chosen = select(catalogue([mine]), [mine], ["sync"], "quick")
    assert [(found.value.name, found.ref, point.params) for found, point in chosen.points] == [("mine", mine, {"n": 5})]


def test_a_point_of_ones_own_file_is_asked_for_in_brackets(mine: str) -> None:
    spec = f"{mine}[n=3,c=1]"
    assert [point for _, point in select(catalogue([spec]), [spec], ["sync"], "quick").points] == [Point(1, {"n": 3})]


def test_a_relative_path_selects_the_same_file(mine: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(Path(mine).parent)
    assert len(select(catalogue(["mine.py"]), ["mine.py"], ["sync"], "quick").points) == 1


def test_a_file_may_build_on_one_of_our_runners(tmp_path: Path) -> None:
    path = tmp_path / "variant.py"
    path.write_text(VARIANT, encoding="utf-8")
    known = catalogue([], [str(path)])
    assert known.runners["asyncio+mine"].ref == str(path)
    assert known.runners["asyncio"].ref == "when_async.bench.runners.asyncio_"


def test_a_file_that_takes_one_of_our_names_is_told_to_choose_another(tmp_path: Path) -> None:
    path = tmp_path / "thief.py"
    text = MINE.replace("from when_async.workloads.sleep import SLEEP", "").replace('"mine"', '"sleep"')
    path.write_text(text, encoding="utf-8")
    with pytest.raises(RegistryError, match="a workload named 'sleep' exists already; give yours another name"):
        catalogue([str(path)])


def test_a_selection_survives_the_run_file(mine: str) -> None:
    chosen = select(catalogue([mine]), [mine, "sleep"], ["asyncio", "sync"], "quick")
    again = from_record(json.loads(json.dumps(to_record(chosen))))
    assert again == chosen
    assert list(again.runners) == ["asyncio", "sync"]


def test_a_selection_whose_workload_has_gone_is_one_clear_line() -> None:
    record = to_record(select(KNOWN, ["tiny"], ["sync"], "quick"))
    record["points"][0]["name"] = "gone"
    with pytest.raises(RegistryError, match=r"support\.fakes has no workload named 'gone'"):
        from_record(record)


def test_a_run_from_before_the_one_import_name_is_found_again() -> None:
    """Its file says `workloads.sleep` and `bench.runners.sync`, which were names of their own then."""
    record = json.loads(json.dumps(to_record(select(catalogue(), ["sleep"], ["sync"], "smoke"))))
    old = json.loads(json.dumps(record).replace("when_async.", ""))
    assert old["points"][0]["ref"] == "workloads.sleep"
    assert to_record(from_record(old)) == record


def test_a_parameter_that_a_workload_got_since_is_0_in_an_older_run_as_in_its_ids() -> None:
    known = catalogue()
    found, point = point_of("http_fetch[delay=20ms,body=1KiB,n=4,c=2]", known.workloads)
    record = to_record(Selection(((found, point),), {}))
    del record["points"][0]["params"]["tls"]
    assert from_record(record).points == ((found, point),)
