"""What a run has measured so far, kept by comparison, so that a claim can be judged while the run goes on."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from pathlib import Path
from typing import Any

from when_async.bench.model import Measurement, Phase, Sample, Status, Trial
from when_async.results.cells.rule import Rule
from when_async.results.frame import frame_of
from when_async.results.runfile import Header, RunFile

from ..scene.evidence import scene
from ..verdicts import twins
from ..verdicts.lookup import Lookup


class Evidence:
    """Cells, rounds and verdicts on cells of one run; `cells` are the cell lines of its file."""

    def __init__(self, header: Mapping[str, Any], cells: Iterable[Mapping[str, Any]]) -> None:
        self._header = header
        self._cells: dict[str, list[dict[str, Any]]] = {}
        self._place: dict[str, str] = {}
        self._values: dict[str, list[Sample | Trial | Measurement]] = {}
        for cell in cells:
            self._cells.setdefault(cell["comparison"], []).append({"kind": "cell", **cell})
            self._place[cell["id"]] = cell["comparison"]

    def keep(self, event: object) -> None:
        """Note what the walk yields; what is no round, account of a process or word on a cell is passed over."""
        if isinstance(event, Sample | Trial | Measurement):
            self._values.setdefault(self._place[event.cell], []).append(event)

    def rounds(self, cell: str) -> list[float]:
        """Ops per second of each measured round of a cell so far."""
        values = self._values.get(self._place[cell], ())
        return [
            one.ops_ok / one.makespan_s
            for one in values
            if isinstance(one, Sample) and one.cell == cell and one.phase is Phase.MEASURE
        ]

    def lookups(
        self, places: Collection[str], words: Iterable[Measurement], rules: Mapping[str, Rule]
    ) -> dict[str, Lookup]:
        """By interpreter what these comparisons say; `words` is what would be said of their undecided cells now."""
        said = [one for place in places for one in self._values.get(place, ())]
        decided = {one.cell for one in said if isinstance(one, Measurement)}
        said += [one for one in words if one.cell not in decided and one.status is Status.OK]
        records = [cell for place in places for cell in self._cells.get(place, ())]
        header: Header = {**self._header, "kind": "header"}  # type: ignore[typeddict-item]
        seen = scene(frame_of(RunFile(Path(str(header["run"])), header, records, said)))
        run = header["run"]
        found = {python: Lookup(seen, run, python, rule) for python, rule in rules.items()}
        twins.link(found.values(), [self._header])
        return found
