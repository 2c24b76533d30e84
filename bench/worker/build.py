"""Asks an interpreter how it was built. Run before anything is measured, and never in a measured process."""

from __future__ import annotations

import os
import sys
import sysconfig
from typing import Any

MAKERS = (("--prefix=/install", "python-build-standalone"), ("pyenv", "pyenv"), ("conda", "conda"))
"""What the arguments of `configure` hold where somebody's tool made it; else it is of the system, or built by hand."""


def build() -> dict[str, Any]:
    """The fields of `model.builds.Build`; holds no path of this machine."""
    arguments = str(sysconfig.get_config_var("CONFIG_ARGS") or "")
    return {
        "pgo": "--enable-optimizations" in arguments,
        "lto": "--with-lto" in arguments and "--with-lto=no" not in arguments,
        "debug": bool(sysconfig.get_config_var("Py_DEBUG")),
        "assertions": "--with-assertions" in arguments,
        "jit": "--enable-experimental-jit" in arguments and "--enable-experimental-jit=no" not in arguments,
        "tail_calls": "--with-tail-call-interp" in arguments,
        "compiler": compiler(),
        "maker": maker(arguments),
    }


def compiler() -> str:
    """`GCC 12.2.0` or `Clang 22.1.1`, from what the interpreter prints at its start."""
    text = sys.version.rpartition("[")[2].rstrip("]")
    words = text.split()
    return " ".join(words[:2]) if len(words) > 1 else text or "unknown"


def maker(arguments: str) -> str:
    """Whose build it is, as far as the arguments of `configure` tell."""
    for mark, name in MAKERS:
        if mark in arguments:
            return name
    if os.path.normpath(sys.base_prefix) in ("/usr", "/usr/local"):
        return "the system" if sys.base_prefix == "/usr" else "hand, in the folder of the system"
    return "hand" if arguments else "somebody"
