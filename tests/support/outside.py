"""A project with an environment of its own, and somebody who has when-async in another one."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from support.commands import PATIENCE_S
from support.repositories import IDENTITY

SHELF = "def brew(name):\n    return f'a cup of {name}'\n"
SHOP = """
import asyncio, sys
from tea_shelf import brew

def order(name):
    return brew(name)

async def later(name):
    await asyncio.sleep(0)
    return brew(name)

def surroundings():
    from importlib.util import find_spec
    names = ("when_async.results", "when_async.reports", "when_async.bench.cli", "click", "pandas", "uvloop")
    return [sys.prefix, [name for name in names[:2] + names[3:] if find_spec(name)]]
"""
BENCH = """
import tea_shelf
from when_async import Param, Point, Workload, WrongAnswer


def blocking(kit, params):
    from shop import order
    return order


def check(params, items, results):
    if set(results) != {tea_shelf.brew("oolong")}:
        raise WrongAnswer("another tea")
    return "all of it tea"


TEA = Workload(
    name="tea", summary="orders tea", bodies={"blocking": blocking}, params=(Param("n", 1, 1000, "orders"),),
    make_items=lambda params, seed: ["oolong"] * int(params["n"]), check=check, ideal_s=lambda params, c: 1e-6 * c,
    bounds=lambda params, c: {"the kettle": 1e-5 * params["n"]},
    grid={"smoke": (Point(1, {"n": 4}),), "quick": (Point(1, {"n": 4}),)},
)
"""
KETTLE = """
import json, sys
import tea_shelf
print(json.dumps({"address": tea_shelf.brew("water"), "facts": {"python": sys.prefix}}), flush=True)
for line in sys.stdin:
    print(json.dumps({"poured": 1}), flush=True)
"""
SERVED = """
import tea_shelf
from when_async import Param, Point, Service, Workload


def blocking(kit, params):
    return lambda item: kit.address


def check(params, items, results):
    assert set(results) == {tea_shelf.brew("water")}
    return "hot"


HOT = Workload(
    name="hot", summary="asks a kettle", bodies={"blocking": blocking}, params=(Param("n", 1, 1000, "cups"),),
    make_items=lambda params, seed: list(range(int(params["n"]))), check=check,
    service=Service("kettle", "kettle"EXPECT),
    grid={"smoke": (Point(1, {"n": 4}),), "quick": (Point(1, {"n": 4}),)},
)
"""
PYPROJECT = """
[project]
name = "shop"
version = "1"

[[tool.when-async.gate.target]]
call = "shop:order"
args = ["oolong"]
runners = ["sync"]
"""


@dataclass
class User:
    """Somebody with a repository that has a `.venv`, and with the tool elsewhere."""

    tool: Path
    project: Path
    extra: dict[str, str] = field(default_factory=dict)

    def run(self, *words: object, code: int = 0, script: Path | None = None) -> subprocess.CompletedProcess[str]:
        front = [str(script)] if script else ["-m", "when_async.bench.cli.main"]
        done = subprocess.run(
            [str(self.tool / "bin" / "python"), "-P", *front, *map(str, words)], cwd=self.project, env=self.environ,
            capture_output=True, text=True, timeout=PATIENCE_S, check=False, stdin=subprocess.DEVNULL,
        )  # fmt: skip
        assert done.returncode == code, done.stdout + done.stderr
        return done

    @property
    def environ(self) -> Mapping[str, str]:
        outer = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("PYTEST_", "COV_", "PYTHON")) and name != "VIRTUAL_ENV"
        }
        kept = {name: str(self.tool.parent / name[11:].lower()) for name in ("WHEN_ASYNC_CACHE", "WHEN_ASYNC_LOCK")}
        return {**outer, **IDENTITY, **kept, **self.extra}


def site(environment: Path) -> Path:
    (found,) = environment.glob("lib/python*/site-packages")
    return found
