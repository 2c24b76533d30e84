"""From what a user asked for to the points, runners and interpreters of a plan."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from pathlib import Path

from .asking.parent import imported_with_care
from .environments.interpreters import Unresolvable
from .environments.provision import Missing, default, default_label, named
from .model import Environment, Point, Runner, Workload
from .quantity import QuantityError, canonical, check_point, comparison_id, override, split
from .registry import (
    Found,
    N,
    RegistryError,
    choose,
    collect,
    required_modules,
    requirement,
)


@dataclass(frozen=True)
class Catalogue:
    """Everything that can be chosen from, by name."""

    workloads: Mapping[str, Found[Workload]]
    runners: Mapping[str, Found[Runner]]

    def modules(self, runner_specs: Sequence[str] = ()) -> list[str]:
        """Libraries that these runners (the core, if none) may need for any workload; raises RegistryError."""
        chosen = [found.value for spec in runner_specs or [CORE] for found in runners_of(spec, self.runners)]
        return required_modules([found.value for found in self.workloads.values()], chosen)


@dataclass(frozen=True)
class Selection:
    """What was chosen, in the order it was asked for."""

    points: tuple[tuple[Found[Workload], Point], ...]
    runners: Mapping[str, Found[Runner]]
    only: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """By the id of a comparison the contestants that take part; where it names none, all do."""


Reader = Callable[[str], Mapping[str, Found[Workload]]]
"""Reads the workloads of a user's file."""


def catalogue(
    workload_specs: Sequence[str] = (), runner_specs: Sequence[str] = (), read: Reader | None = None
) -> Catalogue:
    """Our own workloads and runners, with those of the files that the specs name; raises RegistryError.

    Files are imported here, unless another way to `read` those of workloads is given.
    """
    workloads = dict(collect("when_async.workloads", Workload))
    runners = dict(collect("when_async.bench.runners", Runner))
    for spec in workload_specs:
        path = _name_of(spec)
        if path.endswith(".py"):
            _merge(workloads, read(path) if read else _own(path, Workload), "workload")
    for path in runner_specs:
        if path.endswith(".py"):
            _merge(runners, _own(path, Runner), "runner")
    workloads = dict(sorted(workloads.items(), key=lambda item: (item[1].value.calibration, item[0])))
    return Catalogue(workloads, dict(sorted(runners.items(), key=_runner_rank)))


def _own(path: str, kind: type[N]) -> Mapping[str, Found[N]]:
    """What a user's file defines; raises RegistryError."""
    with imported_with_care(path):
        return collect(path, kind)


def _name_of(spec: str) -> str:
    return split(spec)[0]


def _merge(known: dict[str, Found[N]], more: Mapping[str, Found[N]], noun: str) -> None:
    for name, found in more.items():
        if name in known and known[name].value is found.value:
            continue  # the file imports one of ours, to vary it or to build on it
        if name in known:
            raise RegistryError(f"{found.ref}: a {noun} named {name!r} exists already; give yours another name")
        known[name] = found


FAMILIES = (
    "sync", "threads", "greenlets", "processes", "interpreters", "asyncio", "uvloop", "trio", "distributed"
)  # fmt: skip


def _runner_rank(item: tuple[str, Found[Runner]]) -> tuple[int, str]:
    family = item[1].value.family
    return (FAMILIES.index(family) if family in FAMILIES else len(FAMILIES), item[0])


def select(known: Catalogue, workload_specs: Sequence[str], runner_specs: Sequence[str], profile: str) -> Selection:
    """Points of the profile for each workload asked for (all, if none); raises RegistryError or QuantityError."""
    points: list[tuple[Found[Workload], Point]] = []
    for spec in workload_specs or list(known.workloads):
        name, pairs = split(spec)
        for found in workloads_of(name, known.workloads):
            grid = profile_points(found.value, profile)
            for point in grid:
                check_point(found.value, point)
            points += [(found, point) for point in (_asked(found.value, grid[0], spec, pairs) if pairs else grid)]
    chosen = {found.value.name: found for spec in runner_specs or [CORE] for found in runners_of(spec, known.runners)}
    return Selection(tuple(_unique(points)), chosen)


def _asked(workload: Workload, first: Point, spec: str, pairs: Mapping[str, str]) -> tuple[Point]:
    """The point that parameters ask for: an id, as pages show it, is that very point; others change the first one."""
    whole = _whole(workload, pairs)
    return (whole,) if comparison_id(workload, whole) == canonical(spec) else (override(workload, first, pairs),)


def _whole(workload: Workload, pairs: Mapping[str, str]) -> Point:
    """The point of an id: what it leaves out is 0, or as in the grid where 0 cannot be; raises QuantityError."""
    base = profile_points(workload, "quick")[0]
    zeros = {param.name: 0 for param in workload.params if param.low <= 0 and param.label not in pairs}
    return override(workload, Point(base.concurrency, {**base.params, **zeros}), pairs)


CORE, ALL, FAMILY = "core", "all", "family:"
NOTES, TODAY = "notes", "today"
"""Groups of claims: those of the notes, and those on today's Python."""


def workloads_of(name: str, known: Mapping[str, Found[Workload]]) -> list[Found[Workload]]:
    """Workloads by name, by file, or `core`, which is the first few and the instrument's own; raises RegistryError."""
    if name == CORE:
        return [found for found in known.values() if found.value.core or found.value.calibration]
    return _named(name, known, "workload")


def runners_of(spec: str, known: Mapping[str, Found[Runner]]) -> list[Found[Runner]]:
    """Runners by name, by file, by pattern (`asyncio*`), `family:threads`, `core` or `all`; raises RegistryError."""
    if spec == ALL:
        return list(known.values())
    if spec == CORE:
        return [found for found in known.values() if found.value.core]
    if spec.startswith(FAMILY):
        families = {found.value.family for found in known.values()}
        family = choose(spec.removeprefix(FAMILY), families, "family of runners")
        return [found for found in known.values() if found.value.family == family]
    if any(sign in spec for sign in "*?") and not spec.endswith(".py"):
        found = [known[name] for name in known if fnmatchcase(name, spec)]
        if not found:
            raise RegistryError(f"no runner is named like {spec!r}; `when-async list` shows them")
        return found
    return _named(spec, known, "runner")


def _named(name: str, known: Mapping[str, Found[N]], noun: str) -> list[Found[N]]:
    if name.endswith(".py"):
        ref = str(Path(name).resolve())
        return [found for found in known.values() if found.ref == ref]
    return [known[choose(name, known, noun)]]


def _unique(points: list[tuple[Found[Workload], Point]]) -> list[tuple[Found[Workload], Point]]:
    seen = {comparison_id(found.value, point): (found, point) for found, point in points}
    return list(seen.values())


def profile_points(workload: Workload, profile: str) -> tuple[Point, ...]:
    """Points of a profile; a workload that does not name the profile gives those of `quick`, or of its first."""
    for name in (profile, "quick", *workload.grid):
        if workload.grid.get(name):
            return workload.grid[name]
    raise QuantityError(f"{workload.name} names no points; give it grid={{'quick': (Point(...),)}}")


def environments_for(
    modules: Sequence[str], pythons: Sequence[str], say: Callable[[str], None], pins: Sequence[str] = ()
) -> list[Environment | Missing]:
    """The interpreters asked for, each with what it can import of `modules`; the running one if none was named.

    `pins` (`uvloop==0.22.*`) hold in each of them. Raises Unresolvable where they leave no environment at all.
    """
    if not pythons and not pins:
        return [default(modules)]
    wanted = requirements_for(modules)
    found = named(pythons or [default_label()], modules, requirements=wanted, progress=say, pins=pins)
    hopeless = [each for each in found if isinstance(each, Missing) and each.unresolvable]
    if hopeless and len(hopeless) == len(found):
        raise Unresolvable(hopeless[0].reason)
    for each in hopeless:
        say(f"{each.label}: {each.reason}")
    return found


def requirements_for(modules: Sequence[str]) -> dict[str, str]:
    """What uv is asked for so that these modules can be imported."""
    return {module: text for module in modules if (text := requirement(module)) is not None}


def point_of(place: str, known: Mapping[str, Found[Workload]]) -> tuple[Found[Workload], Point]:
    """The point that a comparison's id names, whose missing parameters are 0; raises RegistryError or QuantityError."""
    name, pairs = split(place)
    found = known[choose(name, known, "workload")]
    return found, _whole(found.value, pairs)
