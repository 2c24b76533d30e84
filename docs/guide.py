"""Write docs/when-to-use-async.md, its pictures and the README's answers from the committed reference run.

    python -m docs.guide            write all of them
    python -m docs.guide --check    say whether they are those of the run; exit code 1 where they are not

No verdict and no figure of these texts is written by hand: what stands here are the headings and the explanations.
"""

from __future__ import annotations

import argparse
import os
import re
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from unittest.mock import patch

import pandas as pd

from docs.evidence.register import SEEN
from when_async.bench.cli.claims import references, whole_references
from when_async.reports import words
from when_async.reports.answers.answer import Answer, Evidence, gathered
from when_async.reports.answers.telling import told
from when_async.reports.answers.topics import answer, answers, find
from when_async.reports.drawing.charts import drawn
from when_async.reports.drawing.decision_map import DECISION_MAP
from when_async.reports.drawing.plotting import Plot
from when_async.reports.lines import WIDTH
from when_async.reports.page.markdown import code, pipes, prose, text
from when_async.reports.plots.library_gap import LIBRARY_GAP
from when_async.reports.recordings.agreement import agreed
from when_async.reports.scene import conditions
from when_async.reports.scene.decision import WORKLOAD, maps
from when_async.reports.scene.evidence import scene as scene_of
from when_async.reports.scene.rows import Scene, facet
from when_async.reports.terminal.shapes import shape
from when_async.reports.verdicts.claim import SECTIONS, SIGNS, Word
from when_async.reports.verdicts.guidance import guidance
from when_async.reports.verdicts.judging import Verdict, claims, tally
from when_async.reports.verdicts.kept import judged
from when_async.results.frame import load
from when_async.results.overview import header_of

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs" / "when-to-use-async.md"
PICTURE = ROOT / "docs" / "img" / "decision_map.svg"
README = ROOT / "README.md"
GAP = ROOT / "docs" / "img" / "library_gap.svg"
FETCHES = "http_fetch[delay=20ms,body=1KiB,n=200,c=100]"
"""The comparison whose libraries and models the second picture keeps apart."""
ASKED = ("<!-- asked: written by python -m docs.guide -->", "<!-- end of asked -->")
ANSWERS = ("<!-- answers: written by python -m docs.guide -->", "<!-- end of answers -->")
FIVE = ("http", "cpu", "serving", "uvloop", "free-threading")
"""The README's questions."""


def recorded() -> list[Verdict]:
    """What all recordings of the reference say together."""
    paths = references()
    return agreed(judged(paths, claims().values())[0], [header_of(path) for path in paths])


def made(frame: pd.DataFrame, scene: Scene | None = None, verdicts: Sequence[Verdict] = ()) -> dict[Path, str]:
    """Every text of the reference, by the file that holds it; `frame` has one recording for each interpreter."""
    scene = scene or scene_of(frame)
    verdicts = verdicts or recorded()
    headers = list(frame.attrs["headers"])
    texts = {PAGE: page(headers, scene, verdicts)}
    own = one_of_each_build(scene)
    if maps(own):
        texts[PICTURE] = picture(DECISION_MAP, own, "decision_map")
    gap = first_of(scene, FETCHES)
    if LIBRARY_GAP.fits(gap):
        texts[GAP] = picture(LIBRARY_GAP, gap, "library_gap")
    known = gathered(verdicts, headers, reference=True)
    first = verdicts[0].python
    readme = between(README.read_text(encoding="utf-8"), ASKED, asked(known, first))
    texts[README] = between(readme, ANSWERS, five(known, first))
    return texts


def asked(known: Sequence[Evidence], python: str) -> str:
    """A question with what the command prints, and the code that it ends with."""
    said = answer(find(FIVE[0]), (), known, python)
    assert said is not None
    with patch.dict(os.environ, COLUMNS=str(WIDTH)):
        shown = "\n".join(told(said))
    return f"```text\n{shown}\n```\n\n```python\n{shape(said.model, said.in_flight, 200)}```"


def five(known: Sequence[Evidence], python: str) -> str:
    """Five questions with their answers, and whose figures they are."""
    rows = []
    found = {one.topic: one for one in answers((), known, python)}
    for one in (found[name] for name in FIVE):
        figure = f"{words.with_unit(one.figure, one.kind)}, {one.compares}" if one.figure else ""
        rows.append([text(one.question), f"**{text(one.answer)}**", text(figure), prose(one.limits)])
    table = pipes(["question", "answer", "figure", "where it does not hold"], rows)
    sources = list(dict.fromkeys(found[name].source for name in FIVE))
    others = [f" {text(found[name].question)}: {text(found[name].source.interpreter)}."
              for name in FIVE if found[name].source != sources[0]]  # fmt: skip
    return f"{table}\n\n*From {text(sources[0].said)}.{''.join(others)}*"


def one_of_each_build(scene: Scene) -> Scene:
    """The map's rows of the first interpreter with a GIL and of the first without; a page of the run has all maps."""
    own = scene.of(workload=WORKLOAD)
    firsts = {rows[0].best.gil is False: place for place, rows in reversed(maps(own).items())}
    return own.only(row for row in own.rows if facet(row) in firsts.values())


def first_of(scene: Scene, comparison: str) -> Scene:
    """One comparison on the first interpreter that has it."""
    own = scene.of(comparison=comparison)
    return own.of_facet(facet(own.rows[0])) if own.rows else own


def library(fetches: Scene) -> list[str]:
    """What of a gap is the client library, in a picture."""
    if not LIBRARY_GAP.fits(fetches):
        return []
    title = text(LIBRARY_GAP.title(fetches))
    return ["## The client library", f"![{title}](img/library_gap.svg)", f"{title}. Measured in {code(FETCHES)}."]


def picture(plot: Plot, own: Scene, stem: str) -> str:
    """A chart as a file of its own."""
    said = (plot.title(own), plot.subtitle(own), plot.caption)
    return drawn(lambda width: plot.draw(own, width), stem.replace("_", ""), stem, said).picture


def between(readme: str, marks: tuple[str, str], inside: str) -> str:
    """The README with what stands between two marks renewed."""
    pattern = re.compile(f"{re.escape(marks[0])}.*?{re.escape(marks[1])}", re.DOTALL)
    return pattern.sub(lambda _: f"{marks[0]}\n\n{inside}\n\n{marks[1]}", readme)


def page(headers: Sequence[dict[str, object]], scene: Scene, verdicts: Sequence[Verdict]) -> str:
    """The guide: what was measured where, the map, ten lines, then section by section of the notes."""
    own = one_of_each_build(scene)
    pythons = list(dict.fromkeys(one.python for one in verdicts))
    blocks = [
        "# When to use async, with evidence",
        "This page is written by a program from a recorded run: every verdict and figure below was computed, and "
        "`python -m docs.guide` computes them again. The project began with notes on asyncio, taken from a popular "
        "tutorial; what they say is put here in our own words, section by section, and judged.",
        machine(headers, pythons),
    ]
    if maps(own):
        blocks += ["## The decision map", f"![{text(DECISION_MAP.title(own))}](img/decision_map.svg)"]
        blocks += [f"{text(DECISION_MAP.title(own))}. {text(DECISION_MAP.subtitle(own))} {text(DECISION_MAP.caption)}"]
        blocks += [BOUND, MAP]
    blocks += library(first_of(scene, FETCHES))
    found = answers((), gathered(verdicts, headers, reference=True), pythons[0])
    blocks += ["## The answers", *(f"**{text(words.sentence(one.question))}** {_said(one)}" for one in found)]
    lines = guidance(scene)
    blocks += ["## The map in words", *(f"**{text(one.question)}.** {prose(one.answer)}" for one in lines)]
    blocks += ["## The verdicts", "\n".join(table(verdicts, pythons)), HOW_TO_READ.format(tally=tally(verdicts))]
    for section in SECTIONS:
        of_section = [one for one in verdicts if one.claim.section == section]
        if of_section:
            blocks += [f"## {text(section)}", *in_words(of_section)]
    blocks.append(SEEN)
    return "\n\n".join(blocks) + "\n"


def _said(one: Answer) -> str:
    """An answer in a paragraph, with the interpreter it is of."""
    return prose(f"{one.sentence} {one.advice} {one.limits} ({one.source.interpreter})")


BOUND = (
    "What can be gained at all is arithmetic. Let an op, one unit of work, wait for W and compute for C, with k of "
    "them in flight. One thread then reaches at most min(k, (W + C) / C) times the throughput of one op after another, "
    "and real parallelism at most min(k, cores × (W + C) / C). The chess exhibition of the notes is the same sum: 55 s "
    "of waiting and 5 s of moving give 12 times, and from 12 boards on no more."
)
MAP = (
    "[The whole map](map.md) shows what is predicted everywhere, for machines with more cores too: each model is "
    "simulated with what it costs on the reference machine, and [a recording made afterwards](judge.md) says how far "
    "off that is.\n\n![The predicted map: which model is fastest on 2, 8 and 64 cores](img/predicted_map_3_11.svg)"
)
HOW_TO_READ = (
    "{tally}. A claim is taken apart into cases, each with a bound that was set before the figures were seen; of one "
    "case, [told below](#what-was-chosen-after-figures-had-been-seen), that is not so. ✓ HOLDS: "
    "every case lies in its bound. ✗ REFUTED: every one lies outside. ± DEPENDS: some lie in and some out, and the "
    "text says which. ? INCONCLUSIVE: an interval reaches across its bound. – NOT_MEASURED: there is no figure, and "
    "the reason is given."
)


def machine(headers: Sequence[dict[str, object]], pythons: Sequence[str]) -> str:
    """On what it was measured, and when."""
    boxes = list(dict.fromkeys(conditions.machine(header) for header in headers))
    days = list(dict.fromkeys(conditions.date(header) for header in headers))
    profiles = list(dict.fromkeys(conditions.profile(header) for header in headers))
    return (
        f"Machine: {text('; '.join(boxes))}. Interpreters: {text(words.listing(list(pythons)))}. Recorded on "
        f"{text(words.listing(days))}, {text('; '.join(profiles))}. On another machine the figures are others, and "
        "some verdicts too: `when-async run --claim all`, then `when-async claims` with the file it wrote, judges "
        "yours."
    )


def table(verdicts: Sequence[Verdict], pythons: Sequence[str]) -> Iterable[str]:
    """A row for each claim and a column for each interpreter."""
    yield f"| claim | {' | '.join(text(python) for python in pythons)} |"
    yield f"|---|{'---|' * len(pythons)}"
    for name in dict.fromkeys(one.claim.name for one in verdicts):
        own = {one.python: one for one in verdicts if one.claim.name == name}
        words_ = [f"{SIGNS[own[each].word]} {own[each].word}" if each in own else "" for each in pythons]
        first = next(iter(own.values()))
        yield f"| [{text(name)}](#{name}) {prose(first.claim.statement)} | {' | '.join(map(text, words_))} |"


def in_words(verdicts: Sequence[Verdict]) -> Iterable[str]:
    """Each claim of a section with its verdict on each interpreter."""
    for name in dict.fromkeys(one.claim.name for one in verdicts):
        own = [one for one in verdicts if one.claim.name == name]
        claim = own[0].claim
        yield f"### {name}"
        yield f"{prose(words.sentence(claim.statement))}"
        yield "\n".join(verdict_lines(own))
        how = f"`when-async run --claim {name}`"
        yield f"*{prose(words.sentence(claim.scope))}* Measure it: {how}. [Source]({claim.link})."


def verdict_lines(own: Sequence[Verdict]) -> Iterable[str]:
    """A line for each interpreter; of those with the same word the first in full, the others with what decided."""
    told: set[Word] = set()
    for one in own:
        sentence = one.brief() if one.word in told else one.sentence
        told.add(one.word)
        yield f"- **{SIGNS[one.word]} {text(one.word)}**, Python {text(one.python)}: {prose(sentence)}"


def main(arguments: Sequence[str] | None = None) -> int:
    """Write, or check; returns the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true", help="write nothing; exit with 1 where a text is not the run's")
    chosen = parser.parse_args(arguments)
    texts = made(load(whole_references()))
    if chosen.check:
        stale = [path for path, wanted in texts.items() if not same(path, wanted)]
        for path in stale:
            print(f"{path.relative_to(ROOT)} is not that of the reference run; renew it: python -m docs.guide")
        return 1 if stale else 0
    for path, wanted in texts.items():
        path.write_text(wanted, encoding="utf-8")
        print(path.relative_to(ROOT))
    return 0


def same(path: Path, wanted: str) -> bool:
    """Whether a file holds this text."""
    return path.exists() and path.read_text(encoding="utf-8") == wanted


if __name__ == "__main__":
    sys.exit(main())
