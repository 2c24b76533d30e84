"""What goes wrong: all rounds of A, then all rounds of B, on a machine that grows slower meanwhile.

Machines drift: they heat up, a neighbour wakes, a governor steps down. Whoever runs later then pays for it, and more
rounds do not help, because the error is the same in each of them.
Cure: let the contestants take turns round by round in shuffled order, and form the ratio inside each turn, where both
met nearly the same machine.

The clock here is simulated, so the numbers are the same on every machine. A and B are the same code; each round makes
the machine 1 % slower.

What you will see: B "loses" by about a fifth, and then by nothing that matters.
"""

from __future__ import annotations

import math
import random
from statistics import mean

ROUNDS = 20
SEED = 7


class DriftingMachine:
    """Does equal work ever more slowly: the first round takes 1 s, each later one 1 % of that more."""

    def __init__(self) -> None:
        self.rounds = 0

    def run(self) -> float:
        """Seconds of the next round."""
        self.rounds += 1
        return 1.0 + 0.01 * (self.rounds - 1)


def wrong() -> float:
    """Mean time of B over mean time of A, one after the other."""
    machine = DriftingMachine()
    a = [machine.run() for _ in range(ROUNDS)]
    b = [machine.run() for _ in range(ROUNDS)]
    return mean(b) / mean(a)


def right() -> float:
    """Geometric mean of B / A over shuffled blocks."""
    machine, dice = DriftingMachine(), random.Random(SEED)
    logs = []
    for _ in range(ROUNDS):
        order = ["A", "B"]
        dice.shuffle(order)
        seconds = {name: machine.run() for name in order}
        logs.append(math.log(seconds["B"] / seconds["A"]))
    return math.exp(mean(logs))


def main() -> None:
    print(f"wrong: B takes {wrong():.3f} times as long as A")
    print(f"right: B takes {right():.3f} times as long as A")
    print("truth: B is A")


if __name__ == "__main__":
    main()
