"""docs/faults.md: each kind of fault with what is promised, its inputs and what came of them, and its tests."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import docs.evidence.faults as here
from docs.evidence.faults import Input, Kind

KEPT = Path(__file__).with_name("faults.json")
PAGE = Path(__file__).resolve().parents[2] / "faults.md"
OURS = ("common", "page", "running", "__main__")
HEAD = """# Faults that are looked for

A kind of fault is one way to say a wrong thing, or to lose a measurement. This page lists the kinds, what when-async
promises for each, the inputs that try it, and what came of them. An input marked with a number failed once when
somebody tried it; the others were made afterwards, to see whether the kind is mended and not the instance.

`python -m docs.evidence.faults --write` runs every input in a folder of its own and writes this page. Each is a few
lines in `docs/evidence/faults/`, a file for a kind. Behind *tests* stand those of the test suite that hold the promise
at every commit.
"""


@cache
def kinds() -> tuple[Kind, ...]:
    """All kinds, in the order of their files' letters and numbers."""
    found = (each.name for each in pkgutil.iter_modules(here.__path__) if each.name not in OURS)
    names = sorted(found, key=lambda name: (name[0], int(name[1:].partition("_")[0])))
    return tuple(importlib.import_module(f"{here.__name__}.{name}").KIND for name in names)


def key(kind: Kind, case: Input) -> str:
    """What an outcome is kept under."""
    return f"{kind.name}: {case.what}"


def page(kept: Mapping[str, Mapping[str, Any]]) -> str:
    """The page, from the kept outcomes; an input without one says so."""
    return HEAD + "".join(_section(kind, kept) for kind in kinds())


def _section(kind: Kind, kept: Mapping[str, Mapping[str, Any]]) -> str:
    lines = [f"\n## {kind.name[0].upper()}{kind.name[1:]}\n", f"Promised: {kind.promise}.\n"]
    if kind.inputs:
        lines += ["| input | failed once | exit | what is said |", "|---|---|---|---|"]
        lines += [_row(case, kept.get(key(kind, case))) for case in kind.inputs]
    if kind.tests:
        lines += ["", "Tests: " + ", ".join(f"`{name}`" for name in kind.tests) + "."]
    return "\n".join(lines) + "\n"


def _row(case: Input, outcome: Mapping[str, Any] | None) -> str:
    if outcome is None:
        return f"| {case.what} | {case.handed} | | not tried yet |"
    said = (outcome["wrong"] and f"**wrong: {outcome['wrong']}**") or f"“{outcome['line']}”"
    return f"| {_cell(case.what)} | {case.handed} | {outcome['code']} | {_cell(said)} |"


def _cell(text: str) -> str:
    return text.replace("|", "\\|")
