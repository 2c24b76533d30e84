"""What else looks on in a process: tracers, profilers and modes for finding faults, all of which slow down its work."""

from __future__ import annotations

import os
import re
import sys
from typing import Any

from ..model import Session

LOOP = "asyncio's debug mode"
TOOLS = 6
"""How many places for tools sys.monitoring has."""


def observers(session: Session | None = None) -> list[str]:
    """Whatever of this kind is at work in this process, or on the loop of a session; it takes microseconds to look."""
    return list(dict.fromkeys([*_hooks(), *_tools(), *_modes(), *_loop(session)]))


def _loop(session: Session | None) -> list[str]:
    # An asyncio.Runner, where the session has one; asyncio itself is not imported for this.
    loop_of = getattr(getattr(session, "runner", None), "get_loop", None)
    return [LOOP] if loop_of is not None and loop_of().get_debug() else []


def _hooks() -> list[str]:
    threading: Any = sys.modules.get("threading")
    found = []
    for name in ("trace", "profile"):
        hook = getattr(sys, f"get{name}")() or getattr(threading, f"get{name}", lambda: None)()
        if hook is not None:
            module = getattr(hook, "__module__", None) or type(hook).__module__
            found.append(f"sys.set{name} by {_short(str(module))}")
    return found


def _short(module: str) -> str:
    """The package of a module; a user's file by its own name, as bench/registry.py has named it."""
    own = re.fullmatch(r"when_async_user_(\w+)_[0-9a-f]{8}", module)
    return f"{own[1]}.py" if own else module.partition(".")[0]


def _tools() -> list[str]:
    monitoring: Any = getattr(sys, "monitoring", None)
    names = [monitoring.get_tool(number) for number in range(TOOLS)] if monitoring is not None else []
    return [f"sys.monitoring by {name}" for name in names if name is not None]


def _modes() -> list[str]:
    environ: Any = {} if sys.flags.ignore_environment else os.environ
    found = []
    if sys.flags.dev_mode:
        found.append("Python's development mode")
    elif environ.get("PYTHONASYNCIODEBUG"):
        found.append(LOOP)
    if sys.flags.optimize:
        found.append("-O, which leaves out assertions, those of an oracle too")
    if str(environ.get("PYTHONMALLOC", "")).endswith("debug"):
        found.append("PYTHONMALLOC=debug")
    if _tracing_memory():
        found.append("tracemalloc")
    return found


def _tracing_memory() -> bool:
    try:
        import _tracemalloc  # built in, and loaded by whoever traces
    except ImportError:
        return False
    return bool(_tracemalloc.is_tracing())
