"""One round of one contestant seen from inside: who waited and who worked when, on lanes of threads and tasks.

A timeline is recorded in a worker of its own, in a round that nobody times: writing things down takes time, so it
shows an order of events and how they overlap, and is no measurement.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import replace
from typing import Any

from ..machine.host import Host
from ..model import ADDRESS, FailedError, Lane, Shape, Span, Timeline
from ..plan import Comparison, Settings
from ..processes.service import ServiceFailed
from ..processes.worker import ProcessFailed, ProcessTimedOut
from ..reaping.reaper import scratch
from .workers import WorkerGroup

COOPERATIVE = ("greenlets",)
"""Families whose tasks are called greenlets."""


class NotRecorded(FailedError):
    """There is no timeline; the text is the reason in one line."""


def record(host: Host, settings: Settings, comparison: Comparison, index: int = 0) -> Timeline:
    """One traced round of a contestant, after one that warms up; raises NotRecorded with the reason."""
    with ExitStack() as stack:
        trace = stack.enter_context(scratch("when-async-trace-")) / "trace"
        # Workers add to it, and none of them makes it.
        trace.touch()
        group = WorkerGroup(host, settings, comparison, fork=0, attempt=0)
        stack.callback(group.kill)
        try:
            # A capacity that is known already is not measured again; nothing here is compared with it.
            group.start_service({comparison.id: None})
            for loss in group.launch({index}):
                raise NotRecorded(loss.reason)
            answer = group.members[index].worker.ask(settings.timeout_s, do="trace", path=str(trace))
        except (ProcessFailed, ProcessTimedOut, ServiceFailed) as error:
            raise NotRecorded(ADDRESS.sub("", str(error))) from error
        with trace.open(encoding="utf-8") as lines:
            return read(lines, comparison, index, answer["start_ns"], answer["makespan_s"])


def read(lines: Iterable[str], comparison: Comparison, index: int, start_ns: int, makespan_s: float) -> Timeline:
    """The timeline that the lines of a trace tell."""
    events = sorted((json.loads(line) for line in lines), key=lambda event: (event["start_ns"], -event["end_ns"]))
    keys = list(dict.fromkeys((event["pid"], event["thread"], event["task"]) for event in events))
    names = {(event["pid"], event["thread"], event["task"]): event["name"] for event in events}
    spans = [_span(event, keys.index((event["pid"], event["thread"], event["task"])), start_ns) for event in events]
    cell = comparison.contestants[index].cell
    return Timeline(
        cell=cell.id,
        comparison=comparison.id,
        contestant=cell.contestant,
        family=cell.family,
        python=cell.python,
        noun=noun(keys, cell.family),
        program=comparison.workload.shape is Shape.PROGRAM,
        makespan_s=makespan_s,
        lanes=lanes([(*key, names[key]) for key in keys]),
        spans=tuple(merged(spans)),
    )


def _span(event: Mapping[str, Any], lane: int, start_ns: int) -> Span:
    return Span(
        lane=lane,
        kind=event["kind"],
        start_s=(event["start_ns"] - start_ns) / 1e9,
        end_s=(event["end_ns"] - start_ns) / 1e9,
        label=ADDRESS.sub("", event.get("label", "")),
        cpu_s=event.get("cpu_ns", 0) / 1e9,
    )


def merged(spans: Sequence[Span]) -> list[Span]:
    """The spans in order, with waits of one lane that overlap made one: a sleep is seen by the kit and by its task."""
    found: list[Span] = []
    last: dict[int, int] = {}
    for span in sorted(spans, key=lambda span: (span.start_s, -span.end_s)):
        place = last.get(span.lane) if span.kind == "wait" else None
        if place is not None and span.start_s <= found[place].end_s:
            found[place] = replace(found[place], end_s=max(found[place].end_s, span.end_s))
            continue
        if span.kind == "wait":
            last[span.lane] = len(found)
        found.append(span)
    return found


Key = tuple[int, int, str]
"""Process, thread and task by which a lane is known."""


def noun(keys: Sequence[Key], family: str) -> str:
    """What most tells the lanes apart."""
    if any(task for _, _, task in keys):
        return "greenlet" if family in COOPERATIVE else "task"
    return "process" if len({pid for pid, _, _ in keys}) > 1 else "thread"


def lanes(keys: Sequence[tuple[int, int, str, str]]) -> tuple[Lane, ...]:
    """Lanes with short names: `Task-3`, `thread 2`, `process 2 Task-3`, in the order in which they first appear."""
    pids = list(dict.fromkeys(pid for pid, *_ in keys))
    threads = {pid: list(dict.fromkeys(thread for own, thread, *_ in keys if own == pid)) for pid in pids}
    words = []
    for pid, thread, task, name in keys:
        parts = [f"process {pids.index(pid) + 1}"] if len(pids) > 1 else []
        parts += [f"thread {threads[pid].index(thread) + 1}"] if len(threads[pid]) > 1 else []
        # Of a coroutine's full name its own part: `open_trio.<locals>.awaiting`.
        parts += [name.rpartition(".")[2]] if task else []
        words.append(" ".join(parts) or "main thread")
    often, seen = Counter(words), Counter[str]()
    found = []
    for (pid, thread, _, name), word in zip(keys, words, strict=True):
        seen[word] += 1
        found.append(Lane(pid, thread, name, f"{word} {seen[word]}" if often[word] > 1 else word))
    return tuple(found)


def chrome_trace(timeline: Timeline) -> dict[str, Any]:
    """The timeline in the format that Perfetto and chrome://tracing open; microseconds, a row for each lane."""
    pids = list(dict.fromkeys(lane.pid for lane in timeline.lanes))
    events: list[dict[str, Any]] = [
        _named("process_name", pid, 0, name=f"process {place}" if len(pids) > 1 else "worker")
        for place, pid in enumerate(pids, start=1)
    ]
    for row, lane in enumerate(timeline.lanes, start=1):
        events.append(_named("thread_name", lane.pid, row, name=lane.name))
        events.append(_named("thread_sort_index", lane.pid, row, sort_index=row))
    events += [_complete(span, timeline.lanes[span.lane]) for span in timeline.spans]
    return {
        "traceEvents": events,
        "displayTimeUnit": "ms",
        "otherData": {
            "cell": timeline.cell,
            "note": "one traced round; writing it down took time, so this is no measurement",
        },
    }


def _named(what: str, pid: int, row: int, **args: Any) -> dict[str, Any]:
    return {"name": what, "ph": "M", "pid": pid, "tid": row, "args": args}


def _complete(span: Span, lane: Lane) -> dict[str, Any]:
    args: dict[str, Any] = {"thread": lane.thread, "task": lane.task}
    if span.kind == "op":
        args["cpu_us"] = round(span.cpu_s * 1e6, 3)
    name = "wait" if span.kind == "wait" else span.label if span.label == "program" else f"op {span.label}"
    start_us = round(span.start_s * 1e6, 3)
    return {
        "name": name,
        "cat": span.kind,
        "ph": "X",
        "ts": start_us,
        # From both ends as they are written, so that a wait never ends after the op that it lies in.
        "dur": round(round(span.end_s * 1e6, 3) - start_us, 3),
        "pid": lane.pid,
        "tid": span.lane + 1,
        "args": args,
    }
