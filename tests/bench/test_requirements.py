"""What a runner or a client needs is declared wherever somebody may ask for it: extras, environments, install lines."""

from __future__ import annotations

import re
import sys
import tomllib
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement

from when_async.bench.model import Runner
from when_async.bench.registry import EXTRAS, OPTIONAL, collect, install_line
from when_async.bench.selection import REQUIREMENTS, catalogue
from when_async.reports.verdicts.judging import claims


@cache
def project() -> Mapping[str, Any]:
    path = Path(__file__).resolve().parents[2] / "pyproject.toml"
    return dict(tomllib.loads(path.read_text(encoding="utf-8"))["project"])


def extra_of(module: str) -> str:
    return EXTRAS.get(module, module)


PACKAGES = {"sklearn": "scikit-learn"}
"""Modules whose package has another name than they have."""


def names_in(requirements: list[str]) -> set[str]:
    return {Requirement(text).name for text in requirements}


def needed() -> list[str]:
    """Modules that some runner or client of ours needs, beyond the standard library."""
    needed = catalogue().modules(["all"])
    return [module for module in needed if module.partition(".")[0] not in sys.stdlib_module_names]


@pytest.mark.parametrize("module", OPTIONAL)
def test_every_optional_library_has_an_extra_of_ours_that_brings_it(module: str) -> None:
    extra = extra_of(module)
    assert install_line(module) == f"pip install 'when-async[{extra}]'"
    assert PACKAGES.get(module, module) in names_in(project()["optional-dependencies"][extra])


def test_an_extra_with_another_name_is_that_of_an_optional_library() -> None:
    assert set(EXTRAS) <= set(OPTIONAL)


def test_the_extra_all_brings_every_optional_library() -> None:
    asked = [Requirement(text) for text in project()["optional-dependencies"]["all"]]
    assert {one.name for one in asked} == {project()["name"]}
    assert set().union(*(one.extras for one in asked)) == {extra_of(module) for module in OPTIONAL}


def test_what_is_no_extra_of_ours_is_installed_by_its_own_name() -> None:
    assert install_line("requests") == "pip install requests"


@pytest.mark.parametrize("module", needed())
def test_whatever_is_needed_comes_with_us_or_with_an_extra_and_never_with_both(module: str) -> None:
    assert (module in OPTIONAL) != (module in names_in(project()["dependencies"]))


@pytest.mark.parametrize("module", needed())
def test_an_environment_of_uv_gets_what_a_user_of_the_extra_gets(module: str) -> None:
    """The same floor in both; a marker of pyproject's is a matter of `newest_python` here."""
    texts = project()["optional-dependencies"][extra_of(module)] if module in OPTIONAL else project()["dependencies"]
    (declared,) = [Requirement(text) for text in texts if Requirement(text).name == PACKAGES.get(module, module)]
    asked = Requirement(REQUIREMENTS[module])
    assert (asked.name, asked.specifier) == (declared.name, declared.specifier)


def test_uv_is_asked_for_nothing_that_nobody_needs() -> None:
    shown = {module for claim in claims().values() for module in getattr(claim, "requires", ())}
    assert set(REQUIREMENTS) == {*needed(), *shown}


def test_a_runner_that_a_newer_python_stops_says_why_and_its_extra_is_not_installed_there() -> None:
    known = collect("when_async.bench.runners", Runner).values()
    stopped = [found.value for found in known if found.value.newest_python]
    assert stopped, "if curio lives on, this test has no subject and may go"
    for runner in stopped:
        assert runner.newest_why
        major, minor = runner.newest_python
        (requirement,) = project()["optional-dependencies"][extra_of(runner.requires[0])]
        marker = Requirement(requirement).marker
        assert marker is not None
        assert marker.evaluate({"python_version": f"{major}.{minor}"})
        assert not marker.evaluate({"python_version": f"{major}.{minor + 1}"})


def test_a_reason_for_a_newest_python_reads_on_from_a_colon() -> None:
    for found in collect("when_async.bench.runners", Runner).values():
        why = found.value.newest_why
        assert bool(why) == bool(found.value.newest_python), found.value.name
        assert not re.search(r"^[A-Z]|\.$", why)
