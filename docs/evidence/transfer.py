"""How far predictions carry: costs that were fitted to `mixed` and `sleep`, and other workloads of the same recordings.

    python -m docs.evidence.transfer        # the table

What an op computes is taken from the plain loop of the same place, where it is not nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from statistics import median

from when_async.bench.cli.advise import KNOWN
from when_async.bench.cli.claims import whole_references
from when_async.results.cells.summary import Row, summary
from when_async.results.frame import load
from when_async.results.prediction.advice_file import read
from when_async.results.prediction.fitted import MODELS, Fitted, over_http
from when_async.results.prediction.model import SERIAL
from when_async.results.prediction.work import Work

CLOSE = 1.1
Made = Callable[[Row, Row | None], Work | None]
"""From a row and the plain loop of its place, what it does; None where that is not known."""


def chess(row: Row, serial: Row | None) -> Work | None:
    """Boards in flight, each with as many waits as moves, the last of which is its end."""
    moves, boards = int(row.params["moves"]), int(row.params["n"])
    own_s = float(row.params["cpu_s"]) * moves
    return Work(float(row.params["wait_s"]), own_s, boards, row.concurrency, waits_per_op=moves, computes_last=False)


def grid_search(row: Row, serial: Row | None) -> Work | None:
    """Fits that compute as long as those of the plain loop; what is sent along has a price of its own."""
    if row.params.get("payload_bytes") or serial is None or serial.makespan is None:
        return None
    ops = int(row.params["n"])
    return Work(0.0, serial.makespan.point / ops, ops, row.concurrency)


def semaphore(row: Row, serial: Row | None) -> Work | None:
    """Waits of which a limit is let in; the task or thread that each op gets is not modelled."""
    return Work(float(row.params["wait_s"]), 1e-6, int(row.params["n"]), row.concurrency)


def chain(row: Row, serial: Row | None) -> Work | None:
    """Chains of waits, all taken for equally long; the longest decides, which is not modelled."""
    steps = int(row.params["steps"])
    return Work(float(row.params["step_s"]), 1e-6 * steps, int(row.params["n"]), row.concurrency, waits_per_op=steps)


def http_fetch(row: Row, serial: Row | None) -> Work | None:
    """Calls that wait for a server on the other core; what a client computes is a figure of each model, without TLS."""
    if row.params.get("tls"):
        return None
    return Work(float(row.params["delay_s"]), 0.0, int(row.params["n"]), row.concurrency)


HTTP = "http_fetch"
WORKLOADS: Mapping[str, Made] = {
    "chess": chess, "grid_search": grid_search, "semaphore": semaphore, "chain": chain, HTTP: http_fetch,
}  # fmt: skip


def ratios(rows: Sequence[Row], known: Fitted, workload: str) -> Iterator[tuple[Row, float]]:
    """Measured / predicted of each cell of a workload on one interpreter."""
    models = {one.runner: one for one in (over_http(known) if workload == HTTP else known).models}
    lean = {name: one.library for name, one in known.clients.items()} if workload == HTTP else {}
    own = [row for row in rows if row.workload == workload and row.python == known.python and row.makespan is not None]
    serial = {row.comparison: row for row in own if row.runner == SERIAL}
    for row in own:
        if row.runner not in MODELS or row.runner not in models or row.library != lean.get(row.runner, ""):
            continue
        work = WORKLOADS[workload](row, serial.get(row.comparison))
        if work is not None and row.makespan is not None:
            yield row, row.makespan.point / models[row.runner].makespan_s(work, known.cores)


def table(found: Mapping[str, Sequence[tuple[Row, float]]]) -> Iterator[str]:
    """By workload how many cells are within 10 %, and the one that is furthest off."""
    yield "| workload | within 10 % | median of measured / predicted | furthest off |"
    yield "|---|---:|---:|---|"
    for workload, cells in found.items():
        close = sum(1 / CLOSE <= ratio <= CLOSE for _, ratio in cells)
        row, worst = max(cells, key=lambda pair: max(pair[1], 1 / pair[1]))
        yield (
            f"| {workload} | {close} of {len(cells)} ({100 * close / len(cells):.0f} %) | "
            f"{median(ratio for _, ratio in cells):.2f} | `{row.cell}` {worst:.2f} |"
        )


def transfers() -> dict[str, list[tuple[Row, float]]]:
    """All cells of all interpreters of the reference."""
    known, _ = read(KNOWN)
    found: dict[str, list[tuple[Row, float]]] = {workload: [] for workload in WORKLOADS}
    for path in whole_references():
        rows = summary(load(path))
        for workload in WORKLOADS:
            found[workload] += [pair for one in known for pair in ratios(rows, one, workload)]
    return found


if __name__ == "__main__":
    print("\n".join(table(transfers())))
