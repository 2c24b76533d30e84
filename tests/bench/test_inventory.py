"""What one source tree can be measured on; whatever it does not have is passed over and is no error."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from support import fakes
from when_async.bench.gate import inventory as module
from when_async.bench.gate.inventory import inventory
from when_async.bench.registry import RegistryError
from when_async.bench.selection import Catalogue, select


def runners_for(*specs: str, workload: str = "sleep") -> list[str]:
    found = inventory([workload], specs, "smoke")
    return list(dict.fromkeys(entry["runner"] for entry in found))


def test_a_cell_is_told_with_all_that_pairs_it_up() -> None:
    (first, second) = inventory(["http_fetch[n=4,c=2]"], ["uvloop"], "smoke")
    assert first == {
        "cell": "http_fetch[delay=1ms,body=1KiB,n=4,c=2]-uvloop/aiohttp",
        "workload": "http_fetch",
        "comparison": "http_fetch[delay=1ms,body=1KiB,n=4,c=2]",
        "runner": "uvloop",
        "body_key": "asyncio/aiohttp",
    }
    assert second["body_key"] == "asyncio/httpx"


def test_every_client_library_is_a_cell_whether_it_is_installed_or_not() -> None:
    found = inventory(["http_fetch"], ["threading", "trio"], "smoke")
    assert [entry["cell"].rpartition("-")[2] for entry in found] == [
        "threading/http.client", "threading/requests", "threading/httpx", "trio/httpx"
    ]  # fmt: skip


def test_a_body_is_a_cell_only_where_its_workload_gives_it_a_part() -> None:
    (plain, secure) = (inventory([f"http_fetch[tls={tls}]"], ["trio"], "smoke") for tls in (0, 1))
    assert [entry["body_key"] for entry in plain] == ["trio/httpx"]
    assert [entry["body_key"] for entry in secure] == ["trio/httpx", "trio/httpx_http2"]


@pytest.mark.parametrize(
    ("spec", "names"),
    [
        ("asyncio+g*", ["asyncio+gather"]),
        ("family:interpreters", ["interpreters"]),
        ("threading", ["threading"]),
    ],
)
def test_runners_are_asked_for_as_on_the_command_line(spec: str, names: list[str]) -> None:
    assert runners_for(spec) == names


def test_nothing_asked_for_means_the_core_and_all_means_all() -> None:
    assert runners_for() == runners_for("core")
    assert set(runners_for("core")) < set(runners_for("all"))


def test_what_a_tree_does_not_have_is_passed_over() -> None:
    assert runners_for("curioser*", "family:fibres", "no_such", "sync") == ["sync"]
    assert inventory(["no_such", "sleep[n=4]"], ["sync"], "smoke") == inventory(["sleep[n=4]"], ["sync"], "smoke")


@pytest.mark.parametrize("spec", ["curioser*", "family:fibres", "no_such", "nowhere.py"])
def test_a_tree_that_has_nothing_of_it_gives_nothing_and_not_everything(spec: str) -> None:
    assert runners_for(spec) == []
    assert inventory([spec], ["sync"], "smoke") == []


def test_a_runner_of_a_users_own_file_is_in_the_inventory(tmp_path: Path) -> None:
    path = tmp_path / "mine.py"
    path.write_text(
        "from dataclasses import replace\nfrom when_async.bench.runners.sync import SYNC\n"
        "MINE = replace(SYNC, name='mine')\n"
    )
    assert runners_for(str(path)) == ["mine"]


def test_a_tree_from_before_patterns_knows_names_only(monkeypatch: pytest.MonkeyPatch) -> None:
    def by_name(known: Catalogue, workloads: Sequence[str], runners: Sequence[str], profile: str) -> Any:
        if any(name not in known.runners for name in runners):
            raise RegistryError("there is no such runner")
        return select(known, workloads, list(runners) or ["all"], profile)

    known = Catalogue({"tiny": fakes.Found(fakes.TINY, fakes.REF)}, fakes.runners("sync", "asyncio"))
    older = SimpleNamespace(catalogue=lambda workloads, runners: known, select=by_name)
    monkeypatch.setattr(module, "selection", older)
    assert [entry["runner"] for entry in inventory([], [], "quick")] == ["sync", "asyncio"]
    assert [entry["runner"] for entry in inventory([], ["core", "asyncio*", "sync"], "quick")] == ["sync"]


def test_as_a_script_it_prints_one_object(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    asked = {"workloads": ["sleep"], "runners": ["sync"], "profile": "smoke"}
    monkeypatch.setattr(sys, "argv", ["inventory.py", json.dumps(asked)])
    assert module.main() == 0
    assert json.loads(capsys.readouterr().out) == {"cells": inventory(["sleep"], ["sync"], "smoke")}


def test_an_error_of_the_tree_is_an_answer_too(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    asked = {"workloads": ["sleep[n=4"], "runners": ["sync"], "profile": "smoke"}
    monkeypatch.setattr(sys, "argv", ["inventory.py", json.dumps(asked)])
    assert module.main() == 0
    assert json.loads(capsys.readouterr().out)["error"].startswith("QuantityError: ")
