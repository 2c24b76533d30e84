"""What a gate run could have seen: its own noise, replayed through its own rule.

The residuals of every cell's pairs, scaled by the cell's spread and taken with either sign, are the noise; a replay
draws a cell's spread and as many residuals as the rule may ask for. So the answer holds for this machine, these cells
and this hour, and rests on no assumed distribution. What it cannot see is a bias that base and head have in every
pair; for that there are the controls.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from ..stats.estimate import share_limits
from ..stats.sequential import DEFAULT, Floats, Rule, hodges_lehmann, replay
from .report import Operating

REPLAYS = 200_000
POWER_REPLAYS = 4_000
CHUNK = 20_000
EFFECTS = (0.01, 0.02, 0.03, 0.05, 0.08, 0.10, 0.15, 0.20)
WANTED_POWER = 0.95
PRECISE = 2.5e-4
"""The smallest visible effect is looked for until it is known so well: 0.025 %."""


@dataclass(frozen=True)
class ReplayedNoise:
    """Residuals of all cells in units of their cell's spread, and the spreads to draw from (both on the log scale)."""

    residuals: Floats
    spreads: Floats

    def draw(self, replays: int, pairs: int, random: np.random.Generator) -> Floats:
        """Log-ratios of unchanged cells, shape (replays, pairs)."""
        z = random.choice(self.residuals, size=(replays, pairs)) * random.choice((-1.0, 1.0), size=(replays, pairs))
        return np.asarray(z * random.choice(self.spreads, size=(replays, 1)))


def noise_of(series: Iterable[Floats], rule: Rule = DEFAULT) -> ReplayedNoise | None:
    """The noise in log-ratios per pair, one array a cell; None where no cell has the pairs of the first look."""
    residuals, spreads = [], []
    for d in series:
        if len(d) < rule.first_look:
            continue
        point, error = hodges_lehmann(d[None, :])
        spread = float(error[0]) * len(d) ** 0.5
        if spread > 0:
            # The estimate follows the few pairs it was made of, which makes their residuals too small.
            residuals.append((d - point[0]) / spread * (len(d) / (len(d) - 1)) ** 0.5)
            spreads.append(spread)
    if not residuals:
        return None
    return ReplayedNoise(np.concatenate(residuals), np.array(spreads))


def operating(
    series: Sequence[Floats],
    *,
    margin: float,
    comparisons: int,
    seconds_per_decision: float,
    seed: int,
    rule: Rule = DEFAULT,
    replays: int = REPLAYS,
    cut_short: bool = False,
) -> Operating | None:
    """Replay the noise of `series` (log-ratios per pair, one array a cell); None where there is too little of it.

    `comparisons` are those of the run; a bound for the run adds up theirs. Where the run was `cut_short` it had not
    the pairs that its rule asks for, so the power of the rule is not that of the run and is left out.
    """
    noise = noise_of(series, rule)
    if noise is None:
        return None
    random = np.random.default_rng(seed)
    alarms = sum(int(replay(*drawn, margin, rule).alarmed.sum()) for drawn in _chunks(noise, replays, random, rule))
    bound = share_limits(alarms, replays, 0.9)[1]
    fixed = None if cut_short else next(_chunks(noise, POWER_REPLAYS, random, rule))
    known = {} if fixed is None else {effect: power(fixed, effect, margin, rule) for effect in EFFECTS}
    return Operating(
        simulated=replays,
        false_alarms=alarms,
        false_alarm_bound=bound,
        per_run_bound=float(1 - (1 - bound) ** comparisons),
        power=known,
        smallest_effect=None if fixed is None else smallest_effect(fixed, margin, rule, known),
        noise_pairs=len(noise.residuals),
        seconds_per_decision=seconds_per_decision,
        cut_short=cut_short,
    )


def _chunks(
    noise: ReplayedNoise, replays: int, random: np.random.Generator, rule: Rule
) -> Iterator[tuple[Floats, Floats]]:
    """First and fresh series of so many replays, some thousands at a time."""
    for start in range(0, replays, CHUNK):
        count = min(CHUNK, replays - start)
        drawn = noise.draw(count, 2 * rule.most, random)
        yield drawn[:, : rule.most], drawn[:, rule.most :]


def power(drawn: tuple[Floats, Floats], effect: float, margin: float, rule: Rule = DEFAULT) -> float:
    """Share of the replays that alarm when every pair is slower by `effect` (0.03 is 3 %)."""
    first, fresh = drawn
    return replay(first + np.log1p(effect), fresh + np.log1p(effect), margin, rule).rate


def smallest_effect(
    drawn: tuple[Floats, Floats], margin: float, rule: Rule = DEFAULT, known: Mapping[float, float] = {}
) -> float | None:
    """The least slow-down that alarms in 95 % of the replays; None where even a doubling does not.

    `known` is the power at some slow-downs, which narrows the search.
    """
    low = max([margin, *(effect for effect, share in known.items() if share < WANTED_POWER)])
    most = max(1.0, 4 * margin)
    high = min([most, *(effect for effect, share in known.items() if share >= WANTED_POWER and effect > low)])
    if high == most and power(drawn, most, margin, rule) < WANTED_POWER:
        return None
    while high - low > PRECISE:
        middle = (low + high) / 2
        if power(drawn, middle, margin, rule) < WANTED_POWER:
            low = middle
        else:
            high = middle
    return high
