"""One side of a comparison or gate: an interpreter, pins and a source tree made into an environment."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path

from ..model import Environment
from .interpreters import Run, Unresolvable, run_command
from .pins import parse, without
from .provision import default, default_label, interpreter_of, make
from .sources import Source, export, is_ours, project, python_path
from .trees import source_tree
from .venvs import Progress, Tree, Wanted


def make_side(
    *,
    label: str,
    modules: Sequence[str],
    requirements: Mapping[str, str],
    progress: Progress,
    python: str | None = None,
    pins: Sequence[str] = (),
    ref: str | Source | None = None,
    install: bool = False,
    separate: bool = False,
    repository: Path | None = None,
    run: Run = run_command,
) -> Environment:
    """The environment of one side, under the given label; its workers start with `worker_environ`.

    `python` is a version or path (default: the running one); `ref` a git ref, a folder or what `export` made of it
    (default: the when-async that runs this). Without another python and without pins it is the running environment,
    unless `separate` asks for one made by uv, so that both sides can be made alike. `install` builds and installs the
    source tree with its dependencies, instead of importing from it.

    Raises PinError, SourceError, NoInterpreter and Unresolvable for what cannot be meant (exit code 2), BuildFailed
    for what could not be fetched, built or started (exit code 3), NoEnvironment for a machine that cannot do it
    (no uv, no cache folder).
    """
    chosen = parse(pins)
    source = ref if isinstance(ref, Source) or ref is None else _exported(ref, repository, run)
    path: Sequence[str] = ()
    if source is not None:
        imported = (source_tree(),) if install and not is_ours(source.path) else python_path(source)
        path = [str(each) for each in imported]
    name = source.name if source else ""
    own = python is None or python == default_label()
    if own and not chosen and not separate and not install:
        return default(modules, label=label, source=name, path=path, run=run)
    tree = installable(source) if install else None
    wanted = Wanted(interpreter_of(python, run), without(requirements, chosen), chosen, tree)
    return make(wanted, modules, label=label, progress=progress, source=name, path=path, run=run)


def _exported(ref: str, repository: Path | None, run: Run) -> Source:
    return export(ref, repository=repository or project(Path.cwd(), run), run=run)


def installable(source: Source | None) -> Tree:
    """The tree as uv is to install it; raises Unresolvable where there is nothing to install."""
    if source is None:
        raise Unresolvable("there is no source tree to install; name a git ref or a folder")
    if not any((source.path / name).is_file() for name in ("pyproject.toml", "setup.py")):
        raise Unresolvable(f"{source.asked} has neither pyproject.toml nor setup.py, so it cannot be installed")
    if source.commit is None:
        return Tree(source.path, f"folder {source.path.resolve()}", distribution(source.path), live=True)
    inside = source.path.relative_to(source.root)
    return Tree(source.path, f"{source.commit}:{inside}", distribution(source.path), live=False)


def distribution(folder: Path) -> str | None:
    """The name in a project's pyproject.toml; None where it is told elsewhere, as older projects do."""
    try:
        with open(folder / "pyproject.toml", "rb") as file:
            name = tomllib.load(file)["project"]["name"]
    except (OSError, tomllib.TOMLDecodeError, KeyError, TypeError):
        return None
    return name if isinstance(name, str) else None
