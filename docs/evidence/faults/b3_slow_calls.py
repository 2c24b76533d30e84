"""A call that takes seconds gets a plan that fits, or is refused at once with the command that works."""

from __future__ import annotations

from docs.evidence.faults import Input, Kind
from docs.evidence.faults.common import ANSWER

MINE = """
import asyncio, time
def train(s=9):
    time.sleep(s); return 1
async def atrain(s=4):
    await asyncio.sleep(s); return 1
def burn(s=3):
    end = time.process_time() + s
    while time.process_time() < end: pass
    return 1
"""
FITS = ANSWER

KIND = Kind(
    name="a slow call ends in a timeout that the plan knew of",
    promise="the plan is made from the look: fewer calls and processes, or a refusal with the command that works",
    inputs=(
        Input(
            "items of which one takes 600 times as long as the other",
            "when-async try mine:train --items '[0.0005, 0.3]' --forks 2 -r sync -r threading",
            r"a call took 5\d\d µs to 30\d ms by its item",
            files={"mine.py": MINE},
            never="TIMEOUT",
        ),
        Input(
            "9 s a call, defaults",
            "when-async try mine:train --forks 2 -r sync -r threading",
            FITS,
            (0, 2),
            files={"mine.py": MINE},
            never="TIMEOUT",
            handed="15",
        ),
        Input(
            "4 s a call, async",
            "when-async try mine:atrain -r asyncio --forks 2 -n 4 -c 4",
            FITS,
            (0, 2),
            files={"mine.py": MINE},
            never="TIMEOUT",
        ),
        Input(
            "3 s of computing, eight calls",
            "when-async try mine:burn -r sync --forks 2 -n 8",
            FITS,
            (0, 2),
            files={"mine.py": MINE},
            never="TIMEOUT",
        ),
        Input(
            "a call that takes longer than the limit",
            "when-async try mine:train -r sync --timeout 2",
            "did not end: no answer within 4 s",
            3,
            files={"mine.py": MINE},
        ),
    ),
    tests=("test_a_round_that_cannot_end_within_the_limit_that_was_named_is_refused_first",),
)
