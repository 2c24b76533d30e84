"""The cache folder, and in it the folders that hold our sealed packages for workers to import, and nothing else."""

from __future__ import annotations

import contextlib
import hashlib
import os
import shutil
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import when_async

from ..reaping.reaper import scratch
from .interpreters import NoEnvironment

NAME = "when_async"
SEALED = ("__init__.py", "bench", "workloads")
"""The parts of our package that a measured process may import."""

KEPT = 20
"""So many exported source trees are kept, and so many environments that hold one; each commit makes its own."""

SCRATCH_S = 86400.0
"""After this what a killed run left half-made is swept up."""

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


def remove(folder: Path) -> None:
    """Remove a kept folder; out of sight first, so that nobody ever finds half of it."""
    gone = folder.with_name(f".old-{folder.name.lstrip('.')}-{os.getpid()}")
    with contextlib.suppress(OSError):
        os.rename(folder, gone)
        shutil.rmtree(gone, ignore_errors=True)


def prune(folder: Path, marker: str, kept: int) -> list[Path]:
    """Remove the folders beyond `kept` whose file `marker`, touched at each use, is the oldest; returns them."""
    used = {each.parent: last_used(each) for each in folder.glob(f"[!.]*/{marker}")}
    newest = sorted(used, key=lambda each: (used[each], each), reverse=True)
    gone = [each for each in newest[kept:] if used[each] < STARTED_S]
    for each in gone:
        remove(each)
    return gone


@contextlib.contextmanager
def made_whole(place: Path, is_whole: Callable[[Path], bool]) -> Iterator[Path]:
    """Where to make a folder, which then moves to `place` in one step, so that nobody ever finds half of it."""
    place.parent.mkdir(parents=True, exist_ok=True)
    for left in place.parent.glob(".*-*"):
        if time.time() - last_used(left) > SCRATCH_S:
            shutil.rmtree(left, ignore_errors=True)
    with scratch(".new-", place.parent) as made:
        fresh = made / "tree"
        yield fresh
        if place.exists() and not is_whole(place):
            with contextlib.suppress(OSError):
                os.replace(place, made / "old")
        try:
            os.rename(fresh, place)
        except OSError:
            # Another run was faster; what it made is as good as ours.
            if not is_whole(place):
                raise


def bytecode_folder() -> Path:
    """Where workers that import from a source tree keep its bytecode, below the absolute path of the source."""
    return cache_folder() / "bytecode"


def bytecode_of(tree: Path, cache: Path) -> Path:
    """Where the bytecode of one tree is, as PYTHONPYCACHEPREFIX has it."""
    return cache / "bytecode" / tree.relative_to(tree.anchor)


def package_folder() -> Path:
    """Where `when_async` itself is imported from; in a checkout its rooms are links to the real folders."""
    return Path(str(when_async.__file__)).absolute().parent


def import_root() -> Path:
    """What PYTHONPATH must hold for a process of ours that may import everything."""
    return package_folder().parent


def source_tree() -> Path:
    """A folder with `when_async`, of which bench and workloads can be imported, no more; raises NoEnvironment."""
    # Resolved, or a tree of links would lead to links; realpath of what is missing is no error here but in `sealed`.
    return sealed({part: Path(os.path.realpath(package_folder() / part)) for part in SEALED})


def sealed(parts: Mapping[str, Path]) -> Path:
    """The folder with links to these parts of `when_async`, named by where they are; raises NoEnvironment."""
    gone = [part for part, path in parts.items() if not path.exists()]
    if gone:
        raise NoEnvironment(f"our own {NAME}/{gone[0]} is missing; install when-async again")
    name = hashlib.sha256("\0".join(str(path) for path in parts.values()).encode()).hexdigest()[:16]
    tree = cache_folder() / "trees" / name

    def is_whole(tree: Path) -> bool:
        return all(os.path.realpath(tree / NAME / part) == os.path.realpath(path) for part, path in parts.items())

    try:
        if not is_whole(tree):
            with made_whole(tree, is_whole) as fresh:
                (fresh / NAME).mkdir(parents=True)
                for part, path in parts.items():
                    (fresh / NAME / part).symlink_to(path)
        return tree
    except OSError as error:
        raise no_cache(error) from error
