"""Takes out of an environment what is installed there and does not import, so that "yes" in the matrix holds."""

from __future__ import annotations

from collections.abc import Mapping

from . import uv_words
from .interpreters import Interpreter, Run, tool_environ, uv_program

IMPORT = "import importlib, sys; importlib.import_module(sys.argv[1])"


def weed(python: str, interpreter: Interpreter, installed: Mapping[str, str], run: Run) -> dict[str, str]:
    """Uninstall the modules (to their requirements) that do not import; returns why, for each of them.

    A wheel can fit an interpreter by its tags and still use what that interpreter no longer has, or lack a
    dependency there. Looking for the module without importing it, as the probe of an environment does, cannot tell.
    """
    from packaging.requirements import Requirement

    broken = {module: _complaint(python, module, run) for module in installed}
    said = {module: text for module, text in broken.items() if text}
    if said:
        names = [Requirement(installed[module]).name for module in said]
        run([uv_program(), "pip", "uninstall", "--python", python, *names], tool_environ())
    return {module: f"{module} does not import on {interpreter.name}: {text}" for module, text in said.items()}


def _complaint(python: str, module: str, run: Run) -> str:
    # Isolated, and each in a process of its own: a library that patches or crashes must not decide about the next.
    done = run([python, "-I", "-c", IMPORT, module], tool_environ())
    return uv_words.public(done.last_words) if done.returncode != 0 else ""
