"""Where a process finds the modules of whoever wrote a workload: beside its file, and in the tree of its side alone.

Standard library only: this runs in the measured process, and in every child of it that opens a body.
"""

from __future__ import annotations

import os
import sys

from .beside import AT_LAST, BESIDE, LAST
from .keeping import keep_to
from .side import SIDE, WRONG, Side, check_code, imported, my_side, side_of

__all__ = ["LAST", "SIDE", "WRONG", "Side", "at_home", "check_code", "imported", "side_of"]


def at_home(file: str) -> None:
    """Let a file that is about to be loaded import what lies beside it, and nothing of another side."""
    side = my_side()
    if side is not None:
        keep_to(side)
    if BESIDE not in sys.meta_path:
        sys.meta_path[:] = [BESIDE, *sys.meta_path, AT_LAST]
    BESIDE.add(os.path.realpath(file))
