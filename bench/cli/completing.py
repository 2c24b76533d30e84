"""What Tab offers: names that we know, beside the files that the shell itself offers.

A shell waits for this at each press of the key, so nothing here imports pandas or asks another program.
"""

from __future__ import annotations

import os
import re
from pathlib import Path

import click
from click.shell_completion import CompletionItem

from ..model import Runner, Workload
from ..quantity import comparison_id, typed
from ..registry import collect
from ..selection import ALL, CORE, FAMILY, NOTES, TODAY
from . import folders

PYTHONS = ("3.11", "3.12", "3.13", "3.13t", "3.14", "3.14t", "3.15", "3.15t")
"""What `matrix --all-pythons` looks for on this machine."""

Items = list[CompletionItem[str]]

FILES: CompletionItem[str] = CompletionItem("", type="file")
"""Has the shell offer files too. It stands before all else: bash forgets what came before it."""
CLAIM = re.compile(r"""^\s*(?:\w+ = )?(?:Claim|Behaviour)\(\s*(?:name=)?"([\w-]+)\"""", re.MULTILINE)


def workloads(context: click.Context, param: click.Parameter, incomplete: str) -> Items:
    """Workloads and `core`; behind a name and a colon the points of its profiles; files of one's own."""
    known = {name: found.value for name, found in collect("when_async.workloads", Workload).items()}
    name, colon, _ = incomplete.partition(":")
    if colon and name in known:
        points = [(point, profile) for profile, points in known[name].grid.items() for point in points]
        return _offered({typed(comparison_id(known[name], point)): profile for point, profile in points}, incomplete)
    core = {CORE: "the first few workloads"}
    return [FILES, *_offered({name: each.summary for name, each in known.items()} | core, incomplete)]


def runners(context: click.Context, param: click.Parameter, incomplete: str) -> Items:
    """Runners, their families, `core` and `all`; files of one's own."""
    known = {name: found.value for name, found in collect("when_async.bench.runners", Runner).items()}
    families = {f"{FAMILY}{each.family}": "a family of runners" for each in known.values()}
    several = {CORE: "what a run takes when no runner is named", ALL: "every runner"}
    found = {name: each.summary for name, each in known.items()} | families | several
    return [FILES, *_offered(found, incomplete)]


def timelines(context: click.Context, param: click.Parameter, incomplete: str) -> Items:
    """The workload first, then the runner."""
    first = not context.params.get("names") and not context.params.get("workloads")
    return (workloads if first else runners)(context, param, incomplete)


CLAIM_GROUPS = {ALL: "every claim", NOTES: "those of the notes, the default", TODAY: "those on today's Python"}


def claims(context: click.Context, param: click.Parameter, incomplete: str) -> Items:
    """Ids of claims and groups of them."""
    return _offered({**dict.fromkeys(claim_ids(), ""), **CLAIM_GROUPS}, incomplete)


def claim_ids() -> list[str]:
    """Ids of all claims, read from the text of their files: to import them brings pandas."""
    folder = Path(__file__).resolve().parents[2] / "reports" / "claims"
    return [name for path in sorted(folder.glob("*.py")) for name in CLAIM.findall(path.read_text(encoding="utf-8"))]


def run_files(context: click.Context, param: click.Parameter, incomplete: str) -> Items:
    """Run files that are kept, the newest first; any other file."""
    found = sorted(folders.runs().glob("*.jsonl"), key=os.path.getmtime, reverse=True)
    return [FILES, *_offered(dict.fromkeys(map(str, found), ""), incomplete)]


def interpreters(context: click.Context, param: click.Parameter, incomplete: str) -> Items:
    """Versions of CPython that we know of; a path."""
    return [FILES, *_offered(dict.fromkeys(PYTHONS, ""), incomplete)]


def sides(context: click.Context, param: click.Parameter, incomplete: str) -> Items:
    """What can be compared: interpreters, runners, run files."""
    found = [*interpreters(context, param, incomplete), *runners(context, param, incomplete)]
    kept = run_files(context, param, incomplete)
    return [FILES, *(item for item in [*found, *kept] if item.type == "plain")]


def _offered(names: dict[str, str], incomplete: str) -> Items:
    return [CompletionItem(name, help=said or None) for name, said in names.items() if name.startswith(incomplete)]
