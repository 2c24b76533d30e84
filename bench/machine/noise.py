"""What the machine did to us while a round ran: time stolen, waited for and withheld (method.md, R20).

The files are opened once and read again at each mark, so that a mark costs some tens of microseconds. What a system
does not tell is absent from the answer, never 0.
"""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from .fingerprint import cgroup_folders, core_numbers

STAT = Path("/proc/stat")
PRESSURE = Path("/proc/pressure/cpu")
BUSY_FIELDS, STEAL_FIELD = (1, 2, 3), 8
"""Places of user, nice and system time and of steal in a cpu line of /proc/stat, its name being field 0 (proc_stat(5)).

Interrupts are left out: the time that the network takes in them is on no process's account.
"""


@dataclass(frozen=True)
class Mark:
    """Counters of the machine at one moment, in seconds since it started; None where it does not tell."""

    steal_s: float | None
    busy_s: float | None
    pressure_s: float | None
    throttled_s: float | None


class Noise:
    """Reads the machine's own account of disturbance; close it, or use it in a `with` statement.

    `cores` are those whose time counts, by default all that we may use. `throttle` are cpu.stat files of
    control groups: our own and those above it, because the limit may sit in any of them.
    """

    def __init__(
        self,
        stat: Path = STAT,
        pressure: Path = PRESSURE,
        throttle: Sequence[Path] | None = None,
        cores: Iterable[int] | None = None,
    ) -> None:
        if throttle is None:
            throttle = [folder / "cpu.stat" for folder in cgroup_folders("cpu")]
        self._names = {f"cpu{core}".encode() for core in (core_numbers() if cores is None else cores)}
        self._tick_s = 1 / os.sysconf("SC_CLK_TCK")
        # The cpu lines come first and hold about 100 bytes each; the long tail of interrupts is not wanted.
        self._stat_bytes = 256 * ((os.cpu_count() or 1) + 2)
        self._stat = _open(stat)
        self._pressure = _open(pressure)
        self._throttle: list[int] = []
        for handle in filter(None, map(_open, throttle)):
            if _throttled_s(handle) is None:
                _close(handle)
            else:
                self._throttle.append(handle)

    def mark(self) -> Mark:
        """The counters as they are now."""
        throttled = [_throttled_s(handle) or 0.0 for handle in self._throttle]
        return Mark(*self._cpu_s(), self._pressure_s(), sum(throttled) if throttled else None)

    def since(self, mark: Mark) -> dict[str, float]:
        """What was added since `mark` of what is known, by its name, and load1 as it is now."""
        now = self.mark()
        answer: dict[str, float] = {}
        for name in ("steal_s", "busy_s", "pressure_s", "throttled_s"):
            old, new = getattr(mark, name), getattr(now, name)
            if old is not None and new is not None:
                # A steal counter can step back on some hypervisors; less than nothing was not stolen.
                answer[name] = max(0.0, new - old)
        with contextlib.suppress(AttributeError, OSError):
            answer["load1"] = os.getloadavg()[0]
        return answer

    def close(self) -> None:
        """Give the file handles back; after that nothing is known any more."""
        for handle in (self._stat, self._pressure, *self._throttle):
            _close(handle)
        self._stat = self._pressure = None
        self._throttle = []

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _cpu_s(self) -> tuple[float | None, float | None]:
        """What was stolen from our cores, and what programs used of them."""
        found: list[tuple[int, int]] = []
        for line in _read(self._stat, self._stat_bytes).splitlines():
            if not line.startswith(b"cpu"):
                break
            fields = line.split()
            if fields[0] in self._names and len(fields) > STEAL_FIELD:
                found.append((int(fields[STEAL_FIELD]), sum(int(fields[place]) for place in BUSY_FIELDS)))
        if not found:
            return None, None
        steal, busy = (sum(ticks) * self._tick_s for ticks in zip(*found, strict=True))
        return steal, busy

    def _pressure_s(self) -> float | None:
        total = re.search(rb"^some .*total=(\d+)", _read(self._pressure, 512))
        return int(total[1]) / 1e6 if total else None


def _open(path: Path) -> int | None:
    try:
        return os.open(path, os.O_RDONLY)
    except OSError:
        return None


def _close(handle: int | None) -> None:
    if handle is not None:
        os.close(handle)


def _read(handle: int | None, size: int) -> bytes:
    try:
        return os.pread(handle, size, 0) if handle is not None else b""
    except (OSError, AttributeError):
        # Pressure can be listed and yet refused: the kernel may have it switched off.
        return b""


def _throttled_s(handle: int) -> float | None:
    """Control groups of version 2 count microseconds, those of version 1 nanoseconds."""
    found = re.search(rb"^throttled_(usec|time) (\d+)", _read(handle, 1024), re.MULTILINE)
    return int(found[2]) / (1e6 if found[1] == b"usec" else 1e9) if found else None
