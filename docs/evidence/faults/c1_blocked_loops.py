"""A coroutine that blocks is said to block."""

from __future__ import annotations

from docs.evidence.faults import Kind
from docs.evidence.faults.common import tried

MINE = """
import asyncio, subprocess, threading, time
async def sleeps(): time.sleep(0.02); return 1
async def computes(): return sum(range(2_000_000))
async def runs(): subprocess.run(["sleep", "0.02"]); return 1
async def half():
    await asyncio.sleep(0.001); time.sleep(0.03); return 1
async def fine():
    await asyncio.sleep(0.02); return 1
"""
STOOD = "the loop stood still for .*no other task can run meanwhile"

KIND = Kind(
    name="a coroutine that blocks is said to hardly wait",
    promise="the longest time in which the loop ran nothing else is measured and told, with why",
    inputs=(
        tried("time.sleep in a coroutine", MINE, "sleeps", STOOD, never="hardly wait", handed="08"),
        tried("computing in a coroutine", MINE, "computes", STOOD, never="hardly wait"),
        tried("a process that is waited for by blocking", MINE, "runs", STOOD, never="hardly wait"),
        tried("one that waits first and blocks then", MINE, "half", STOOD, never="hardly wait"),
        tried("one that only waits is not accused", MINE, "fine", "Use asyncio|asyncio", never="stood still"),
    ),
    tests=("test_a_coroutine_that_blocks_is_seen_by_its_loop",),
)
