"""Who takes part: every runner there is, and why some of them cannot run in this interpreter."""

from __future__ import annotations

import tempfile
from functools import cache

import pytest

from support.contestants.conformance import CONFORMANCE
from when_async.bench.environments.provision import default
from when_async.bench.model import Environment, Runner
from when_async.bench.registry import bodies_for, collect, refusal, required_modules

RUNNERS = collect("when_async.bench.runners", Runner)
CACHE = "WHEN_ASYNC_CACHE"


@cache
def environment() -> Environment:
    """The running interpreter and what it can import, as a worker of it says."""
    with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        patch.setenv(CACHE, folder)
        return default(required_modules([], [found.value for found in RUNNERS.values()]))


@cache
def refusals() -> dict[str, str]:
    """Runners that cannot run here, and why, as a run would say it."""
    found = {}
    for name, runner in RUNNERS.items():
        key = next(iter(bodies_for(CONFORMANCE, runner.value)), None)
        found[name] = refusal(CONFORMANCE, runner.value, key, environment())
    return {name: reason for name, reason in found.items() if reason}


def able() -> list[str]:
    """Runners that can run here."""
    return [name for name in RUNNERS if name not in refusals()]


def one_of_each_family() -> dict[str, str]:
    """A runner for each family that has one here, of the core if there is."""
    ranked = sorted(able(), key=lambda name: RUNNERS[name].value.core)
    return {RUNNERS[name].value.family: name for name in ranked}
