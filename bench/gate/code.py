"""Looks at both sides before anything is measured: whose code runs, and whether one side has what git does not hold.

A module that a build wrote (`_version.py`, `schema_pb2.py`, a compiled extension) lies in the working copy and in no
commit. Head would run with it and base without; at best base breaks, at worst it takes a slower way round.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib.machinery import EXTENSION_SUFFIXES
from pathlib import Path

from ..environments import git
from ..environments.interpreters import Run, run_command
from ..environments.layout import layout
from ..environments.sources import Source
from ..model import FailedError
from .pairs import Looked, PairedCell, Pairs

NO_MODULE = re.compile(r"No module named '([\w.]+)'")
NO_NAME = re.compile(r"cannot import name '(\w+)' from (?:partially initialized module )?'([\w.]+)'")
NO_FILE = re.compile(r"No such file or directory: '([^']+)'")
CURE = "commit it, name it in generated of [tool.when-async.gate], or have each side built: --install"


class NotInGit(FailedError):
    """A side lacks what only a build writes; the text names it and says what to do. Ends the gate."""


@dataclass(frozen=True)
class Trees:
    """Where the same file is: in the working copy of the project, and in the tree of each side, by label."""

    project: Path
    sources: Mapping[str, Source]
    run: Run = run_command

    def untracked(self, files: Sequence[Path], *, ignored: bool) -> set[Path]:
        """Those of the project's files that git does not hold; with `ignored` those that it was told to leave out."""
        kind = ("--ignored", "--exclude-standard") if ignored else ()
        asked = ("ls-files", "--others", *kind, "-z", "--", *map(str, files))
        done = git.git(self.project, self.run, *asked) if files else None
        return {self.project / name for name in done.stdout.split("\0") if name} if done else set()

    def home(self, file: str) -> Path | None:
        """The file of the working copy that a file of one of the trees stands for."""
        for source in self.sources.values():
            for top in (source.path, source.path.resolve()):
                if Path(file).is_relative_to(top):
                    return self.project / Path(file).relative_to(top)
        return None


def check(cells: Iterable[PairedCell], pairs: Pairs, trees: Trees) -> None:
    """Open each body once on both sides; raises WrongCode, or NotInGit where one lacks what only a build writes.

    What else goes wrong there is for the walk to find.
    """
    for paired in one_of_each(cells):
        looked = pairs.look(paired)
        for side, reason in looked.failed.items():
            explain(side, reason, trees)
        told = _lacking(looked, trees)
        if told:
            raise NotInGit(told)


def one_of_each(cells: Iterable[PairedCell]) -> list[PairedCell]:
    """One cell for each body, since points and runners of a body import the same."""
    found: dict[tuple[str, str], PairedCell] = {}
    for paired in cells:
        found.setdefault((paired.head.workload.ref, paired.head.cell.body_key.partition("/")[0]), paired)
    return list(found.values())


def _lacking(looked: Looked, trees: Trees) -> str:
    """What head imports and base lacks because git was told to leave it out; empty where there is no such file."""
    base = trees.sources.get("base")
    if base is None:
        return ""
    homes = {home: name for name, file in looked.modules.get("head", {}).items() if (home := trees.home(file))}
    missing = [home for home in homes if not (base.path / home.relative_to(trees.project)).exists()]
    for home in sorted(trees.untracked(missing, ignored=True)):
        shown = home.relative_to(trees.project)
        return f"head imports {homes[home]} from {shown}, which git ignores and base has not; {CURE}"
    return ""


def explain(side: str, reason: str, trees: Trees) -> None:
    """Raise NotInGit where a side failed for want of a file that the working copy has and git has not."""
    for home in _wanted(reason, trees):
        if home.is_file() and trees.untracked([home], ignored=False):
            shown = home.relative_to(trees.project)
            raise NotInGit(f"{side} needs {shown}, which is in the working folder and in no commit; {CURE}")
    named = NO_MODULE.search(reason)
    writer = named and _writer(named[1], trees)
    if writer:
        raise NotInGit(
            f"{side} needs {writer}, which is written when the project is installed, and it is not there; "
            "write it with: pip install --editable ."
        )


def _wanted(reason: str, trees: Trees) -> Iterator[Path]:
    """Files of the working copy that a failure may have wanted."""
    names = NO_MODULE.findall(reason) + [f"{module}.{name}" for name, module in NO_NAME.findall(reason)]
    for name in names:
        place = name.replace(".", os.sep)
        for root in layout(trees.project).roots:
            for ending in (".py", f"{os.sep}__init__.py", *EXTENSION_SUFFIXES):
                yield Path(os.path.normpath(trees.project / root / (place + ending)))
    for file in NO_FILE.findall(reason):
        home = trees.home(file) if os.path.isabs(file) else trees.project / file
        if home is not None:
            yield home


def _writer(module: str, trees: Trees) -> str:
    """The file of a module that a build backend was told to write the version to; empty where it is none."""
    from ..environments.versions import version_files

    place = module.replace(".", "/") + ".py"
    return next((file for file in version_files(trees.project) if file.endswith(place)), "")
