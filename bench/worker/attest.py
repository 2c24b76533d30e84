"""Says what a process really is: interpreter, GIL, switches set from outside, library versions (method.md, R12).

Standard library only, because it runs in every interpreter we measure and in the measured process itself. What is
heavy is imported where it is needed. `python -m when_async.bench.worker.attest MODULE...` prints it all as one line of
JSON.
"""

from __future__ import annotations

import gc
import os
import re
import sys
from collections.abc import Iterable, Sequence
from typing import Any

WATCHED = (
    "OMP_NUM_THREADS", "UV_THREADPOOL_SIZE", "LD_PRELOAD", "GLIBC_TUNABLES", "MALLOC_ARENA_MAX", "MALLOC_TOP_PAD_",
    "MALLOC_MMAP_THRESHOLD_", "MALLOC_TRIM_THRESHOLD_",
)  # fmt: skip
"""Environment variables beside PYTHON* that change what is measured."""

IMPLEMENTATIONS = {"cpython": "CPython", "pypy": "PyPy", "graalpy": "GraalVM"}

SECRET = re.compile("TOKEN|KEY|SECRET|PASS|AUTH|CREDENTIAL")
"""Run files are published; a variable with such a name is told to be set, its value never."""


SHOWN_EXTENSIONS = 5


def attest(gil_by: Sequence[str] = ()) -> dict[str, Any]:
    """The truth about this process, fit for JSON; holds no absolute path and nothing of the user's.

    `gil_by` are modules for which the interpreter was heard to switch the GIL on.
    """
    return {
        "implementation": IMPLEMENTATIONS.get(sys.implementation.name, sys.implementation.name),
        "version": python_version(),
        "gil": gil_enabled(),
        "gil_build": gil_build(),
        "gil_because": gil_because(gil_by),
        "jit": jit_enabled(),
        "executable": os.path.basename(sys.executable or ""),
        "switch_interval_s": _switch_interval_s(),
        "hash_seed": os.environ.get("PYTHONHASHSEED") or "random",
        "gc_enabled": gc.isenabled(),
        "gc_threshold": list(gc.get_threshold()) if hasattr(gc, "get_threshold") else [],
        "affinity": sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else [],
        "flags": flags(),
        "thread_count": thread_count(),
    }


def python_version() -> str:
    """The version as `platform.python_version()` gives it, without importing platform."""
    info = sys.version_info
    text = f"{info.major}.{info.minor}.{info.micro}"
    if info.releaselevel == "final":
        return text
    level = {"alpha": "a", "beta": "b"}.get(info.releaselevel, "rc")
    return f"{text}{level}{info.serial}"


def gil_enabled() -> bool:
    """Whether the GIL is on at this moment; an import can turn it on in a free-threaded build."""
    asked = getattr(sys, "_is_gil_enabled", None)
    return True if asked is None else bool(asked())


def gil_build() -> bool:
    """Whether this build always has a GIL; False for a free-threaded build, whatever its GIL does now."""
    if not hasattr(sys, "_is_gil_enabled"):
        return True
    import sysconfig

    return not sysconfig.get_config_var("Py_GIL_DISABLED")


def gil_because(switched_by: Sequence[str] = ()) -> str:
    """Why the GIL is on or off, in words; empty where the build is free-threaded and nobody wanted it otherwise."""
    if gil_build():
        return "this build cannot do without it"
    set_outside = [f"{name}={value}" for name, value in flags().items() if name in ("PYTHON_GIL", "-X gil")]
    if set_outside:
        return f"{' and '.join(set_outside)} was set outside"
    if switched_by:
        return f"importing {', '.join(dict.fromkeys(switched_by))} switched it on"
    suspects = loaded_extensions() if gil_enabled() else []
    return f"one of these extension modules may have switched it on: {', '.join(suspects)}" if suspects else ""


def loaded_extensions() -> list[str]:
    """The first few packages that hold a loaded extension module and are not of the standard library."""
    from importlib.machinery import EXTENSION_SUFFIXES

    files = [(name, str(getattr(module, "__file__", None))) for name, module in list(sys.modules.items())]
    tops = [name.partition(".")[0] for name, file in files if file.endswith(tuple(EXTENSION_SUFFIXES))]
    return [top for top in dict.fromkeys(tops) if top not in sys.stdlib_module_names][:SHOWN_EXTENSIONS]


def jit_enabled() -> bool | None:
    """Whether CPython's JIT is on; None where the interpreter cannot be asked."""
    jit = getattr(sys, "_jit", None)
    if jit is not None:
        return bool(jit.is_enabled())
    return False if sys.implementation.name == "cpython" and sys.version_info < (3, 13) else None


def flags() -> dict[str, Any]:
    """Every switch set from outside: environment variables by name, and `-X name` options."""
    found: dict[str, Any] = {}
    for name, value in sorted(os.environ.items()):
        if name.startswith("PYTHON") or name in WATCHED:
            found[name] = _harmless(name, value)
    for name, value in sorted(getattr(sys, "_xoptions", {}).items()):
        found[f"-X {name}"] = _harmless(name, value) if isinstance(value, str) else value
    return found


def _harmless(name: str, value: str) -> str:
    """The value as it may be published: paths and secrets are left out, a preloaded library keeps its base name."""
    if name == "LD_PRELOAD":
        return " ".join(os.path.basename(part) for part in re.split("[ :]", value) if part)
    if name == "PYTHONPATH" or os.sep in value or SECRET.search(name.upper()):
        return "set"
    return value


def _switch_interval_s() -> float | None:
    try:
        return sys.getswitchinterval()
    except AttributeError:
        return None


def thread_count() -> int:
    """Threads of this process: those of the system where it tells, else those that Python started."""
    try:
        return len(os.listdir("/proc/self/task"))
    except OSError:
        import threading

        return threading.active_count()


def versions(modules: Iterable[str]) -> dict[str, str | None]:
    """The version of each importable module: `stdlib`, a number, `unknown`, or None where it is missing."""
    return {module: version(module) for module in modules}


def version(module: str) -> str | None:
    """The version of one module, found without importing it (its parent packages are)."""
    import importlib.util

    top = module.partition(".")[0]
    try:
        present = importlib.util.find_spec(module) is not None
    except Exception:
        # Imported without a spec (ValueError), or a parent package fails to import, whatever that raises.
        present = module in sys.modules
    if not present:
        return None
    if top in sys.stdlib_module_names:
        return "stdlib"
    import importlib.metadata

    for name in (module, top):
        try:
            return importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            continue
    return "unknown"


def main(modules: Iterable[str]) -> None:
    """Print one JSON line: the attestation, then the versions and the build, which import more and so come last."""
    import json

    from .build import build

    attestation = attest()
    print(json.dumps({"attestation": attestation, "modules": versions(modules), "build": build()}))


if __name__ == "__main__":
    main(sys.argv[1:])
