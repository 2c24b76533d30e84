"""How often the rule of a run that stops when it has decided is wrong, and the tables of docs/method.md on it.

    python -m docs.evidence.deciding --measure --replays 40 --write

`--measure` simulates and replays anew, which takes some ten minutes, and keeps what came of it in deciding.json; named
kinds of figures alone (`--measure pairs`) where the others are still of today. Without it the tables are made from that
file.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Mapping, Sequence
from hashlib import sha256
from pathlib import Path
from typing import Any
from zlib import crc32

import numpy as np

from docs.evidence import deciding_tables, forks, unchanged
from docs.evidence.decide import replace_between
from docs.evidence.spread import REFERENCE
from docs.evidence.traces import Trace
from docs.evidence.traces import load as load_traces
from when_async.bench.cli.run import claimed, course
from when_async.bench.cli.run.deciding import CLOSING_S
from when_async.bench.plan import BUDGET_S, DECIDE, VERDICTS
from when_async.reports.deciding import agenda
from when_async.reports.deciding.standings import only_limits
from when_async.reports.verdicts.claim import Claim
from when_async.reports.verdicts.judging import claims
from when_async.results.stats import moderated

STORED = Path(__file__).with_name("deciding.json")
PAGE = Path(__file__).parents[1] / "method.md"
TRACES = REFERENCE / "gate-traces.jsonl.gz"
SEED = 20260
RUNS = 1000
"""Of each law: some 36 000 parts of each spread, so that 1 % is known to a tenth of itself."""
SERIES = 2_000_000
"""For the levels of the looks, which are given to three digits."""
Json = dict[str, Any]


def seeded(*name: str) -> np.random.Generator:
    """Each figure has its own seed, so that any of them can be made again without the others."""
    return np.random.default_rng([SEED, crc32(" ".join(name).encode())])


def quiet_traces() -> dict[str, Trace]:
    """The recorded pairs of the same program, by cell."""
    return {cell: trace for (cell, effect), trace in load_traces(TRACES)[1].items() if not effect}


def levels() -> Json:
    """By the first look: the level at which all looks err in 5 % together, and what they err in at that of the code."""
    values = seeded("levels").normal(size=(SERIES, moderated.LOOKS[-1]))
    found = {}
    for first, ours in moderated.LEVELS.items():
        least = forks.least_p(values, first)
        found[str(first)] = {
            "ours": ours, "found": round(forks.level(least), 5), "whole": _rounded(float((least < ours).mean())),
            "uncorrected": _rounded(float((least < unchanged.ALONE).mean())),
        }  # fmt: skip
    return found


def simulated(name: str, law: forks.Law, known: bool) -> Json:
    """The errors of the rule under one law, with recordings or without, by how far the truth lies beyond the bound."""
    run = forks.simulate if known else forks.without_recordings
    found = run(law, RUNS, seeded("simulated", name, str(known)))
    rates = {str(delta): [[*map(_rounded, pair)] for pair in forks.wrong(found, delta)] for delta in forks.DELTAS}
    return {"freedom": round(found.freedom, 2) if known else None, "wrong": rates}


def aa_pairs(traces: Mapping[str, Trace]) -> Json:
    """What recorded pairs of the same program come to, six neighbours at a time and six from anywhere."""
    kinds: dict[str, Callable[..., forks.Floats]] = {"neighbours": unchanged.neighbours, "anywhere": unchanged.anywhere}
    return {
        kind: {
            cell: {rule: round(rate, 2 if cell == unchanged.FREEDOM else 4) for rule, rate in rates.items()}
            for cell, rates in unchanged.excluded(traces, RUNS, seeded("pairs", kind), sixes).items()
        }
        for kind, sixes in kinds.items()
    }


def replayed(count: int) -> Json:
    """What the course of a run does with the recordings, by interpreter."""
    from docs.evidence.recordings import recordings
    from docs.evidence.replaying import other_words, replays, summed

    asked = [one for one in claims().values() if not one.today]
    known = recordings(frozenset(only_limits([one for one in asked if isinstance(one, Claim)])))
    found = {}
    for python, recording in known.items():
        outcomes = replays(known, python, asked, count, seeded("replays", python))
        words = sum(other_words(recording, asked, one) for one in outcomes)
        found[python] = summed(outcomes, words)
    return {"asked": len(asked), "pythons": found}


def inputs() -> str:
    """A digest of all that the figures rest on: recordings, claims with their bounds, constants of rule and run."""
    files = [TRACES, *sorted(REFERENCE.glob("claims-*.jsonl.gz"))]
    known = sha256()
    for path in files:
        known.update(path.read_bytes())
    parts = [
        (name, part.measure.key, part.bound.low, part.bound.high)
        for name, claim in claims().items()
        for part in (claim.parts if isinstance(claim, Claim) and not claim.today else ())
    ]
    constants = [
        moderated.LOOKS, moderated.LEVELS, moderated.GUARD, moderated.MOST_FREEDOM, moderated.FEWEST_PARTS,
        agenda.RACING, course.CORE_FORKS, claimed.CORE_PLACES, VERDICTS[DECIDE], CLOSING_S, BUDGET_S,
    ]  # fmt: skip
    known.update(repr((parts, constants)).encode())
    return known.hexdigest()[:16]


def misled() -> Json:
    """By how much more than recorded one part in ten scatters: what those err in, and what the others do."""
    found = {}
    for times in forks.TIMES:
        odd, others, learned = forks.misled(times, RUNS, seeded("misled", str(times)))
        found[str(times)] = {"odd": [*map(_rounded, odd)], "others": _rounded(others), "freedom": round(learned, 2)}
    return found


def kinds(count: int) -> dict[str, Callable[[], Json]]:
    """The kinds of figures, and how each is found; `count` replays of an interpreter."""
    traces = quiet_traces()
    laws = forks.laws(traces)
    return {
        "levels": levels,
        "simulated": lambda: {
            kind: {name: simulated(name, law, known) for name, law in laws.items()}
            for kind, known in (("recorded", True), ("unrecorded", False))
        },
        "misled": misled,
        "pairs": lambda: aa_pairs(traces),
        "replays": lambda: replayed(count),
    }


def measured(names: Sequence[str], count: int) -> Json:
    """These kinds anew, and the others as they are stored; all where none is named."""
    known = {
        "note": "Written by docs/evidence/deciding.py; docs/method.md has the tables.",
        "inputs": inputs(), "seed": SEED, "runs": RUNS, "parts": forks.PARTS,
    }  # fmt: skip
    before = stored() if names else {}
    if names and before["inputs"] != known["inputs"]:
        raise SystemExit("what the other figures rest on has changed; name none, to find all of them again")
    found = {name: one() if name in names or not names else before[name] for name, one in kinds(count).items()}
    return {**known, **found}


def stored() -> Json:
    """What was measured last."""
    found: Json = json.loads(STORED.read_text(encoding="utf-8"))
    return found


def page(text: str, found: Json) -> str:
    """The page with its tables made from `found`."""
    for name, rows in deciding_tables.tables(found).items():
        text = replace_between(text, name, rows)
    return text


def _rounded(share: float) -> float:
    return round(share, 5)


def main() -> None:
    """Measure where asked, and print or write the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--measure", nargs="*", metavar="KIND", help="find all figures anew, or these kinds of them")
    parser.add_argument("--replays", type=int, default=40, help="of each interpreter")
    parser.add_argument("--write", action="store_true", help="put the tables into docs/method.md")
    options = parser.parse_args()
    if options.measure is not None:
        STORED.write_text(json.dumps(measured(options.measure, options.replays), indent=1) + "\n", encoding="utf-8")
    found = stored()
    for name, rows in deciding_tables.tables(found).items():
        print(f"\n## {name}\n" + "\n".join(rows))
    if options.write:
        PAGE.write_text(page(PAGE.read_text(encoding="utf-8"), found), encoding="utf-8")


if __name__ == "__main__":
    main()
