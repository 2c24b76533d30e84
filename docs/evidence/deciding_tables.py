"""The tables of docs/method.md on the rule of a run that stops when it has decided, made from deciding.json."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from docs.evidence.forks import DELTAS, SIGMAS
from docs.evidence.unchanged import FREEDOM

Json = dict[str, Any]
AT_BOUND, BEYOND, UNCHANGED = 0.05, 0.01, 0.05
"""What is asked of the rule: parts at their bound, parts 2 % beyond it, and pairs of the same program."""
TRACES = "tails of the traces"


def tables(found: Json) -> dict[str, list[str]]:
    """By the mark in the page its rows."""
    return {
        "levels": level_rows(found), "simulated": simulated_rows(found), "unrecorded": unrecorded_rows(found),
        "misled": misled_rows(found), "pairs": pair_rows(found), "replays": replay_rows(found),
        "asked": asked_rows(found),
    }  # fmt: skip


def level_rows(found: Json) -> list[str]:
    """The levels of the looks, by simulation and in the code."""
    rows = ["| looks after | level by simulation | level in the code | all looks err in | at 5 % each they err in |",
            "|---|---|---|---|---|"]  # fmt: skip
    for first, one in found["levels"].items():
        rows.append(f"| {first} to 6 processes | {one['found']:.4f} | {one['ours']} | {one['whole']:.2%} | "
                    f"{one['uncorrected']:.1%} |")  # fmt: skip
    return rows


def simulated_rows(found: Json) -> list[str]:
    """The errors of made-up runs, in shares of parts: at the bound by its side, further off on the worse side."""
    rows = [f"| errors of a process | spread | a recording counts for | {_DISTANCES} |", "|---|---|---|" + _LINES]
    laws = found["simulated"]["recorded"]
    for law, index, rates in _cases(laws):
        freedom = f"{laws[law]['freedom']:.1f}"
        rows.append(f"| {law} | {SIGMAS[index]:.1%} | {freedom} | {_shares(rates)} |")
    return rows


def unrecorded_rows(found: Json) -> list[str]:
    """The same for parts without a recording, of the spread that does worst at the bound."""
    rows = [f"| errors of a process | spread | {_DISTANCES} |", "|---|---|" + _LINES]
    laws = found["simulated"]["unrecorded"]
    for law in laws:
        _, index, rates = max(_cases({law: laws[law]}), key=lambda case: sum(case[2]["0.0"]))
        rows.append(f"| {law} | {SIGMAS[index]:.1%} | {_shares(rates)} |")
    return rows


def misled_rows(found: Json) -> list[str]:
    """What one part in ten errs in whose recording misleads."""
    rows = ["| it scatters as much as recorded, times | a recording counts for | at its bound: either side | "
            f"{DELTAS[2]:.0%} beyond it | the others at their bound |", "|---|---|---|---|---|"]  # fmt: skip
    for times, one in found["misled"].items():
        edge, beyond = (f"{share:.2%}" for share in one["odd"])
        rows.append(f"| {times} | {one['freedom']:.1f} | {edge} | {beyond} | {one['others']:.2%} |")
    return rows


_DISTANCES = " | ".join(["at the bound: above / below", *(f"{delta:.0%} beyond it" for delta in DELTAS[1:])])
_LINES = "---|" * len(DELTAS)


def _shares(rates: dict[str, list[float]]) -> str:
    above, below = rates["0.0"]
    return " | ".join([f"{above:.2%} / {below:.2%}", *(f"{max(rates[str(delta)]):.2%}" for delta in DELTAS[1:])])


def pair_rows(found: Json) -> list[str]:
    """Recorded pairs of the same program."""
    rows = ["| cell | six pairs | t, 5 % a look | t at the level of looks | the rule, its own recorded variance | "
            "the rule, that of the other cells |", "|---|---|---|---|---|---|"]  # fmt: skip
    for kind, cells in found["pairs"].items():
        for cell, one in cells.items():
            if cell != FREEDOM:
                shares = " | ".join(f"{one[rule]:.1%}" for rule in ("alone", "looks", "own", "others"))
                rows.append(f"| {cell} | {kind} | {shares} |")
    return rows


def replay_rows(found: Json) -> list[str]:
    """Runs over the recordings of the reference, by interpreter."""
    rows = ["| interpreter | runs | claims decided, mean | fewest | cannot be had there | nothing left to ask after | "
            "parts that lie opposite | claims in another word |", "|---|---|---|---|---|---|---|---|"]  # fmt: skip
    asked = found["replays"]["asked"]
    for python, one in found["replays"]["pythons"].items():
        decided = f"{one['decided']:.1f} of {asked} | {one['least']} | {one['absent']}"
        apart = f"{one['opposite']} of {one['parts']} | {one['words']}"
        rows.append(f"| {python} | {one['replays']} | {decided} | {one['seconds']:.0f} s | {apart} |")
    return rows


def asked_rows(found: Json) -> list[str]:
    """What is asked of the rule, what it reaches at worst, and whether that is enough."""
    cases = [*_cases(found["simulated"]["recorded"])]
    edge = max((sum(rates["0.0"]), law, SIGMAS[index]) for law, index, rates in cases)
    beyond = max((max(rates["0.02"]), law, SIGMAS[index]) for law, index, rates in cases if law == TRACES)
    at_bound = f"at most {AT_BOUND:.0%} of parts at their bound declared on either side"
    rows = ["| asked for | at worst | where | |", "|---|---|---|---|"]
    for what, limit, (rate, law, sigma) in (
        (at_bound, AT_BOUND, edge),
        (f"at most {BEYOND:.0%} of parts 2 % beyond it declared wrong, with the tails of the traces", BEYOND, beyond),
    ):
        rows.append(f"| {what} | {rate:.2%} | {law}, spread {sigma:.1%} | {_word(rate <= limit)} |")
    alone = found["levels"]["3"]["whole"]
    rows.append(f"| {at_bound}, without a recording | {alone:.2%} | normal | {_word(alone <= AT_BOUND)} |")
    for rule, whose in (("own", "its own recorded variance"), ("others", "that of the other cells")):
        rate, cell, kind = max(
            (one[rule], cell, kind)
            for kind, cells in found["pairs"].items()
            for cell, one in cells.items()
            if cell != FREEDOM
        )
        what = f"at most {UNCHANGED:.0%} of pairs of the same program told apart, with {whose}"
        rows.append(f"| {what} | {rate:.1%} | {cell}, {kind} | {_word(rate <= UNCHANGED)} |")
    return rows


def _cases(laws: Json) -> Iterator[tuple[str, int, dict[str, list[float]]]]:
    """Law, index of the spread, and the shares declared above and below by distance."""
    for law, one in laws.items():
        for index in range(len(SIGMAS)):
            yield law, index, {delta: pairs[index] for delta, pairs in one["wrong"].items()}


def _word(holds: bool) -> str:
    return "holds" if holds else "**missed**"
