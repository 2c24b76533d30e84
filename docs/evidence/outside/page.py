"""The page of docs/evidence/independent.py: what was compared, what came of it, and on what machine."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from when_async.bench.model import Estimate

from .compared import AGREES, DIFFERS, MEETS, Held, Segment, all_held, medians
from .groups import CPU, GROUPS, QUANTITIES, Group

INTRO = """# Beside scripts of others

<!-- Written by `python -m docs.evidence.independent --write`; edit docs/evidence/outside/page.py. -->

A benchmark that only agrees with itself may be wrong in one place throughout. So scripts that others wrote to compare
the same contestants run here unchanged, in turns with ours, on the same cores, in the same hour. Each line is a ratio
of two contestants, once as their script has it and once as ours has it: how many times as fast the first is.

- *Theirs* and *ours* are ratios within a block of fresh processes, with 95 % intervals over blocks, formed by the same
  rule ([the method](method.md#r5-forks-x-rounds)).
- *Agrees* asks for two things: both ratios lie on one side of 1, or one of them cannot be told from 1; and the figure
  of one side lies within the interval of the other.
- *Intervals meet* asks for the same direction, and that the intervals have a value in common.
- *Differs* is all else, with the cause where it is known.
- What is compared was written down in `docs/evidence/outside/groups.py` before it was measured. No line is left out.

A contestant with one thread, and every server on an event loop, has one core, and its client the other; they change
places from block to block on both sides. Threads and processes have all cores on both sides, and so have both sides'
grid searches unless they are serial.
"""

AFTER = """## What corresponds to what

`echo_server` and `http_server` are workloads of the suite. The tree, the pools and the grid search of support vector
machines are small workload files of ours beside this page's script, written for the comparison: there our instrument is
held against theirs, not a figure that the suite publishes.

Their scripts are run as they are, with these exceptions. curio's servers would listen on all addresses, so their
handler is taken from the script and started on 127.0.0.1. A grid search over threads is joblib's script inside `with
joblib.parallel_config("threading")`; a serial one has `JOBLIB_MULTIPROCESSING=0`. The tree on uvloop is
pyperformance's script with uvloop's event loop policy.

*Heap kept* is glibc told by `GLIBC_TUNABLES` in the environment of their server to map nothing below 4 MiB and to keep
16 MiB of freed memory; ours is at `heap=1`. *Heap given back* is their script as it is, and ours at `heap=2`: a small
process may return the memory of each read to the system and fetch it anew, page fault by page fault. Which of the two
a server does, the faults a message show:
"""


def page(told: Mapping[str, Any]) -> str:
    """The whole page of what was kept."""
    segments: Sequence[Segment] = told["segments"]
    if not segments:
        exceptions = AFTER.partition("*Heap kept*")[0].rstrip()
        return f"{INTRO}\n## What came of it\n\nNothing is recorded yet.\n\n{exceptions}\n"
    found = all_held(segments)
    parts = [INTRO, *machine(told), count(found), "", *table(found), "", *causes(found), AFTER, *faults(segments), ""]
    parts += ["Which script, and which place of ours:", "", *places(told), "", *versions(told)]
    return "\n".join(parts).rstrip() + "\n"


def machine(told: Mapping[str, Any]) -> list[str]:
    where = told["machine"]
    began = min(each["began"] for each in told["segments"])
    words = f"{where['cpu']}, {where['cores']} cores, {where['system']}; {began[:10]}, from {began[11:16]} UTC on."
    return ["## What came of it", "", f"Machine: {words}", ""]


def count(found: Sequence[Held]) -> str:
    """How many of the comparisons agree, in words."""
    words = Counter(one.word for one in found)
    directed = sum(one.directed for one in found)
    return (
        f"Of {len(found)} comparisons {words[AGREES]} agree, in {words[MEETS]} the intervals only meet, and "
        f"{words[DIFFERS]} differ. The direction is the same in {directed}."
    )


def table(found: Sequence[Held]) -> list[str]:
    """One line for each comparison."""
    head = "| script | first / second | by | theirs | ours | ours / theirs | direction | |"
    rows = [
        f"| {one.group.name} | {one.comparison.first} / {one.comparison.second} "
        f"| {QUANTITIES[one.comparison.quantity]} | {shown(one.theirs)} | {shown(one.ours)} | {shown(one.apart)} "
        f"| {'same' if one.directed else 'other'} | {one.word} |"
        for one in found
    ]
    return [head, "|---|---|---|---:|---:|---:|---|---|", *rows]


def shown(one: Estimate) -> str:
    """A ratio with its interval."""
    return f"{one.point:.3g} [{one.low:.3g}, {one.high:.3g}]"


def causes(found: Sequence[Held]) -> list[str]:
    """Why comparisons differ, where something is known."""
    told: dict[str, list[str]] = {}
    for one in found:
        if one.word == DIFFERS:
            name = f"{one.group.name}: {one.comparison.first} / {one.comparison.second}, {one.comparison.quantity}"
            told.setdefault(one.comparison.cause or "no cause is known", []).append(name)
    if not told:
        return []
    return ["What differs, and why:", "", *(f"- {cause} ({'; '.join(names)})" for cause, names in told.items()), ""]


def faults(segments: Sequence[Segment]) -> list[str]:
    """Page faults and the client's share of its core, for the groups that have a server."""
    rows = [
        f"| {group.name} | {name} | {_number(theirs)} | {_number(ours)} | {_share(busy.get(name, (None, None)))} |"
        for group in GROUPS
        if any(one.quantity == CPU for one in group.comparisons)
        for busy in [{name: (a, b) for name, a, b in medians(segments, group.name, "client_busy")}]
        for name, theirs, ours in medians(segments, group.name, "faults")
    ]
    head = "| script | contestant | faults a message, theirs | ours | client's share of its core, theirs and ours |"
    return [head, "|---|---|---:|---:|---|", *rows]


def places(told: Mapping[str, Any]) -> list[str]:
    """What is run on either side."""
    rows = [_place(group, told) for group in GROUPS if any(each["group"] == group.name for each in told["segments"])]
    return ["| script | file | ours | blocks, theirs and ours |", "|---|---|---|---|", *rows]


def _place(group: Group, told: Mapping[str, Any]) -> str:
    segments = [each for each in told["segments"] if each["group"] == group.name]
    sizes = [len({(n, one["process"]) for n, each in enumerate(segments) for one in each[side]})
             for side in ("theirs", "ours")]  # fmt: skip
    python = f" on Python {group.python}" if group.python else ""
    places = ", ".join(f"`{place}`" for place in group.places)
    script = f"`{group.script}` of {group.outside}" if group.outside else f"`{group.script}`"
    return f"| {group.name} | {script}{python} | {places} | {sizes[0]}, {sizes[1]} |"


def versions(told: Mapping[str, Any]) -> list[str]:
    """Commits of the repositories, and versions of what was installed."""
    commits = "; ".join(f"{name} {commit[:12]}" for name, commit in told["commits"].items())
    installed = ", ".join(f"{name} {version}" for name, version in told["versions"].items())
    return [f"Commits of the scripts: {commits}.", "", f"Versions: {installed}."]


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.2f}"


def _share(both: tuple[float | None, float | None]) -> str:
    return ", ".join("" if value is None else f"{value:.0%}" for value in both)
