"""A and B of `when-async compare` as the command line names them, and the environments made of them."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from dataclasses import replace

from ...environments.interpreters import NAME, Run, Unresolvable, run_command
from ...environments.pins import label as with_pins
from ...environments.pins import parse
from ...environments.provision import default_label, interpreter_of
from ...environments.sides import HERE, Asked, Sides, export_both, make_both
from ...environments.sources import Source
from ...environments.venvs import Progress
from ...model import Environment
from ...registry import Found, N
from ...selection import requirements_for

GIT = "git:"
_OPERATOR = re.compile(r"[=<>!~]=|[<>]")
_PROGRAM = re.compile(r"(python|pypy)[\d.]*t?")
_LASTING = re.compile(r"(?!HEAD\b)[A-Za-z][\w./-]*")
"""Names that are readable in an id and mean the same tomorrow, as far as a branch does; `HEAD~3` is none."""


def read_side(text: str) -> Asked:
    """What a text such as `3.14+uvloop==0.22.1` or `main` asks for; raises Unresolvable for what cannot be meant.

    An interpreter is a version or the path of a program, a pin has a comparison of versions, all else is a git ref
    or a folder; `git:3.13` is a ref that looks like a version, and ./3.13 a folder that does.
    """
    pythons: list[str] = []
    refs: list[str] = []
    pins: list[str] = []
    for part in [text] if os.path.exists(text) else text.split("+"):
        word = part.strip()
        if word.startswith(GIT):
            refs.append(word.removeprefix(GIT))
        elif os.path.isdir(word) and not NAME.fullmatch(word):
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
    return Asked(refs[0] if refs else None, tuple(pins), pythons[0] if pythons else None, text)


def _is_interpreter(word: str) -> bool:
    program = os.sep in word and _PROGRAM.fullmatch(os.path.basename(word))
    # A file that is called like a branch must not be taken for one to start.
    return bool(NAME.fullmatch(word) or program or (os.sep in word and os.path.isfile(word)))


def _pins(text: str) -> list[str]:
    """Pins that a space or comma joins; `aiohttp>=3.12,<3.14` is one."""
    found: list[str] = []
    for piece in re.split(r"[\s,]+", text.strip(" ,")):
        if found and _OPERATOR.match(piece):
            found[-1] += f",{piece}"
        else:
            found.append(piece)
    return found


def make_sides(a: Asked, b: Asked, modules: Sequence[str], say: Progress, run: Run = run_command) -> Sides:
    """Export the trees and make both environments; raises what `make_side` does."""
    sources = export_both(a, b, run)
    labels = _labels((a, b), sources, run)
    sides = make_both(
        (a, b), sources, labels, modules=modules, requirements=requirements_for(modules), progress=say, run=run
    )
    first, second = sides.environments
    if (first.executable, first.path) == (second.executable, second.path):
        raise Unresolvable(f"{a.text} and {b.text} are one environment; name two that differ")
    return replace(sides, environments=(_named(first, sources[0]), _named(second, sources[1])))


def _named(environment: Environment, source: Source | None) -> Environment:
    # A folder is often called like a branch, which it is not.
    return replace(environment, source=_tree(source)) if source and source.commit is None else environment


def at_home(sides: Sides, found: Found[N], label: str) -> Found[N]:
    """A workload or runner as the tree of one side has it; raises Unresolvable where it has none."""
    ref = sides.reroot(found.ref, label)
    if ref != found.ref and not os.path.exists(ref):
        raise Unresolvable(f"{label} has no {os.path.relpath(found.ref)}; compare trees that both have it")
    return Found(found.value, ref)


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
