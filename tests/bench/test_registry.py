"""Values are found by their type, bodies by the most specific style, and every refusal says what to do."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from support import fakes
from when_async.bench.model import Runner, Workload
from when_async.bench.registry import (
    Found,
    RegistryError,
    bodies_for,
    choose,
    collect,
    find_runner,
    find_workload,
    load_module,
    matrix,
    refusal,
    required_modules,
)

MINE = """
from dataclasses import replace
from support.fakes import TINY
MINE = replace(TINY, name={name!r})
"""


def write(path: Path, text: str = MINE, name: str = "mine") -> str:
    path.parent.mkdir(exist_ok=True)
    path.write_text(text.format(name=name) if "{name" in text else text, encoding="utf-8")
    return str(path)


def refused(source: str, kind: type = Workload) -> str:
    with pytest.raises(RegistryError) as caught:
        collect(source, kind)
    return str(caught.value)


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.syspath_prepend(str(tmp_path))
    write(tmp_path / "a_package" / "__init__.py", "")
    before = set(sys.modules)
    yield tmp_path / "a_package"
    for name in set(sys.modules) - before:
        del sys.modules[name]


def test_our_own_runners_are_found_by_their_type() -> None:
    found = collect("when_async.bench.runners", Runner)
    assert set(found) >= {"sync", "threading", "multiprocessing+spawn", "asyncio", "uvloop", "trio", "dask"}
    assert found["uvloop"].ref == "when_async.bench.runners.uvloop_"


def test_a_value_is_registered_by_being_there(package: Path) -> None:
    write(package / "one.py", name="one")
    write(package / "two.py", name="two")
    found = collect("a_package", Workload)
    assert {name: each.ref for name, each in found.items() if name != "tiny"} == {
        "one": "a_package.one",
        "two": "a_package.two",
    }


def test_a_value_that_a_neighbour_imports_is_not_a_second_one(package: Path) -> None:
    write(package / "one.py", name="one")
    write(package / "two.py", "from a_package.one import MINE")
    assert set(collect("a_package", Workload)) == {"one", "tiny"}


def test_a_name_that_occurs_twice_is_an_error_that_names_both_modules(package: Path) -> None:
    write(package / "one.py", name="same")
    write(package / "two.py", name="same")
    assert refused("a_package") == "workload 'same' is defined twice: a_package.one and a_package.two"


def test_a_file_that_does_not_import_is_told_with_its_error(tmp_path: Path) -> None:
    path = write(tmp_path / "broken.py", "import no_such_library_here")
    assert refused(path) == f"{path} does not import: ModuleNotFoundError: No module named 'no_such_library_here'"
    assert "SystemExit: 3" in refused(write(tmp_path / "leaves.py", "raise SystemExit(3)"))


@pytest.mark.parametrize(
    ("field", "said"),
    [
        ("grid={'quick': (Point(1, {}))}", "grid['quick'] of x is one Point and must be a tuple of them"),
        ("params=(Param('n', 1, 2, 'n'))", "params of x is one Param and must be a tuple of them"),
        ("params='n'", "params of x must be a tuple of Param, not 'n'"),
        ("grid=None", "grid of x must be a dict of profiles and tuples of Point, not None"),
        ("name=3", "the name of a workload must be one line of text without [ ] , ="),
    ],
)
def test_a_workload_with_a_forgotten_comma_is_told_which_field_it_is(tmp_path: Path, field: str, said: str) -> None:
    text = "from dataclasses import replace\nfrom support.fakes import TINY\n"
    text += f"from when_async import Param, Point\nX = replace(replace(TINY, name='x'), {field})\n"
    assert said in refused(write(tmp_path / "comma.py", text))


def test_a_file_from_before_the_one_import_name_is_told_the_new_one(tmp_path: Path) -> None:
    text = "raise ModuleNotFoundError(\"No module named 'bench'\", name='bench')"
    assert refused(write(tmp_path / "old.py", text)).endswith(
        "No module named 'bench'; since when-async has one import name, it is when_async.bench"
    )


@pytest.mark.parametrize("room", ["bench", "workloads", "results", "reports"])
def test_a_room_refuses_to_be_imported_a_second_time_under_its_bare_name(room: str, monkeypatch: Any) -> None:
    monkeypatch.syspath_prepend(str(Path(__file__).resolve().parents[2]))
    with pytest.raises(ImportError, match=f"write `import when_async.{room}`"):
        importlib.import_module(room)



def test_a_file_that_did_not_import_is_tried_again(tmp_path: Path) -> None:
    path = tmp_path / "mended.py"
    refused(write(path, "1 / 0"))
    assert "mine" in collect(write(path), Workload)


def test_a_file_without_a_value_is_told_what_to_write(tmp_path: Path) -> None:
    path = write(tmp_path / "nothing.py", "x = 1")
    assert refused(path) == f"{path} defines no Workload; write NAME = Workload(...) at its top level"
    assert refused(path, Runner).endswith("write NAME = Runner(...) at its top level")


def test_a_file_that_is_not_there_is_said_to_be_missing(tmp_path: Path) -> None:
    assert refused(str(tmp_path / "nowhere.py")).endswith("nowhere.py: there is no such Python file")


def test_two_files_of_one_name_in_different_folders_are_two_modules(tmp_path: Path) -> None:
    one = write(tmp_path / "one" / "mine.py", name="first")
    two = write(tmp_path / "two" / "mine.py", name="second")
    assert "first" in collect(one, Workload)
    assert "second" in collect(two, Workload)
    assert load_module(one) is load_module(one)
    assert find_workload(two, "second").name == "second"


def test_a_worker_finds_the_value_again_or_says_what_is_missing(tmp_path: Path) -> None:
    assert find_runner("when_async.bench.runners.sync", "sync").name == "sync"
    with pytest.raises(RegistryError, match=r"bench\.runners\.sync has no runner named 'async'"):
        find_runner("when_async.bench.runners.sync", "async")


def test_a_misspelt_name_is_answered_with_the_nearest() -> None:
    known = ["sleep", "http_fetch", "grid_search"]
    assert choose("sleep", known, "workload") == "sleep"
    with pytest.raises(RegistryError, match=r"^there is no workload named 'slep'; did you mean 'sleep'\?$"):
        choose("slep", known, "workload")
    with pytest.raises(RegistryError, match="known are grid_search, http_fetch, sleep"):
        choose("zzz", known, "workload")


def bodies(*keys: str) -> Workload:
    return fakes.workload(bodies=dict.fromkeys(keys, fakes.double_blocking))


def able(*styles: str, **changes: object) -> Runner:
    return fakes.runner("able", styles=styles, **changes).value


def test_the_most_specific_style_wins_whatever_the_order_of_the_bodies() -> None:
    assert bodies_for(bodies("pure", "async", "uvloop"), able("uvloop", "asyncio", "async", "pure")) == ["uvloop"]
    assert bodies_for(bodies("pure", "async"), able("uvloop", "asyncio", "async", "pure")) == ["async"]


def test_every_library_of_the_winning_style_is_a_contestant() -> None:
    workload = bodies("async/aiohttp", "blocking/requests", "blocking/http.client")
    assert bodies_for(workload, able("threading", "blocking")) == ["blocking/requests", "blocking/http.client"]


def test_each_library_is_run_by_the_first_style_that_has_it() -> None:
    workload = bodies("async/httpx", "asyncio/aiohttp", "asyncio/httpx", "blocking/requests")
    assert bodies_for(workload, able("asyncio", "async")) == ["asyncio/aiohttp", "asyncio/httpx"]
    assert bodies_for(workload, able("trio", "async")) == ["async/httpx"]
    assert bodies_for(bodies("async/httpx", "asyncio/aiohttp"), able("asyncio", "async")) == [
        "asyncio/aiohttp",
        "async/httpx",
    ]


def test_a_body_without_a_library_serves_only_where_no_style_before_it_had_any() -> None:
    assert bodies_for(bodies("asyncio/aiohttp", "async", "pure"), able("asyncio", "async", "pure")) == [
        "asyncio/aiohttp"
    ]
    assert bodies_for(bodies("asyncio", "async/httpx"), able("asyncio", "async")) == ["asyncio", "async/httpx"]
    assert bodies_for(bodies("asyncio", "asyncio/aiohttp"), able("asyncio", "async")) == ["asyncio", "asyncio/aiohttp"]


def test_a_style_that_merely_begins_alike_does_not_fit() -> None:
    assert bodies_for(bodies("async"), able("asyncio")) == []


def test_whoever_can_run_is_not_refused() -> None:
    assert refusal(bodies("pure"), able("pure"), "pure", fakes.ENVIRONMENT) is None


def test_a_runner_without_a_body_is_told_what_there_is() -> None:
    reason = refusal(bodies("async/aiohttp", "pure"), able("blocking"), None, fakes.ENVIRONMENT)
    assert reason == "tiny has no body for able (it has async, pure; able runs blocking)"


def test_an_old_python_is_refused_before_a_missing_library() -> None:
    runner = able("pure", minimum_python=(3, 14), requires=("nowhere",))
    assert (
        refusal(bodies("pure"), runner, "pure", fakes.ENVIRONMENT) == "able needs Python 3.14 or newer, this is 3.11.7"
    )


def test_a_python_that_is_too_new_is_refused_with_what_stops_the_library_there() -> None:
    runner = able("pure", newest_python=(3, 11), newest_why="1.6 uses what 3.12 removed", requires=("nowhere",))
    later = replace(fakes.ENVIRONMENT, version="3.12.0", modules={"nowhere": "1.6"})
    assert refusal(bodies("pure"), replace(runner, requires=()), "pure", fakes.ENVIRONMENT) is None
    assert refusal(bodies("pure"), runner, "pure", later) == (
        "able runs on Python 3.11 and older, this is 3.12.0: 1.6 uses what 3.12 removed"
    )


@pytest.mark.parametrize(
    ("module", "line"),
    [
        ("trio", "pip install 'when-async[trio]'"),
        ("distributed", "pip install 'when-async[dask]'"),
        ("requests", "pip install requests"),
        ("httpx", "pip install 'when-async[httpx]'"),
    ],
)
def test_a_missing_library_is_refused_with_the_line_that_installs_it(module: str, line: str) -> None:
    reason = f"{module} is not installed for Python 3.11; {line}"
    assert refusal(bodies("pure"), able("pure", requires=(module,)), "pure", fakes.ENVIRONMENT) == reason
    assert refusal(bodies(f"pure/{module}"), able("pure"), f"pure/{module}", fakes.ENVIRONMENT) == reason


def test_every_library_that_is_needed_is_looked_for() -> None:
    environment = replace(fakes.ENVIRONMENT, modules={"trio": "0.31.0"})
    reason = refusal(bodies("pure/httpx"), able("pure", requires=("trio", "anyio")), "pure/httpx", environment)
    assert reason == "anyio is not installed for Python 3.11; pip install 'when-async[anyio]'"


def test_the_reason_that_the_environment_knows_comes_first() -> None:
    environment = replace(fakes.ENVIRONMENT, reasons={"trio": "trio has no wheel for 3.15"})
    assert refusal(bodies("pure/trio"), able("pure"), "pure/trio", environment) == "trio has no wheel for 3.15"


def test_required_modules_are_those_of_bodies_and_runners_once_each() -> None:
    runners = [able("pure", requires=("uvloop",)), able("pure", requires=("uvloop", "anyio"))]
    assert required_modules([bodies("async/aiohttp", "pure")], runners) == ["aiohttp", "anyio", "uvloop"]


def test_the_matrix_has_a_row_for_every_pair_and_a_reason_in_every_hole() -> None:
    workloads = {"w": Found(bodies("blocking/requests", "blocking/uvloop", "pure"), "w")}
    runners = {
        "some": fakes.runner("some", styles=("blocking",)),
        "none": fakes.runner("none", styles=("green",)),
        "every": fakes.runner("every", styles=("pure",)),
    }
    rows = {row["runner"]: row for row in matrix(workloads, runners, [fakes.ENVIRONMENT])}
    assert [rows[name]["supported"] for name in ("some", "none", "every")] == [True, False, True]
    assert rows["some"]["reason"] == "", "one library of two is enough"
    assert "no body for none" in rows["none"]["reason"]
    assert rows["every"] == {"workload": "tiny", "runner": "every", "python": "3.11", "supported": True, "reason": ""}
