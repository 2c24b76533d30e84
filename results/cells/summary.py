"""From the tidy frame to what is said about each cell: estimates with intervals, never bare numbers.

Only rounds of phase `measure` enter. Every process (fork) is reduced to the median of its rounds first; intervals
are formed over processes (results/stats/estimate.py). A speedup is paired: the ratio to the reference is formed
inside a block of the same fork, where both saw the same minute of the same machine (method.md, R6).
"""

from __future__ import annotations

import json
from collections.abc import Hashable, Mapping
from dataclasses import dataclass, field
from math import nan
from statistics import median
from typing import TYPE_CHECKING, Any

from when_async.bench.model import Estimate, Phase, Scalar, Status

from ..columns import COLUMNS
from ..late import late
from ..stats.outliers import count_outliers, label_outliers
from .figures import estimates as of_figures
from .figures import processes
from .latency import Latency, latencies
from .noise import WATCHED, others_cores
from .pairing import CellRounds, Key, bare, cell_codes, cell_rounds, log_ratios
from .quantities import FORK, SUMMED, Forks, estimates, per_fork
from .rule import ONE_LOOK, Rule, Series, of_cell, of_pair, rules_of

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import pandas as pd

    from .quantities import Floats
else:
    np, pd = late("numpy"), late("pandas")

HEADROOM = 3.0
"""A service must be able to take this many times what the contestant asks of it (method.md, R11)."""
SERVICE_BUSY = 0.7
"""Share of one core from which on a service is taken to be the limit (method.md, R11)."""
INSTRUMENT = "empty"
"""The workload that measures the instrument, for run files from before the cell itself said so."""

_CELL_KEY = ["run", "cell"]


@dataclass(frozen=True)
class Row:
    """All that is said about one cell; an estimate is None where there is no number or fewer than 2 forks.

    The quantities that code asks for by name are fields of their own; `also` has every other one that a Sample or
    Trial declares. results/cells/quantities.py says what each is. `speedup` says how many times faster than the
    reference cell of the same comparison and interpreter; it is None for the reference itself. `arithmetic_speedup` is
    what overlapping the waits alone gives. `headroom` is service capacity / throughput; `server_bound` says that the
    service may be what was measured. `calibration` says that the workload measures the instrument, so that no row of
    it is an answer. `forks` and `rounds` count the processes and all their measured rounds.
    """

    cell: str
    run: str
    workload: str
    params: dict[str, Scalar]
    comparison: str
    concurrency: int
    runner: str
    library: str
    contestant: str
    family: str
    python: str
    python_version: str | None
    gil: bool | None
    one_core: bool
    reference: bool
    status: str
    reason: str
    advice: str
    ops: int | None
    headline: str
    calibration: bool
    ideal_s: float | None
    makespan: Estimate | None
    throughput: Estimate | None
    speedup: Estimate | None
    overhead: Estimate | None
    overhead_per_op: Estimate | None
    cpu_per_op: Estimate | None
    parallelism: Estimate | None
    stall: Estimate | None
    switches_per_op: Estimate | None
    faults_per_op: Estimate | None
    startup: Estimate | None
    launch: Estimate | None
    teardown: Estimate | None
    pss: Estimate | None
    peak_rss: Estimate | None
    also: Mapping[str, Estimate | None]
    server_bound: bool
    headroom: float | None
    arithmetic_speedup: float | None
    forks: int
    rounds: int
    digests: tuple[str, ...]
    affinity: str
    figures: Mapping[str, Estimate] = field(default_factory=dict)
    """What the workload reports beside the common figures, by name; the name carries the unit."""
    latency: Latency | None = None
    latency_of: str = ""
    bounds: Mapping[str, float] = field(default_factory=dict)
    """Makespans in seconds that arithmetic gives, by what they stand for."""
    face: bool = False
    """Whether `library` names a way to write the body, and no module."""
    processes: Mapping[str, Mapping[int, float]] = field(default_factory=dict)
    """By quantity, percentile or figure the number of each process, by fork, from which the estimates are formed."""
    outliers: Mapping[str, int] = field(default_factory=dict)
    """How many processes lay apart from the others by their makespan, by label; none is dropped (method.md, R19)."""
    others: float | None = None
    """How many cores programs other than the run's kept busy meanwhile."""

    def estimate(self, name: str) -> Estimate | None:
        """A quantity by its name; None where the cell has no number for it, and for what is no quantity."""
        found = getattr(self, name, None)
        return found if isinstance(found, Estimate) else self.also.get(name)


def summary(frame: pd.DataFrame) -> list[Row]:
    """One Row per cell of `frame` (results.load), in the order of the frame; numbers for OK cells only."""
    rules = rules_of(frame.attrs)
    frame = bare(frame)
    now = frame["phase"] == Phase.MEASURE
    seen = _seen(frame[[*_SEEN]][now])
    good = frame[[*_ROUND]][now & (frame["status"] == Status.OK)]
    codes, keys = cell_codes(good)
    forks = dict(zip(keys, per_fork(good, codes), strict=True))
    cells = _descriptions(frame.drop_duplicates(_CELL_KEY))
    speedups = _speedups(cells, cell_rounds(good, ["makespan"]), rules)
    own, waited = processes(good), latencies(good)
    rows = []
    for cell in cells:
        key = (cell["run"], cell["cell"])
        more: dict[str, Any] = {"speedup": speedups.get(key), "latency": waited.get(key)}
        more |= _processes(forks.get(key), own.get(key, {}), waited.get(key))
        numbers = _numbers(forks.get(key), _shown(cell, more["processes"], rules))
        rows.append(Row(**cell, **numbers, **more, **seen.get(key, _UNSEEN)))
    return rows


def _processes(
    forks: Forks | None, figures: Mapping[str, Mapping[int, float]], latency: Latency | None
) -> dict[str, Any]:
    """What each process of a cell came to, and the estimates of its figures."""
    own: dict[str, Mapping[int, float]] = {}
    if forks is not None:
        numbers = forks[FORK].tolist()
        for name in SUMMED:
            known = zip(numbers, forks[name].tolist(), strict=True)
            own[name] = {fork: value for fork, value in known if value == value}
    waited = latency.processes if latency else {}
    return {"figures": of_figures(figures), "processes": {**own, **waited, **figures}}


def _shown(
    cell: Mapping[str, Any], processes: Mapping[str, Mapping[int, float]], rules: Mapping[Key, Rule]
) -> dict[str, Estimate | None]:
    """The estimates of a run that stopped when it had decided, as it looked at them more than once."""
    rule = rules.get((cell["run"], cell["python"]), ONE_LOOK)
    if not rule.sequential:
        return {}
    found = {}
    for name in (name for name in SUMMED if name in processes and SUMMED[name].over_forks):
        summed = SUMMED[name]
        series = Series(tuple(processes[name].values()), summed.unit, summed.over_forks == "linear")
        found[name] = rule.shown(series, of_cell(name, cell["contestant"], cell["comparison"]))
    return found


def digest_conflicts(frame: pd.DataFrame) -> list[str]:
    """The comparisons in which OK cells of one run came to different results, so their work was not equal."""
    frame = bare(frame)[["run", "comparison", "digest", "phase", "status"]]
    measured = frame[(frame["phase"] == Phase.MEASURE) & (frame["status"] == Status.OK)]
    counts = measured.groupby(["run", "comparison"], sort=False)["digest"].nunique()
    return list(dict.fromkeys(str(key[1]) for key, count in counts.items() if count > 1 and isinstance(key, tuple)))


def _speedups(
    cells: list[dict[str, Any]], rounds: Mapping[Key, CellRounds], rules: Mapping[Key, Rule]
) -> dict[Key, Estimate | None]:
    """How many times faster each cell is than its reference, which is that of the same interpreter."""
    place = ("run", "comparison", "python")
    references = {tuple(map(cell.get, place)): cell for cell in reversed(cells) if cell["reference"]}
    found = {}
    for cell in cells:
        key, reference = (cell["run"], cell["cell"]), references.get(tuple(map(cell.get, place)))
        other = rounds.get((reference["run"], reference["cell"])) if reference and not cell["reference"] else None
        if other is not None and key in rounds:
            names = (cell["contestant"], str(reference["contestant"])) if reference else ()
            rule = rules.get((cell["run"], cell["python"]), ONE_LOOK)
            pair = of_pair("makespan", names, cell["comparison"])
            found[key] = rule.ratio(log_ratios(other, rounds[key], "makespan"), pair)
    return found


def _numbers(forks: Forks | None, shown: Mapping[str, Estimate | None]) -> dict[str, Any]:
    """The estimates of one cell, `shown` before those of one look, and what its service had to spare."""
    found = {**estimates(forks), **shown}
    own = {name: value for name, value in found.items() if name in Row.__dataclass_fields__}
    numbers: dict[str, Any] = {**own, "also": {name: value for name, value in found.items() if name not in own}}
    if forks is None:
        return {**numbers, "headroom": None, "server_bound": False}
    apart = count_outliers(label_outliers(forks["makespan"]))
    numbers["outliers"] = {str(label): count for label, count in apart.items()}
    capacity = _median(forks["capacity"])
    throughput = numbers["throughput"]
    numbers["headroom"] = capacity / throughput.point if throughput and np.isfinite(capacity) else None
    # A single fork has no estimate, but it can still show that the service was the limit.
    rate = throughput.point if throughput else _median(forks["throughput"])
    short = capacity < HEADROOM * rate
    numbers["server_bound"] = bool(short or _median(forks["service_share"]) >= SERVICE_BUSY)
    return numbers


def _median(values: Floats) -> float:
    """The median of the values that are known, NaN where none is."""
    known = values[~np.isnan(values)]
    return median(known.tolist()) if len(known) else nan


def _descriptions(cells: pd.DataFrame) -> list[dict[str, Any]]:
    """The fields of each Row that the frame already holds, with None for NA."""
    own = cells[[*_DESCRIPTION, *_DERIVED]].astype(object)
    return [_description(one) for one in own.where(own.notna(), None).to_dict("records")]


def _description(known: Mapping[Hashable, Any]) -> dict[str, Any]:
    ideal_s, serial_s = known["ideal_s"], known["serial_ideal_s"]
    fields: dict[str, Any] = {name: known[name] for name in _DESCRIPTION}
    fields["params"] = json.loads(known["params"])
    fields["bounds"] = json.loads(known["bounds"] or "{}")
    fields["face"] = bool(known["face"])
    fields["latency_of"] = known["latency_of"] or ""
    fields["one_core"] = bool(known["one_core"])
    fields["reference"] = bool(known["reference"])
    measures_us = known["calibration"]
    fields["calibration"] = known["workload"] == INSTRUMENT if measures_us is None else bool(measures_us)
    fields["arithmetic_speedup"] = serial_s / ideal_s if serial_s is not None and ideal_s else None
    return fields


_DESCRIPTION = (
    "cell", "run", "workload", "comparison", "concurrency", "runner", "library", "contestant", "family", "python",
    "python_version", "gil", "status", "reason", "advice", "ops", "headline", "ideal_s",
)  # fmt: skip
_DERIVED = (
    "params", "bounds", "face", "latency_of", "one_core", "reference", "calibration", "serial_ideal_s",
)  # fmt: skip
_SEEN = ("run", "cell", "fork", "digest", "affinity", *WATCHED)
_ROUND = tuple(
    name
    for name, one in COLUMNS.items()
    if one.dtype != "string" or name in ("run", "cell", "comparison", "figures", "latency")
)
"""The columns that estimates are made from; to pick rows of a text takes long, and no other text is asked for."""
_UNSEEN: Mapping[str, Any] = {"forks": 0, "rounds": 0, "digests": (), "affinity": ""}


def _seen(measured: pd.DataFrame) -> dict[Key, dict[str, Any]]:
    """By cell: how many forks and rounds were measured, which digests came back and on which cores."""
    cells, keys = cell_codes(measured)
    forks, digests, cores = (_distinct(cells, len(keys), measured[name]) for name in ("fork", "digest", "affinity"))
    rounds = np.bincount(cells, minlength=len(keys)).tolist()
    others = others_cores(measured, cells, len(keys))
    return {
        key: {
            "forks": len(forks[place]),
            "rounds": rounds[place],
            "digests": tuple(sorted(digests[place])),
            "affinity": " or ".join(sorted(cores[place])),
            "others": others[place],
        }
        for place, key in enumerate(keys)
    }


def _distinct(cells: npt.NDArray[np.int64], count: int, values: pd.Series[Any]) -> list[list[Any]]:
    """For each of so many cells the different values that its rows have, without NA."""
    codes, known = pd.factorize(values)
    told = codes >= 0
    found: list[list[Any]] = [[] for _ in range(count)]
    for pair in np.unique(cells[told] * max(1, len(known)) + codes[told]).tolist():
        cell, code = divmod(pair, len(known))
        found[cell].append(known[code])
    return found
