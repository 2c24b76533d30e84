"""The rooms of the house import each other in one direction only, and the sealed room holds nothing of the others."""

from __future__ import annotations

import ast
import json
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import click
import pytest
from packaging.requirements import Requirement

from support.fakes import FakeReaper
from when_async.bench.cli.main import COMMANDS, GROUPS, main
from when_async.bench.environments.provision import child_environ
from when_async.bench.model import Runner, Workload
from when_async.bench.processes.worker import ProcessFailed, Worker
from when_async.bench.registry import collect

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = "when_async"
ROOMS = ("bench", "workloads", "results", "reports")
TYPING = "TYPE_CHECKING"
RUNNERS = f"{PACKAGE}.bench.runners"
FORBIDDEN = (
    "pytest", "_pytest", "pytest_benchmark", "pandas", "numpy", "matplotlib", "scipy", "click", "rich", "psutil",
    "hdrh", "packaging", "filelock", "jinja2",
)  # fmt: skip
"""Libraries that a measured process must not hold."""

SEALED = tuple(
    f"{PACKAGE}.{name}"
    for name in ("bench.homes", "bench.model", "bench.registry", "bench.worker", "bench.runners", "workloads")
)
"""All of ours that a measured process may hold, and the packages above."""

UNUSED = tuple(f"{PACKAGE}.bench.model.{name}" for name in ("environment", "measured", "records", "timeline"))
"""Nouns that a measured process has no use for, and so does not pay for at its launch and in each sweep."""


class Import(NamedTuple):
    """One name that a module imports, where, and inside which function ("" at the top of the module).

    What only a type checker imports is inside `TYPE_CHECKING`.
    """

    module: str
    name: str
    line: int
    inside: str
    level: int = 0
    """How many dots a relative import begins with."""

    @property
    def top(self) -> str:
        return self.name.partition(".")[0]

    def __str__(self) -> str:
        where = f" in {self.inside}()" if self.inside else ""
        return f"{self.module}:{self.line}{where} imports {self.name}"


@cache
def imports() -> tuple[Import, ...]:
    """Every import of our four rooms; names of ours are those inside when_async, `bench.model`."""
    found: list[Import] = []
    for room in ROOMS:
        for path in sorted((ROOT / room).rglob("*.py")):
            place = path.relative_to(ROOT).with_suffix("").parts
            package = place[:-1]
            module = ".".join(place).removesuffix(".__init__")
            found += walk(module, package, ast.parse(path.read_text(encoding="utf-8")), "")
    return tuple(found)


def walk(module: str, package: tuple[str, ...], node: ast.AST, inside: str) -> Iterator[Import]:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef):
            yield from walk(module, package, child, inside or child.name)
        elif isinstance(child, ast.If) and ast.unparse(child.test) == TYPING:
            yield from walk(module, package, child, TYPING)
        elif isinstance(child, ast.Import):
            yield from (Import(module, bare(alias.name), child.lineno, inside) for alias in child.names)
        elif isinstance(child, ast.ImportFrom):
            source = str(child.module) if child.level else bare(str(child.module))
            if child.level:
                base = package[: len(package) - child.level + 1]
                assert base, f"{module}:{child.lineno} leaves its room by dots; write from {PACKAGE}.ROOM import ..."
                source = ".".join((*base, *([child.module] if child.module else [])))
            for alias in child.names:
                yield Import(module, full_name(source, alias.name), child.lineno, inside, child.level)
        else:
            yield from walk(module, package, child, inside)


def bare(name: str) -> str:
    """`when_async.bench.plan` is bench.plan; what is `bench.plan` without the prefix would be another package."""
    assert name.partition(".")[0] not in ROOMS, f"import {name}: the rooms are parts of {PACKAGE}"
    return name.removeprefix(f"{PACKAGE}.")


def full_name(module: str, name: str) -> str:
    """`from .. import group` imports bench.group, `from ..group import WorkerGroup` imports bench.group too."""
    place = ROOT.joinpath(*module.split("."), name)
    return f"{module}.{name}" if place.is_dir() or place.with_suffix(".py").is_file() else module


def of(*rooms: str) -> list[Import]:
    return [each for each in imports() if within(each.module, rooms)]


def within(name: str, rooms: tuple[str, ...]) -> bool:
    """Whether `name` is one of the packages or modules, or lies inside one."""
    return any(name == room or name.startswith(room + ".") for room in rooms)


def breaches(found: list[Import], *allowed: str) -> list[str]:
    """Imports of ours that are not allowed; the libraries of others are held to their own rules."""
    return [str(each) for each in found if each.top in ROOMS and not within(each.name, allowed)]


def foreign(found: list[Import]) -> list[Import]:
    known = {*sys.stdlib_module_names, *ROOMS, PACKAGE}
    return [each for each in found if each.top not in known]


def test_the_walk_sees_imports_at_the_top_and_inside_functions() -> None:
    assert len(imports()) > 200
    found = {(each.name, each.inside) for each in of("bench.runners.uvloop_")}
    assert found >= {("uvloop", "open_uvloop"), ("bench.model", "")}


SCRIPTS = ("bench.gate.inventory",)
"""Run by their path, where dots lead nowhere."""


def test_imports_are_relative_inside_a_room_and_absolute_across_a_wall() -> None:
    """So that crossing a wall shows."""
    ours = [each for each in imports() if each.top in ROOMS and not within(each.module, ("reports.snippets", *SCRIPTS))]
    wrong = [each for each in ours if bool(each.level) is not (each.module.partition(".")[0] == each.top)]
    assert [str(each) for each in wrong] == []


def test_no_room_imports_the_public_names() -> None:
    """They are bound on first use to what the rooms define; only where the package lies may be asked of it."""
    users = [each for each in imports() if each.name == PACKAGE]
    assert {each.module for each in users} == {"bench.environments.trees"}


@pytest.mark.parametrize(
    ("rooms", "allowed"),
    [
        (("bench.model",), ("bench.model",)),
        (("bench.homes",), ("bench.homes",)),
        (("bench.registry",), ("bench.homes", "bench.model")),
        (("bench.quantity",), ("bench.model",)),
        (("workloads",), ("workloads", "bench.model")),
        (("results",), ("results", "bench.model")),
        (("reports",), ("reports", "results", "bench.model", "bench.registry")),
    ],
    ids=lambda value: value[0] if value else "nothing",
)
def test_a_room_imports_only_from_the_rooms_before_it(rooms: tuple[str, ...], allowed: tuple[str, ...]) -> None:
    assert breaches(of(*rooms), *allowed) == []


def test_the_sealed_room_sees_the_nouns_and_the_registry_only() -> None:
    assert breaches(of("bench.worker"), "bench.worker", "bench.homes", "bench.model", "bench.registry") == []


def test_no_event_loop_is_imported_by_what_runs_in_every_thread_and_process() -> None:
    """A pool of processes must not pay for asyncio at its start."""
    shared = ("kits", "children", "op_log", "contexts", "fanout", "probes", "trap", "session", "__main__")
    found = of(*(f"bench.worker.{name}" for name in shared))
    assert [str(each) for each in found if each.top == "asyncio"] == []


def test_runners_see_the_nouns_the_sealed_room_and_each_other() -> None:
    assert breaches(of("bench.runners"), "bench.runners", "bench.worker", "bench.model", "bench.registry") == []


def test_the_sealed_room_imports_the_standard_library_only() -> None:
    found = of("bench.worker", "bench.homes", "bench.model", "bench.registry", "bench.reaping")
    assert [str(each) for each in foreign(found)] == []


def test_a_runner_imports_its_own_library_inside_a_function_and_no_other() -> None:
    required: dict[str, set[str]] = {}
    for found in collect(RUNNERS, Runner).values():
        required.setdefault(bare(found.ref), set()).update(found.value.requires)
    wrong = [
        each
        for each in foreign(of("bench.runners"))
        if not each.inside or each.top not in required.get(each.module, ())
    ]
    assert [str(each) for each in wrong] == []


def test_a_runner_imports_every_library_that_it_requires() -> None:
    """Or it would be refused where it could run."""
    imported = {(each.module, each.top) for each in of("bench.runners")}
    helpers = {"bench.runners.anyio_": {"trio"}}  # through the thread that trio_ keeps for it
    for found in collect(RUNNERS, Runner).values():
        missing = {module for module in found.value.requires if (bare(found.ref), module) not in imported}
        assert missing <= helpers.get(bare(found.ref), set()), found.value.name


def test_a_workload_imports_its_client_libraries_inside_its_bodies() -> None:
    helpers = ("workloads.servers", "workloads.load")
    found = [each for each in foreign(of("workloads")) if not within(each.module, helpers)]
    assert [str(each) for each in found if not each.inside] == []


GUARDED = ("bench.runners", "bench.trying.loops", "bench.doors.sending", "bench.plugin.models")
"""What imports a library of an extra, and says what to install where it is missing."""
PACKAGES = {"hdrh": "hdrhistogram", "pytest_benchmark": "pytest-benchmark"}


def test_what_measures_and_reports_imports_no_more_than_a_plain_installation_brings() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    brought = {Requirement(text).name for text in project["dependencies"]}
    found = [each for each in foreign(of("bench", "results", "reports")) if not within(each.module, GUARDED)]
    assert [str(each) for each in found if PACKAGES.get(each.top, each.top) not in brought] == []


FLOORS = {
    "bench": (
        "model", "homes reaping", "registry quantity trying", "worker", "environments runners", "asking",
        "plan processes selection", "machine recorded", "calibration walk", "gate", "cli", "doors", "plugin",
    ),
    "workloads": ("bodies", "*", "load", "servers"),
    "results": (
        "columns fields files late machines schema", "packed", "export reduced runfile stats",
        "calibration cells gate journal overview", "calibration_files contrast frame", "prediction", "history",
    ),
    "reports": (
        "snippets words", "lines scene", "drawing verdicts", "recordings",
        "answers calibration claims deciding history terminal", "page", "gate plots",
    ),
}  # fmt: skip
"""Each room from the ground up; `*` stands for every module that is not named. A floor sees those below it."""


def floor_of(name: str) -> int:
    """On which floor of its room a module stands."""
    room, _, rest = name.partition(".")
    unit = rest.partition(".")[0]
    floors = FLOORS[room]
    return next((number for number, units in enumerate(floors) if unit in units.split()), -1) if unit else -1


@pytest.mark.parametrize("room", ROOMS)
def test_no_arrow_leads_upward_inside_a_room(room: str) -> None:
    others = FLOORS[room].index("*") if "*" in FLOORS[room] else None
    wrong = []
    for each in of(room):
        if each.top == room and each.name.split(".")[:2] != each.module.split(".")[:2]:
            here, there = (at if (at := floor_of(name)) >= 0 else others for name in (each.module, each.name))
            assert None not in (here, there), f"{each}: one of them has no place in FLOORS"
            if there > here or (there == here != others):
                wrong.append(str(each))
    assert wrong == []


def test_no_module_imports_itself_by_way_of_others() -> None:
    """Kahn's order: what remains when nothing without imports is left lies on a circle or above one."""
    modules = {each.module for each in imports()}
    waits = {name: {each.name for each in of(name) if each.module == name} & modules - {name} for name in modules}
    while free := {name for name, others in waits.items() if not others}:
        waits = {name: others - free for name, others in waits.items() if name not in free}
    assert sorted(waits) == []


@pytest.mark.parametrize("room", ROOMS)
def test_a_folder_can_be_taken_in_at_a_glance(room: str) -> None:
    folders = {path.parent for path in (ROOT / room).rglob("*.py")}
    assert {str(each): count for each in folders if (count := len(list(each.glob("*.py")))) > 26} == {}


DOORS = ("bench.cli", "bench.doors")


def test_only_the_doors_see_all_rooms() -> None:
    instrument = [each for each in of("bench") if not within(each.module, DOORS)]
    assert breaches(instrument, "bench") == []


def test_nobody_but_the_doors_imports_the_front_door_and_nobody_but_the_plugin_the_other() -> None:
    for door, users in (("bench.cli", DOORS), ("bench.doors", ("bench.doors", "bench.plugin"))):
        found = [each for each in imports() if within(each.name, (door,))]
        assert [str(each) for each in found if not within(each.module, users)] == []


def test_only_the_plugin_imports_pytest() -> None:
    users = {each.module for each in imports() if each.top in ("pytest", "_pytest", "pytest_benchmark")}
    assert users == {f"bench.plugin.{name}" for name in ("hooks", "cells", "models", "rows")}
    known = [each for each in imports() if within(each.name, ("bench.plugin",))]
    assert [str(each) for each in known if not within(each.module, ("bench.plugin",))] == []


def test_the_instrument_does_no_statistics() -> None:
    analysis = ("pandas", "numpy", "scipy", "matplotlib")
    assert [str(each) for each in of("bench") if each.top in analysis and each.inside != TYPING] == []


def test_help_needs_neither_the_instrument_nor_the_analysis() -> None:
    code = "import sys; from when_async.bench.cli.main import main; main(['--help'], standalone_mode=False); "
    code += "print(sorted({name.partition('.')[0] for name in sys.modules} - {*sys.stdlib_module_names}))"
    code += "; print([name for name in sys.modules if name.startswith('when_async.bench.') and '.cli' not in name])"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    ours, rest = done.stdout.splitlines()[-2:]
    assert {*json.loads(ours.replace("'", '"'))} & {*FORBIDDEN, "psutil", "rich"} - {"click"} == set()
    parts = {".".join(name.split(".")[2:3]) for name in json.loads(rest.replace("'", '"'))}
    assert parts == {"model"}


def test_every_command_is_where_the_front_door_looks_for_it() -> None:
    context = click.Context(main)
    assert len(COMMANDS) == sum(map(len, GROUPS.values())), "a command stands in one group"
    for name in COMMANDS:
        command = main.get_command(context, name)
        assert command is not None
        assert command.name == name
        assert command.help


WATCHER = """
import sys
import tomllib
from dataclasses import replace

from when_async.workloads.sleep import SLEEP

FORBIDDEN, SEALED = {forbidden!r}, {sealed!r}


def allowed(name):
    return any((each + ".").startswith(name + ".") or name.startswith(each + ".") for each in SEALED)


def look(params, items, results):
    ours = [name for name in sorted(sys.modules) if name.startswith("when_async.") and not allowed(name)]
    return "holds " + " ".join([*ours, *(name for name in FORBIDDEN if name in sys.modules)])


def failing(kit, params):
    def op(item):
        raise ValueError(f"cannot do {{object()}}")
    return op


WATCHER = replace(SLEEP, name="watcher", check=look)
FAILING = replace(SLEEP, name="failing", bodies={{"pure": failing}})
"""


@pytest.fixture
def watcher(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """Starts real workers for the workloads above; gives what they said."""
    monkeypatch.setenv("WHEN_ASYNC_CACHE", str(tmp_path / "cache"))
    path = tmp_path / "watcher.py"
    path.write_text(WATCHER.format(forbidden=FORBIDDEN + UNUSED, sealed=SEALED), encoding="utf-8")
    environ, reaper, started = child_environ(), FakeReaper(), []

    def start(runner: str, body_key: str = "blocking", workload: str = "watcher") -> Worker:
        trial = {
            "workload": workload, "workload_ref": str(path), "runner": runner, "body_key": body_key, "concurrency": 2,
            "runner_ref": collect(RUNNERS, Runner)[runner].ref, "params": {"wait_s": 0.001, "n": 4}, "seed": 1,
        }  # fmt: skip
        options: dict[str, Any] = {"reaper": reaper}
        started.append(Worker(sys.executable, trial, environ=environ, **options))
        return started[-1]

    yield start
    for worker in started:
        worker.kill()
    assert reaper.watched == []


def answers(worker: Worker) -> list[Mapping[str, Any]]:
    worker.ready(30)
    return [worker.ask(30, do="open"), worker.ask(30, do="round", prove=True), worker.ask(30, do="close")]


@pytest.mark.parametrize(
    ("runner", "body_key"), [("asyncio", "async"), ("sync", "blocking"), ("multiprocessing", "blocking")]
)
def test_the_measured_process_holds_nothing_of_the_other_rooms(watcher: Any, runner: str, body_key: str) -> None:
    worker = watcher(runner, body_key)
    told = answers(worker)
    assert told[1]["answer"] == "holds "
    assert told[1]["pid"] == worker.pid
    assert worker.launch_s > 0
    assert not re.search("0x[0-9a-f]{6,}", json.dumps(told))
    worker.wait(10)


def test_a_worker_refuses_failed_ops_and_stays_able_to_say_so(watcher: Any) -> None:
    worker = watcher("sync", "pure", "failing")
    worker.ready(30)
    worker.ask(30, do="open")
    with pytest.raises(ProcessFailed, match=r"^4 of 4 ops failed \(op 0: ValueError: cannot do <object object"):
        worker.ask(30, do="round", prove=False)
    assert worker.ask(30, do="close")["teardown_s"] >= 0


def test_every_workload_of_ours_is_found_where_workers_look_for_it() -> None:
    for found in collect(f"{PACKAGE}.workloads", Workload).values():
        assert (ROOT / (bare(found.ref).replace(".", "/") + ".py")).is_file()
