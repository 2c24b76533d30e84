"""The programs that show behaviour: each says what it saw in one line, disturbs nobody, and has its claim."""

from __future__ import annotations

import ast
import json
import subprocess
import sys
from functools import cache
from importlib import metadata
from pathlib import Path
from typing import Any

import pytest

from when_async.reports.verdicts.claim import Behaviour
from when_async.reports.verdicts.judging import claims

FOLDER = Path(__file__).parents[2] / "reports" / "snippets"
HANG_S = 20
BEHAVIOURS = [claim for claim in claims().values() if isinstance(claim, Behaviour)]
NEEDS_PYTEST_ASYNCIO = ("aged-event-loop-fixture", "pytest-asyncio-modes")

each = pytest.mark.parametrize("claim", BEHAVIOURS, ids=lambda claim: claim.name)


@cache
def ran(snippet: str, *options: str) -> subprocess.CompletedProcess[str]:
    """One process for each program, however many tests look at it."""
    command = [sys.executable, "-W", "always", *options, str(FOLDER / snippet)]
    return subprocess.run(command, capture_output=True, text=True, timeout=HANG_S)


def seen(name: str, *options: str) -> dict[str, Any]:
    found = json.loads(ran(claims()[name].snippet, *options).stdout)
    assert isinstance(found, dict)
    return found


def pytest_asyncio() -> tuple[int, ...]:
    try:
        return tuple(int(part) for part in metadata.version("pytest-asyncio").split(".")[:2])
    except metadata.PackageNotFoundError:
        pytest.skip("pytest-asyncio is not installed: pip install pytest-asyncio")


def test_there_are_claims_on_behaviour_and_on_what_has_aged() -> None:
    assert {claim.aged for claim in BEHAVIOURS} == {True, False}


@each
def test_a_claim_has_the_program_of_its_name(claim: Behaviour) -> None:
    assert (FOLDER / claim.snippet).is_file()


def test_no_program_is_without_a_claim() -> None:
    programs = {path.name for path in FOLDER.glob("*.py")} - {"__init__.py"}
    assert programs == {claim.snippet for claim in BEHAVIOURS}


@each
def test_a_program_says_what_it_shows_and_imports_the_standard_library_only(claim: Behaviour) -> None:
    tree = ast.parse((FOLDER / claim.snippet).read_text(encoding="utf-8"))
    said = ast.get_docstring(tree) or ""
    assert said.startswith("Shows ")
    assert "\nHow: " in said
    imported = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    imported |= {str(node.module) for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    assert {name.partition(".")[0] for name in imported} <= sys.stdlib_module_names


@each
def test_a_program_prints_one_line_and_complains_of_nothing(claim: Behaviour) -> None:
    done = ran(claim.snippet)
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    assert done.stdout.count("\n") == 1
    assert done.stdout.endswith("\n")


@each
def test_what_a_program_saw_is_a_clause_or_why_it_saw_nothing(claim: Behaviour) -> None:
    found = seen(claim.name)
    assert set(found) in ({"shown", "said"}, {"absent"})
    assert "absent" not in found or claim.name in NEEDS_PYTEST_ASYNCIO
    clause = found.get("said") or found["absent"]
    assert isinstance(found.get("shown", True), bool)
    assert clause == clause.strip()
    assert not clause.endswith(".")
    assert "\n" not in clause


@pytest.mark.parametrize("claim", [claim for claim in BEHAVIOURS if not claim.aged], ids=lambda claim: claim.name)
def test_what_the_language_promises_is_shown(claim: Behaviour) -> None:
    if claim.name in NEEDS_PYTEST_ASYNCIO:
        pytest_asyncio()
    assert seen(claim.name)["shown"] is True, seen(claim.name)


def test_the_tasks_of_a_loop_are_no_longer_listed_by_their_class() -> None:
    """It went with Python 3.9, and 3.11 is the floor."""
    found = seen("aged-all-tasks")
    assert found["shown"] is False
    assert "AttributeError" in found["said"]


def test_a_loop_is_made_on_demand_in_silence_up_to_3_11_and_not_at_all_from_3_14_on() -> None:
    found = seen("aged-get-event-loop")
    assert found["shown"] is (sys.version_info < (3, 12))
    assert ("RuntimeError" in found["said"]) is (sys.version_info >= (3, 14))
    assert "inside a coroutine it gave the running loop" in found["said"]


def test_the_fixture_for_the_loop_went_with_pytest_asyncio_1() -> None:
    version = pytest_asyncio()
    found = seen("aged-event-loop-fixture")
    assert found["shown"] is (version < (1, 0)), found
    assert f"pytest-asyncio {version[0]}.{version[1]}" in found["said"]


@pytest.mark.parametrize("name", NEEDS_PYTEST_ASYNCIO)
def test_without_pytest_asyncio_a_program_says_what_to_install(name: str) -> None:
    """Without the module site no installed package is found."""
    assert seen(name, "-S")["absent"].endswith("pip install pytest-asyncio")
    assert ran(claims()[name].snippet, "-S").stderr == ""
