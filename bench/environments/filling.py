"""Puts into an exported commit what git leaves out of it: submodules, the version file, and what a project names.

Asked at every use of a kept tree, since a submodule may have been fetched and a version file written meanwhile. What
the commit itself holds is never touched.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from ..reaping.reaper import scratch
from . import git
from .git import SHORT, SourceError
from .interpreters import Run
from .versions import described, generated, version_files

DONE = ".when-async-submodule.json"
"""Says which commit of a submodule was exported into its folder."""


@dataclass(frozen=True)
class Filling:
    """What is filled: the tree of `commit` at `root`, whose project lies `inside`, from the repository at `top`.

    `held` says whether the commit holds a file; `wanted` are patterns of files of the working copy that base is to
    have too, relative to the project.
    """

    root: Path
    inside: Path
    commit: str
    top: Path
    held: Mapping[str, object]
    wanted: Sequence[str]
    run: Run

    def notes(self, ref: str) -> list[str]:
        """Do it, and say what the reader should know; raises SourceError."""
        return [*self._submodules(ref), *self._versions(ref), *self._copies(ref)]

    def _submodules(self, ref: str) -> list[str]:
        if not (self.root / ".gitmodules").is_file():
            return []
        absent = list(_submodules(self.commit, self.top, self.root, self.run))
        if not absent:
            return []
        return [
            f"the submodules of {ref} that are not there in the working folder are not exported "
            f"({', '.join(absent)}); their folders are empty"
        ]

    def _versions(self, ref: str) -> list[str]:
        told = []
        for name in version_files(self.root / self.inside):
            here = self.top / self.inside / name
            if not self._missing(name):
                continue
            if here.is_file():
                self._write(name, here.read_bytes())
                told.append(f"{name} of {ref} is that of the working folder, since no commit holds it")
            else:
                version = described(self.commit, self.top, self.run)
                self._write(name, generated(version).encode())
                told.append(f"{name} of {ref} says {version} and was written for this comparison")
        return told

    def _copies(self, ref: str) -> list[str]:
        project = self.top / self.inside
        found = {
            str(here.relative_to(project))
            for pattern in self.wanted
            for here in project.glob(pattern)
            if here.is_file() and here.is_relative_to(project)
        }
        copied = sorted(name for name in found if self._missing(name))
        for name in copied:
            self._write(name, (project / name).read_bytes())
        return [f"{name} of {ref} is that of the working folder, as generated says" for name in copied]

    def _missing(self, name: str) -> bool:
        """Whether the commit does not hold a file of its project."""
        there = self.root / self.inside / name
        return str(self.inside / name) not in self.held and there.parent.resolve().is_relative_to(self.root.resolve())

    def _write(self, name: str, text: bytes) -> None:
        there = self.root / self.inside / name
        with contextlib.suppress(OSError):
            if there.read_bytes() == text:
                return
        there.parent.mkdir(parents=True, exist_ok=True)
        there.write_bytes(text)


def _submodules(commit: str, top: Path, root: Path, run: Run) -> Iterator[str]:
    """Export each submodule of a commit, and theirs, into its empty folder; yields those that nobody has fetched."""
    listed = git.git(top, run, "ls-tree", "-r", "-z", commit).stdout.split("\0")
    for entry in (line for line in listed if line.startswith("160000 ")):
        about, _, name = entry.partition("\t")
        wanted, there, here = about.split()[2], root / name, top / name
        if not (here / ".git").exists():
            yield name
            continue
        if git.commit_of(wanted, here, run) is None:
            raise SourceError(
                f"commit {commit[:SHORT]} has its submodule {name} at {wanted[:SHORT]}, which was not fetched; "
                f"get it with: git -C {name} fetch origin {wanted}"
            )
        if not _is_done(there, wanted):
            with scratch(".new-", root.parent) as made:
                there.mkdir(parents=True, exist_ok=True)
                git.check_out(wanted, here, there, made / "index", run)
            (there / DONE).write_text(json.dumps({"commit": wanted}), encoding="utf-8")
        yield from (f"{name}/{each}" for each in _submodules(wanted, here, there, run))


def _is_done(folder: Path, commit: str) -> bool:
    try:
        found: object = json.loads((folder / DONE).read_text(encoding="utf-8"))["commit"]
    except (OSError, ValueError, KeyError, TypeError):
        return False
    return found == commit
