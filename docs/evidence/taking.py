"""Takes the reference: every claim measured on every interpreter, three times, by docs/protocol.md.

    python -m docs.evidence.taking --python 3.11 --python 3.13 --python 3.13t     take it, or go on with it
    python -m docs.evidence.taking ... --first 4 --list                           what is to be done, and what is done
    python -m docs.evidence.taking ... --beside                                   put what is done beside the old one
    python -m docs.evidence.taking ... --adopt                                    put all of it where the old one stands

Ctrl-C keeps what was measured. Every start of a recording is written into taken.json before it is made.
"""

from __future__ import annotations

import argparse
import gzip
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

from docs.evidence.register import SET_ASIDE, may_be_taken_again
from docs.evidence.spread import REFERENCE
from when_async.bench.plan import DECIDE, VERDICTS
from when_async.reports.verdicts.twins import twin_of
from when_async.results.frame import load

FOLDER = REFERENCE / "taking"
TAKEN = REFERENCE / "taken.json"
BUDGET_MIN = 20
ROUNDS = VERDICTS[DECIDE].rounds
KINDS = ("decided-1", "whole", "decided-2")
"""In this order, each over all interpreters: so hours lie between two recordings of one."""
OTHERS_CORES, LOOK_S, PATIENCE_S = 0.25, 5.0, 900.0
"""A recording begins when other programs kept fewer cores busy for a look, or when patience has ended."""
FILES = "claims-*.gz"
DONE, BESIDE, ADOPTED = "kept", "stands beside the old one", "the reference"
"""What is noted of a recording that is done, of one that is read before all are, and when all are."""


class Step(NamedTuple):
    """One recording: its kind, and the interpreters that run in it together."""

    kind: str
    pythons: tuple[str, ...]

    @property
    def path(self) -> Path:
        """Where it is written; the name of a whole one is that of its interpreters."""
        kind = "" if self.kind == "whole" else f"-{self.kind}"
        return FOLDER / f"claims-{'-'.join(self.pythons)}{kind}.jsonl"

    @property
    def kept(self) -> Path:
        """Where it lies when it is done."""
        return self.path.with_suffix(".jsonl.gz")

    def command(self) -> list[str]:
        """What takes it; goes on with it where it has begun. A recording keeps its command, and no folder of ours."""
        path = os.path.relpath(self.path)
        if self.path.exists():
            return ["run", "--resume", path, "--queue"]
        budget = f"{BUDGET_MIN * len(self.pythons)}m"
        decided = ["--profile", DECIDE, "--budget", budget]
        how = ["--profile", "claims", "--rounds", str(ROUNDS)] if self.kind == "whole" else decided
        which = [word for python in self.pythons for word in ("--python", python)]
        return ["run", "--claim", "all", *how, *which, "--queue", "--output", path]


def steps(pythons: Sequence[str]) -> list[Step]:
    """Every recording in its order; a build without its lock goes into the recording of its twin."""
    together = [
        (python, *(other for other in pythons if other != python and twin_of(other) == python))
        for python in pythons
        if not (python.endswith("t") and twin_of(python) in pythons)
    ]
    return [Step(kind, one) for kind in KINDS for one in together]


def busy_cores(look_s: float, sleep: Callable[[float], None] = time.sleep) -> float:
    """How many cores all programs kept busy for so long, by the kernel's account."""
    before = _busy_s()
    sleep(look_s)
    return (_busy_s() - before) / look_s


def _busy_s() -> float:
    user, nice, system = Path("/proc/stat").read_text(encoding="ascii").split(maxsplit=4)[1:4]
    return (int(user) + int(nice) + int(system)) / os.sysconf("SC_CLK_TCK")


def wait_for_quiet(
    busy: Callable[[], float], now_s: Callable[[], float] = time.monotonic, say: Callable[[str], None] = print
) -> float:
    """Wait until nobody else is busy, not longer than patience has; the cores that were busy then."""
    until_s = now_s() + PATIENCE_S
    while (cores := busy()) > OTHERS_CORES and now_s() < until_s:
        say(f"other programs keep {cores:.2g} cores busy; the recording waits")
    return cores


def note(**what: Any) -> None:
    """Add a line to what was started, ended, set aside and kept."""
    known = noted()
    known.append({"at": datetime.now(UTC).isoformat(timespec="seconds"), **what})
    TAKEN.write_text(json.dumps(known, indent=1) + "\n", encoding="utf-8")


def noted() -> list[dict[str, Any]]:
    """Every line so far."""
    return json.loads(TAKEN.read_text(encoding="utf-8")) if TAKEN.exists() else []


def of_this_reference(what: str) -> set[str]:
    """The files of which it was noted since a reference was put in place for the last time."""
    found: set[str] = set()
    for line in noted():
        if line["what"] == ADOPTED:
            found.clear()
        elif line["what"] == what:
            found.add(line["file"])
    return found


def take(step: Step) -> bool:
    """Make one recording or go on with it; False where it was interrupted or could not be made."""
    cores = wait_for_quiet(lambda: busy_cores(LOOK_S))
    note(file=step.path.name, what="resumed" if step.path.exists() else "started", other_cores=round(cores, 2))
    command = [sys.executable, "-m", "when_async.bench.cli.main", *step.command()]
    # What a run says while it decides are verdicts, and nobody is to see them yet.
    with step.path.with_suffix(".log").open("a", encoding="utf-8") as log:
        ended = subprocess.run(command, stdout=log, stderr=log, env={**os.environ, "NO_COLOR": "1"}, check=False)
    note(file=step.path.name, what="ended", exit=ended.returncode)
    # A run some of whose cells failed (3) is a recording like any other.
    return ended.returncode in (0, 3)


def settle(step: Step) -> bool:
    """Pack what was recorded; False where the rule calls it disturbed and it is to be taken once more."""
    again, why = may_be_taken_again(load(step.path, raw=True))
    aside = step.kept.with_name(step.kept.name.replace(".jsonl", f"{SET_ASIDE}.jsonl"))
    twice = again and not aside.exists()
    target = aside if twice else step.kept
    target.write_bytes(gzip.compress(step.path.read_bytes(), 9, mtime=0))
    step.path.unlink()
    step.path.with_suffix(".log").unlink(missing_ok=True)
    note(file=target.name, what="set aside" if twice else DONE, noise=why)
    return not twice


def undone(pythons: Sequence[str]) -> Iterator[Step]:
    """What is not there yet, in its order."""
    done = of_this_reference(DONE)
    return (one for one in steps(pythons) if one.kept.name not in done)


def stand_beside(reference: Path = REFERENCE) -> None:
    """Put what is done beside the old recordings, but for those that have the name of one."""
    for path in sorted(FOLDER.glob(FILES)):
        target = _target(path, reference)
        if not target.exists():
            path.rename(target)
            note(file=path.name, what=BESIDE)


def adopt(pythons: Sequence[str], reference: Path = REFERENCE) -> str:
    """Put the new recordings where verdicts are read, and the old ones away; why not, where one is missing."""
    missing = [step.kept.name for step in undone(pythons)]
    if missing:
        return f"{len(missing)} of {len(steps(pythons))} recordings are not done, such as {missing[0]}"
    before, there = reference / "before", of_this_reference(BESIDE)
    before.mkdir(exist_ok=True)
    for old in before.glob(FILES):
        old.unlink()
    for old in reference.glob(FILES):
        if old.name.partition(".verdicts")[0].removesuffix(".jsonl.gz") + ".jsonl.gz" not in there:
            old.rename(before / old.name)
    for path in FOLDER.glob(FILES):
        path.rename(_target(path, reference))
    note(what=ADOPTED)
    return ""


def _target(path: Path, reference: Path) -> Path:
    return reference / ("replaced" if SET_ASIDE in path.name else "") / path.name


def main() -> None:
    """Take what is missing, a recording at a time."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--python", dest="pythons", action="append", metavar="VERSION", help="an interpreter")
    parser.add_argument("--first", type=int, metavar="N", help="only the next N recordings")
    parser.add_argument("--list", action="store_true", help="say what is to be done")
    parser.add_argument("--beside", action="store_true", help="put what is done beside the old reference")
    parser.add_argument("--adopt", action="store_true", help="put all of it where the old reference stands")
    asked = parser.parse_args()
    if not asked.pythons:
        parser.error("name the interpreters, such as --python 3.11 --python 3.13 --python 3.13t")
    FOLDER.mkdir(exist_ok=True)
    if asked.list:
        for step in steps(asked.pythons):
            known = "begun" if step.path.exists() else "open"
            print(f"{'done' if step.kept.name in of_this_reference(DONE) else known:6}{step.kept.name}")
        return
    if asked.beside:
        stand_beside()
        return
    if asked.adopt:
        sys.exit(adopt(asked.pythons) or 0)
    for step in list(undone(asked.pythons))[: asked.first]:
        print(f"{datetime.now(UTC):%H:%M} {step.path.name}", flush=True)
        while True:
            if not take(step):
                log = step.path.with_suffix(".log")
                sys.exit(f"{step.path.name} is not done (see the end of {log}); the same command goes on with it")
            if settle(step):
                break


if __name__ == "__main__":
    main()
