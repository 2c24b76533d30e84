"""docs/matrix.md is what the runners, the workloads and the recorded interpreters make of it, on any machine."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from docs import matrix
from support import fakes
from when_async.bench.cli.completing import PYTHONS
from when_async.bench.environments.provision import Missing
from when_async.bench.model import Environment
from when_async.bench.registry import Found
from when_async.bench.selection import ALL, Catalogue, catalogue

ANEW = "docs/matrix.md is stale; write it anew with: python -m docs.matrix"
RECORD_ANEW = "docs/matrix.json does not know {}; look at the interpreters anew with: make matrix"
ENVIRONMENT = replace(fakes.ENVIRONMENT, executable="/home/me/bin/python", default=False)
MISSING = Missing("3.14t", "no Python 3.14t on this machine")


@pytest.fixture(scope="module")
def record() -> Any:
    return json.loads(matrix.RECORD.read_text(encoding="utf-8"))


def known() -> Catalogue:
    runners = {**fakes.runners("sync"), "uvloop": fakes.runner("uvloop", requires=("uvloop",), minimum_python=(3, 12))}
    return Catalogue({"tiny": Found(fakes.workload(), fakes.REF)}, runners)


def written(*environments: Environment | Missing) -> str:
    record = {"platform": "Linux x86_64", "recorded": "2026-11-22"}
    return matrix.page({**record, "environments": [matrix.as_record(each) for each in environments]}, known())


def test_the_page_is_what_the_record_and_our_runners_and_workloads_make_of_it(record: Any) -> None:
    assert matrix.page(record, catalogue()) == matrix.PAGE.read_text(encoding="utf-8"), ANEW


def test_the_record_knows_every_library_that_some_runner_or_workload_needs(record: Any) -> None:
    needed = set(catalogue().modules([ALL]))
    for each in record["environments"]:
        unknown = needed - set(each["modules"]) if "modules" in each else ()
        assert not unknown, RECORD_ANEW.format(", ".join(sorted(unknown)))


def test_the_record_tells_of_every_interpreter_that_is_looked_for(record: Any) -> None:
    assert [each["label"] for each in record["environments"]] == list(PYTHONS)


def test_every_library_that_is_not_in_the_record_has_a_reason_there(record: Any) -> None:
    for each in record["environments"]:
        lacking = [module for module, version in each.get("modules", {}).items() if version is None]
        assert sorted(each.get("reasons", {})) == sorted(lacking), each["label"]


@pytest.mark.parametrize("path", [matrix.RECORD, matrix.PAGE], ids=lambda path: path.name)
def test_nothing_of_a_machine_is_in_the_record_or_on_the_page(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert re.findall(r"\w+://\S*|(?<![\w.])/(?:\w+/)+\w*|\b[\w.-]+\.local\b", text) == []


def test_a_record_keeps_what_decides_and_nothing_of_the_machine() -> None:
    kept = matrix.as_record(replace(ENVIRONMENT, gil=False))
    assert "/home/me" not in json.dumps(kept)
    again = matrix.from_record(json.loads(json.dumps(kept)))
    assert isinstance(again, Environment)
    assert (again.label, again.python, again.gil, again.modules) == ("3.11", (3, 11), False, {"uvloop": "0.22.1"})
    assert matrix.from_record(json.loads(json.dumps(matrix.as_record(MISSING)))) == MISSING


def test_the_page_has_a_table_with_numbered_holes_the_reasons_and_the_libraries() -> None:
    newer = replace(ENVIRONMENT, label="3.13t", version="3.13.5", gil=False)
    text = written(ENVIRONMENT, newer, MISSING)
    for line in (
        "## `tiny`",
        "| runner | 3.11 | 3.13t | 3.14t |",
        "| `sync` | yes | yes | (1) |",
        "| `uvloop` | (2) | yes | (1) |",
        "1. no Python 3.14t on this machine",
        "2. uvloop needs Python 3.12 or newer",
        "| module | 3.11 (3.11.7) | 3.13t (3.13.5) |",
        "| `uvloop` | 0.22.1 | 0.22.1 |",
    ):
        assert line in text.splitlines(), line
    assert "on Linux x86_64 " in text


def test_a_library_that_cannot_be_had_is_a_dash_and_one_of_the_standard_library_is_left_out() -> None:
    text = written(replace(ENVIRONMENT, modules={"uvloop": None, "http.client": "stdlib"}), MISSING)
    assert "| `uvloop` | - |" in text
    assert "`http.client`" not in text


def test_what_may_go_well_the_next_time_is_not_recorded(monkeypatch: pytest.MonkeyPatch) -> None:
    lost = "uvloop could not be fetched: no route"
    found = [replace(ENVIRONMENT, modules={"uvloop": None}, reasons={"uvloop": lost}), MISSING]
    monkeypatch.setattr(matrix, "environments_for", lambda modules, pythons, say: found)
    with pytest.raises(SystemExit, match=r"3\.11: uvloop could not be fetched: no route\nnothing was recorded"):
        matrix.look(known())


def test_a_library_that_somebody_did_not_install_is_not_recorded_as_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    found = [replace(ENVIRONMENT, modules={"trio": None})]
    monkeypatch.setattr(matrix, "environments_for", lambda modules, pythons, say: found)
    with pytest.raises(SystemExit, match=r"3\.11: trio is not installed; pip install 'when-async\[trio\]'"):
        matrix.look(known())


def test_a_library_without_a_wheel_is_recorded_with_its_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    reasons = {"uvloop": "uvloop has no wheel for CPython 3.11 on this platform; nothing is compiled"}
    found = [replace(ENVIRONMENT, modules={"uvloop": None}, reasons=reasons), MISSING]
    monkeypatch.setattr(matrix, "environments_for", lambda modules, pythons, say: found)
    first, second = matrix.look(known())["environments"]
    assert (first["modules"], first["reasons"]) == ({"uvloop": None}, reasons)
    assert second == {"label": "3.14t", "missing": MISSING.reason}
