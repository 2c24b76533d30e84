"""What a worker is not given of the surroundings: modes for finding faults, and tools that watch a program from inside.

They are set for a shell or a test suite, and what they cost is no part of the work. Without assertions (`-O`) an oracle
would pass whatever it is shown.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Mapping, Sequence

VARIABLES = re.compile(
    "PYTHON(OPTIMIZE|ASYNCIODEBUG|DEVMODE|TRACEMALLOC|INSPECT|VERBOSE|PROFILEIMPORTTIME|DUMPREFS|DEBUG)"
    "|COVERAGE_PROCESS_(START|CONFIG)|COV_CORE_.+"
)
OPTIONS = ("dev", "tracemalloc", "importtime", "showrefcount")
"""Names of `-X` options."""


def undisturbed(environ: Mapping[str, str]) -> dict[str, str]:
    """The variables without those."""
    return {name: value for name, value in environ.items() if not _watches(name, value)}


def _watches(name: str, value: str) -> bool:
    return bool(VARIABLES.fullmatch(name)) or (name == "PYTHONMALLOC" and value.endswith("debug"))


def quiet_options(options: Sequence[str]) -> list[str]:
    """`-X name` pairs without those."""
    pairs = list(zip(options[::2], options[1::2], strict=True))
    return [part for pair in pairs if pair[1].partition("=")[0] not in OPTIONS for part in pair]


def kept_out(environ: Mapping[str, str]) -> list[str]:
    """By name what of this process its workers are not given; a variable that is empty says nothing."""
    found = sorted(name for name, value in environ.items() if value and _watches(name, value))
    found += [f"-X {name}" for name in getattr(sys, "_xoptions", {}) if name in OPTIONS]
    return found + (["-O"] if sys.flags.optimize and "PYTHONOPTIMIZE" not in found else [])
