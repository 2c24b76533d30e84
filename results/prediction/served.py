"""Which model for ops that come at a rate: how busy each is, what an op takes, and how many workers it needs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from .fitted import Fitted
from .judged import LEVEL, PLAIN
from .model import POOLS, THREADS, Model
from .programs import Limits
from .simulated import serving
from .simulated.predict import FREE
from .work import Work

OPS = 10_000
"""So many are simulated: the 99th percentile rests on a hundred of them."""
SKETCH = 3_000
"""With so many the workers are counted."""
LEAST = 200
MOST = 1000
"""More workers than this are not tried."""


@dataclass(frozen=True)
class Service:
    """One model under a rate; `most_per_s` is the rate from which ops pile up, with as many workers as there can be."""

    runner: str
    workers: int
    served: serving.Served
    most_per_s: float


def service(one: Model, work: Work, cores: int, rate_per_s: float, limits: Limits) -> Service:
    """What becomes of a rate under a model, with as many workers as it needs."""
    work = one.called(work)
    family = FREE if one.family == THREADS and not one.gil else POOLS[0] if one.family in POOLS else one.family
    most = min(MOST, limits.get(one.runner, (MOST, ""))[0])
    # Each wait of an op is an event, and the percentiles of ops that wait often scatter less.
    ops, few = (max(LEAST, count // work.waits_per_op) for count in (OPS, SKETCH))
    sketch = replace(work, ops=few)
    count = serving.workers(family, sketch, one.costs, cores, rate_per_s, most)
    served = serving.serve(family, replace(work, ops=ops), one.costs, cores, count, rate_per_s)
    return Service(one.runner, count, served, serving.most_per_s(family, work, one.costs, cores, most))


def services(known: Fitted, work: Work, cores: int, rate_per_s: float, limits: Limits) -> list[Service]:
    """Every model under that rate: those that bear it by their 99th percentile, then the others by what they bear."""
    found = [service(one, work, cores, rate_per_s, limits) for one in known.models]
    return sorted(found, key=lambda each: (each.served.p99_s, -each.most_per_s))


def taken(ranked: Sequence[Service]) -> Service | None:
    """The plainest of those whose 99th percentile is level with the best; None where nobody bears the rate."""
    borne = [each for each in ranked if each.served.borne]
    level = [each for each in borne if each.served.p99_s <= LEVEL * borne[0].served.p99_s]
    return min(level, key=lambda each: PLAIN.index(each.runner) if each.runner in PLAIN else len(PLAIN), default=None)
