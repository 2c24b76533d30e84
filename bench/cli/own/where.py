"""Where a user's own code runs: in the environment of its project, which need not be the one that we run in."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cached_property

from ...asking.far import Far
from ...environments.interpreters import NoInterpreter
from ...environments.own import Own, at, in_venv, is_place, own, taken
from ...environments.provision import Missing, default
from ...model import Environment
from ...registry import RegistryError
from ...selection import environments_for
from ..shared import tell

Say = Callable[[str], None]


@dataclass
class Where:
    """Finds it for one command, and says once which environment it is where that is not ours.

    `pythons` and `pins` are what the command line names.
    """

    pythons: Sequence[str] = ()
    pins: Sequence[str] = ()
    files: bool = False
    """Whether files of workloads are to be read there too."""
    told: set[str] = field(default_factory=set)

    @cached_property
    def places(self) -> list[Own | None]:
        """The environments that are taken as they are, None for our own; raises NoInterpreter."""
        return [at(name) for name in self.pythons if is_place(name)] if self.pythons else [own()]

    @cached_property
    def read(self) -> Far | None:
        """Who reads a file of the user's; None where that is done here. Raises NoInterpreter."""
        if not self.files:
            return None
        there = [each for each in self.places if each is not None]
        if not self.places:
            # A version was named, so nothing has to run in the project's own; it only knows best what a file imports.
            with suppress(NoInterpreter):
                there = [each for each in (own(),) if each is not None]
        return Far(there[0]) if there else None

    def say(self, say: Say = tell) -> None:
        """Tell where workers run; raises NoInterpreter where they cannot."""
        for each in self.places if not self.pins else ():
            if each is not None and each.note not in self.told:
                self.told.add(each.note)
                say(f"note: {each.note}")

    def environments(self, modules: Sequence[str], say: Say = tell) -> list[Environment | Missing]:
        """As `environments_for`, but what is named by its path is taken as it is; raises NoEnvironment."""
        versions = [name for name in self.pythons if not is_place(name)]
        if self.pins:
            return environments_for(modules, self._bases(), say, self.pins)
        self.say(say)
        others = environments_for(modules, versions, say) if versions else []
        labels = {each.label for each in others}
        found: list[Environment | Missing] = []
        for place in dict.fromkeys(self.places):
            one = default(modules) if place is None else taken(place, modules, label=_free(place, labels))
            if one.label not in labels:
                labels.add(one.label)
                found.append(one)
        return [*found, *others]

    def _bases(self) -> list[str]:
        """The interpreters that environments with pins are made of."""
        for name in self.pythons:
            if is_place(name) and (in_venv(name) or in_venv(f"{name}/bin/python")):
                raise RegistryError(
                    f"--with installs into an environment that is made for it, and {name} is taken as it is; name a "
                    "version such as --python 3.14 instead, or leave --with out"
                )
        place = None if self.pythons else own()
        return [place.interpreter.executable] if place else list(self.pythons)


def _free(place: Own, labels: set[str]) -> str:
    """A label that no other environment has."""
    own = place.interpreter
    full = own.version + ("t" if own.free_threaded else "")
    choices = [own.label, full, *(f"{full}-{n}" for n in range(2, 100))]
    return next(each for each in choices if each not in labels)
