"""How an interpreter was built, as far as it tells: what makes two of them unlike beside their version."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

Build = Mapping[str, Any]
"""The fields of `SWITCHES` as booleans, and `compiler` and `maker` as texts; empty where nobody asked."""

SWITCHES = {
    "pgo": "profile-guided optimisation", "lto": "link-time optimisation", "debug": "debug build",
    "assertions": "assertions", "jit": "a JIT", "tail_calls": "tail calls",
}  # fmt: skip


def said(build: Build) -> str:
    """`GCC 12.2.0, made by pyenv, with link-time optimisation, without profile-guided optimisation`."""
    if not build:
        return "how it was built was not recorded"
    has = [words for name, words in SWITCHES.items() if build.get(name)]
    parts = [str(build.get("compiler", "unknown compiler")), f"made by {build.get('maker', 'somebody')}"]
    parts += [f"with {', '.join(has)}"] if has else []
    # What every build for use has is missed where it is not there.
    parts += [] if build.get("pgo") else [f"without {SWITCHES['pgo']}"]
    return ", ".join(parts)


def unlike(one: Build, other: Build) -> list[str]:
    """In what two builds differ so that a figure may tell of it, own value first; empty where nothing is known."""
    if not one or not other:
        return [] if not one and not other else ["how one of them was built was not recorded"]
    found = [
        f"{words} {_word(one.get(name))} vs {_word(other.get(name))}"
        for name, words in SWITCHES.items()
        if bool(one.get(name)) != bool(other.get(name))
    ]
    mine, theirs = _family(one), _family(other)
    return [*found, *([f"compiler {mine} vs {theirs}"] if mine != theirs else [])]


def _word(value: object) -> str:
    return "yes" if value else "no"


def _family(build: Build) -> str:
    """The compiler with its first number: what lies behind it is no other compiler."""
    return str(build.get("compiler", "")).partition(".")[0]
