"""The tidy frame: one row per sample, the same columns and dtypes for every run.

results/columns.py says what each column is. Cells, trials and services are turned into columns once each and then
spread over the samples by position, which keeps 100 000 samples within seconds.
"""

from __future__ import annotations

import gc
import json
from collections.abc import Collection, Hashable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from operator import attrgetter
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import numpy.typing as npt
import pandas as pd

from when_async.bench.model import Noise, Sample, ServiceCounts, Trial

from .cells import regimes
from .cells.disturbed import leave_out, said
from .columns import CATEGORIES, COLUMNS, INCOMPLETE, SERVICE, quantities
from .runfile import Record, RunFile, RunFileError, read, refuse_twins

_PLAIN = tuple(name for name in quantities(Sample) if name not in ("affinity", "figures", "latency"))
"""Fields of a Sample that are columns as they stand."""
_CELL = (
    "workload", "comparison", "concurrency", "runner", "library", "family", "python", "reference", "one_core",
    "ideal_s", "serial_ideal_s", "ops", "headline", "calibration", "latency_of", "face",
)  # fmt: skip
_TRIAL = tuple(quantities(Trial))
_NOISE = tuple(quantities(Noise))
_SERVICE = tuple(quantities(ServiceCounts))
_Table = dict[str, list[Any]]
INTERRUPTED = "the run was interrupted before this cell was decided"
BUDGET = "the budget of the run was used up before it was measured"


def load(
    paths: Path | str | Sequence[Path | str], *, skip_corrupt: bool = False, raw: bool = False
) -> pd.DataFrame:
    """Read run files, or one, into one tidy frame with `COLUMNS`; a cell without a sample has one row that says why.

    A round that the machine disturbed is of the phase `disturbed` (cells.disturbed), unless all are wanted `raw`.

    Rows are in the order in which cells were asked for, then in order of happening. `frame.attrs` holds `notes`
    (sentences on what was left out), and lists of objects: `headers`, `accounts`, `services`, `behaviours`,
    `moderations` and `ends`; all but the first carry the `run` they belong to. `stopped` names the runs that an
    interruption left with cells undecided. Raises RunFileError as
    `results.runfile.read` does, and where two files hold the same run.
    """
    several = [paths] if isinstance(paths, Path | str) else paths
    with _collector_at_rest():
        return _together([read(Path(path), skip_corrupt=skip_corrupt) for path in several], raw=raw)


def _together(files: Sequence[RunFile], *, raw: bool) -> pd.DataFrame:
    """The rows of all files, with what `load` says of `attrs`."""
    refuse_twins((file.header["run"], file.path) for file in files)
    parts = [frame_of(file, raw=raw) for file in files] or [_typed({name: [] for name in COLUMNS}, Path())]
    frame = pd.concat(parts, ignore_index=True)
    told = [
        f"{file.path.name}: {sentence}"
        for file, part in zip(files, parts, strict=False)
        for sentence in filter(None, (said(part), *regimes.said(part)))
    ]
    frame.attrs = {
        "notes": [*(note for file in files for note in file.notes), *told],
        "headers": [file.header for file in files],
        "accounts": _with_run(files, "account"),
        "services": _with_run(files, "service"),
        "behaviours": _with_run(files, "behaviour"),
        "moderations": _with_run(files, "moderation"),
        "ends": _with_run(files, "ended"),
        "stopped": [file.header["run"] for file in files if file.so_far().keys() - file.measurements().keys()],
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


def _with_run(files: Iterable[RunFile], kind: str) -> list[Record]:
    """All records of one kind, each with the run it belongs to."""
    return [{"run": file.header["run"], **record} for file in files for record in file.of_kind(kind)]


def frame_of(file: RunFile, *, raw: bool = False) -> pd.DataFrame:
    """The rows of one run file, or of what a run has so far."""
    cells = file.cells()
    place = {cell["id"]: index for index, cell in enumerate(cells)}
    samples = file.samples()
    of_cell = [place[sample.cell] for sample in samples]
    silent = sorted(set(range(len(cells))) - set(of_cell))
    cell_at = _positions([*of_cell, *silent])
    sample_at = _positions([*range(len(samples)), *(-1 for _ in silent)])
    order = np.argsort(cell_at, kind="stable")

    trials = {(trial.cell, trial.fork): trial for trial in file.trials()}
    trial_at = _matched(trials, ((sample.cell, sample.fork) for sample in samples))
    services = {(record.get("comparison"), record.get("fork")): record for record in file.of_kind("service")}
    compared = (cells[index]["comparison"] for index in of_cell)
    service_at = _matched(services, zip(compared, (sample.fork for sample in samples), strict=True))
    blanks = [-1] * len(silent)
    spread = {
        **_spread(_cell_table(file, cells), cell_at[order], file.path),
        **_spread(_sample_table(samples), sample_at[order], file.path),
        **_spread(_table(trials.values(), _TRIAL), _positions([*trial_at, *blanks])[order], file.path),
        **_spread(
            {"service_capacity_per_s": [record.get("capacity_per_s") for record in services.values()]},
            _positions([*service_at, *blanks])[order],
            file.path,
        ),
    }
    frame = pd.DataFrame({name: spread[name] for name in COLUMNS})
    return frame if raw else leave_out(frame)


def _matched(latest: Iterable[Hashable], wanted: Iterable[Hashable]) -> list[int]:
    """For each sample's key the place of the record with that key, the last one of each, or -1."""
    place = {key: index for index, key in enumerate(latest)}
    return [place.get(key, -1) for key in wanted]


def _positions(values: Sequence[int]) -> npt.NDArray[np.intp]:
    return np.array(values, dtype=np.intp)


def _cell_table(file: RunFile, cells: Sequence[Record]) -> _Table:
    """Columns that are the same in all rows of a cell, run and interpreter included."""
    header = file.header
    environments: Mapping[str, Any] = {env["label"]: env for env in header.get("environments", ())}
    words = {**file.so_far(), **file.measurements()}
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
    cut = BUDGET if file.of_kind("ended") else INTERRUPTED
    for cell in cells:
        word = words.get(cell["id"])
        table["status"].append(str(word.status) if word else INCOMPLETE)
        table["reason"].append(word.reason if word else cut)
        table["advice"].append("; ".join(word.advice) if word else "")
    return table


def _sample_table(samples: Sequence[Sample]) -> _Table:
    """Columns that each round has its own value of."""
    table = _table(samples, _PLAIN)
    cores: dict[tuple[int, ...], str] = {}
    table["affinity"] = [_cores(sample.affinity, cores) for sample in samples]
    # Ten times as fast as the standard library, and rounds are many.
    written = msgspec.json.Encoder().encode
    table["figures"] = [written(sample.figures).decode() if sample.figures else "" for sample in samples]
    table["latency"] = [sample.latency or "" for sample in samples]
    noise = [sample.noise or {} for sample in samples]
    table |= {name: [one.get(name) for one in noise] for name in _NOISE}
    service = [sample.service or {} for sample in samples]
    table |= {SERVICE + name: [one.get(name) for one in service] for name in _SERVICE}
    return table


def _table(values: Collection[Any], names: Sequence[str]) -> _Table:
    """These fields of all values, field by field."""
    # One pass over the values and a transposition: a pass for each field is several times slower.
    rows = zip(*map(attrgetter(*names), values), strict=True)
    return dict(zip(names, map(list, rows), strict=True)) if values else {name: [] for name in names}


def _cores(affinity: tuple[int, ...], known: dict[tuple[int, ...], str]) -> str:
    """`0,1` for (0, 1); `known` spares joining the same few again."""
    return known.setdefault(affinity, ",".join(map(str, affinity)))


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
        except (TypeError, ValueError, OverflowError) as error:
            words = f"{path}: a value of {name} is not what the schema says ({error})"
            raise RunFileError(f"{words}; take an undamaged copy") from None
    return pd.DataFrame(columns)


def _dtype(name: str) -> Any:
    """The pandas dtype of a column."""
    dtype = COLUMNS[name].dtype
    return pd.CategoricalDtype(list(CATEGORIES[name]), ordered=False) if dtype == "category" else dtype
