"""`when-async new`: options and words; part of `bench.cli`."""

from __future__ import annotations

import shlex
from pathlib import Path

import click

from .shared import plain_errors


@click.group()
def new() -> None:
    """Write a file to begin with, which runs as it is: when-async new workload NAME."""


@new.command("workload")
@click.argument("name")
@click.option("-o", "--output", type=click.Path(path_type=Path), help="File to write; default: NAME.py.")
@plain_errors
def workload(name: str, output: Path | None) -> None:
    """Write a workload called NAME as a file to edit: bodies, parameters, items, oracle, grid, each explained."""
    from .new import write_workload

    path = output or Path(f"{name}.py")
    write_workload(name, path)
    click.echo(f"{path}\nnext: {shlex.join(['when-async', 'run', '-w', str(path), '--profile', 'smoke'])}")
