"""What a deciding run measures next, and when it stops."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from types import SimpleNamespace
from typing import Any

import pytest

from support.fakes import ENVIRONMENT, REF, Clock
from when_async.bench.cli.run.course import CORE_FORKS, Course
from when_async.bench.model import Cell, Measurement, Point, Runner, Status, Workload
from when_async.bench.plan import DECIDE, VERDICTS, Comparison, Contestant, Plan
from when_async.bench.registry import Found
from when_async.reports.deciding.agenda import Open, next_place, outrun
from when_async.reports.verdicts.claim import Bound, Claim, Part, Word
from when_async.reports.verdicts.judging import Verdict
from when_async.reports.verdicts.lookup import Hole, Outcome
from when_async.reports.verdicts.measures import BestOver, Ran, Ratio, Value
from when_async.results.cells.rule import Rule, Series

WORKLOAD = Workload(
    name="w", summary="nothing", bodies={"blocking": lambda kit, params: lambda item: item}, params=(),
    make_items=lambda params, seed: [], check=lambda params, items, results: "", grid={},
)  # fmt: skip
NOTHING = Found(WORKLOAD, REF)


def comparison(place: str, *names: str) -> Comparison:
    """A comparison in name only: nothing of it is started."""
    point = Point(1, {"n": 1})
    contestants = tuple(
        Contestant(
            Cell(
                workload="w", params={"n": 1}, concurrency=1, runner=name, library="", python=ENVIRONMENT.label,
                comparison=place, body_key="", family="sync", one_core=True,
            ),
            NOTHING, Found(Runner.__new__(Runner), REF), ENVIRONMENT,
        )
        for name in names
    )  # fmt: skip
    return Comparison(place, WORKLOAD, point, contestants, ())


@dataclass
class Proof:
    """What a run would say: by cell the value of each further process."""

    values: Mapping[tuple[str, str], tuple[float, ...]]
    forks: Mapping[str, int]
    rule: Rule
    run: str = "r"
    python: str = ENVIRONMENT.label
    gil: bool = True

    def row(self, cell: tuple[str, str]) -> Any:
        return SimpleNamespace(cell=cell[0], one_core=True)

    def middle(self, cell: tuple[str, str], name: str) -> Hole:
        return Hole("nothing yet", asked=False)

    def series(self, cell: tuple[str, str], name: str) -> Series | Hole:
        known = self.values.get(cell, ())[: self.forks.get(cell[0], 0)]
        return Series(known, "s") if known else Hole("nothing yet", asked=False)

    def ratios(self, over: tuple[str, str], under: tuple[str, str], name: str) -> Series | Hole:
        sides = self.series(over, name), self.series(under, name)
        hole = next((one for one in sides if isinstance(one, Hole)), None)
        # Processes that only one side has met nobody.
        met = zip(*(one.values for one in sides if isinstance(one, Series)), strict=False)
        return hole or Series(tuple(one / other for one, other in met), "x")


class Limit(Ran):
    """A limit that is met at once."""

    def series(self, proof: Any) -> Outcome | Hole:
        return Outcome(True, "ran") if proof.forks.get(self.cell[0]) else Hole("nothing yet", asked=False)


@dataclass
class Walk:
    """A course, served by a clock and by values instead of processes."""

    course: Course
    clock: Clock
    values: Mapping[tuple[str, str], tuple[float, ...]]
    cost_s: Mapping[str, float]
    verdicts: list[Verdict]
    notes: list[dict[str, Any]]
    forks: dict[str, int] = field(default_factory=dict)
    steps: list[tuple[int, str]] = field(default_factory=list)
    left: list[Measurement] = field(default_factory=list)
    rounds_of: Mapping[str, list[float]] = field(default_factory=dict)

    def conclusions(self, comparison: Comparison) -> list[Measurement]:
        return []

    def rounds(self, cell: str) -> list[float]:
        return list(self.rounds_of.get(cell, []))

    def lookups(self, places: Iterable[str], words: object, rules: Mapping[str, Rule]) -> dict[str, Proof]:
        seen = {place: self.forks.get(place, 0) for place in places}
        return {python: Proof(self.values, seen, rule) for python, rule in rules.items()}

    def run(self) -> Walk:
        for step in self.course.order(self):  # type: ignore[arg-type]
            if isinstance(step, Measurement):
                self.left.append(step)
                continue
            fork, comparison = step
            self.steps.append((fork, comparison.id))
            self.forks[comparison.id] = fork + 1
            self.clock.pass_s(self.cost_s.get(comparison.id, 1.0))
        return self


def walk(
    claims: list[Claim],
    comparisons: list[Comparison],
    values: Mapping[tuple[str, str], tuple[float, ...]],
    *,
    budget_s: float = 1000.0,
    cost_s: Mapping[str, float] | None = None,
    core: tuple[str, ...] = (),
    rounds: Mapping[str, list[float]] | None = None,
    forks: int = 6,
) -> Walk:
    """The whole walk of such a run."""
    clock = Clock()
    ends = clock.now + budget_s
    verdicts: list[Verdict] = []
    notes: list[dict[str, Any]] = []
    own = Walk(None, clock, values, cost_s or {}, verdicts, notes, rounds_of=rounds or {})  # type: ignore[arg-type]
    own.course = Course(
        Plan(replace(VERDICTS[DECIDE], forks=forks), tuple(comparisons)), claims, own, core,  # type: ignore[arg-type]
        left_s=lambda: ends - clock.now, decided=verdicts.append, note=notes.append, clock=clock,
    )  # fmt: skip
    return own.run()


def claim(name: str, *parts: Part) -> Claim:
    return Claim(name=name, section="Concurrency", statement="So it is.", scope="Here.", parts=parts)


def part(place: str, bound: Bound, axis: float | None = None) -> Part:
    return Part(where=place, measure=Value((place, "sync"), "makespan"), bound=bound, says="{}", axis=axis)


ABOVE = Bound(low=1.0)
PLAIN = (2.0, 2.01, 1.99, 2.0, 2.01, 2.0)
CLOSE = (1.0, 1.2, 0.9, 1.1, 1.0, 0.95)


def test_a_claim_that_is_decided_costs_no_further_process() -> None:
    own = walk([claim("plain", part("a", ABOVE))], [comparison("a", "sync")], {("a", "sync"): PLAIN})
    # Without ten parts nothing is known of the machine, so the first look comes at three.
    assert own.steps == [(0, "a"), (1, "a"), (2, "a")]
    assert [(one.claim.name, one.word) for one in own.verdicts] == [("plain", Word.HOLDS)]


@pytest.mark.parametrize(("values", "forks"), [(PLAIN, 3), (CLOSE, 6)])
def test_a_claim_that_holds_two_places_against_each_other_gets_processes_of_both(
    values: tuple[float, ...], forks: int
) -> None:
    across = Part(where="a", measure=Ratio(("a", "sync"), ("b", "sync")), bound=ABOVE, says="{}")
    places = [comparison("a", "sync"), comparison("b", "sync")]
    own = walk([claim("across", across)], places, {("a", "sync"): values, ("b", "sync"): (1.0,) * 6})
    assert own.forks == {"a": forks, "b": forks}
    assert [one.word for one in own.verdicts] == ([Word.HOLDS] if values is PLAIN else [])


def test_what_stays_open_is_measured_six_times_and_no_more() -> None:
    own = walk([claim("close", part("a", ABOVE))], [comparison("a", "sync")], {("a", "sync"): CLOSE})
    assert [fork for fork, _ in own.steps] == [0, 1, 2, 3, 4, 5]
    assert own.verdicts == []


def test_the_cheapest_claim_comes_first() -> None:
    values = {("dear", "sync"): CLOSE, ("cheap", "sync"): CLOSE}
    own = walk(
        [claim("one", part("dear", ABOVE)), claim("two", part("cheap", ABOVE))],
        [comparison("dear", "sync"), comparison("cheap", "sync")], values, cost_s={"dear": 9.0, "cheap": 1.0},
    )  # fmt: skip
    assert [place for fork, place in own.steps if fork == 2] == ["cheap", "dear"]


def test_nothing_is_begun_that_would_end_beyond_the_budget() -> None:
    own = walk(
        [claim("close", part("a", ABOVE))], [comparison("a", "sync")], {("a", "sync"): CLOSE},
        budget_s=45.0, cost_s={"a": 10.0},
    )  # fmt: skip
    assert len(own.steps) == 4


def test_a_short_budget_goes_to_a_third_process_of_little_before_a_first_of_all() -> None:
    values = {(name, "sync"): CLOSE for name in "abcd"}
    own = walk(
        [claim(name, part(name, ABOVE)) for name in "abcd"], [comparison(name, "sync") for name in "abcd"], values,
        budget_s=65.0, cost_s=dict.fromkeys("abcd", 10.0),
    )  # fmt: skip
    assert own.steps == [(0, "a"), (0, "b"), (1, "a"), (1, "b"), (2, "a"), (2, "b")]


def test_a_limit_is_settled_by_one_process() -> None:
    limit = Part(where="a", measure=Limit(("a", "sync"), "full"), bound=Bound(1, 1), says="{}")
    own = walk([claim("limit", limit)], [comparison("a", "sync")], {})
    assert own.steps == [(0, "a")]
    assert [one.word for one in own.verdicts] == [Word.HOLDS]


def test_the_core_is_first_and_has_intervals_worth_reading() -> None:
    own = walk(
        [claim("plain", part("a", ABOVE))], [comparison("a", "sync"), comparison("core", "sync")],
        {("a", "sync"): PLAIN}, core=("core",),
    )  # fmt: skip
    assert own.steps[0] == (0, "core")
    assert own.forks["core"] == CORE_FORKS


def test_what_stands_alone_gets_every_process_it_may_have() -> None:
    own = walk([], [comparison("core", "sync")], {("core", "sync"): CLOSE}, core=("core",))
    assert own.forks["core"] == 6


@pytest.mark.parametrize("most", [1, 2, 4])
def test_no_comparison_has_more_processes_than_were_asked_for(most: int) -> None:
    parts = part("a", ABOVE), part("core", ABOVE)
    values = {("a", "sync"): CLOSE, ("core", "sync"): CLOSE}
    places = [comparison(name, "sync") for name in ("a", "core")]
    own = walk([claim("open", *parts)], places, values, core=("core",), forks=most)
    assert own.forks == {"a": most, "core": most}


def test_time_that_is_left_goes_to_where_a_settled_claim_turns() -> None:
    parts = part("a", ABOVE), part("b", Bound(low=3.0)), part("c", ABOVE)
    values = {("a", "sync"): PLAIN, ("b", "sync"): PLAIN, ("c", "sync"): CLOSE}
    own = walk([claim("turns", *parts)], [comparison(name, "sync") for name in "abc"], values)
    assert [one.word for one in own.verdicts] == [Word.DEPENDS]
    assert (own.forks["a"], own.forks["b"], own.forks["c"]) == (3, 3, 6)


def test_who_cannot_be_the_best_leaves_with_the_share_it_reached() -> None:
    best = Part(where="a", measure=BestOver("a", ("fast", "slow"), ("sync",)), bound=ABOVE, says="{}")
    place = comparison("a", "fast", "slow", "sync")
    cells = {each.cell.runner: each.cell.id for each in place.contestants}
    rounds = {cells["fast"]: [100.0, 110.0], cells["slow"]: [50.0, 60.0], cells["sync"]: [1.0, 1.0]}
    own = walk([claim("best", best)], [place], {}, rounds=rounds, budget_s=1.9)
    assert [(one.cell, one.status) for one in own.left] == [(cells["slow"], Status.LEFT)]
    assert "0.57 of the best median" in own.left[0].reason


def test_who_is_asked_for_by_name_stays() -> None:
    best = Part(where="a", measure=BestOver("a", ("fast", "slow"), ("sync",)), bound=ABOVE, says="{}")
    named = Part(where="a", measure=Value(("a", "slow"), "makespan"), bound=ABOVE, says="{}")
    place = comparison("a", "fast", "slow", "sync")
    cells = {each.cell.runner: each.cell.id for each in place.contestants}
    rounds = {cells["fast"]: [100.0, 110.0], cells["slow"]: [50.0, 60.0]}
    own = walk([claim("best", best, named)], [place], {}, rounds=rounds, budget_s=1.9)
    assert own.left == []


def test_a_run_learns_its_spread_once() -> None:
    from docs.evidence.spread import parts as recorded_parts

    known = [one for key, one in recorded_parts().items() if isinstance(one.measure, Value)][:20]
    chosen = [one for one in known if one.bound.low != one.bound.high]
    if len(chosen) < 10:
        pytest.skip("fewer than ten claims read a value")
    values = {one.measure.cell: PLAIN for one in chosen}  # type: ignore[attr-defined]
    places = {one.measure.cell[0]: set[str]() for one in chosen}  # type: ignore[attr-defined]
    for one in chosen:
        places[one.measure.cell[0]].add(one.measure.cell[1])  # type: ignore[attr-defined]
    own = walk([claim("all", *chosen)], [comparison(place, *names) for place, names in places.items()], values)
    assert [one["kind"] for one in own.notes] == ["moderation"]


def test_the_next_place_is_of_the_pass_that_is_asked_for() -> None:
    questions = [Open("q", frozenset({"a", "b"}))]
    assert next_place(questions, {"a": 2, "b": 3}, {"a": 1.0, "b": 0.5}, 2, 10.0) == "a"
    assert next_place(questions, {"a": 2, "b": 3}, {"a": 11.0, "b": 0.5}, 2, 10.0) is None
    assert next_place([], {}, {}, 0, 10.0) is None


def test_nobody_is_outrun_where_nobody_was_measured() -> None:
    assert outrun({}) == {}
    assert outrun({"a": []}) == {}
    assert outrun({"a": [10.0], "b": [7.5], "c": [7.4]}) == {"c": 0.74}
