"""Hold our figures against scripts of others: the same contestants, the same cores, the same hour, in turns.

    python -m docs.evidence.independent --outside DIR --write            # all of it, about 25 minutes
    python -m docs.evidence.independent --outside DIR --quick --only wrk    # whether it works; nothing is kept

DIR holds checkouts of MagicStack/uvloop, dabeaz/curio, python/pyperformance and joblib/joblib by these names (uvloop,
curio, pyperformance, joblib); nothing of them is part of this repository. `wrk` is a package of the system; pyperf,
curio, trio, gevent, matplotlib and scikit-learn have to be installed.

What is compared with what of ours stands in docs/evidence/outside/groups.py, and was committed before it was measured
for the record. Both sides take turns: a segment is some blocks of theirs (each contestant once, in a fresh process, in
an order that the next block reverses) and as many processes of ours, and which side begins changes from segment to
segment. Everything measured is kept in docs/evidence/independent.json at once; a second call goes on where the first
one stopped, unless that was more than an hour ago: then a group that was cut is measured anew.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from importlib.metadata import version
from pathlib import Path
from typing import Any

from docs.evidence.against_wrk import Failed
from docs.evidence.outside import ours, theirs
from docs.evidence.outside.compared import all_held
from docs.evidence.outside.groups import GROUPS, Group
from docs.evidence.outside.page import page, table
from docs.navigation import ROOT
from when_async.bench.machine.lock import machine
from when_async.bench.model import Environment
from when_async.bench.selection import environments_for
from when_async.bench.walk.cores import roles

KEPT = ROOT / "docs" / "evidence" / "independent.json"
PAGE = ROOT / "docs" / "independent.md"
SEGMENTS, BLOCKS = 3, 2
"""Six processes a side."""
HOW_TO_GET_WRK = "wrk is not installed; `apt-get install wrk` on Debian and Ubuntu, `brew install wrk` on macOS"
NOTHING: dict[str, Any] = {"commits": {}, "versions": {}, "machine": {}, "segments": []}
SAME_HOUR = timedelta(hours=1)
INSTALLED = ("uvloop", "curio", "trio", "gevent", "pyperf", "joblib", "scikit-learn", "aiohttp", "uvicorn", "waitress")


def measured(group: Group, number: int, options: argparse.Namespace, pythons: Mapping[str, str]) -> dict[str, Any]:
    """One segment of a group."""
    found: dict[str, Any] = {"group": group.name, "number": number, "began": _now().isoformat(timespec="seconds")}
    for side in ("theirs", "ours") if number % 2 == 0 else ("ours", "theirs"):
        if side == "theirs":
            with machine(wait=True, say=print):
                found[side] = blocks(group, number, options, pythons)
        else:
            found[side], found["header"] = ours.run(group, BLOCKS, seed=number)
    return found | {"ended": _now().isoformat(timespec="seconds")}


def blocks(group: Group, number: int, options: argparse.Namespace, pythons: Mapping[str, str]) -> list[dict[str, Any]]:
    """Theirs: each contestant in a fresh process of each block, the next block in the other order."""
    cores = sorted(os.sched_getaffinity(0))
    found = []
    for block in range(BLOCKS):
        own, other = roles(cores, block)
        setting = theirs.Setting(options.outside, group, pythons, own or [], other or [], options.quick)
        for contestant in group.contestants[:: -1 if (number + block) % 2 else 1]:
            readings = theirs.run(contestant, setting)
            found.append({"contestant": contestant.name, "process": block, **readings})
    return found


def open_segments(told: dict[str, Any], group: Group, segments: int) -> list[int]:
    """The segments that are missing; all of them where those that are there are from another hour."""
    there = [each for each in told["segments"] if each["group"] == group.name]
    missing = sorted(set(range(segments)) - {each["number"] for each in there})
    if there and missing and _now() - datetime.fromisoformat(max(each["ended"] for each in there)) > SAME_HOUR:
        told["segments"] = [each for each in told["segments"] if each["group"] != group.name]
        return list(range(segments))
    return missing


def commits(outside: Path) -> dict[str, str]:
    """By repository the commit that is checked out."""
    found = {}
    for name in dict.fromkeys(group.outside for group in GROUPS if group.outside):
        command = ["git", "-C", str(outside / name), "rev-parse", "HEAD"]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            raise SystemExit(f"{outside} holds no checkout of {name}; clone it there")
        found[name] = done.stdout.strip()
    return found


def executables(pythons: Sequence[str]) -> dict[str, str]:
    """The interpreter of each version that groups name, with pyperf and uvloop; the running one for none."""
    found = {"": sys.executable}
    for name in pythons:
        (made,) = environments_for(["uvloop"], [name], print, ["pyperf"])
        if not isinstance(made, Environment):
            raise SystemExit(f"Python {name}: {made.reason}")
        found[name] = made.executable
    return found


def begun(path: Path | None, outside: Path) -> dict[str, Any]:
    """What was kept so far; raises SystemExit where it is of other commits or versions."""
    installed = {"Python": ".".join(map(str, sys.version_info[:3])), **{name: version(name) for name in INSTALLED}}
    installed["wrk"] = wrk_version()
    fresh: dict[str, Any] = {"commits": commits(outside), "versions": installed, "machine": {}, "segments": []}
    if path is None or not path.exists():
        return fresh
    told: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    if told["commits"] != fresh["commits"] or not fresh["versions"].items() <= told["versions"].items():
        raise SystemExit(f"{path.name} is of other commits or versions; --fresh begins anew")
    return told


def wrk_version() -> str:
    """What wrk calls itself; it says so in its help, and ends with 1."""
    try:
        told = subprocess.run(["wrk", "-v"], capture_output=True, text=True, check=False).stdout.split()
    except FileNotFoundError:
        raise SystemExit(HOW_TO_GET_WRK) from None
    return told[1] if len(told) > 1 else "unknown"


def keep(told: Mapping[str, Any], path: Path) -> None:
    """Write all of it, a segment a line, so that a kill leaves the old file or the new one."""
    head = {name: value for name, value in told.items() if name != "segments"}
    lines = ",\n".join(json.dumps(each) for each in told["segments"])
    text = json.dumps(head, indent=1)[:-2] + ',\n "segments": [\n' + lines + "\n]}\n"
    beside = path.with_suffix(".part")
    beside.write_text(text, encoding="utf-8")
    beside.replace(path)


def take(told: dict[str, Any], options: argparse.Namespace, chosen: Sequence[Group]) -> list[str]:
    """Measure what is missing, and say which groups failed; `--quick` keeps nothing."""
    failed = []
    pythons = executables(sorted({group.python for group in chosen if group.python}))
    for group in chosen:
        try:
            for number in open_segments(told, group, 1 if options.quick else SEGMENTS):
                add(told, group, measured(group, number, options, pythons))
                if not options.quick:
                    keep(told, KEPT)
        except (Failed, subprocess.TimeoutExpired) as error:
            failed.append(f"{group.name}: {error}")
            print(failed[-1], flush=True)
    return failed


def add(told: dict[str, Any], group: Group, segment: dict[str, Any]) -> None:
    """Put a segment to the others, and what its header says of machine and interpreter where that belongs."""
    header = segment.pop("header")
    told["machine"] = {name: header["machine"][name] for name in ("cpu", "cores", "system")}
    if group.python:
        told["versions"] |= {f"Python {one['label']}": one["version"] for one in header["environments"]}
    told["segments"].append(segment)
    print(f"{group.name}, segment {segment['number']}: {segment['began']} to {segment['ended']}", flush=True)


def _now() -> datetime:
    return datetime.now(UTC)


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--outside", type=Path, metavar="DIR", help="the checkouts; measure what is missing")
    parser.add_argument("--only", metavar="NAME", default="", help="only groups that are named like this")
    parser.add_argument("--quick", action="store_true", help="one short segment, of which nothing is kept")
    parser.add_argument("--fresh", action="store_true", help="forget what was kept")
    parser.add_argument("--write", action="store_true", help="write the page from what is kept")
    options = parser.parse_args(argv)
    failed: list[str] = []
    chosen = [group for group in GROUPS if options.only in group.name]
    if options.fresh and not options.quick:
        KEPT.unlink(missing_ok=True)
    if options.outside:
        options.outside = options.outside.resolve()
        told = begun(None if options.quick else KEPT, options.outside)
        failed = take(told, options, chosen)
    else:
        told = json.loads(KEPT.read_text(encoding="utf-8")) if KEPT.exists() else NOTHING
    print(*table(all_held(told["segments"])), sep="\n")
    if options.write and not options.quick:
        PAGE.write_text(page(told), encoding="utf-8")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
