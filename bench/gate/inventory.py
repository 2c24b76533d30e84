"""Lists what can be measured in one source tree, asked of an interpreter that runs there.

Base and head may define different benchmarks, and one process cannot import both trees. So this file is run as a
script by each side's interpreter, with that side's path, and prints one JSON object. It imports what the tree
has, and nothing but the standard library besides.
"""

from __future__ import annotations

import json
import os
import re
import sys
from collections.abc import Collection, Mapping, Sequence

from when_async.bench import selection
from when_async.bench.model import Point, Runner, Workload
from when_async.bench.quantity import comparison_id
from when_async.bench.registry import Found, RegistryError, bodies_for


def inventory(workloads: Sequence[str], runners: Sequence[str], profile: str) -> list[dict[str, str]]:
    """One flat object for each cell that the tree defines, whether its libraries are there or not.

    What its workload refuses at a point is no cell there.

    Names that the tree does not have are passed over: to be missing is a finding, not an error.
    """
    here, able = [spec for spec in workloads if _there(spec)], [spec for spec in runners if _there(spec)]
    known = selection.catalogue(here, able)
    chosen = [spec for spec in here if _has(spec, known.workloads)]
    allowed = [spec for spec in able if _has_runner(spec, known.runners)]
    if (workloads and not chosen) or (runners and not allowed):
        return []
    selected = selection.select(known, chosen or sized_for(profile, known.workloads), allowed, profile)
    return [
        {
            "cell": _cell(comparison_id(found.value, point), runner.value.name, key),
            "workload": found.value.name,
            "comparison": comparison_id(found.value, point),
            "runner": runner.value.name,
            "body_key": key,
        }
        for found, point in selected.points
        for runner in selected.runners.values()
        for key in bodies_for(found.value, runner.value)
        if not _refuses(found.value, point, key)
    ]


def _refuses(workload: Workload, point: Point, key: str) -> bool:
    """Whether the workload itself gives a body no part at a point; those of older trees never do."""
    refuses = getattr(workload, "refuses", None)
    return bool(refuses and refuses(point.params, key))


def sized_for(profile: str, known: Mapping[str, Found[Workload]]) -> list[str]:
    """What is taken when no workload is named: those with a grid of this profile, and the instrument's own.

    A gate takes many short rounds, and a workload that was not sized for that would use up its time.
    """
    return [name for name, found in known.items() if profile in found.value.grid or found.value.calibration]


def _cell(comparison: str, runner: str, key: str) -> str:
    library = key.partition("/")[2]
    return f"{comparison}-{runner}/{library}" if library else f"{comparison}-{runner}"


def _there(spec: str) -> bool:
    """Whether a spec is a name, or a file that exists."""
    path = _file(spec)
    return not path or os.path.isfile(path)


def _file(spec: str) -> str:
    """The path in a spec, whose folders may have brackets in their names; empty where it is no file."""
    found = re.fullmatch(r"(.*\.py)(\[[^\[\]]*\])?", spec, re.DOTALL)
    return found[1] if found else ""


def _has(spec: str, known: Collection[str]) -> bool:
    return bool(_file(spec)) or spec.partition("[")[0] in known


def _has_runner(spec: str, known: Mapping[str, Found[Runner]]) -> bool:
    # A tree from before patterns and families knows names only.
    runners_of = getattr(selection, "runners_of", None)
    if runners_of is None:
        return _has(spec, known)
    try:
        return bool(runners_of(spec, known))
    except RegistryError:
        return False


def main() -> int:
    asked = json.loads(sys.argv[1])
    if asked.get("folder"):
        os.chdir(asked["folder"])
    try:
        cells = inventory(asked["workloads"], asked["runners"], asked["profile"])
    except Exception as error:
        print(json.dumps({"error": f"{type(error).__name__}: {error}"}))
        return 0
    print(json.dumps({"cells": cells}))
    return 0


if __name__ == "__main__":
    sys.exit(main())
