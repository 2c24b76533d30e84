"""Write docs/matrix.md: which runner can do which workload on which interpreter.

    python -m docs.matrix             from docs/matrix.json and from the runners and workloads as they are now
    python -m docs.matrix --record    the same after looking anew at every interpreter of this machine

docs/matrix.json holds what the interpreters could import when it was recorded, so that the page can be made, and
checked, on a machine that has only one of them.
"""

from __future__ import annotations

import argparse
import json
import platform
import sys
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from when_async.bench.cli.matrix import PYTHONS, listed, matrix_rows, tables
from when_async.bench.environments.provision import Missing
from when_async.bench.model import Environment
from when_async.bench.registry import install_line
from when_async.bench.selection import ALL, Catalogue, catalogue, environments_for
from when_async.reports.page.markdown import pipes

PAGE, RECORD = (Path(__file__).with_name(name) for name in ("matrix.md", "matrix.json"))
PASSING = ("could not be fetched", "could not be installed")
"""What venvs says where another try may go well; such an answer is none to be kept."""


def look(known: Catalogue) -> dict[str, Any]:
    """What each interpreter of this machine can import of all that some runner or workload needs."""
    found = environments_for(known.modules([ALL]), PYTHONS, lambda text: print(text, file=sys.stderr))
    wrong = [text for each in found for text in complaints(each)]
    if wrong:
        raise SystemExit("\n".join([*wrong, "nothing was recorded"]))
    return {
        "platform": f"{platform.system()} {platform.machine()}",
        "recorded": f"{datetime.now(UTC):%Y-%m-%d}",
        "environments": [as_record(each) for each in found],
    }


def complaints(environment: Environment | Missing) -> list[str]:
    """Why what was found in an environment is chance and must not be recorded."""
    if isinstance(environment, Missing):
        return []
    reasons = environment.reasons
    lacking = [module for module, version in environment.modules.items() if version is None and module not in reasons]
    return [
        *(f"{environment.label}: {text}" for text in reasons.values() if any(sign in text for sign in PASSING)),
        *(f"{environment.label}: {module} is not installed; {install_line(module)}" for module in lacking),
    ]


def as_record(environment: Environment | Missing) -> dict[str, Any]:
    """What the file keeps of an environment: nothing of this machine but what is installed."""
    if isinstance(environment, Missing):
        return {"label": environment.label, "missing": environment.reason}
    names = ("label", "implementation", "version", "gil", "modules", "reasons")
    return {name: getattr(environment, name) for name in names}


def from_record(record: Mapping[str, Any]) -> Environment | Missing:
    """The other way round."""
    if "missing" in record:
        return Missing(record["label"], record["missing"])
    return Environment(executable="", **record)


def page(record: Mapping[str, Any], known: Catalogue) -> str:
    """The text of docs/matrix.md."""
    environments = [from_record(each) for each in record["environments"]]
    found, reasons = tables(matrix_rows(known, [], [ALL], environments))
    parts = [HEAD.format(**record)]
    for table in found:
        parts.append(f"## {listed([f'`{name}`' for name in table.of])}")
        parts.append(markdown("runner", table.columns, {f"`{name}`": marks for name, marks in table.marks.items()}))
    parts += [WHY, "\n".join(f"{number}. {reason}" for number, reason in enumerate(reasons, 1))]
    parts += [WITH, libraries([each for each in environments if isinstance(each, Environment)])]
    return "\n\n".join(parts) + "\n"


def libraries(environments: Sequence[Environment]) -> str:
    """Which version of each library there was, and a dash where there was none."""
    columns = [f"{each.label} ({each.version})" for each in environments]
    modules = dict.fromkeys(module for each in environments for module in each.modules)
    rows = {f"`{module}`": [each.modules.get(module) or "-" for each in environments] for module in modules}
    return markdown("module", columns, {name: row for name, row in rows.items() if set(row) != {"stdlib"}})


def markdown(corner: str, columns: Sequence[str], rows: Mapping[str, Sequence[str]]) -> str:
    """A table."""
    return pipes([corner, *columns], ([name, *cells] for name, cells in rows.items()))


HEAD = """\
# Who can do what where

<!-- Written by docs/matrix.py; `make matrix` looks at this machine and writes it anew. -->

Which runner can do which workload on which CPython, and the reason of every hole. `yes` says that the workload has
what the runner runs, that the interpreter is neither too old nor too new, and that the libraries import there; a
number points to [the reasons](#why-not). For your own machine: `when-async matrix --all-pythons`.

Recorded on {recorded} on {platform} with the wheels of that day. What the runners and workloads are:
`when-async list`."""
WHY = "## Why not"
WITH = """\
## With which libraries

A dash is a library that cannot be had or does not import there."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--record", action="store_true", help="look at every interpreter of this machine first")
    known = catalogue()
    if parser.parse_args().record:
        RECORD.write_text(json.dumps(look(known), indent=1) + "\n", encoding="utf-8")
    PAGE.write_text(page(json.loads(RECORD.read_text(encoding="utf-8")), known), encoding="utf-8")


if __name__ == "__main__":
    main()
