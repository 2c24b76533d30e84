"""Where a function object lies: by which name, in which file and along which folders another process finds it again."""

from __future__ import annotations

import os
import site
import sys
import sysconfig
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Place:
    """A function as a process of its own imports it: `target` as the command line takes it, and the file it was in."""

    target: str
    origin: str


def place_of(function: Any) -> Place | None:
    """Where this very object is found again; None for what no name leads to, a lambda or a function of a notebook."""
    module, name = getattr(function, "__module__", None), getattr(function, "__qualname__", None)
    known = sys.modules.get(module or "")
    if not module or not name or known is None or module == "__main__":
        return None
    path = _path_to(function, known, name)
    if path is None:
        return None
    origin = getattr(known, "__file__", None) or ""
    if importable(module):
        return Place(f"{module}:{path}", origin)
    # pytest's --import-mode=importlib gives names that lead nowhere.
    return Place(f"{origin}:{path}", "") if origin.endswith(".py") else None


def _path_to(function: Any, owner: Any, name: str) -> str | None:
    """The dotted name by which the module has this object, perhaps below the wrappers of decorators."""
    for part in name.split("."):
        owner = getattr(owner, part, None)
    while owner is not None and owner is not function:
        owner, name = getattr(owner, "__wrapped__", None), f"{name}.__wrapped__"
    return None if owner is None else name


def importable(module: str) -> bool:
    """Whether a fresh process with the same folders would find the package that this module was loaded from."""
    top = module.partition(".")[0]
    loaded = sys.modules.get(top)
    for finder in sys.meta_path:
        find = getattr(finder, "find_spec", None)
        spec = None
        with suppress(Exception):  # a finder of whoever has put it there
            spec = find(top, None) if find else None
        if spec is not None:
            own = getattr(loaded, "__spec__", None)
            file = getattr(loaded, "__file__", None) or getattr(own, "origin", None)
            places = getattr(loaded, "__path__", None) or ()
            return bool(spec.origin == file and [*(spec.submodule_search_locations or ())] == [*places])
    return False


def folders() -> tuple[list[str], list[str]]:
    """The folders that this process imports from before those of installed packages, and after them."""
    installed = _installed()
    entries = [os.path.abspath(entry) for entry in sys.path]
    known = [os.path.realpath(entry) in installed or _is_library(entry) for entry in entries]
    first = known.index(True) if True in known else len(entries)
    own = [(at, each) for at, each in enumerate(entries) if not known[at] and os.path.exists(each)]
    return [each for at, each in own if at < first], [each for at, each in own if at > first]


def _installed() -> set[str]:
    paths = sysconfig.get_paths()
    found = [paths[name] for name in ("stdlib", "platstdlib", "purelib", "platlib")]
    found += [*site.getsitepackages(), site.getusersitepackages()]
    return {os.path.realpath(each) for each in found}


def _is_library(entry: str) -> bool:
    """The parts of the standard library that have a folder of their own, or are a zip file."""
    zipped = f"python{sys.version_info[0]}{sys.version_info[1]}.zip"
    return os.path.basename(entry) in ("lib-dynload", zipped)


def installed_last(ahead: Sequence[str]) -> list[str]:
    """Those folders, and the working one, which the command line looks in too."""
    here = os.getcwd()
    return [*ahead] if here in ahead else [*ahead, here]
