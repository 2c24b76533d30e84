"""A side of a comparison of two trees: whose a file is, and what its process has imported of the project."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from types import ModuleType
from typing import Any

SIDE = "WHEN_ASYNC_SIDE"
"""The variable that holds the path of a side's file."""

WRONG = "wrong code: "
"""Begins what is said of a module that is not of its side; a pool hands it on inside other words."""


@dataclass(frozen=True)
class Side:
    """One side of a comparison of two trees, as its processes are told of it; all paths are of this machine.

    `own` is the real top of its tree, `foreign` are those that it must import nothing from, `roots` the folders that
    its packages lie in, `aliases` packages that are called otherwise than their folders, `installed` the files of a
    copy of the project that is installed for both sides, and `neutral` folders of either tree that hold the libraries
    of others, such as a virtual environment.
    """

    own: str
    foreign: tuple[str, ...] = ()
    roots: tuple[str, ...] = ()
    aliases: Mapping[str, str] = field(default_factory=dict)
    installed: tuple[str, ...] = ()
    neutral: tuple[str, ...] = ()

    def owner(self, file: str) -> str:
        """Whose tree a file lies in, the innermost one; empty for what lies in none, or is installed in one."""
        real = os.path.realpath(file)
        if not {"site-packages", "dist-packages"}.isdisjoint(real.split(os.sep)):
            return ""
        if any(_within(real, folder) for folder in self.neutral):
            return ""
        return max((tree for tree in (self.own, *self.foreign) if _within(real, tree)), key=len, default="")

    def is_foreign(self, file: str) -> bool:
        return self.owner(file) not in ("", self.own)

    def holds(self, module: str) -> bool:
        """Whether its own tree has a module of that name, so that any other is a copy."""
        place = module.replace(".", os.sep)
        return any(
            os.path.isfile(os.path.join(root, place + ending)) for root in self.roots for ending in (".py", INIT)
        )

    def complaint(self, modules: Mapping[str, str]) -> str:
        """What is wrong with the files that modules came from: one line with the cure; empty where they are its own."""
        copies = frozenset(self.installed)
        for name, file in modules.items():
            if self.is_foreign(file):
                return (
                    f"{WRONG}{name} came from {file}, which is not in its own tree; let nothing put that folder on "
                    "sys.path, or give each side an environment of its own: --install"
                )
            if file in copies or (self.owner(file) != self.own and self.holds(name)):
                return (
                    f"{WRONG}{name} came from an installed copy, {file}; uninstall that, or give each side an "
                    "environment of its own: --install"
                )
        return ""


INIT = os.sep + "__init__.py"


def _within(path: str, folder: str) -> bool:
    return path == folder or path.startswith(folder.rstrip(os.sep) + os.sep)


@cache
def side_of(file: str) -> Side:
    """What the file of a side says."""
    with open(file, encoding="utf-8") as text:
        told: dict[str, Any] = json.load(text)
    given: dict[str, Any] = {name: tuple(each) if isinstance(each, list) else each for name, each in told.items()}
    return Side(**given)


def my_side() -> Side | None:
    """The side that this process belongs to, if it belongs to one."""
    file = os.environ.get(SIDE)
    return side_of(file) if file else None


def imported() -> dict[str, str]:
    """The file of every module of the project that this process has imported by now; empty where it is of no side."""
    side = my_side()
    if side is None:
        return {}
    tops = {name.partition(".")[0] for root in side.roots for name in os.listdir(root)} | {*side.aliases}
    copies = frozenset(side.installed)
    found = {}
    for name, module in list(sys.modules.items()):
        file = vars(module).get("__file__") if isinstance(module, ModuleType) else None
        top = name.partition(".")[0]
        if not isinstance(file, str) or top in sys.stdlib_module_names or top in OURS:
            continue
        if side.owner(file) or file in copies or top in tops:
            found[name] = file
    return found


OURS = ("when_async", "__main__", "__mp_main__")


def check_code() -> None:
    """Raise RuntimeError where this process has imported what is not of its side; looks once, however many ask."""
    side = my_side()
    if side is None or os.getpid() in LOOKED:
        return
    LOOKED.add(os.getpid())
    if complaint := side.complaint(imported()):
        raise RuntimeError(complaint)


LOOKED: set[int] = set()
