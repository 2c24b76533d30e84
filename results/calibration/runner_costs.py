"""What one more thing in flight costs each runner: the `costs` of a calibration file, read into estimates.

Values of fresh processes become an Estimate here and nowhere else; how far a ladder reached is a fact and has none.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from when_async.bench.model import Estimate

from ..fields import mapping, number, text
from ..stats.estimate import linear_interval, log_interval

CAUSES: Final = ("top", "limit", "memory", "budget", "error", "serial", "interrupted", "refused")
"""What can end a ladder."""
NEVER_BEGAN: Final = ("serial", "refused", "interrupted")
"""Those of them that are the reason for every figure that is missing."""


@dataclass(frozen=True)
class Price:
    """One figure of a runner over fresh processes, with so many in flight; or the reason why there is none."""

    estimate: Estimate | None = None
    in_flight: int = 0
    values: tuple[float, ...] = ()
    reason: str = ""


@dataclass(frozen=True)
class RunnerCost:
    """All prices of one runner. `many` is 1000 in flight, or the most that it reached where that is fewer.

    `reached` is the most in flight that was seen, `cause` one of CAUSES and `stopped` the reason in words.
    """

    name: str
    family: str
    launch: Price
    startup_one: Price
    startup_many: Price
    op_one: Price
    op_many: Price
    memory: Price
    reached: int
    cause: str
    stopped: str
    versions: Mapping[str, str]

    @property
    def measured(self) -> bool:
        """Whether anything at all is known of it."""
        return self.reached > 0 or self.op_one.estimate is not None


@dataclass(frozen=True)
class RunnerCosts:
    """The costs of all runners that were asked for, on one machine with one interpreter."""

    date: datetime
    python: str
    quick: bool
    processes: int
    seconds: float
    interrupted: bool
    runners: tuple[RunnerCost, ...]
    failures: tuple[tuple[str, str], ...]

    @property
    def versions(self) -> dict[str, str]:
        """The version of each library that some runner needed."""
        return {name: version for runner in self.runners for name, version in sorted(runner.versions.items())}


def parse_costs(record: Mapping[str, Any]) -> RunnerCosts:
    """The object under `costs`; KeyError, TypeError or ValueError where something is amiss."""
    date = datetime.fromisoformat(text(record["date"]))
    if date.tzinfo is None:
        raise ValueError("the date of the costs has no zone")
    return RunnerCosts(
        date=date,
        python=text(record["python"]),
        quick=bool(record.get("quick")),
        processes=int(number(record["processes"])),
        seconds=number(record["seconds"]),
        interrupted=bool(record.get("interrupted")),
        runners=tuple(_runner(mapping(one)) for one in record["runners"]),
        failures=tuple((text(one["title"]), text(one["reason"])) for one in record["failures"]),
    )


def _runner(record: Mapping[str, Any]) -> RunnerCost:
    quantities = [mapping(one) for one in record["quantities"]]
    reasons = {name: text(reason) for name, reason in mapping(record["reasons"]).items()}
    reached, cause, stopped = _ladder(record)

    def price(figure: str, many: bool) -> Price:
        found = [one for one in quantities if one["figure"] == figure and (number(one["in_flight"]) > 1) == many]
        why = reasons.get("memory" if figure == "memory" else "many" if many else "one", "")
        return _price(found, why or (stopped if cause in NEVER_BEGAN else ""))

    return RunnerCost(
        name=text(record["name"]),
        family=text(record["family"]),
        launch=price("launch", many=False),
        startup_one=price("startup", many=False),
        startup_many=price("startup", many=True),
        op_one=price("op", many=False),
        op_many=price("op", many=True),
        memory=price("memory", many=True),
        reached=reached,
        cause=cause,
        stopped=stopped,
        versions={name: text(version) for name, version in mapping(record["versions"]).items()},
    )


def _ladder(record: Mapping[str, Any]) -> tuple[int, str, str]:
    ladder = mapping(record["ladder"])
    cause = text(ladder["cause"])
    if cause not in CAUSES:
        raise ValueError(f"a ladder does not end by {cause[:40]!r}")
    rungs = [int(number(mapping(one)["in_flight"])) for one in ladder["rungs"]]
    return max(rungs, default=1 if cause == "serial" else 0), cause, text(ladder["reason"])


INTERVALS: Final = {"log": log_interval, "linear": linear_interval}


def _price(found: Sequence[Mapping[str, Any]], why: str) -> Price:
    if not found:
        return Price(reason=why or "not measured")
    (one,) = found[:1]
    values = tuple(number(value) for value in one["values"])
    try:
        estimate = INTERVALS[one["scale"]](values, text(one["unit"]))
    except ValueError as error:
        return Price(None, int(number(one["in_flight"])), values, str(error))
    reason = "" if estimate else why or "fewer than two processes gave a value"
    return Price(estimate, int(number(one["in_flight"])), values, reason)
