"""The front door's `overhead`: the instrument itself, against the same loop written by hand."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Mapping, Sequence
from statistics import median
from typing import Any

import click

from ..environments.provision import default
from ..machine.host import make_host
from ..machine.lock import machine
from ..processes.worker import ProcessFailed, ProcessTimedOut
from ..quantity import show
from ..selection import catalogue, select
from ..walk.overhead import POINTS, ForkOverhead, measure
from .shared import BROKEN, JSON, OK, RUNNER, WAIT, plain_errors, tell


@click.command()
@RUNNER
@click.option(
    "--forks",
    type=click.IntRange(2, 100),
    default=5,
    show_default=True,
    help="Fresh processes per runner at most; three where the interval is narrow then.",
)
@click.option(
    "--pairs", type=click.IntRange(1, 1000), default=20, show_default=True, help="Pairs of rounds per process."
)
@WAIT
@JSON
@plain_errors
def overhead(runners: Sequence[str], forks: int, pairs: int, wait: bool, as_json: bool) -> None:
    """Measure the instrument itself against the same loop written by hand."""
    with machine(wait=wait, say=tell):
        rows, broken = measure_overhead(runners, forks, pairs)
    click.echo(json.dumps(rows, indent=1)) if as_json else print_overhead(rows)
    for reason in broken:
        tell(f"when-async: {reason}")
    sys.exit(BROKEN if broken else OK)


LEAST, NARROW = 3, 0.02
"""So many processes are taken at least, and no more once the ends of the interval are this close."""


def measure_overhead(runner_specs: Sequence[str], forks: int, pairs: int) -> tuple[list[dict[str, Any]], list[str]]:
    """Rows of `when-async overhead`, and what went wrong."""
    # Brings SciPy, which takes seconds to import and which a run has no use for.
    from when_async.results.stats.estimate import log_interval

    known = catalogue([], runner_specs)
    selection = select(known, ["empty"], runner_specs, "quick")
    environment = default(known.modules(runner_specs))
    rows, broken = [], []
    with make_host() as host:
        for name, found in selection.runners.items():
            for point in POINTS:
                asked = measure(host, environment, known.workloads["empty"], found, point, forks=forks, pairs=pairs)
                try:
                    taken = until_narrow(asked)
                except (ProcessFailed, ProcessTimedOut) as error:
                    broken.append(f"overhead of {name}: {error}")
                    continue
                ratio = log_interval([fork.ratio for fork in taken], "x")
                assert ratio is not None
                size = show(point.params["spin_s"], "s")
                span = f"{ratio.point:.3f} [{ratio.low:.3f}, {ratio.high:.3f}]"
                tell(f"{name}, an op of {size}: {span} in {len(taken)} processes")
                rows.append(
                    {
                        "runner": name,
                        "op_s": point.params["spin_s"],
                        "ops": point.params["n"],
                        "by_hand_s": median([fork.by_hand_s for fork in taken]),
                        "instrument_s": median([fork.instrument_s for fork in taken]),
                        "ratio": ratio.point,
                        "low": ratio.low,
                        "high": ratio.high,
                    }
                )
    return rows, broken


def until_narrow(asked: Iterable[ForkOverhead]) -> list[ForkOverhead]:
    """As many processes as a narrow interval takes, LEAST of them and all that are asked for at most."""
    from when_async.results.stats.estimate import log_interval

    taken: list[ForkOverhead] = []
    for one in asked:
        taken.append(one)
        found = log_interval([fork.ratio for fork in taken], "x") if len(taken) >= LEAST else None
        if found is not None and found.high / found.low < 1 + NARROW:
            break
    return taken


def print_overhead(rows: Sequence[Mapping[str, Any]]) -> None:
    """One line per runner and size of op: both times per op, the ratio and its interval."""
    click.echo(f"{'runner':<16} {'op':>6} {'by hand':>12} {'instrument':>12} {'per op more':>12}  ratio")
    for row in rows:
        per_op = (row["instrument_s"] - row["by_hand_s"]) / row["ops"] * 1e6
        times = f"{row['by_hand_s'] * 1e3:>9.3f} ms {row['instrument_s'] * 1e3:>9.3f} ms"
        click.echo(
            f"{row['runner']:<16} {show(row['op_s'], 's'):>6} {times}"
            f" {per_op:>9.3f} us  {row['ratio']:.3f} [{row['low']:.3f}, {row['high']:.3f}]"
        )
