"""Inputs that a careless tool answers wrongly, by kind: how each is made, what is right, and what is said today.

A kind is a file beside this one with `KIND = Kind(...)`. `python -m docs.evidence.faults --write` runs them all, one
after another, and writes `docs/faults.md` from what they said.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Input:
    """One input: `files` in a folder of its own, a shell line there, and what is right.

    `says` is a regular expression that what is printed must hold somewhere, `never` one that it may not hold, `code`
    the exit status (several where more than one is right). Where `base` is given, the folder is a repository whose
    branch main holds these files with those of `base` over them (None is no file), and the working folder `files`.
    """

    what: str
    command: str
    says: str
    code: int | tuple[int, ...] = 0
    files: Mapping[str, str] = field(default_factory=dict)
    base: Mapping[str, str | None] | None = None
    never: str = ""
    environ: Mapping[str, str] = field(default_factory=dict)
    needs: str = ""
    """A module that has to be there; without it the input is left out and says so."""
    handed: str = ""
    """Number of the input that was handed over and failed once; empty for a further one of ours."""

    @property
    def codes(self) -> tuple[int, ...]:
        return self.code if isinstance(self.code, tuple) else (self.code,)


@dataclass(frozen=True)
class Kind:
    """A kind of fault: its name, what is promised, inputs of it, and the tests of the suite that hold the promise."""

    name: str
    promise: str
    inputs: tuple[Input, ...]
    tests: tuple[str, ...] = ()
