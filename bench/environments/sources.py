"""Source trees that workers import from: a commit, exported once into the cache, or a folder as it is.

Trees have names of equal length in the cache, a folder by way of a link, because the length of paths moves the stack
and with it what is measured (Mytkowicz et al., ASPLOS 2009).
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import re
import tomllib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from ..quantity import file_of
from . import git, trees
from .filling import Filling
from .git import SHORT, SourceError
from .interpreters import Run, run_command
from .trees import NAME, SEALED, bytecode_of, cache_folder, made_whole, no_cache, remove, sealed, source_tree

MARKER = ".when-async-ref.json"
"""Lists the files of an exported tree; written last, and touched at each use."""

PROJECT_FILES = ("pyproject.toml", "setup.py", "setup.cfg")


@dataclass(frozen=True)
class Source:
    """A source tree: what was asked for and what it turned out to be.

    `commit` is the full hash, None for a folder; `dirty` says that a folder holds changes that are not committed.
    `path` is the project's folder in the tree and `root` the top of the tree; `name` is short and fit to be published.
    `notes` are sentences for the reader.
    """

    asked: str
    commit: str | None
    dirty: bool
    path: Path
    root: Path
    name: str
    notes: tuple[str, ...] = ()


def project(folder: Path, run: Run = run_command) -> Path:
    """The project that `folder` is part of: nearest folder with a pyproject.toml, else the top of the repository."""
    folder = folder.resolve()
    with contextlib.suppress(SourceError):
        top = git.toplevel(folder, run)
        if top is not None and folder.is_relative_to(top):
            climb = [each for each in (folder, *folder.parents) if each.is_relative_to(top)]
            return next((each for each in climb if any((each / name).is_file() for name in PROJECT_FILES)), top)
    return folder


def export(
    ref: str, *, repository: Path, cache: Path | None = None, run: Run = run_command, generated: Sequence[str] = ()
) -> Source:
    """The tree of a git ref of `repository`, or of a folder; raises SourceError, or NoEnvironment for a bad cache.

    `repository` is the project's folder, for which `.` stands too; where it is not the top of its repository, `path`
    is the same folder in the exported tree. In a repository a name is a ref, for one that was not fetched must not turn
    into a folder that is called like it; ./NAME is the folder.
    `generated` are patterns of files that no commit holds and that are taken from the working copy.
    """
    cache = cache or cache_folder()
    if not ref or ref.startswith("-") or not ref.isprintable():
        raise SourceError(
            f"{ref!r} is neither a git ref nor a folder; write it like main, origin/main, HEAD~1 or ./base"
        )
    # Started in a subfolder, `.` still has to be the same part of the tree as a commit's.
    try:
        folder = repository if ref == "." else Path(ref).expanduser()
    except RuntimeError:
        raise SourceError(f"there is no user of that name to have the folder {ref}; write its whole path") from None
    try:
        if re.match(r"\.{1,2}(/|$)|~", ref) or folder.is_absolute():
            if not folder.is_dir():
                raise SourceError(f"there is no folder {ref}; give one, or a git ref such as origin/main")
            return _folder(ref, folder.resolve(), cache, run)
        top = None if folder.is_dir() and not _in_repository(repository) else git.toplevel(repository, run)
        commit = git.commit_of(ref, top, run) if top else None
        if top and commit:
            return _commit(ref, commit, top, repository.resolve().relative_to(top), cache, run, generated)
        if folder.is_dir() and not (top and git.could_be_ref(ref, top, run)):
            return _folder(ref, folder.resolve(), cache, run)
        if top is None:
            raise SourceError(
                f"{ref!r} is no folder, and this folder is in no git repository that could know it; "
                "start in the folder of your project"
            )
        raise git.absent(ref, top, run)
    except OSError as error:
        raise no_cache(error) from error


def _in_repository(folder: Path) -> bool:
    """Whether git would find a repository here; told without git, which may not be installed."""
    return any((each / ".git").exists() for each in (folder.resolve(), *folder.resolve().parents))


def _folder(ref: str, folder: Path, cache: Path, run: Run) -> Source:
    """A live folder: whoever edits it while it is measured measures something else."""
    head, dirty = None, False
    with contextlib.suppress(SourceError):
        head, dirty = git.changes(folder, run)
    notes = _notes(folder)
    if dirty:
        notes.append(f"{ref} holds changes that are not committed" + (f", on top of {head[:SHORT]}" if head else ""))
    path = _link(folder, cache / "live")
    return Source(ref, None, dirty, path, path, folder.name or "root", tuple(notes))


def _link(folder: Path, live: Path) -> Path:
    """The folder under a name in the cache."""
    link = live / hashlib.sha256(os.fsencode(folder)).hexdigest()[:SHORT]
    live.mkdir(parents=True, exist_ok=True)
    with contextlib.suppress(FileExistsError):
        link.symlink_to(folder)
    return link if link.resolve() == folder else folder


def _commit(
    ref: str, commit: str, top: Path, inside: Path, cache: Path, run: Run, generated: Sequence[str]
) -> Source:
    refs = cache / "refs"
    root = refs / commit[:SHORT]
    if not is_whole(root, commit):
        _write_tree(root, commit, top, run)
    os.utime(root / MARKER)
    prune(refs)
    path = root / inside
    if not path.is_dir():
        raise SourceError(f"commit {commit[:SHORT]} ({ref}) has no folder {inside}, which is what is measured here")
    notes = _notes(path)
    if not is_ours(path):
        held = json.loads((root / MARKER).read_text(encoding="utf-8"))["files"]
        notes += Filling(root, inside, commit, top, held, generated, run).notes(ref)
    with contextlib.suppress(OSError):
        if "filter=lfs" in (root / ".gitattributes").read_text(encoding="utf-8", errors="replace"):
            notes.append(f"files of {ref} that Git LFS keeps are not fetched; only the pointers to them are there")
    return Source(ref, commit, False, path, root, commit[:SHORT], tuple(notes))


def _write_tree(root: Path, commit: str, top: Path, run: Run) -> None:
    with made_whole(root, lambda root: is_whole(root, commit)) as fresh:
        fresh.mkdir()
        git.check_out(commit, top, fresh, fresh.with_name("index"), run)
        marker = {"commit": commit, "files": dict(_files(fresh))}
        (fresh / MARKER).write_text(json.dumps(marker), encoding="utf-8")


def _files(folder: Path) -> Iterator[tuple[str, int]]:
    for place, _, names in os.walk(folder):
        for name in names:
            path = os.path.join(place, name)
            yield os.path.relpath(path, folder), os.lstat(path).st_size


def is_whole(root: Path, commit: str) -> bool:
    """Whether an exported tree still holds every file that it was made with, in its size; what came later is left."""
    try:
        marker = json.loads((root / MARKER).read_text(encoding="utf-8"))
        return marker["commit"] == commit and all(
            os.lstat(root / name).st_size == size for name, size in marker["files"].items()
        )
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return False


def prune(refs: Path, kept: int = trees.KEPT) -> None:
    """Remove the least recently used trees beyond `kept`, and what belongs to them."""
    cache = refs.parent
    for root in trees.prune(refs, MARKER, kept):
        for links in _sealed_of(root, cache):
            remove(links)
            remove(bytecode_of(links, cache))
        remove(bytecode_of(root, cache))


def _sealed_of(root: Path, cache: Path) -> list[Path]:
    """The folders of links into an exported tree of when-async, which go with it."""
    found = []
    for tree in (cache / "trees").glob("[0-9a-f]*"):
        with contextlib.suppress(OSError):
            if Path(os.readlink(tree / NAME / SEALED[0])).is_relative_to(root):
                found.append(tree)
    return found


def distribution(folder: Path) -> str | None:
    """The name in a project's pyproject.toml; None where it is told elsewhere, as older projects do."""
    try:
        with open(folder / "pyproject.toml", "rb") as file:
            name = tomllib.load(file)["project"]["name"]
    except (OSError, tomllib.TOMLDecodeError, KeyError, TypeError):
        return None
    return name if isinstance(name, str) else None


def is_ours(path: Path) -> bool:
    """Whether the tree is when-async itself, whose own workers are what is compared."""
    return all(part.exists() for part in _parts(path).values()) and (path / "bench/worker/__main__.py").is_file()


def _parts(path: Path) -> dict[str, Path]:
    """Where a tree of when-async has the parts of its package."""
    return {part: path / (f"src/{NAME}/{part}" if part.endswith(".py") else part) for part in SEALED}


def _notes(path: Path) -> list[str]:
    """What a reader should know of how a tree is imported; raises SourceError for an old tree of when-async."""
    if is_ours(path):
        return []
    if (path / "bench" / "worker" / "__main__.py").is_file() and (path / "workloads" / "__init__.py").is_file():
        # Taken for a user's tree, it would be measured with the code of today on both sides, and pass.
        raise SourceError(
            f"{path.name} is when-async from before its one import name ({NAME}), whose workers this version cannot "
            "start; compare with a later commit"
        )
    own = any(
        (place / NAME / "__init__.py").is_file() or (place / f"{NAME}.py").is_file() for place in (path / "src", path)
    )
    return [f"the tree has a package {NAME} of its own, which workers do not see: this one comes first"] if own else []


def python_path(source: Source) -> tuple[Path, ...]:
    """What workers of a tree import from, in order; raises NoEnvironment where the cache cannot be used.

    A tree of when-async itself gives its own bench and workloads and nothing else. Any other gives ours, then its
    `src`, then itself.
    """
    if is_ours(source.path):
        return (sealed(_parts(source.path)),)
    inner = source.path / "src"
    return (source_tree(), *([inner] if inner.is_dir() else []), source.path)


def reroot(ref: str, repository: Path, source: Source) -> str:
    """Where a workload or runner of the project is found in a source tree.

    A file inside the repository, with or without a point in brackets, becomes the same file of the tree, there or
    not; a module's name and a file from elsewhere stay as they are.
    """
    name, point = file_of(ref)
    if not name:
        return ref
    inside = os.path.relpath(Path(name).resolve(), repository.resolve())
    there = Path(os.path.normpath(source.path / inside))
    return f"{there}{point}" if there.is_relative_to(source.root) else ref
