"""The sides of a comparison or gate: an interpreter, pins and a source tree made into an environment."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from ..model import Environment
from .interpreters import Run, Unresolvable, run_command
from .own import Own, taken
from .pins import parse, without
from .placing import Place, ground, places, written
from .provision import default, default_label, interpreter_of, make
from .sources import Source, distribution, export, is_ours, project, python_path, reroot
from .trees import source_tree
from .venvs import Progress, Tree, Wanted
from .versions import described, takes_version

HERE = "."


@dataclass(frozen=True)
class Asked:
    """One side as it was asked for: a git ref or folder, pins and an interpreter, each if any; `written` is how."""

    ref: str | None = None
    pins: tuple[str, ...] = ()
    python: str | None = None
    written: str = ""

    @property
    def text(self) -> str:
        """What was written, or `. with aiohttp==3.13.*`."""
        return self.written or " with ".join(filter(None, (self.ref, ", ".join(self.pins))))


@dataclass(frozen=True)
class Sides:
    """Two environments that can be measured beside each other, and by label the source trees of those that have one."""

    environments: tuple[Environment, Environment]
    sources: Mapping[str, Source]
    project: Path
    notes: tuple[str, ...]

    def reroot(self, ref: str, label: str) -> str:
        """Where a file of the working copy is found in the tree of one side."""
        return reroot(ref, self.project, self.sources[label]) if label in self.sources else ref


def export_both(
    a: Asked, b: Asked, run: Run = run_command, generated: Sequence[str] = ()
) -> tuple[Source | None, Source | None]:
    """The source trees of two sides of the project in this folder, None where one has none; raises SourceError.

    `generated` are files that no commit holds and each is to have.
    """
    here = project(Path.cwd(), run)
    first, second = (
        None if side.ref is None else export(side.ref, repository=here, run=run, generated=generated) for side in (a, b)
    )
    return first, second


def make_both(
    asked: Sequence[Asked],
    sources: Sequence[Source | None],
    labels: Sequence[str],
    *,
    modules: Sequence[str],
    requirements: Mapping[str, str],
    progress: Progress,
    install: bool = False,
    own: Own | None = None,
    run: Run = run_command,
) -> Sides:
    """The environments of two sides that differ in nothing but what was asked for; raises what `make_side` does.

    `own` is the environment of the project, where that is not the one that we run in.
    """
    # Where one side needs an environment of its own the other gets one too.
    separate = install or any(side.pins or side.python not in (None, default_label()) for side in asked)
    here = project(Path.cwd(), run)
    found = places(sources, ground(here, run, own), install=install, run=run) if any(sources) else [None, None]
    first, second = (
        make_side(
            label=label, modules=modules, requirements=requirements, progress=progress, python=side.python,
            pins=side.pins, source=source, place=place, install=install, separate=separate, own=own, run=run,
        )
        for side, source, place, label in zip(asked, sources, found, labels, strict=True)
    )  # fmt: skip
    known = {label: source for label, source in zip(labels, sources, strict=True) if source}
    notes = dict.fromkeys(note for source in known.values() for note in source.notes)
    return Sides((first, second), known, here, tuple(notes))


def make_side(
    *,
    label: str,
    modules: Sequence[str],
    requirements: Mapping[str, str],
    progress: Progress,
    python: str | None = None,
    pins: Sequence[str] = (),
    source: Source | None = None,
    place: Place | None = None,
    install: bool = False,
    separate: bool = False,
    own: Own | None = None,
    run: Run = run_command,
) -> Environment:
    """The environment of one side, under the given label; its workers start with `worker_environ`.

    `python` is a version or path (default: the running one, or that of `own`), `source` a tree (default: the
    when-async that runs this), of which workers import what `place` says.
    Without another python and without pins it is `own` as it is, or the running environment, unless `separate` asks
    for one made by uv, so that both sides can be made alike. `install` builds and installs the source tree with its
    dependencies, instead of importing from it.

    Raises PinError, NoInterpreter and Unresolvable for what cannot be meant (exit code 2), BuildFailed for what could
    not be fetched, built or started (exit code 3), NoEnvironment for a machine that cannot do it (no uv, no cache
    folder).
    """
    chosen = parse(pins)
    path: Sequence[str] = ()
    if source is not None:
        sealed = (source_tree(),) if install and not is_ours(source.path) else python_path(source)
        path = place.path if place else [str(each) for each in sealed]
    name = source.name if source else ""
    plain = not chosen and not separate and not install
    if python is None and own and plain:
        found = taken(own, modules, label=label, source=name, path=path, run=run)
    elif (python is None or python == default_label()) and plain:
        found = default(modules, label=label, source=name, path=path, run=run)
    else:
        tree = installable(source, run) if install else None
        base = own.interpreter if python is None and own else interpreter_of(python, run)
        wanted = Wanted(base, without(requirements, chosen), chosen, tree)
        found = make(wanted, modules, label=label, progress=progress, source=name, path=path, run=run)
    if source is not None:
        found = replace(found, folder=str(source.path), side=written(place.side) if place else "")
    return found


def installable(source: Source | None, run: Run = run_command) -> Tree:
    """The tree as uv is to install it; raises Unresolvable where there is nothing to install."""
    if source is None:
        raise Unresolvable("there is no source tree to install; name a git ref or a folder")
    if not any((source.path / name).is_file() for name in ("pyproject.toml", "setup.py")):
        raise Unresolvable(f"{source.asked} has neither pyproject.toml nor setup.py, so it cannot be installed")
    name, version = distribution(source.path), ""
    if takes_version(source.path):
        repository = Path.cwd() if source.commit else source.path.resolve()
        version = described(source.commit or "HEAD", repository, run)
    if source.commit is None:
        return Tree(source.path, f"folder {source.path.resolve()}", name, live=True, version=version)
    identity = f"{source.commit}:{source.path.relative_to(source.root)}" + (f" as {version}" if version else "")
    return Tree(source.path, identity, name, live=False, version=version)
