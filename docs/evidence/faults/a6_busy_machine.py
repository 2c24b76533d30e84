"""Time spent queueing for a CPU is no waiting."""

from __future__ import annotations

from docs.evidence.faults import Input, Kind
from docs.evidence.faults.common import BUSY

SPIN = """
def spin(n=600_000):
    total = 0
    for i in range(n): total += i * i
    return total
"""
ARRAYS = """
import zlib
DATA = bytes(range(256)) * 8000
def squeeze():
    return len(zlib.compress(DATA, 6))
"""
MIXED = """
import time
def mixed():
    time.sleep(0.02)
    return sum(range(800_000))
"""
LIKE = BUSY.format("when-async advise --like mine:{} -n 100")

KIND = Kind(
    name="queueing for a busy CPU is taken for waiting",
    promise="true waiting is wall time less CPU less what the system says was spent in the queue (schedstat)",
    inputs=(
        Input(
            "a pure Python loop beside six busy loops",
            LIKE.format("spin"),
            r"Nothing waits|machine is busy",
            files={"mine.py": SPIN},
            never=r"max_workers=100|waits [0-9.]+ m?s",
            handed="30",
        ),
        Input(
            "compressing, which lets the GIL go",
            LIKE.format("squeeze"),
            r"Nothing waits|machine is busy",
            files={"mine.py": ARRAYS},
            never=r"max_workers=100|waits [0-9.]+ m?s",
        ),
        Input(
            "a wait of 20 ms and computing",
            LIKE.format("mixed"),
            r"waits (19|2\d)(\.\d+)? ms|machine is busy",
            files={"mine.py": MIXED},
        ),
        Input(
            "`try` of a pure Python loop",
            BUSY.format("when-async try mine:spin --forks 1 -n 8 -c 8"),
            "machine is busy",
            files={"mine.py": SPIN},
            never="Use (threads|asyncio)",
        ),
    ),
    tests=("test_waiting_is_neither_computing_nor_queueing_for_a_cpu",),
)
