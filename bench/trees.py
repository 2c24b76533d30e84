"""The cache folder, and in it the folders that hold our sealed packages for workers to import, and nothing else."""

from __future__ import annotations

import contextlib
import hashlib
import importlib.util
import os
import shutil
import tempfile
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

from bench.interpreters import NoEnvironment

SEALED = ("bench", "workloads")
"""The packages of ours that a measured process may import."""

STARTED_S = time.time()
"""What was used after this may be in use by this very run."""


def cache_folder() -> Path:
    """Where environments and source trees are kept: WHEN_ASYNC_CACHE, else `when-async` in the user's cache."""
    chosen = os.environ.get("WHEN_ASYNC_CACHE")
    if chosen:
        return Path(chosen).expanduser().absolute()
    base = os.environ.get("XDG_CACHE_HOME")
    # The XDG specification says that a relative path there is to be ignored.
    home = Path(base) if base and os.path.isabs(base) else Path.home() / ".cache"
    return home / "when-async"


def no_cache(error: OSError) -> NoEnvironment:
    """The refusal for a cache folder that is read-only, full or no folder at all."""
    what = error.strerror or type(error).__name__
    return NoEnvironment(f"the cache folder cannot be used ({what}); set WHEN_ASYNC_CACHE to a folder that can")


def last_used(marker: Path) -> float:
    """When the marker of a kept folder was last touched; long ago where there is none."""
    try:
        return marker.lstat().st_mtime
    except OSError:
        return 0.0


def surplus(used: Mapping[Path, float], kept: int) -> list[Path]:
    """The least recently used folders beyond `kept`, but none that was used since this process began."""
    newest = sorted(used, key=lambda folder: (used[folder], folder), reverse=True)
    return [folder for folder in newest[kept:] if used[folder] < STARTED_S]


def remove(folder: Path) -> None:
    """Remove a kept folder; out of sight first, so that nobody ever finds half of it."""
    gone = folder.with_name(f".old-{folder.name.lstrip('.')}-{os.getpid()}")
    with contextlib.suppress(OSError):
        os.rename(folder, gone)
        shutil.rmtree(gone, ignore_errors=True)


def bytecode_folder() -> Path:
    """Where workers that import from a source tree keep its bytecode, below the absolute path of the source."""
    return cache_folder() / "bytecode"


def bytecode_of(tree: Path, cache: Path) -> Path:
    """Where the bytecode of one tree is, as PYTHONPYCACHEPREFIX has it."""
    return cache / "bytecode" / tree.relative_to(tree.anchor)


def source_tree() -> Path:
    """A folder from which `bench` and `workloads` can be imported and nothing else of ours; raises NoEnvironment."""
    packages = {name: _package_folder(name) for name in SEALED}
    try:
        return tree_of(packages, cache_folder() / "trees")
    except OSError as error:
        raise no_cache(error) from error


def _package_folder(name: str) -> Path:
    beside = Path(__file__).absolute().parent.parent / name
    if (beside / "__init__.py").is_file():
        return beside
    spec = importlib.util.find_spec(name)
    if spec is None or spec.origin is None:
        raise NoEnvironment(f"our own package {name} is not installed beside bench; install when-async again")
    return Path(spec.origin).absolute().parent


def tree_of(packages: Mapping[str, Path], trees: Path, *, copy: bool = False) -> Path:
    """Links to the packages, or copies of them, under a name that their location (and content, if copied) decides."""
    marks = [str(path) for path in packages.values()]
    if copy:
        marks += [mark for path in packages.values() for mark in _content_marks(path)]
    tree = trees / hashlib.sha256("\0".join(marks).encode()).hexdigest()[:16]
    if _is_whole(tree, packages, copy):
        return tree
    trees.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=trees, prefix=".new-", ignore_cleanup_errors=True) as scratch:
        fresh = Path(scratch) / "tree"
        fresh.mkdir()
        for name, path in packages.items():
            if copy:
                shutil.copytree(path, fresh / name, ignore=shutil.ignore_patterns("__pycache__"))
                continue
            try:
                (fresh / name).symlink_to(path, target_is_directory=True)
            except (OSError, NotImplementedError):
                return tree_of(packages, trees, copy=True)
        if tree.exists() and not _is_whole(tree, packages, copy):
            with contextlib.suppress(OSError):
                os.replace(tree, Path(scratch) / "old")
        try:
            os.rename(fresh, tree)
        except OSError:
            # Another run was faster; what it made is as good as ours.
            if not _is_whole(tree, packages, copy):
                raise
    return tree


def _is_whole(tree: Path, packages: Mapping[str, Path], copy: bool) -> bool:
    if copy:
        return all((tree / name / "__init__.py").is_file() for name in packages)
    return all(os.path.realpath(tree / name) == os.path.realpath(path) for name, path in packages.items())


def _content_marks(folder: Path) -> Iterator[str]:
    for path in sorted(folder.rglob("*")):
        if path.is_file() and "__pycache__" not in path.parts:
            state = path.stat()
            yield f"{path.relative_to(folder)} {state.st_size} {state.st_mtime_ns}"
