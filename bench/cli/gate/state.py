"""What a gate run is asked for, and how far it is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from when_async.results.gate.assembly import Control
from when_async.results.gate.deciding import CellTest

from ...gate.config import GateConfig

PROFILE = "gate"


@dataclass
class Request:
    """What a gate run is asked for, config and command line together."""

    config: GateConfig
    seed: int = 20260
    thorough: bool = False
    controls: bool = True
    inject: float = 0.0
    argv: Sequence[str] = ()
    new: Mapping[str, str] = field(default_factory=dict)
    """Targets by name that base cannot run, with why."""
    notes: Sequence[str] = ()
    """What a look at the targets has to say."""


@dataclass
class GateState:
    """A gate run in progress: everything that the report is made of."""

    cell_tests: dict[str, CellTest] = field(default_factory=dict)
    controls: list[Control] = field(default_factory=list)
    broken: dict[str, str] = field(default_factory=dict)
    checked: dict[str, str] = field(default_factory=dict)
    """What was measured in head alone: empty where all went well, else why not."""
    late: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    controls_missed: bool = False
    """Whether the budget ended before the controls began."""
    settled: bool = False
    """Whether everything was decided in a few pairs because something was plainly slower."""
    interrupted: bool = False
