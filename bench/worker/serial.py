"""The plain loop: ops one after another in the thread that asks."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import Any

from ..model import Round, Scalar
from .fanout import Failures, Tally, note_failure
from .kits import Op
from .probes import Stopwatch


class SyncSession:
    """Runs ops one after another in the main thread; with `children` what the processes below used is counted too."""

    def __init__(self, op: Op, *, children: bool = False) -> None:
        self.op = op
        self.children = children
        self.facts: Mapping[str, Scalar] = {"workers": 1}

    def run(self, items: Sequence[Any], *, prove: bool) -> Round:
        tally = Tally()
        op = tally.watch(self.op) if prove else self.op
        results: list[Any] = []
        failures: Failures = []
        watch = Stopwatch(children=self.children)
        watch.start()
        for item in items:
            try:
                # Not a bound `append`: the interpreter has a faster path for the call as it stands here.
                results.append(op(item))
            except (Exception, SystemExit) as error:
                note_failure(failures, len(results), error)
                results.append(None)
        end_ns = time.perf_counter_ns()
        return watch.round(results, failures, end_ns, proof=tally.proof() if prove else None)
