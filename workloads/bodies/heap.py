"""What the C library does with the memory of a large read: the parameter `heap` of the workloads that serve.

asyncio's transports ask `recv` for 256 KiB each time. CPython makes a bytes object of that size and cuts it down to
what came. glibc takes memory of 128 KiB and more with `mmap`, unless the end of the heap or a hole in it has room: then
every read maps pages, touches the first and the last (two page faults), and unmaps them. It learns better when a block
that was mapped is freed at its full size, for then it raises its limit for good: mallopt(3), M_MMAP_THRESHOLD. A block
that was cut down before never tells it. So it hangs on what a process did before it served, and stays so for its life.

Imported in the measured process: the standard library only, and ctypes only where a regime is asked for.
"""

from __future__ import annotations

import os
import resource
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from when_async.bench.model import Param, Params, Unsuited, WrongAnswer

AS_IT_IS, KEEPS, GIVES_BACK = 0, 1, 2
NAMES: Mapping[int, str] = {KEEPS: "keeps its memory", GIVES_BACK: "gives its memory back"}

HEAP = Param(
    "heap",
    AS_IT_IS,
    GIVES_BACK,
    "what the C library does with the memory of large reads: 0 as it happens to be, 1 keeps it, 2 gives it back",
)

M_TRIM_THRESHOLD, M_TOP_PAD, M_MMAP_THRESHOLD = -1, -2, -3
"""The knobs of mallopt(3), as glibc's malloc.h numbers them."""
FRESH_BYTES = 128 << 10
"""All three in a fresh process; setting one stops glibc from moving the others."""
KEPT: Mapping[int, int] = {M_MMAP_THRESHOLD: 32 << 20, M_TRIM_THRESHOLD: 1 << 30, M_TOP_PAD: 1 << 20}
"""The first is the most that glibc takes: half of a heap of a thread."""
FRESH: Mapping[int, int] = {M_MMAP_THRESHOLD: FRESH_BYTES, M_TRIM_THRESHOLD: FRESH_BYTES, M_TOP_PAD: FRESH_BYTES}

WARMED_BYTES = 8 << 20

MOST_HOLES = 4096
"""So many free blocks of `FRESH_BYTES` are taken at most: half a gibibyte."""
IS_MAPPED = 2
"""The bit in the size before a block which says that it was mapped and is no part of the heap."""

READ_BYTES = 256 << 10
"""What asyncio's transports ask for: `max_size` in asyncio/selector_events.py."""
READS = 50
FEW, MANY = 0.1, 0.9
"""A regime is there where a read faults fewer pages than the first, or more than the second."""
SPARE = 64
"""Pages that a round may fault in for other reasons before it is said to give memory back."""


def page_faults() -> int:
    """Minor faults of this process since its start."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt


@contextmanager
def regime(params: Params) -> Iterator[None]:
    """`prepare` of a workload: put this process into the regime that `heap` asks for, before anything is opened."""
    force(int(params["heap"]))
    yield


def force(heap: int) -> None:
    """Put this process into a regime for the rest of its life; raises Unsuited where it cannot be had."""
    if heap == AS_IT_IS:
        return
    library = _library()
    for knob, size_bytes in (KEPT if heap == KEEPS else FRESH).items():
        if not library.mallopt(knob, size_bytes):
            raise Unsuited(f"mallopt refused {size_bytes} for its knob {knob}")
    if heap == GIVES_BACK:
        _fill(library)
    else:
        # Its pages are there from the beginning, as in a server that has run for a while: no round pays for the first
        # touch. What is freed here stays with the heap.
        bytes([1]) * WARMED_BYTES
    faults_a_read()
    refuse_other(heap, faults_a_read())


def refuse_other(heap: int, faults: float) -> None:
    """Raise Unsuited where a read of 256 KiB does not fault as the regime says."""
    if faults < FEW if heap == KEEPS else faults > MANY:
        return
    raise Unsuited(
        f"a process that {NAMES[heap]} cannot be had here: a read of 256 KiB faults in {faults:.2f} pages whatever "
        "glibc is told, so this interpreter takes its memory from an allocator of its own"
    )


def faults_a_read() -> float:
    """Page faults of a read of 256 KiB that brings a thousand bytes, on average."""
    out, into = os.pipe()
    try:
        before = page_faults()
        for _ in range(READS):
            os.write(into, bytes(1000))
            os.read(out, READ_BYTES)
        return (page_faults() - before) / READS
    finally:
        os.close(out)
        os.close(into)


def _library() -> Any:
    """The C library, with the types of what is called; raises Unsuited where it is not glibc."""
    import ctypes

    library = ctypes.CDLL(None)
    # musl and macOS have no mallopt; others that have one know none of these knobs.
    if not (hasattr(library, "gnu_get_libc_version") and hasattr(library, "mallopt")):
        raise Unsuited("the regimes of the heap are glibc's, and this process has another C library")
    library.malloc.restype, library.malloc.argtypes = ctypes.c_void_p, [ctypes.c_size_t]
    return library


def _fill(library: Any) -> None:
    """Take every free block of the heap from which a large read could be served, and never give one back."""
    import ctypes

    word = ctypes.sizeof(ctypes.c_size_t)
    for _ in range(MOST_HOLES):
        block = library.malloc(FRESH_BYTES)
        if not block or ctypes.c_size_t.from_address(block - word).value & IS_MAPPED:
            return
    raise Unsuited(f"the heap has {MOST_HOLES} free blocks of {FRESH_BYTES} B and more, which are too many to fill")


def check_regime(heap: int, faults: int | None, reads: int, ops: int) -> None:
    """Raise WrongAnswer where the server's own count does not show the regime that was asked for.

    `reads` is how many large reads there were at least, for `ops` messages or delivered lines; it is 0 for a server
    that makes none, of which nothing is expected.
    """
    if heap == AS_IT_IS or faults is None or not reads:
        return
    shown = faults - SPARE < FEW * ops if heap == KEEPS else faults > MANY * reads
    if not shown:
        raise WrongAnswer(
            f"the server was to be one that {NAMES[heap]}, and took {faults} page faults in {reads} large reads: "
            "something else was done with its heap meanwhile"
        )


def reads_largely() -> bool:
    """Whether the running loop is one of asyncio's own, whose transports read 256 KiB at a time."""
    import asyncio

    return type(asyncio.get_running_loop()).__module__.startswith("asyncio.")

