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
from when_async.bench.registry import PACKAGES, collect, install_line, requirement
from when_async.bench.selection import catalogue
from when_async.reports.verdicts.judging import claims


@cache
def project() -> Mapping[str, Any]:
    path = Path(__file__).resolve().parents[2] / "pyproject.toml"
    return dict(tomllib.loads(path.read_text(encoding="utf-8"))["project"])


def optional() -> dict[str, list[str]]:
    """Our extras with what they bring, but for those that collect others and those for developers."""
    extras: dict[str, list[str]] = dict(project()["optional-dependencies"])
    return {name: texts for name, texts in extras.items() if name not in ("all", "dev", "docs", "parquet", "test")}


def extra_of(module: str) -> str | None:
    """The extra that brings a module, as pyproject.toml says; None where it comes with us."""
    package = PACKAGES.get(module, module)
    return next((name for name, texts in optional().items() if package in names_in(texts)), None)


def names_in(requirements: list[str]) -> set[str]:
    return {Requirement(text).name for text in requirements}


def needed() -> list[str]:
    """Modules that some runner or client of ours needs, beyond the standard library."""
    needed = catalogue().modules(["all"])
    return [module for module in needed if module.partition(".")[0] not in sys.stdlib_module_names]


@pytest.mark.parametrize("module", needed())
def test_whatever_is_needed_comes_with_us_or_with_the_extra_that_the_refusal_names(module: str) -> None:
    extra, package = extra_of(module), PACKAGES.get(module, module)
    assert (extra is None) == (package in names_in(project()["dependencies"]))
    assert install_line(module) == (f"pip install 'when-async[{extra}]'" if extra else f"pip install {module}")


def test_the_extra_all_brings_every_optional_library() -> None:
    asked = [Requirement(text) for text in project()["optional-dependencies"]["all"]]
    assert {one.name for one in asked} == {project()["name"]}
    assert set().union(*(one.extras for one in asked)) == set(optional())


def test_what_is_no_package_of_ours_is_installed_by_its_own_name() -> None:
    assert install_line("no_such_library") == "pip install no_such_library"
    assert requirement("no_such_library") is None


@pytest.mark.parametrize("module", needed())
def test_an_environment_of_uv_gets_what_a_user_of_the_extra_gets(module: str) -> None:
    """The same floor in both; a marker of pyproject's is a matter of `newest_python` here."""
    extra = extra_of(module)
    texts = optional()[extra] if extra else project()["dependencies"]
    (said,) = [Requirement(text) for text in texts if Requirement(text).name == PACKAGES.get(module, module)]
    asked = Requirement(str(requirement(module)))
    assert (asked.name, asked.extras, asked.specifier) == (said.name, said.extras, said.specifier)


def test_what_a_claim_on_behaviour_needs_is_declared() -> None:
    shown = {module for claim in claims().values() for module in getattr(claim, "requires", ())}
    assert shown
    assert [module for module in shown if requirement(module) is None] == []


def test_a_runner_that_a_newer_python_stops_says_why_and_its_extra_is_not_installed_there() -> None:
    known = collect("when_async.bench.runners", Runner).values()
    stopped = [found.value for found in known if found.value.newest_python]
    assert stopped, "if curio lives on, this test has no subject and may go"
    for runner in stopped:
        assert runner.newest_why
        major, minor = runner.newest_python
        (requirement,) = optional()[str(extra_of(runner.requires[0]))]
        marker = Requirement(requirement).marker
        assert marker is not None
        assert marker.evaluate({"python_version": f"{major}.{minor}"})
        assert not marker.evaluate({"python_version": f"{major}.{minor + 1}"})


def test_a_reason_for_a_newest_python_reads_on_from_a_colon() -> None:
    for found in collect("when_async.bench.runners", Runner).values():
        why = found.value.newest_why
        assert bool(why) == bool(found.value.newest_python), found.value.name
        assert not re.search(r"^[A-Z]|\.$", why)
