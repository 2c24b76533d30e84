"""A and B of `when-async compare` as the command line names them, and the environments made of them."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from ..environments.interpreters import NAME, Run, Unresolvable, run_command
from ..environments.pins import label as with_pins
from ..environments.pins import parse
from ..environments.provision import default_label, interpreter_of
from ..environments.sides import make_side
from ..environments.sources import Source, export, project, reroot
from ..model import Environment
from ..registry import Found, N
from ..selection import requirements_for

HERE = "."
GIT = "git:"
_OPERATOR = re.compile(r"[=<>!~]=|[<>]")
_PROGRAM = re.compile(r"(python|pypy)[\d.]*t?")
_LASTING = re.compile(r"(?!HEAD\b)[A-Za-z][\w./-]*")
"""Names that are readable in an id and mean the same tomorrow, as far as a branch does; `HEAD~3` is none."""


@dataclass(frozen=True)
class Asked:
    """One side: what was written, and the interpreter, pins and git ref or folder that it names, each if any."""

    text: str
    python: str | None = None
    pins: tuple[str, ...] = ()
    ref: str | None = None


@dataclass
class Sides:
    """Two environments that can be measured beside each other, with the source trees of those that have one."""

    environments: tuple[Environment, Environment]
    sources: Mapping[str, Source] = field(default_factory=dict)
    project: Path = field(default_factory=Path)
    notes: tuple[str, ...] = ()

    def at_home(self, found: Found[N], label: str) -> Found[N]:
        """A workload or runner as the tree of one side has it; raises Unresolvable where it has none."""
        if label not in self.sources:
            return found
        ref = reroot(found.ref, self.project, self.sources[label])
        if ref != found.ref and not os.path.exists(ref):
            raise Unresolvable(f"{label} has no {os.path.relpath(found.ref)}; compare trees that both have it")
        return Found(found.value, ref)


def read_side(text: str) -> Asked:
    """What a text such as `3.14+uvloop==0.22.1` or `main` asks for; raises Unresolvable for what cannot be meant.

    An interpreter is a version or the path of a program, a pin has a comparison of versions, all else is a git ref
    or a folder; `git:3.13` is a ref that looks like a version.
    """
    pythons: list[str] = []
    refs: list[str] = []
    pins: list[str] = []
    for part in [text] if os.path.exists(text) else text.split("+"):
        word = part.strip()
        if word.startswith(GIT):
            refs.append(word.removeprefix(GIT))
        elif os.path.isdir(word):
            refs.append(word)
        elif _OPERATOR.search(word):
            pins += _pins(word)
        elif _is_interpreter(word):
            pythons.append(word)
        else:
            refs.append(word)
    for found, noun in ((pythons, "interpreters"), (refs, "source trees")):
        if len(found) > 1:
            raise Unresolvable(f"{text!r} names two {noun}, {' and '.join(found)}; a side has one of each")
    return Asked(text, pythons[0] if pythons else None, tuple(pins), refs[0] if refs else None)


def _is_interpreter(word: str) -> bool:
    program = os.sep in word and _PROGRAM.fullmatch(os.path.basename(word))
    return bool(NAME.fullmatch(word) or program or os.path.isfile(word))


def _pins(text: str) -> list[str]:
    """Pins that a space or comma joins; `aiohttp>=3.12,<3.14` is one."""
    found: list[str] = []
    for piece in re.split(r"[\s,]+", text.strip(" ,")):
        if found and _OPERATOR.match(piece):
            found[-1] += f",{piece}"
        else:
            found.append(piece)
    return found


def make_sides(a: Asked, b: Asked, modules: Sequence[str], say: Callable[[str], None], run: Run = run_command) -> Sides:
    """Export the trees and make both environments; raises what `bench.sides.make_side` does."""
    here = project(Path.cwd(), run)
    sources = [None if side.ref is None else export(side.ref, repository=here, run=run) for side in (a, b)]
    # Where one side needs an environment of its own the other gets one too: they must differ in nothing else.
    separate = any(side.pins or side.python not in (None, default_label()) for side in (a, b))
    labels = _labels((a, b), sources, run)
    made = [
        make_side(
            label=label, modules=modules, requirements=requirements_for(modules), progress=say, python=side.python,
            pins=side.pins, ref=source, separate=separate, repository=here, run=run,
        )
        for side, source, label in zip((a, b), sources, labels, strict=True)
    ]  # fmt: skip
    if (made[0].executable, made[0].path) == (made[1].executable, made[1].path):
        raise Unresolvable(f"{a.text} and {b.text} are one environment; name two that differ")
    for place, source in enumerate(sources):
        if source and source.commit is None:
            # A folder is often called like a branch, which it is not.
            made[place] = replace(made[place], source=_tree(source))
    notes = [note for source in sources if source for note in source.notes]
    known = {label: source for label, source in zip(labels, sources, strict=True) if source}
    return Sides((made[0], made[1]), known, here, tuple(dict.fromkeys(notes)))


def _labels(sides: Sequence[Asked], sources: Sequence[Source | None], run: Run) -> list[str]:
    """Short names that stay apart in ids."""
    found: list[str] = []
    for side, source in zip(sides, sources, strict=True):
        words = ([_python(side.python, run)] if side.python else []) + ([_tree(source)] if source else [])
        label = with_pins("+".join(words) or default_label(), parse(side.pins))
        found.append(f"{label}-2" if label in found else label)
    return found


def _python(name: str, run: Run) -> str:
    asked = NAME.fullmatch(name)
    return asked["name"] if asked else interpreter_of(name, run).label


def _tree(source: Source) -> str:
    """`main`, a short commit, a folder's name, or `worktree` for the folder that one works in."""
    if source.commit is None:
        return "worktree" if source.asked == HERE else source.name
    return source.asked if _LASTING.fullmatch(source.asked) else source.name
