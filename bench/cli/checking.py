"""Whether there is what the command line names: asked before a command waits for the machine or writes a file.

What is needed for that is imported when something is named, so that `--help` answers at once.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ..selection import Reader


def known_workloads(specs: Sequence[str], read: Reader | None = None) -> tuple[str, ...]:
    """The specs as ids have them; raises RegistryError or QuantityError where there is no such workload or point.

    `read` reads files, as `catalogue` has it.
    """
    from ..quantity import canonical
    from ..selection import catalogue, select

    found = tuple(map(canonical, specs))
    if found:
        select(catalogue(found, (), read), found, (), "quick")
        _tell_of_imports()
    return found


def workloads_but_files(specs: Sequence[str]) -> tuple[str, ...]:
    """The same where nothing but files is named, which are read later: where, the other options decide."""
    from ..quantity import canonical

    return tuple(map(canonical, specs)) if only_files(specs) else known_workloads(specs)


def only_files(specs: Sequence[str]) -> bool:
    """Whether all workloads that are asked for are of files of the user."""
    from ..quantity import file_of

    return bool(specs) and all(file_of(spec)[0] for spec in specs)


def known_runners(specs: Sequence[str]) -> tuple[str, ...]:
    """The specs; raises RegistryError where there is no such runner, family or pattern."""
    from ..selection import catalogue, runners_of

    known = catalogue((), specs).runners if specs else {}
    for spec in specs:
        runners_of(spec, known)
    _tell_of_imports()
    return tuple(specs)


def _tell_of_imports() -> None:
    """What files of the user do to whoever imports them, and was put back."""
    import click

    from ..asking.parent import told

    for note in told():
        click.echo(f"note: {note}", err=True)


def known_claims(names: Sequence[str]) -> tuple[str, ...]:
    """The names; raises RegistryError where there is no such claim."""
    from ..registry import choose
    from .completing import CLAIM_GROUPS, claim_ids

    for name in names:
        choose(name, [*claim_ids(), *CLAIM_GROUPS], "claim")
    return tuple(names)
