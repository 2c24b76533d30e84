"""A glance at run files: what each holds, without reading its samples; and which of many are to be read whole.

A line's kind stands at its beginning, so a run of a gigabyte is counted as fast as it comes from the disk.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .machines import Machine, machine_of
from .runfile import Header, opened, parse_header

FEW = 6
"""So many runs are read whole and stand side by side; of more only the newest of each machine and interpreter are."""
SAMPLE, MEASUREMENT = b'{"kind": "sample"', b'{"kind": "measurement"'


@dataclass(frozen=True)
class Overview:
    """What is said of a run that is not shown in full."""

    path: Path
    header: Header
    samples: int
    statuses: Mapping[str, int]

    @property
    def run(self) -> str:
        return str(self.header["run"])


def lines_of(path: Path) -> Iterator[bytes]:
    """The lines of a run file, packed or not; raises RunFileError where it cannot be read."""
    with opened(path) as file:
        yield from file


def header_of(path: Path) -> Header:
    """The first line of a run file."""
    return parse_header(path, next(lines_of(path), b""))


def overview(path: Path) -> Overview:
    """Header, number of samples and the statuses of the cells; a line that is damaged counts for nothing."""
    samples, statuses = 0, Counter[str]()
    for line in lines_of(path):
        if line.startswith(SAMPLE):
            samples += 1
        elif line.startswith(MEASUREMENT):
            try:
                statuses[str(json.loads(line)["status"])] += 1
            except (ValueError, KeyError):
                continue
    return Overview(path, header_of(path), samples, dict(statuses))


def newest(header: Header) -> Any:
    """Ranks runs by when they began."""
    return str(header["run"])


def parted(
    paths: Sequence[Path], rank: Callable[[Header], Any] = newest, most: int = FEW
) -> tuple[list[Path], list[Path]]:
    """Those to be read whole and the others, each in the order given.

    Few runs are all read. Of many it is the first in `rank` that has an interpreter of a machine, and no more than
    `most`.
    """
    if len(paths) <= FEW:
        return list(paths), []
    best: dict[tuple[Machine, str], tuple[Any, Path]] = {}
    for path in paths:
        head = header_of(path)
        box = machine_of(head)
        for python in head.get("pythons", ()):
            known = best.get((box, str(python)))
            if known is None or rank(head) > known[0]:
                best[(box, str(python))] = (rank(head), path)
    ranked = dict.fromkeys(path for _, path in sorted(best.values(), key=lambda pair: pair[0], reverse=True))
    kept = {*list(ranked)[:most]}
    return [path for path in paths if path in kept], [path for path in paths if path not in kept]
