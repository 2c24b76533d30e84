"""Reading a run file: what it holds, and one clear sentence for each way in which it can be damaged.

The parent process that measures reads its own file when a run goes on, so this module imports the standard library
and `bench.model` only, until there are lines with a type to read. The format is documented in results/SCHEMA.md;
`results.journal` writes it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import MISSING, dataclass, field, fields
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Required, TypedDict, cast

from when_async.bench.model import SCHEMA_VERSION, Cell, Measurement, Phase, Sample, Trial, from_json

from .packed import TOOL as TOOL
from .packed import RunFileError as RunFileError
from .packed import content as content
from .packed import opened as opened

if TYPE_CHECKING:
    import msgspec

Record = dict[str, Any]
Value = Sample | Trial | Measurement
"""A line of a kind that is held to its type."""


class Machine(TypedDict, total=False):
    """The box of a run; what could not be found out is None or absent."""

    node_id: str
    system: str
    cpu: str | None
    cores: int
    memory_bytes: int | None
    governor: str | None
    virtual: str | None
    container: bool


class EnvironmentEntry(TypedDict, total=False):
    """One interpreter of a run: the fields of `bench.model.Environment` but its path, which is of one machine."""

    label: Required[str]
    executable: str
    implementation: str
    version: str
    gil: bool
    modules: Mapping[str, str | None]
    reasons: Mapping[str, str]
    default: bool
    pins: Sequence[str]
    source: str
    build: Mapping[str, Any]


class Header(TypedDict, total=False):
    """The first line of a run file; only the fields that are required here were checked when it was read."""

    kind: Required[str]
    tool: Required[str]
    schema: Required[int]
    run: Required[str]
    tool_version: str
    started: str
    commit: str | None
    profile: str
    forks: int
    warmups: int
    rounds: int
    seed: int
    pin: bool
    timeout_s: float
    sweep: bool
    budget_s: float | None
    command: str
    machine: Machine
    environments: Sequence[EnvironmentEntry]
    pythons: Sequence[str]
    sources: Mapping[str, str]
    selection: Mapping[str, Any]
    compares: Sequence[str]
    tried: Sequence[str]
    asked_claims: Sequence[str]
    asked_modules: Sequence[str]
    asked_pythons: Sequence[str]
    asked_pins: Sequence[str]


def _required(cls: type[Any]) -> frozenset[str]:
    """The fields of a dataclass that have no default, and so must be in its line."""
    return frozenset(f.name for f in fields(cls) if f.default is MISSING and f.default_factory is MISSING)


CHECKED: Mapping[str, type[Value]] = {"sample": Sample, "trial": Trial, "measurement": Measurement}
_BEGINNINGS = {b'{"kind": "%s"' % kind.encode(): cls for kind, cls in CHECKED.items()}
REQUIRED: Mapping[str, frozenset[str]] = {
    "cell": _required(Cell) | {"id"},
    **{kind: _required(cls) for kind, cls in CHECKED.items()},
}
"""What a line of a known kind must hold; kinds that are not listed are kept as they are."""


@dataclass(frozen=True)
class RunFile:
    """What a run file holds, in order of happening, and notes on what was left out of it.

    `values` are the lines that have a type of the model, `records` all others.
    """

    path: Path
    header: Header
    records: list[Record]
    values: list[Value]
    notes: list[str] = field(default_factory=list)

    def of_kind(self, kind: str) -> list[Record]:
        """The raw records of one kind (`service`, `account`, `resumed`) in order."""
        return [record for record in self.records if record["kind"] == kind]

    def cells(self) -> list[Record]:
        """One record for each cell that was asked for, in order; the last one wins where a cell was asked twice."""
        return list({record["id"]: record for record in self.of_kind("cell")}.values())

    def samples(self) -> list[Sample]:
        """All rounds, warm-up ones too, in order."""
        return [value for value in self.values if isinstance(value, Sample)]

    def trials(self) -> list[Trial]:
        """All ended (cell, fork) in order; one that was resumed occurs once for each attempt."""
        return [value for value in self.values if isinstance(value, Trial)]

    def so_far(self) -> dict[str, Measurement]:
        """By cell what was to be said of cells that an interruption left undecided."""
        found = [from_json(Measurement, record) for record in self.of_kind("so_far")]
        return {one.cell: one for one in found}

    def measurements(self) -> dict[str, Measurement]:
        """The last word on each decided cell, by cell id."""
        return {value.cell: value for value in self.values if isinstance(value, Measurement)}


def read(path: Path, *, skip_corrupt: bool = False) -> RunFile:
    """Read a run file; a torn last line is dropped with a note, because a killed run leaves one.

    Raises RunFileError for a file that is missing, empty, not ours or newer than this program, for a corrupt line
    before the last, for a measured round that occurs twice and for a sample of an unknown cell. With `skip_corrupt`
    the last three are left out and told in the notes; of two equal rounds the first one stays.
    """
    from .schema import Impossible

    lines = content(path).split(b"\n")
    header = parse_header(path, lines[0])
    notes: list[str] = []
    numbered: list[tuple[int, Record | Value]] = []
    last = next(index for index in reversed(range(len(lines))) if lines[index].strip())
    for index, line in enumerate(lines[1:], start=1):
        if not line or line.isspace():
            continue
        try:
            numbered.append((index + 1, _quickly(line) or parse_line(line)))
        except ValueError as error:
            if index == last and not isinstance(error, Impossible):
                notes.append(f"{path.name}: the last line ({index + 1}) is unfinished and was left out")
            else:
                _complain(path, f"line {index + 1} is corrupt ({error})", skip_corrupt, notes)
    records = [record for _, record in numbered if isinstance(record, dict)]
    asked = {record["id"] for record in records if record["kind"] == "cell"}
    values = [(number, value) for number, value in numbered if not isinstance(value, dict)]
    return RunFile(path, header, records, list(_consistent(path, values, asked, skip_corrupt, notes)), notes)


def refuse_twins(runs: Iterable[tuple[str, Path]]) -> None:
    """Raise where a run was given twice, by its id and file: its rounds would be counted twice."""
    seen: dict[str, Path] = {}
    for run, path in runs:
        if run in seen:
            raise RunFileError(f"{seen[run]} and {path} hold the same run {run}; name only one of them")
        seen[run] = path


def _consistent(
    path: Path, numbered: list[tuple[int, Value]], asked: set[str], skip_corrupt: bool, notes: list[str]
) -> Iterator[Value]:
    """The values without measured rounds that occur twice and without samples of cells that nobody `asked` for."""
    seen: dict[tuple[str, int, int], int] = {}
    orphans: Counter[str] = Counter()
    for number, value in numbered:
        if isinstance(value, Sample):
            if value.cell not in asked:
                if not skip_corrupt:
                    _complain(path, f"line {number} is a sample of {value.cell}, which has no cell line", False, notes)
                orphans[value.cell] += 1
                continue
            if value.phase is Phase.MEASURE:
                before = seen.setdefault((value.cell, value.fork, value.round), number)
                if before != number:
                    what = f"line {number} repeats round {value.round} of fork {value.fork} of {value.cell}"
                    _complain(path, f"{what} from line {before}", skip_corrupt, notes)
                    continue
        yield value
    for cell, count in orphans.items():
        notes.append(f"{path.name}: {cell} has no cell line; {count} of its samples were left out")


def _complain(path: Path, what: str, skip_corrupt: bool, notes: list[str]) -> None:
    """Raise for a damaged line, or note that it was left out."""
    if not skip_corrupt:
        raise RunFileError(f"{path}: {what}; read the rest with --skip-corrupt, or take an undamaged copy")
    notes.append(f"{path.name}: {what} and was left out")


def parse_header(path: Path, line: bytes) -> Header:
    """The header in the first line, or RunFileError where the file is not ours or too new."""
    from .schema import held, loads

    said: Any = None
    with suppress(ValueError):
        said = loads(line)
    ours = isinstance(said, dict) and said.get("kind") == "run" and said.get("tool") == TOOL
    if not ours or type(said.get("schema")) is not int or not isinstance(said.get("run"), str):
        raise RunFileError(f"{path} is not a run file of {TOOL}; name a file that `{TOOL} run` wrote")
    if said["schema"] > SCHEMA_VERSION:
        raise RunFileError(
            f"{path} has schema {said['schema']} and this {TOOL} reads up to {SCHEMA_VERSION}; "
            f"upgrade with `pip install --upgrade {TOOL}`"
        )
    try:
        held(said, Header)
    except ValueError as error:
        raise RunFileError(f"{path}: its first line is corrupt ({error}); take an undamaged copy") from None
    return cast(Header, said)


def _quickly(line: bytes) -> Value | None:
    """The value in a line as we write it; None for all others, and for one that `parse_line` has to judge."""
    beginning = line[: line.find(b",")]
    try:
        return _decoder(beginning).decode(line) if beginning in _BEGINNINGS else None
    except ValueError:
        return None


@cache
def _decoder(beginning: bytes) -> msgspec.json.Decoder[Value]:
    """Nearly all lines have a type, and this reads them several times as fast as the standard library."""
    import msgspec

    return msgspec.json.Decoder(_BEGINNINGS[beginning])


def parse_line(line: bytes) -> Record | Value:
    """One line, as a value where its kind has a type; ValueError in a few words where it is damaged."""
    from .schema import KINDS, Impossible, held, loads

    record = loads(line)
    if not isinstance(record, dict) or not isinstance(record.get("kind"), str):
        raise ValueError("not a record with a kind")
    kind = record["kind"]
    missing = REQUIRED.get(kind, frozenset()) - record.keys()
    if missing:
        raise ValueError(f"a {kind} without {', '.join(sorted(missing))}")
    try:
        if kind in CHECKED:
            return cast(Value, held(record, CHECKED[kind]))
        if kind in KINDS:
            held(record, KINDS[kind])
    except Impossible as error:
        raise Impossible(f"an impossible {kind}: {error}") from None
    return cast(Record, record)
