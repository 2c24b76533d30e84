"""Write docs/map.md, its pictures and the file that pages draw from: which model is predicted to be fastest where.

python -m docs.evidence.predicted_map
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from when_async.bench.cli.advise import KNOWN
from when_async.bench.cli.claims import whole_references
from when_async.reports import words
from when_async.reports.drawing.predicted_map import chart
from when_async.reports.page.elsewhere import MAP
from when_async.reports.scene.decision import Region, maps
from when_async.reports.scene.evidence import scene
from when_async.results.frame import load
from when_async.results.prediction.advice_file import read
from when_async.results.prediction.fitted import Fitted
from when_async.results.prediction.judged import TIE
from when_async.results.prediction.mapped import CORES, Kept, Place, Tile, keep, tile, tiles

PAGE = Path(__file__).resolve().parents[1] / "map.md"
FOLDER = PAGE.with_name("img")
BUILDS = ("3.11", "3.13t")
"""One with the GIL and one without it."""


def measured(python: str) -> list[Region]:
    """The places of the reference that were measured on an interpreter."""
    (path,) = [each for each in whole_references() if python in each.name.split(".jsonl")[0].split("-")]
    return next(own for (_, label), own in maps(scene(load(path))).items() if label == python)


def place_of(one: Region) -> Place:
    return (one.size_s, round(one.waiting, 6), one.concurrency)


def agreement(known: Fitted, regions: Sequence[Region]) -> tuple[int, int]:
    """In how many measured places the predicted best is the best there, or cannot be told from it."""
    right = 0
    for one in regions:
        predicted = tile(known, *place_of(one), known.cores)
        right += bool({row.runner for row in one.top} & set(predicted.level))
    return right, len(regions)


def winners(own: Sequence[Tile]) -> str:
    """`processes 20, threads 12, ...`: in how many places each is best, ties counted as such."""
    counts: dict[str, int] = {}
    for one in own:
        name = one.level[0] if len(one.level) == 1 else "level"
        counts[name] = counts.get(name, 0) + 1
    return ", ".join(f"{name} {count}" for name, count in sorted(counts.items(), key=lambda pair: -pair[1]))


def map_of(known: Fitted, machine: str) -> Kept:
    """The whole map of an interpreter."""
    families = {one.runner: one.family for one in known.models}
    places = [place_of(one) for one in measured(known.python)]
    own = [one for cores in CORES for one in tiles(known, cores)]
    return Kept(known.python, machine, known.cores, places, families, own)


def page(known: Mapping[str, Fitted], kept: Mapping[str, Kept], machine: str) -> Iterator[str]:
    """The page in blocks."""
    yield "# The whole map, predicted"
    yield (
        "Written by `python -m docs.evidence.predicted_map`; no figure is written by hand. [The decision map of the "
        "guide](when-to-use-async.md#the-decision-map) shows fourteen places that were measured. This one shows what "
        "is predicted everywhere, by [simulating each model](advice.md), and for more cores than the machine has on "
        "which the models' costs were found."
    )
    yield (
        f"Level means that predictions lie within {100 * TIE - 100:.0f} % of the best. Costs are those of {machine}. "
        "For 4 cores and more nothing was measured: that is prediction alone."
    )
    for python in BUILDS:
        regions = measured(python)
        own = known[python]
        stem = f"predicted_map_{python.replace('.', '_')}"
        (FOLDER / f"{stem}.svg").write_text(chart(kept[python], stem).picture, encoding="utf-8")
        right, all_ = agreement(own, regions)
        yield f"## Python {python}{'' if own.gil else ', which has no GIL'}"
        yield f"![Which model is predicted to be fastest on Python {python}](img/{stem}.svg)"
        yield (
            f"In {right} of the {all_} places that were measured on it the predicted best is the measured best, or "
            "cannot be told from it. (The costs were fitted to these places too; [how good predictions are in places "
            "that they have not seen](advice.md) is the harder question.)"
        )
        rows = [f"| {cores} | {winners(kept[python].of(cores))} |" for cores in CORES]
        yield "\n".join(["| cores | who is best in how many of the places |", "|---:|---|", *rows])


def main() -> None:
    found, machine = read(KNOWN)
    known = {one.python: one for one in found}
    kept = {python: map_of(known[python], words.one_line(machine)) for python in BUILDS}
    keep(MAP, kept.values())
    PAGE.write_text("\n\n".join(page(known, kept, words.one_line(machine))) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
