"""C opened bodies that travel from thread to thread, for models whose threads do not last as long as a connection."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from ..model import Job
from .kits import Op, open_blocking


@contextmanager
def opened_contexts(job: Job) -> Iterator[list[Op]]:
    """One op for each place in flight, each with a body of its own; an op must not run in two threads at once."""
    with ExitStack() as stack:
        ops = []
        for _ in range(job.concurrency):
            op, kit = open_blocking(job)
            stack.callback(kit.close)
            ops.append(op)
        yield ops
