"""`when-async gate` and `when-async gate accept`: options, sides, exit codes."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ...environments.sides import HERE, Asked
from ...gate.config import ConfigError, GateConfig, load, share, span_s
from ...machine.lock import machine
from ...quantity import canonical, file_of
from ...reaping.reaper import scratch
from .. import folders
from ..checking import known_runners, known_workloads
from ..shared import (
    USAGE,
    WAIT,
    checked,
    discard_output,
    fail,
    offering,
    plain_errors,
    read_as,
    runner_option,
    tell,
    workload_option,
)
from .sides import Sides, interpreter, make_sides
from .state import Request
from .targets import LINES, with_targets

if TYPE_CHECKING:
    from when_async.results.gate.acceptance import Acceptance

OURS = Path("src/when_async")
HELP = """Compare HEAD with BASE on this machine, now, and fail on a regression.

    \b
    when-async gate --base main                      the working folder against main
    when-async gate --base v1.2 --head HEAD          two commits
    when-async gate --base-with 'aiohttp==3.13.*'    the same code with other packages
    when-async gate --base main -w benchmarks/shop.py -r asyncio

    Base and head run as two live processes that take turns on the same core, in fresh pairs; nothing is compared with
    stored numbers. An alarm needs a slow-down beyond the margin in one series of pairs and again in a fresh one.
    Settings can stand in pyproject.toml under [tool.when-async.gate]; docs/gate.md says how, and what was measured of
    the gate itself.

    Exit codes: 0 pass, 1 regression or changed ranking, 2 wrong use, 3 a benchmark failed, is missing or was
    renamed, or none was compared, 4 undecided: too noisy, too little time, or all of it new.
    """


def _workloads(specs: Sequence[str]) -> tuple[str, ...]:
    """The specs as ids have them; raises what `known_workloads` does for names that neither side can have.

    A file may be gone in head, and so may a workload where when-async gates itself: that is a finding of the gate's.
    """
    if not OURS.is_dir():
        known_workloads([spec for spec in specs if not file_of(spec)[0]])
    return tuple(map(canonical, specs))


def _runners(specs: Sequence[str]) -> tuple[str, ...]:
    known_runners([spec for spec in specs if not spec.endswith(".py")])
    return tuple(specs)


@click.group(invoke_without_command=True, help=HELP)
@click.option("--base", metavar="REF", help="What to compare with: a git ref or a folder.")
@click.option("--head", default=".", show_default=True, metavar="REF", help="What is judged: a git ref or a folder.")
@click.option("--base-with", "base_pins", multiple=True, metavar="PIN", help="A package for base only. Repeatable.")
@click.option("--head-with", "head_pins", multiple=True, metavar="PIN", help="A package for head only. Repeatable.")
@click.option("--python", metavar="VERSION", shell_complete=offering("interpreters"),
              help="Interpreter of both (3.14, 3.13t, a path); default: your project's, else this one.")  # fmt: skip
@click.option("--install", is_flag=True, help="Build and install base and head, instead of importing their folders.")
@workload_option("those of pyproject.toml, else all with a grid for a gate", lambda specs: _workloads(specs))
@runner_option("those of pyproject.toml, else core", lambda specs: _runners(specs))
@click.option(
    "--margin",
    metavar="SHARE",
    callback=read_as(share),
    help="Slow-down that is tolerated, such as 3%.  [default: 3%]",
)
@click.option(
    "--budget",
    "budget_s",
    metavar="TIME",
    callback=read_as(span_s),
    help="Time that may be spent, such as 10m.  [default: 10m]",
)
@click.option("--thorough", is_flag=True, help="Skip the early look: 14 pairs a cell, to show improvement or equality.")
@click.option("--allow-undecided", is_flag=True, help="Exit with 0 where noise leaves a cell undecided; no pass it is.")
@click.option("--allow-new", is_flag=True, help="Exit with 0 where all is new and nothing can be compared yet.")
@click.option("--fail-inconclusive", is_flag=True, hidden=True, help="What is always done since --allow-undecided.")
@click.option(
    "--inject",
    metavar="SHARE",
    callback=read_as(share),
    help="Slow head down by this much with extra work, to see the gate alarm.",
)
@click.option("--no-controls", is_flag=True, help="Leave out the controls: base against itself, and an injected one.")
@click.option("--seed", type=int, default=20260, show_default=True, help="Seed of the order of cells.")
@click.option(
    "-o",
    "--output",
    type=click.Path(file_okay=False, path_type=Path),
    help="Folder for gate.json, gate.md, gate.xml and the pairs.  [default: gate-... where runs are kept]",
)
@click.option("-v", "--verbose", is_flag=True, help="Show every cell, not only those that matter.")
@WAIT
@click.pass_context
@plain_errors
def gate(context: click.Context, **options: Any) -> None:
    if context.invoked_subcommand is None:
        sys.exit(_gate(context, **options))


def _gate(context: click.Context, **options: Any) -> int:
    from when_async.reports.gate.outlets import NotWritten, publish
    from when_async.results.gate.report import exit_code

    from .judging import run_gate

    request, base, head = _request(options)
    folder = options["output"] or folders.runs() / f"gate-{folders.run_id(datetime.now(UTC))}"
    with machine(wait=options["wait"], say=tell):
        python, own = interpreter(request.config, told=not (options["install"] or base.pins or head.pins))
        sides = make_sides(
            base, head, python=python, install=options["install"], say=tell, own=own,
            workloads=request.config.workloads, runners=request.config.runners, generated=request.config.generated,
        )  # fmt: skip
        if not options["workloads"]:
            request = replace(request, config=with_base_workloads(request.config, sides))
        folders.kept(folder)
        with scratch("when-async-gate-") as made:
            targets = with_targets(request.config, sides, made)
            request = replace(request, config=targets.config, new=targets.new, notes=targets.notes)
            report = run_gate(request, sides, _accepted(sides), folder, tell)
    try:
        publish(report, folder, os.environ, sys.stdout, verbose=options["verbose"], named=options["output"] is not None)
    except OSError:
        # Who does not read the verdict does not change it.
        discard_output()
    except NotWritten as error:
        # The verdict stands and was printed; that its files could not be kept must not turn it into wrong use.
        tell(f"when-async: {error}")
    return exit_code(report)


def _request(options: dict[str, Any]) -> tuple[Request, Asked, Asked]:
    """The settings of pyproject.toml with what the command line says instead, and the two sides asked for."""
    config = load()
    said = {name: options[name] for name in ("margin", "budget_s", "python", "base") if options[name] is not None}
    said |= {name: tuple(options[name]) for name in ("workloads", "runners") if options[name]}
    if options["margin"] is not None:
        said["margins"] = {}
    for name in ("allow_undecided", "allow_new"):
        said[name] = options[name] or getattr(config, name)
    config = replace(config, **said)
    pins = options["base_pins"] or options["head_pins"]
    if not config.base and not pins:
        fail('say what to compare with: --base main, or base = "origin/main" in [tool.when-async.gate]')
    if options["workloads"]:
        config = replace(config, targets=())
    elif not (config.workloads or config.targets or pins or OURS.is_dir()):
        # Our own workloads say nothing of somebody else's project.
        tell(f"when-async: {LINES}")
        sys.exit(USAGE)
    base_ref = options["base"] or (options["head"] if pins else config.base)
    request = Request(
        config=config, seed=options["seed"], thorough=options["thorough"], controls=not options["no_controls"],
        inject=options["inject"] or 0.0, argv=tuple(sys.argv[1:]),
    )  # fmt: skip
    return request, Asked(base_ref or HERE, options["base_pins"]), Asked(options["head"], options["head_pins"])


def with_base_workloads(config: GateConfig, sides: Sides) -> GateConfig:
    """The settings with the workloads that base's own pyproject.toml lists too.

    Whoever deletes a benchmark deletes its line there as well, and a benchmark that is gone must be told.
    """
    try:
        listed = load(sides.sources["base"].path / "pyproject.toml").workloads
    except ConfigError:
        return config
    if not listed or not config.workloads:
        return config
    return replace(config, workloads=tuple(dict.fromkeys([*config.workloads, *listed])))


def _accepted(sides: Sides) -> dict[tuple[str, str], Acceptance]:
    """What has been accepted and still counts against this base."""
    from when_async.results.gate import acceptance

    base, head = sides.sources["base"], sides.sources["head"]
    known = acceptance.load(folders.accepted())
    if base.path == head.path:
        # One tree with two sets of packages: its file cannot say what base has already, so the text of base must.
        return acceptance.in_force([one for one in known if one.base == sides.base.asked], ())
    spent = acceptance.load(folders.accepted(base.path))
    return acceptance.in_force([one for one in known if " with " not in one.base], spent)


@gate.command()
@click.option("--reason", required=True, help="Why the slow-down is worth it; kept with the acceptance.")
@click.option("--cell", "cells", multiple=True, metavar="CELL",
              callback=checked(lambda _, cells: tuple(map(canonical, cells))),
              help="Accept this cell only. Repeatable; default: all.")  # fmt: skip
@click.option(
    "--from",
    "source",
    type=click.Path(path_type=Path),
    metavar="FOLDER",
    help="Gate run to accept from; default: the latest that is kept.",
)
@plain_errors
def accept(reason: str, cells: Sequence[str], source: Path | None) -> None:
    """Accept what the last gate run found: regressed, missing and renamed cells.

    Nothing is ever accepted by itself. The acceptance goes to .when-async/accepted.json, which belongs into the
    commit that brings the slow-down; it is spent once base contains that commit.
    """
    from when_async.reports.gate.machine import load as load_report
    from when_async.results.gate import acceptance

    folder = source or _latest()
    report = load_report(folder / "gate.json" if folder.is_dir() else folder)
    new = acceptance.accept(report, reason, f"{datetime.now(UTC):%Y-%m-%d}", cells)
    file = folders.kept(folders.accepted())
    acceptance.save([*acceptance.load(file), *new], file)
    for one in new:
        what = f"{one.metric} up to {one.slowdown:.1%} slower" if one.metric else one.word.lower()
        click.echo(f"accepted: {one.cell}: {what}")
    click.echo(f"written to {file}; commit it with the change")


def _latest() -> Path:
    found = folders.latest_gate()
    if found is None:
        fail(f"there is no gate run in {folders.runs()}; run the gate first: when-async gate --base main")
    return found
