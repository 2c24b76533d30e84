"""The tidy frame: one row per sample, the same columns and dtypes for every run.

`COLUMNS` is the single source of what a column is; results/SCHEMA.md shows the same table, and a test holds the
two together. Cells, trials and services are turned into columns once each and then spread over the samples by
position, which keeps 100 000 samples within seconds.
"""

from __future__ import annotations

import gc
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from operator import itemgetter
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from when_async.bench.model import Phase, Status

from .journal import Record, RunFile, RunFileError, read

INCOMPLETE = "INCOMPLETE"
"""Status of a cell that was not decided before the run ended; a word of the frame, never of the run file."""

PHASES = tuple(str(phase) for phase in Phase)
STATUSES = (*(str(status) for status in Status), INCOMPLETE)
CATEGORIES: Mapping[str, tuple[str, ...]] = {"phase": PHASES, "status": STATUSES}
"""The fixed words of each `category` column, so that frames of different runs can be joined."""

COLUMNS: Mapping[str, tuple[str, str, str]] = {
    "run": ("string", "", "id of the run"),
    "profile": ("string", "", "profile of the run: smoke, quick, full"),
    "started": ("string", "", "when the run began, ISO 8601 with zone"),
    "workload": ("string", "", "name of the workload"),
    "params": ("string", "", "parameters of the workload as JSON text with sorted keys"),
    "comparison": ("string", "", "cells with the same text do equal work"),
    "concurrency": ("Int64", "ops", "ops in flight that were asked for"),
    "runner": ("string", "", "name of the runner"),
    "library": ("string", "", "client library of the body; empty where there is no choice"),
    "face": ("boolean", "", "whether library names a way to write the body, and no module; NA in older run files"),
    "contestant": ("string", "", "runner, and its client library where there is a choice"),
    "family": ("string", "", "family of the runner, which gives the colour"),
    "python": ("string", "", "label of the interpreter's environment"),
    "python_version": ("string", "", "full version of the interpreter"),
    "gil": ("boolean", "", "whether the interpreter runs with its global lock"),
    "cell": ("string", "", "id of the cell; unique in a run, stable between runs"),
    "reference": ("boolean", "", "whether the cell is what its comparison is compared with"),
    "one_core": ("boolean", "", "whether the runner uses one thread by nature"),
    "ideal_s": ("Float64", "s", "least makespan that arithmetic allows at this concurrency"),
    "serial_ideal_s": ("Float64", "s", "least makespan with one op in flight"),
    "ops": ("Int64", "ops", "ops in one round"),
    "headline": ("string", "", "what the workload is read by: throughput, overhead or cpu"),
    "calibration": ("boolean", "", "whether the workload measures the instrument; NA in older run files"),
    "latency_of": ("string", "", "what the latencies are of; empty where the workload observes none"),
    "bounds": ("string", "", "makespans in seconds that arithmetic gives, by name, as JSON text"),
    "fork": ("Int64", "", "number of the fresh process, from 0; the unit of replication"),
    "block": ("Int64", "", "number of the pass over all contestants"),
    "round": ("Int64", "", "number of the round within its phase, from 0"),
    "attempt": ("Int64", "", "0, or how often the fork was restarted by --resume"),
    "phase": ("category", "", "warmup (recorded only) or measure (analysed)"),
    "position": ("Int64", "", "place in the shuffled block, from 0"),
    "pid": ("Int64", "", "process id of the worker"),
    "start_ns": ("Int64", "ns", "monotonic clock when the gate opened"),
    "makespan_s": ("Float64", "s", "gate opens to last op done"),
    "cpu_user_s": ("Float64", "s", "CPU time in user mode, with pool children"),
    "cpu_system_s": ("Float64", "s", "CPU time in the kernel, with pool children"),
    "switches_voluntary": ("Int64", "switches", "context switches that the process asked for"),
    "switches_involuntary": ("Int64", "switches", "context switches that the process suffered"),
    "peak_rss_bytes": ("Int64", "bytes", "peak resident memory, with pool children"),
    "gc_collections": ("Int64", "collections", "garbage collections during the round"),
    "stall_max_s": ("Float64", "s", "longest gap between event-loop heartbeats beyond their period; NA without a loop"),
    "ops_ok": ("Int64", "ops", "ops that ended and were checked"),
    "ops_failed": ("Int64", "ops", "ops that raised"),
    "peak_in_flight": ("Int64", "ops", "ops seen open at once; NA in measured rounds"),
    "digest": ("string", "", "digest of the results; equal within a comparison"),
    "answer": ("string", "", "what the oracle says of the results"),
    "affinity": ("string", "", "cores the worker could use, such as 0,1"),
    "figures": ("string", "", "what the workload reports beside the common figures, by name, as JSON text"),
    "latency": ("string", "", "HdrHistogram of nanoseconds as its own compressed text; empty where there is none"),
    "status": ("category", "", "OK, FAILED, TIMEOUT, UNSUPPORTED or INCOMPLETE (run ended before a decision)"),
    "reason": ("string", "", "why the cell is not OK, in a sentence"),
    "advice": ("string", "", "advice on the cell, joined by semicolons"),
    "launch_s": ("Float64", "s", "start of the process and imports; of the cell and fork"),
    "startup_s": ("Float64", "s", "creation and priming of pool or loop; of the cell and fork"),
    "teardown_s": ("Float64", "s", "end of pool or loop; of the cell and fork"),
    "pss_bytes": ("Int64", "bytes", "proportional memory with children; of the cell and fork"),
    "steal_s": ("Float64", "s", "CPU time that the hypervisor gave to others during the round"),
    "pressure_s": ("Float64", "s", "time in which some task waited for a CPU during the round"),
    "throttled_s": ("Float64", "s", "time for which a control group withheld its CPU share during the round"),
    "window_s": ("Float64", "s", "how long the noise was watched: the round with its gate, seen from outside"),
    "service_capacity_per_s": ("Float64", "op/s", "what the helper process can take; of the comparison and fork"),
    "service_requests": ("Int64", "requests", "requests the helper process counted during the round"),
    "service_connections": ("Int64", "connections", "connections the helper process accepted during the round"),
    "service_peak_in_flight": ("Int64", "requests", "requests the helper process saw open at once"),
    "service_cpu_s": ("Float64", "s", "CPU time of the helper process during the round"),
}
"""Name of a column -> (dtype, unit, meaning); unit is empty for text, flags and ordinal numbers."""

_SAMPLE = (
    "fork", "block", "round", "attempt", "phase", "position", "pid", "start_ns", "makespan_s", "cpu_user_s",
    "cpu_system_s", "switches_voluntary", "switches_involuntary", "peak_rss_bytes", "gc_collections", "stall_max_s",
    "ops_ok", "ops_failed", "peak_in_flight", "digest", "answer",
)  # fmt: skip
_CELL = (
    "workload", "comparison", "concurrency", "runner", "library", "family", "python", "reference", "one_core",
    "ideal_s", "serial_ideal_s", "ops", "headline", "calibration", "latency_of", "face",
)  # fmt: skip
_TRIAL = ("launch_s", "startup_s", "teardown_s", "pss_bytes")
_Table = dict[str, list[Any]]


def load(paths: Sequence[Path | str], *, skip_corrupt: bool = False) -> pd.DataFrame:
    """Read run files into one tidy frame with `COLUMNS`; a cell without a sample has one row that says why.

    Rows are in the order in which cells were asked for, then in order of happening. `frame.attrs` holds `notes`
    (sentences on what was left out), `headers`, `accounts`, `services` and `timelines` (lists of objects; all but the
    first carry the `run` they belong to). Raises RunFileError as `results.journal.read` does, and where two files hold
    the same run.
    """
    with _collector_at_rest():
        files = [read(Path(path), skip_corrupt=skip_corrupt) for path in paths]
        _refuse_twins(files)
        parts = [_frame(file) for file in files] or [_typed({name: [] for name in COLUMNS}, Path())]
        frame = pd.concat(parts, ignore_index=True)
    frame.attrs = {
        "notes": [note for file in files for note in file.notes],
        "headers": [file.header for file in files],
        "accounts": _with_run(files, "account"),
        "services": _with_run(files, "service"),
        "timelines": _with_run(files, "timeline"),
        "behaviours": _with_run(files, "behaviour"),
    }
    return frame


@contextmanager
def _collector_at_rest() -> Iterator[None]:
    """Stop garbage collection: of 100 000 records none is garbage, and walking them took a third of the time."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


def _refuse_twins(files: Iterable[RunFile]) -> None:
    """Raise where a run was given twice: its rounds would be counted twice."""
    seen: dict[str, Path] = {}
    for file in files:
        run = file.header["run"]
        if run in seen:
            raise RunFileError(f"{seen[run]} and {file.path} hold the same run {run}; name only one of them")
        seen[run] = file.path


def _with_run(files: Iterable[RunFile], kind: str) -> list[Record]:
    """All records of one kind, each with the run it belongs to."""
    return [{"run": file.header["run"], **record} for file in files for record in file.of_kind(kind)]


def _frame(file: RunFile) -> pd.DataFrame:
    """The rows of one run file."""
    cells = file.cells()
    place = {cell["id"]: index for index, cell in enumerate(cells)}
    samples = file.of_kind("sample")
    of_cell = [place[sample["cell"]] for sample in samples]
    silent = sorted(set(range(len(cells))) - set(of_cell))
    cell_at = _positions([*of_cell, *silent])
    sample_at = _positions([*range(len(samples)), *(-1 for _ in silent)])
    order = np.argsort(cell_at, kind="stable")

    trials, trial_at = _matched(file.of_kind("trial"), "cell", [sample["cell"] for sample in samples], samples)
    compared = [cells[index]["comparison"] for index in of_cell]
    services, service_at = _matched(file.of_kind("service"), "comparison", compared, samples)
    blanks = [-1] * len(silent)
    spread = {
        **_spread(_cell_table(file, cells), cell_at[order], file.path),
        **_spread(_sample_table(samples), sample_at[order], file.path),
        **_spread(_trial_table(trials), _positions([*trial_at, *blanks])[order], file.path),
        **_spread(
            {"service_capacity_per_s": [record.get("capacity_per_s") for record in services]},
            _positions([*service_at, *blanks])[order],
            file.path,
        ),
    }
    return pd.DataFrame({name: spread[name] for name in COLUMNS})


def _matched(
    records: Iterable[Record], field: str, values: Iterable[str], samples: Sequence[Record]
) -> tuple[list[Record], list[int]]:
    """The last record of each (field, fork), and for each sample the place of the one that is its own, or -1."""
    latest = {(record.get(field), record.get("fork")): record for record in records}
    place = {key: index for index, key in enumerate(latest)}
    own = zip(values, (sample["fork"] for sample in samples), strict=True)
    return list(latest.values()), [place.get(key, -1) for key in own]


def _positions(values: Sequence[int]) -> npt.NDArray[np.intp]:
    return np.array(values, dtype=np.intp)


def _cell_table(file: RunFile, cells: Sequence[Record]) -> _Table:
    """Columns that are the same in all rows of a cell, run and interpreter included."""
    header = file.header
    environments = {env["label"]: env for env in header.get("environments", ())}
    words = file.measurements()
    table: _Table = {name: [cell.get(name) for cell in cells] for name in _CELL}
    table |= {name: [header.get(name)] * len(cells) for name in ("run", "profile", "started")}
    table["cell"] = [cell["id"] for cell in cells]
    table["params"] = [json.dumps(cell["params"], sort_keys=True) for cell in cells]
    table["bounds"] = [json.dumps(cell.get("bounds") or {}) for cell in cells]
    table["contestant"] = [
        f"{cell['runner']}/{cell['library']}" if cell["library"] else cell["runner"] for cell in cells
    ]
    table["python_version"] = [environments.get(cell["python"], {}).get("version") for cell in cells]
    table["gil"] = [environments.get(cell["python"], {}).get("gil") for cell in cells]
    table |= {"status": [], "reason": [], "advice": []}
    for cell in cells:
        word = words.get(cell["id"])
        table["status"].append(str(word.status) if word else INCOMPLETE)
        table["reason"].append(word.reason if word else "the run was interrupted before this cell was decided")
        table["advice"].append("; ".join(word.advice) if word else "")
    return table


def _sample_table(samples: Sequence[Record]) -> _Table:
    """Columns that each round has its own value of."""
    # One pass over the records and a transposition: a pass for each column is several times slower.
    table = dict(zip(_SAMPLE, _transposed(map(itemgetter(*_SAMPLE), samples), len(_SAMPLE)), strict=True))
    cores: dict[tuple[int, ...], str] = {}
    table["affinity"] = [_cores(tuple(sample["affinity"]), cores) for sample in samples]
    table["figures"] = [json.dumps(sample["figures"]) if sample.get("figures") else "" for sample in samples]
    table["latency"] = [sample.get("latency") or "" for sample in samples]
    noise = [sample.get("noise") or {} for sample in samples]
    table |= {name: [one.get(name) for one in noise] for name in ("steal_s", "pressure_s", "throttled_s", "window_s")}
    service = [sample.get("service") or {} for sample in samples]
    for name in ("requests", "connections", "peak_in_flight", "cpu_s"):
        table[f"service_{name}"] = [one.get(name) for one in service]
    return table


def _transposed(rows: Iterable[tuple[Any, ...]], width: int) -> list[list[Any]]:
    """The columns of `rows`; `width` empty ones where there is no row."""
    return [list(column) for column in zip(*rows, strict=True)] or [[] for _ in range(width)]


def _cores(affinity: tuple[int, ...], known: dict[tuple[int, ...], str]) -> str:
    """`0,1` for (0, 1); `known` spares joining the same few again."""
    return known.setdefault(affinity, ",".join(map(str, affinity)))


def _trial_table(trials: Sequence[Record]) -> _Table:
    """Columns that are the same in all rows of one cell in one fork."""
    return {name: [trial[name] for trial in trials] for name in _TRIAL}


def _spread(table: _Table, positions: npt.NDArray[np.intp], path: Path) -> dict[str, Any]:
    """The typed columns of `table`, taken at `positions`; -1 gives NA."""
    typed = _typed(table, path)
    return {name: typed[name].array.take(positions, allow_fill=True) for name in table}


def _typed(table: _Table, path: Path) -> pd.DataFrame:
    """`table` with the dtypes of COLUMNS; RunFileError where a value is not of its column's kind."""
    columns: dict[str, Any] = {}
    for name, values in table.items():
        try:
            columns[name] = pd.array(values, dtype=_dtype(name))
        except (TypeError, ValueError) as error:
            words = f"{path}: a value of {name} is not what the schema says ({error})"
            raise RunFileError(f"{words}; take an undamaged copy") from None
    return pd.DataFrame(columns)


def _dtype(name: str) -> Any:
    """The pandas dtype of a column."""
    dtype = COLUMNS[name][0]
    return pd.CategoricalDtype(list(CATEGORIES[name]), ordered=False) if dtype == "category" else dtype
