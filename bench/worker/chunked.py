"""The round of every pool that is fed in chunks: cut the items, send the chunks, put what comes back in order."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from ..model import Round, Scalar
from .children import CHUNKS_PER_WORKER, Chunk, ChunkDone, chunks, even_chunk, put_together
from .fanout import Failures
from .op_log import OpLog
from .probes import Stopwatch


class ChunkSession:
    """Runs rounds on a primed pool; a pool says in `parts` how chunks are sent to it and taken back."""

    def __init__(self, written: OpLog, workers: int, facts: Mapping[str, Scalar]) -> None:
        self.op_log = written
        self.workers = workers
        self.facts: Mapping[str, Scalar] = {"workers": workers, **facts, "chunks_per_worker": CHUNKS_PER_WORKER}

    def parts(self, sent: Sequence[Chunk]) -> Iterable[ChunkDone]:
        """What came of the chunks, in any order."""
        raise TypeError(f"{type(self).__name__} does not say how it sends chunks")

    def chunk_size(self, ops: int) -> int:
        """Ops sent at once; see `even_chunk`."""
        return even_chunk(ops, self.workers)

    def prepare(self, ops: int) -> int:
        """Note how many ops of a round are sent at once, and forget the log of the one before."""
        size = self.chunk_size(ops)
        self.facts = {**self.facts, "chunk_size": size}
        self.op_log.reset()
        return size

    def run(self, items: Sequence[Any], *, prove: bool) -> Round:
        size = self.prepare(len(items))
        results: list[Any] = [None] * len(items)
        failures: Failures = []
        watch = Stopwatch(children=True)
        watch.start()
        put_together(self.parts(chunks(items, size, self.op_log.path if prove else "")), results, failures)
        end_ns = time.perf_counter_ns()
        return watch.round(results, failures, end_ns, proof=self.op_log.proof() if prove else None)
