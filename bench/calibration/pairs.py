"""A/A pairs: two live fresh workers that do the same short kernel round by round, so that all difference is noise."""

from __future__ import annotations

from contextlib import ExitStack
from typing import Any

from .probes import TIMEOUT_S, Subject

WARMUPS, ROUNDS = 3, 24


def pair(subject: Subject, index: int, *, pinned: bool) -> dict[str, Any]:
    """Makespans in seconds of both workers of one pair, round by round: `base_s` and `head_s`.

    They alternate ABBA; the side that starts and, where they are pinned, the core that both share change from pair to
    pair (method.md, R6a). Raises ProcessFailed or ProcessTimedOut.
    """
    cores = subject.host.cores
    core = cores[index % len(cores)] if pinned else None
    # Once round all cores before the other side starts, or side and core would change together.
    starter = index // max(1, len(cores))
    with ExitStack() as stack:
        workers = []
        for _ in range(2):
            workers.append(subject.worker())
            stack.callback(workers[-1].kill)
        for worker in workers:
            worker.ready(TIMEOUT_S)
            if core is not None:
                worker.pin([core])
            worker.ask(TIMEOUT_S, do="open")
        taken: tuple[list[float], list[float]] = ([], [])
        for turn in range(WARMUPS + ROUNDS):
            for side in (0, 1) if (turn + starter) % 2 == 0 else (1, 0):
                answer = workers[side].ask(TIMEOUT_S, do="round", prove=False, sweep=False)
                taken[side].append(answer["makespan_s"])
    return {"pinned": pinned, "core": core, "base_s": taken[0][WARMUPS:], "head_s": taken[1][WARMUPS:]}
