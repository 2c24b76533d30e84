"""What the workers of a side import from: its own tree's packages, wherever the project keeps them, and nobody else's.

The working copy may be installed as editable, named in a .pth file or on PYTHONPATH. Each such folder becomes the same
folder of the side's own tree, and the worker is told which trees are not its own (`homes.Side`).
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import sys
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from ..homes import Side
from . import git
from .git import SourceError
from .interpreters import Run
from .layout import layout
from .own import Own, in_venv
from .provision import outer_path
from .serving import Serving, ask
from .sources import Source, distribution, is_ours
from .trees import cache_folder, no_cache, source_tree


@dataclass(frozen=True)
class Ground:
    """The working copy that both sides are versions of: the project's folder, the top of its repository, who serves it.

    All paths are real ones.
    """

    project: Path
    top: Path
    serving: Serving
    neutral: tuple[str, ...] = ()
    """Folders of the repository that git ignores and that somebody imports from: libraries of others, the same for both
    sides."""


@dataclass(frozen=True)
class Place:
    """Where the workers of a side import from, in order, and what they are told of it."""

    path: tuple[str, ...]
    side: Side


def ground(here: Path, run: Run, own: Own | None = None) -> Ground:
    """The project in `here` as its own environment sees it, or the running interpreter."""
    here = here.resolve()
    top = _top(here, run)
    serving = ask(top, distribution(here), run, own.python if own else sys.executable)
    ignored = [each for each in serving.path if git.ignores(top, each, run)]
    venv = in_venv(own.python if own else sys.executable)
    return Ground(here, top, serving, (*ignored, *([os.path.realpath(venv)] if venv else [])))


def _top(folder: Path, run: Run) -> Path:
    with contextlib.suppress(SourceError):
        return git.toplevel(folder, run) or folder
    return folder


def places(sources: Sequence[Source | None], under: Ground, *, install: bool, run: Run) -> list[Place | None]:
    """One place for each side that has a tree of a user's; None for the others."""
    tops = [None if each is None or is_ours(each.path) else _top_of(each, run) for each in sources]
    trees = [str(top) for top in tops if top] + [str(under.top)]
    found: list[Place | None] = []
    for source, top in zip(sources, tops, strict=True):
        if source is None or top is None:
            found.append(None)
            continue
        path, aliases = _imported(source, top, under, install=install)
        foreign = tuple(dict.fromkeys(tree for tree in trees if tree != str(top)))
        installed = () if install else under.serving.installed
        roots = tuple(each for each in path[1:] if _is_own(each, top) and each not in under.neutral)
        found.append(Place(tuple(path), Side(str(top), foreign, roots, aliases, installed, under.neutral)))
    return found


def _is_own(folder: str, top: Path) -> bool:
    return Path(os.path.realpath(folder)).is_relative_to(top)


def _top_of(source: Source, run: Run) -> Path:
    """The real top of a side's tree."""
    return source.root.resolve() if source.commit else _top(source.path.resolve(), run)


def _imported(source: Source, top: Path, under: Ground, *, install: bool) -> tuple[list[str], dict[str, str]]:
    """What a side imports from, in order, and its packages that are called otherwise than their folders."""

    def twins(paths: Iterable[str]) -> list[Path]:
        return [there for each in paths if (there := _twin(Path(each), source, top, under)) is not None]

    said = layout(source.path)
    own = [Path(os.path.normpath(source.path / root)) for root in said.roots]
    outer = [Path(os.path.realpath(each)) for each in outer_path()]
    outside = [str(each) for each in outer if not each.is_relative_to(under.top)]
    served = twins(under.serving.path)
    if install:
        # Its packages come out of its environment; what else was on PYTHONPATH is still wanted.
        served, own = [each for each in twins(map(str, outer)) if each not in own], []
    aliases = {name: str(source.path / place) for name, place in said.aliases.items()}
    for name, place in under.serving.aliases.items():
        for there in twins([place]):
            aliases.setdefault(name, str(there))
    path = [source_tree(), *served, *own]
    return list(dict.fromkeys([str(path[0]), *outside, *map(str, path[1:])])), {} if install else aliases


def _twin(place: Path, source: Source, top: Path, under: Ground) -> Path | None:
    """Where a place of the working copy is in a side's tree; None where it is not there."""
    if str(place) in under.neutral:
        return place
    if not place.is_relative_to(under.top):
        return None
    if place.is_relative_to(under.project):
        there = source.path / place.relative_to(under.project)
    else:
        there = top / place.relative_to(under.top)
    return there if there.exists() else None


def written(side: Side) -> str:
    """The file that tells a worker of its side; its name is as long for every side. Raises NoEnvironment."""
    text = json.dumps(asdict(side), indent=1)
    file = cache_folder() / "sides" / f"{hashlib.sha256(text.encode()).hexdigest()[:16]}.json"
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        if not file.is_file() or file.read_text(encoding="utf-8") != text:
            file.write_text(text, encoding="utf-8")
    except OSError as error:
        raise no_cache(error) from error
    return str(file)
