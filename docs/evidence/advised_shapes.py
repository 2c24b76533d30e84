"""The thirty shapes of work that advice is held to, and `work` and `items` that have such a shape.

They were chosen before any was measured, to cover what is asked: waits of 0 to 300 ms, computing of 0 to 50 ms, 1 to
500 in flight, work of 0.05 to 1 s in all, so that start-up decides some and not others.
"""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from time import process_time
from typing import Any

from when_async.reports import words
from when_async.workloads.bodies.thinking import churn

PYTHON, SHA256, ZLIB = "python", "sha256", "zlib"
BLOCK = bytes(range(256)) * 4096
"""A megabyte that compresses as a file does."""
TRIES = 7


@dataclass(frozen=True)
class Shape:
    """Ops that wait and compute (seconds), how many and how many in flight, and what the computing is made of."""

    wait_s: float
    cpu_s: float
    ops: int
    in_flight: int
    kind: str = PYTHON
    payload_bytes: int = 0

    @property
    def arguments(self) -> list[str]:
        """What `when-async advise` is asked."""
        asked = ["--wait", f"{self.wait_s * 1e6:.0f}us", "--cpu", f"{self.cpu_s * 1e6:.0f}us"]
        asked += ["--ops", str(self.ops), "-c", str(self.in_flight), "--payload", f"{self.payload_bytes}B"]
        return [*asked, "--gil-free", "0" if self.kind == PYTHON else "1"]

    @property
    def label(self) -> str:
        """`200 x (wait 5 ms + sha256 2 ms), 16 in flight`."""
        parts = [f"wait {words.plain(self.wait_s, 's')}"] if self.wait_s else []
        parts += [f"{self.kind} {words.plain(self.cpu_s, 's')}"] if self.cpu_s else []
        carried = f" → {words.plain(self.payload_bytes, 'bytes')}" if self.payload_bytes else ""
        return f"{self.ops} × ({' + '.join(parts)}{carried}), {self.in_flight} in flight"


SHAPES = (
    Shape(0.3, 0.0, 500, 500), Shape(0.3, 1e-3, 100, 100), Shape(0.3, 1e-4, 20, 10), Shape(0.1, 2e-3, 100, 50),
    Shape(0.05, 0.02, 50, 10), Shape(0.05, 5e-3, 100, 20), Shape(0.02, 1e-3, 400, 100), Shape(0.02, 0.0, 500, 50),
    Shape(0.01, 1e-4, 2000, 200), Shape(5e-3, 5e-5, 2000, 50), Shape(5e-3, 5e-3, 100, 8), Shape(1e-3, 0.0, 1000, 10),
    Shape(1e-3, 2e-4, 2000, 20), Shape(2e-3, 0.0, 150, 1), Shape(0.03, 0.01, 10, 1), Shape(0.1, 0.05, 8, 8),
    Shape(0.01, 1e-3, 30, 30), Shape(0.0, 0.05, 16, 2), Shape(0.0, 0.01, 60, 100), Shape(0.0, 1e-3, 100, 8),
    Shape(0.0, 1e-4, 5000, 4), Shape(0.0, 5e-3, 10, 2), Shape(0.0, 0.02, 25, 1), Shape(0.0, 0.01, 60, 4, SHA256),
    Shape(0.0, 1e-3, 500, 8, SHA256), Shape(0.0, 0.02, 40, 2, ZLIB), Shape(0.02, 5e-3, 80, 20, SHA256),
    Shape(0.1, 0.01, 60, 30, ZLIB), Shape(0.0, 5e-3, 60, 2, PYTHON, 2**20), Shape(5e-3, 2e-3, 200, 16, PYTHON, 2**18),
)  # fmt: skip

COMPUTING: Mapping[str, tuple[str, Callable[[int], Any]]] = {
    PYTHON: (
        "value = 1\n    for _ in range({amount}):\n        value = value * 48271 % 2147483647",
        lambda n: churn(1, n),
    ),
    SHA256: ("hashlib.sha256(BUFFER).digest()", lambda n: hashlib.sha256(buffer(n)).digest()),
    ZLIB: ("zlib.compress(BUFFER)", lambda n: zlib.compress(buffer(n))),
}
"""By kind how it is written, and the same to be timed; the amount is of turns or of bytes."""
SIZES = {PYTHON: 200_000, SHA256: 8 * 2**20, ZLIB: 2**20}
"""Amounts that take some ten milliseconds."""
SLEEPS = {"asyncio": "asyncio.sleep", "uvloop": "asyncio.sleep", "trio": "trio.sleep"}
"""How a loop waits; whoever is not here blocks."""


def buffer(size: int) -> bytes:
    """So many bytes."""
    return (BLOCK * -(-size // len(BLOCK)))[:size]


def calibrate() -> dict[str, float]:
    """By kind the amount that a second of CPU does here: of several tries the quickest."""
    return {kind: _rate(function, SIZES[kind]) for kind, (_, function) in COMPUTING.items()}


def _rate(function: Callable[[int], Any], size: int) -> float:
    best_s = float("inf")
    for _ in range(TRIES):
        began = process_time()
        function(size)
        best_s = min(best_s, process_time() - began)
    return size / best_s


def given(shape: Shape, runner: str, rates: Mapping[str, float]) -> str:
    """A module with `work` and `items` of this shape, for a program of this runner."""
    sleep = SLEEPS.get(runner, "time.sleep")
    loop = runner in SLEEPS
    amount = round(shape.cpu_s * rates[shape.kind])
    imports = {sleep.partition(".")[0], *([shape.kind] if shape.kind == ZLIB else [])}
    imports |= {"hashlib"} if shape.kind == SHA256 else set()
    lines = [*(f"import {name}" for name in sorted(imports)), ""]
    if shape.cpu_s and shape.kind != PYTHON:
        lines += [f"BLOCK = bytes(range(256)) * {len(BLOCK) // 256}"]
        lines += [f"BUFFER = (BLOCK * {-(-amount // len(BLOCK))})[:{amount}]", ""]
    lines += [f"items = range({shape.ops})", "", f"{'async ' * loop}def work(item):"]
    lines += [f"    {'await ' * loop}{sleep}({shape.wait_s!r})"] if shape.wait_s else []
    lines += [f"    {COMPUTING[shape.kind][0].format(amount=amount)}"] if shape.cpu_s else []
    return "\n".join([*lines, f"    return {f'bytes({shape.payload_bytes})' if shape.payload_bytes else 'item'}", ""])
