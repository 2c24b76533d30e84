"""Run the inputs of all kinds: `python -m docs.evidence.faults [--only WORD] [--jobs N] [--write] [--show]`.

`--write` keeps what came of them in faults.json beside this file and writes docs/faults.md; with `--page` nothing is
run, and the page is written from what is kept.
"""

from __future__ import annotations

import argparse
import json
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from pathlib import Path

from docs.evidence.faults import Input, Kind
from docs.evidence.faults.page import KEPT, PAGE, key, kinds, page
from docs.evidence.faults.running import Outcome, run


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", default="", help="only inputs whose kind or words hold this")
    parser.add_argument("--write", action="store_true", help="keep the outcomes and write the page")
    parser.add_argument("--page", action="store_true", help="write the page from the kept outcomes, run nothing")
    parser.add_argument("--jobs", type=int, default=1, help="so many at a time")
    parser.add_argument("--show", action="store_true", help="print all that each input printed")
    asked = parser.parse_args(arguments)
    kept = json.loads(KEPT.read_text(encoding="utf-8")) if KEPT.exists() else {}
    wrong = 0
    chosen = [] if asked.page else _chosen(asked.only)
    with ThreadPoolExecutor(asked.jobs) as pool:
        for (kind, case), outcome in zip(chosen, pool.map(run, [case for _, case in chosen]), strict=True):
            wrong += bool(outcome.wrong)
            _tell(kind, case, outcome, show=asked.show)
            kept[key(kind, case)] = {name: value for name, value in asdict(outcome).items() if name != "printed"}
    if asked.write or asked.page:
        there = [key(kind, case) for kind, case in _chosen("")]
        kept = {name: kept[name] for name in there if name in kept}
        KEPT.write_text(json.dumps(kept, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
        PAGE.write_text(page(kept), encoding="utf-8")
    return 1 if wrong else 0


def _chosen(word: str) -> list[tuple[Kind, Input]]:
    pairs = [(kind, case) for kind in kinds() for case in kind.inputs]
    return [(kind, case) for kind, case in pairs if word in f"{kind.name}: {case.what} {case.handed}"]


def _tell(kind: Kind, case: Input, outcome: Outcome, *, show: bool) -> None:
    print(f"{'WRONG' if outcome.wrong else 'right'}  {kind.name}: {case.what}: {outcome.wrong or outcome.line[:150]}")
    if show or outcome.wrong:
        print("".join(f"    {line}\n" for line in outcome.printed.splitlines()[-25:]))
    sys.stdout.flush()


if __name__ == "__main__":
    assert Path.cwd() == Path(__file__).resolve().parents[3], "run it from the top of the repository"
    raise SystemExit(main(sys.argv[1:]))
