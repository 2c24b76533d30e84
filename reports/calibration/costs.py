"""What one more thing in flight costs each runner: as tables, in a sentence, in the terminal, and as flat objects."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from rich.console import Console
from rich.text import Text

from when_async.bench.model import Estimate
from when_async.results.calibration.runner_costs import Price, RunnerCost, RunnerCosts

from .. import words
from ..scene import conditions as ledger
from ..scene.tables import Entry, Group, Item, Line, Table
from ..words import Scale, scale_for

HEADING = "What one more thing in flight costs"
WIDTH = 100
MANY = 1000
Of = Callable[[RunnerCost], Price]

MEMORY_NOTE = (
    "Memory is the slope of what the worker and all processes below it hold (pages that are shared count once) from 10 "
    "to as many in flight as were quickly had, at most 10 000, while all of them wait. About 50 bytes of it are the "
    "op's places in the lists of the instrument; what the kernel keeps for a thread or a process is not in it. The "
    "largest in flight was seen once, counted op by op, and so has no interval."
)
TIME_NOTE = (
    "An empty op is the makespan of 10 000 ops that do nothing, divided by them. Launch is process start with imports, "
    "start-up the import of the runner's own library and then the pool or loop with priming. Runners that use one "
    "thread by nature are bound to one core. Where fewer than 1 000 could be had, their number stands before the "
    "figure."
)


def in_order(costs: RunnerCosts) -> list[RunnerCost]:
    """Least memory first; then those without that figure but with others, then those without any, by name."""

    def place(one: RunnerCost) -> tuple[int, float, str]:
        found = one.memory.estimate
        return (0, found.point, one.name) if found else (1 if one.measured else 2, 0.0, one.name)

    return sorted(costs.runners, key=place)


def count(number: int) -> str:
    """`31 765` with a narrow gap that does not break."""
    return f"{number:,}".replace(",", "\u202f")


def stopped(one: RunnerCost) -> str:
    """Why there were no more in flight, in a few words."""
    return "no more were tried" if one.cause == "top" else words.one_line(one.stopped, 240)


def finding(costs: RunnerCosts) -> str:
    """The sentence above the chart: the least, the most, and who held the most at once."""
    priced = [one for one in in_order(costs) if one.memory.estimate is not None]
    said = []
    if priced:
        ends = [f"{words.with_unit(one.memory.estimate, 'bytes')} on {words.one_line(one.name)}"
                for one in (priced[0], *priced[1:][-1:]) if one.memory.estimate]  # fmt: skip
        said.append(f"One more in flight takes {' and '.join(ends)}")
    most = max((one.reached for one in costs.runners), default=0)
    holders = [words.one_line(one.name) for one in in_order(costs) if one.reached == most]
    if most > 1:
        who = words.listing(holders) if len(holders) <= 4 else f"{len(holders)} of {len(costs.runners)} runners"
        said.append(f"{who} held {count(most)} at once")
    return "; ".join(said) or "Nothing was measured of what one more in flight costs"


def intro(costs: RunnerCosts) -> str:
    """When, with what and from how much the figures came."""
    day = ledger.date({"started": costs.date.isoformat()})
    libraries = ", ".join(f"{name} {version}" for name, version in costs.versions.items())
    ended = " It was interrupted, so some figures rest on fewer processes or are missing." if costs.interrupted else ""
    return words.one_line(
        f"Measured on {day} by when-async calibrate with {costs.python}{f' ({libraries})' if libraries else ''}"
        f"{', quickly' if costs.quick else ''}: {costs.processes} fresh processes a figure, interleaved over runners, "
        f"in {words.digits(costs.seconds)} s; 95 % intervals over processes in brackets.{ended}", 900
    )  # fmt: skip


def memory_table(costs: RunnerCosts) -> Table:
    """Memory of one more in flight, the largest number that was reached, and what stopped it there."""
    scale, best = _scale(costs, "bytes", _memory), _best(costs, _memory)
    lines = []
    for one in in_order(costs):
        if not one.measured:
            lines.append(_hole(one))
            continue
        reached = Item(count(one.reached)) if one.reached else Item(words.DASH, hole=True)
        entries = [[_item(one.memory, scale, best=one.name == best)], [reached], [Item(stopped(one), hole=True)]]
        lines.append(Line(words.one_line(one.name), [], entries))
    columns = [f"one more in flight, {scale.label}", "largest in flight", "what stopped it"]
    return Table(MEMORY_NOTE, ["runner"], columns, [Group("", lines=lines)])


TIMES: tuple[tuple[str, Of], ...] = (
    ("empty op at 1", lambda one: one.op_one),
    (f"empty op at {count(MANY)}", lambda one: one.op_many),
    ("start-up at 1", lambda one: one.startup_one),
    (f"start-up at {count(MANY)}", lambda one: one.startup_many),
    ("launch", lambda one: one.launch),
)
"""Columns of the table of times; those whose names begin alike share a unit."""


def time_table(costs: RunnerCosts, columns: Sequence[tuple[str, Of]] = TIMES, note: str = TIME_NOTE) -> Table:
    """What a runner takes before it works, and for an op that does nothing."""
    kinds = [name.partition(" at ")[0] for name, _ in columns]
    scales = [_scale(costs, "s", *(of for name, of in columns if name.startswith(kind))) for kind in kinds]
    best = [_best(costs, of) for _, of in columns]
    lines = []
    for one in in_order(costs):
        entries: list[Entry] = [
            [_item(of(one), scale, best=one.name == first)]
            for (_, of), scale, first in zip(columns, scales, best, strict=True)
        ]
        lines.append(Line(words.one_line(one.name), [], entries) if one.measured else _hole(one))
    heads = [f"{name}, {scale.label}" for (name, _), scale in zip(columns, scales, strict=True)]
    return Table(note, ["runner"], heads, [Group("", lines=lines)])


def _memory(one: RunnerCost) -> Price:
    return one.memory


def _hole(one: RunnerCost) -> Line:
    return Line(words.one_line(one.name), [], [[Item(words.one_line(one.stopped, 240), hole=True)]], quiet=True)


def _scale(costs: RunnerCosts, kind: str, *of: Of) -> Scale:
    return scale_for([get(one).estimate for one in costs.runners for get in of], kind)


def _best(costs: RunnerCosts, of: Of) -> str:
    """The runner whose interval lies below all others; none where that is not beyond doubt."""
    found = sorted((price.estimate.point, price.estimate, one.name) for one in costs.runners
                   if (price := of(one)).estimate is not None)  # type: ignore[union-attr]  # fmt: skip
    if len(found) < 2 or found[0][1].high >= min(other.low for _, other, _ in found[1:]):
        return ""
    return found[0][2]


def _item(price: Price, scale: Scale, *, best: bool = False) -> Item:
    if price.estimate is None:
        return Item(words.DASH, hole=True, title=words.one_line(price.reason, 240))
    fewer = f"at {count(price.in_flight)}:" if 1 < price.in_flight < MANY and price.estimate.unit == "s" else ""
    title = f"between 10 and {count(price.in_flight)} in flight" if price.estimate.unit == "bytes" else ""
    return Item(words.point(price.estimate, scale), words.bounds(price.estimate, scale), best, fewer, title=title)


def flat_costs(costs: RunnerCosts | None) -> Iterator[dict[str, Any]]:
    """Flat objects for machines to read: one a figure, and one a runner for how far it got."""
    for one in costs.runners if costs else ():
        for figure, price in _prices(one):
            found = price.estimate
            names = ("point", "low", "high", "unit", "n", "confidence")
            numbers = {name: getattr(found, name, None) for name in names}
            place = {"kind": "cost", "runner": one.name, "figure": figure, "in_flight": price.in_flight}
            yield {**place, **numbers, "reason": price.reason}
        yield {"kind": "reach", "runner": one.name, "reached": one.reached, "cause": one.cause, "reason": one.stopped}


def _prices(one: RunnerCost) -> tuple[tuple[str, Price], ...]:
    return (
        ("launch", one.launch), ("startup_one", one.startup_one), ("startup_many", one.startup_many),
        ("op_one", one.op_one), ("op_many", one.op_many), ("memory", one.memory),
    )  # fmt: skip


def show_costs(costs: RunnerCosts | None, console: Console) -> None:
    """Print the tables, at most 100 columns wide; names from the file are never read as markup."""
    if costs is None:
        return
    width = min(WIDTH, console.width)
    console.print()
    _say(console, [HEADING], "bold", width)
    # At plain spaces only: a number has narrow ones, at which it must not break.
    _say(console, intro(costs).split(" "), "", width)
    _say(console, finding(costs).split(" "), "", width)
    for table in (memory_table(costs), time_table(costs, TIMES[:2], ""), time_table(costs, TIMES[2:])):
        console.print()
        _show(table, console, width)


def _show(table: Table, console: Console, width: int) -> None:
    """Columns as wide as what they hold; the last, if it is words, takes what is left and goes on below itself."""
    lines = table.groups[0].lines
    whole = [line for line in lines if len(line.entries) == len(table.columns)]
    rows = [[_plain(entry[0]) for entry in line.entries] for line in whole]
    worded = table.columns[-1] == "what stopped it"
    room = max(len(line.head) for line in lines) + 2 if lines else 2
    sizes = [max(map(len, column)) + 2 for column in zip(table.columns, *rows, strict=True)]
    left = room + sum(sizes[:-1]) if worded else 0
    heads = [f"{name:>{size}}" for name, size in zip(table.columns, sizes, strict=True)]
    if worded:
        heads[-1] = f"  {table.columns[-1]}"
    _line(console, " " * room + "".join(heads), "dim", width)
    for line in lines:
        if len(line.entries) != len(table.columns):
            _say(console, line.entries[0][0].text.split(), "dim", width, f"{line.head:<{room}}  ", room + 2)
            continue
        texts = [_plain(entry[0]) for entry in line.entries]
        numbers = texts[:-1] if worded else texts
        start = f"{line.head:<{room}}" + "".join(f"{text:>{size}}" for text, size in zip(numbers, sizes, strict=False))
        if worded:
            _say(console, texts[-1].split(), "", width, f"{start}  ", left + 2)
        else:
            _line(console, start, "", width)
    _say(console, table.caption.split(), "dim", width)


def _plain(item: Item) -> str:
    return " ".join(part for part in (item.label, item.text, item.bounds) if part)


def _line(console: Console, line: str, look: str, width: int) -> None:
    text = Text(line.rstrip(), style=look)
    text.truncate(width, overflow="ellipsis")
    console.print(text, soft_wrap=True, highlight=False)


def _say(console: Console, said: Sequence[str], look: str, width: int, start: str = "", indent: int = 0) -> None:
    """Words after `start`, wrapped at the width; what follows is indented."""
    line, bare = start, True
    for word in said:
        if not bare and len(line) + 1 + len(word) > width:
            _line(console, line, look, width)
            line, bare = " " * indent, True
        line += word if bare else f" {word}"
        bare = False
    if line.strip():
        _line(console, line, look, width)


def estimates(costs: RunnerCosts, of: Of) -> list[Estimate]:
    """All estimates of one figure."""
    return [found for one in costs.runners if (found := of(one).estimate) is not None]
