"""Which cores who may use (method.md, R6a)."""

from __future__ import annotations

from collections.abc import Sequence


def roles(cores: Sequence[int], fork: int) -> tuple[list[int] | None, list[int] | None]:
    """Cores of the one-core contestants and of their service; they change places from fork to fork (method.md, R6a).

    (None, None) where there is one core only, which leaves everybody where they are.
    """
    if len(cores) < 2:
        return None, None
    return [cores[fork % len(cores)]], [cores[(fork + 1) % len(cores)]]
