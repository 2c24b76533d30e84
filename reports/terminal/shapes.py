"""The shape of a program for each model: a few lines in its best idiomatic form, to begin from."""

from __future__ import annotations

from collections.abc import Mapping

SHAPES: Mapping[str, str] = {
    "sync": """results = [work(item) for item in items]
""",
    "threading": """from concurrent.futures import ThreadPoolExecutor

with ThreadPoolExecutor(max_workers={k}) as pool:
    results = list(pool.map(work, items))
""",
    "multiprocessing": """from concurrent.futures import ProcessPoolExecutor

if __name__ == "__main__":
    with ProcessPoolExecutor(max_workers={k}) as pool:
        results = list(pool.map(work, items, chunksize={chunk}))
""",
    "interpreters": """from concurrent.futures import InterpreterPoolExecutor  # Python 3.14

if __name__ == "__main__":
    with InterpreterPoolExecutor(max_workers={k}) as pool:
        results = list(pool.map(work, items))
""",
    "asyncio": """import asyncio

async def main():
    async with asyncio.TaskGroup() as group:
        limit = asyncio.Semaphore({k})

        async def limited(item):
            async with limit:
                return await work(item)

        tasks = [group.create_task(limited(item)) for item in items]
    return [task.result() for task in tasks]

results = asyncio.run(main())
""",
    "trio": """import trio

async def main():
    limit, results = trio.CapacityLimiter({k}), {{}}

    async def limited(place, item):
        async with limit:
            results[place] = await work(item)

    async with trio.open_nursery() as nursery:
        for place, item in enumerate(items):
            nursery.start_soon(limited, place, item)
    return [results[place] for place in range(len(items))]

results = trio.run(main)
""",
}


def shape(runner: str, in_flight: int, ops: int) -> str:
    """The code to begin from; uvloop is asyncio with another way to run it."""
    base = "asyncio" if runner == "uvloop" else runner
    text = SHAPES[base].format(k=in_flight, chunk=chunk(ops, in_flight))
    if runner == "uvloop":
        text = text.replace("import asyncio\n", "import asyncio\n\nimport uvloop\n", 1)
        text = text.replace("asyncio.run(", "uvloop.run(")
    return text


SLACK = 1.02
"""How much more than an even share the busiest process may be handed."""


def chunk(ops: int, processes: int) -> int:
    """How many ops are sent to a process at once: about a quarter of its share, and fewer where that is uneven.

    With 100 waits in chunks of 3 over 10 processes some would do 12 and not 10. That is how the runner which the
    predictions rest on cuts its work too.
    """
    share = -(-ops // processes)
    usual = max(1, -(-ops // (4 * processes)))
    return next(size for size in range(usual, 0, -1) if size * -(-ops // (size * processes)) <= SLACK * share)
