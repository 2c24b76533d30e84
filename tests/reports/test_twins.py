"""What is said of a build without its lock over its twin with it, and when nothing is."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from support.run_files import grid_cells, header_line, make_run
from when_async.reports.verdicts.claim import Bound, Claim, Part, Word
from when_async.reports.verdicts.judging import Verdict, judge
from when_async.reports.verdicts.measures import WithoutLock
from when_async.results.frame import load

GRID = "grid_search[unit=10ms,n=16,c=2]"
LIKE = {"compiler": "GCC 12.2.0", "maker": "somebody", "pgo": True, "lto": False}
CLAIM = Claim(
    name="single",
    section="Concurrency",
    statement="It costs nothing.",
    scope="Here.",
    parts=(Part("here", WithoutLock((GRID, "sync")), Bound(high=1.1), "it took {} the time"),),
)


def verdicts(path: Path, *pythons: str, slower: float = 1.0, **unlike: dict[str, Any]) -> dict[str, Verdict]:
    """By interpreter; builds without the lock are `slower`, and `unlike` replaces fields of `py313t` and the like."""
    environments = [
        {**one, "version": "3.13.5", "build": LIKE, **unlike.get(f"py{one['label'].replace('.', '')}", {})}
        for one in header_line(pythons=pythons)["environments"]
    ]
    cells = [
        replace(spec, makespan_s=spec.makespan_s * (slower if python.endswith("t") else 1.0))
        for python in pythons
        for spec in grid_cells(python)
    ]
    frame = load(
        [make_run(path / "a.jsonl", cells=cells, forks=6, noise=0.005, fork_noise=0.005, environments=environments)]
    )
    return {one.python: one for one in judge(frame, {"single": CLAIM})}


@pytest.mark.parametrize(("slower", "word"), [(1.0, Word.HOLDS), (1.4, Word.REFUTED)])
def test_twins_of_one_run_give_both_of_them_the_ratio_without_the_lock_over_with_it(
    tmp_path: Path, slower: float, word: Word
) -> None:
    found = verdicts(tmp_path, "3.13", "3.13t", slower=slower)
    assert {one.word for one in found.values()} == {word}
    for one in found.values():
        assert one.estimate is not None
        assert one.estimate.point == pytest.approx(slower, rel=0.03)


@pytest.mark.parametrize(
    ("changed", "why"),
    [
        ({"build": {**LIKE, "pgo": False}}, "profile-guided optimisation"),
        ({"build": {}}, "how one of them was built was not recorded"),
        ({"version": "3.13.0"}, "3.13.5"),
    ],
)
def test_builds_that_differ_in_more_than_the_lock_are_named_and_not_compared(
    tmp_path: Path, changed: dict[str, Any], why: str
) -> None:
    found = verdicts(tmp_path, "3.13", "3.13t", slower=1.4, py313=changed)
    assert {one.word for one in found.values()} == {Word.NOT_MEASURED}
    assert all("are no twins" in one.sentence for one in found.values())
    assert all(why in one.sentence for one in found.values())


@pytest.mark.parametrize(
    ("python", "why"),
    [
        ("3.13t", "it takes both builds in one run: --python 3.13 --python 3.13t"),
        ("3.11", "CPython 3.11 has no build without its lock"),
        ("pypy3.11", "nothing is known of a build of pypy3.11"),
    ],
)
def test_an_interpreter_alone_says_what_its_twin_would_take(tmp_path: Path, python: str, why: str) -> None:
    (found,) = verdicts(tmp_path, python).values()
    assert found.word is Word.NOT_MEASURED
    assert why in found.sentence


def test_pinned_environments_are_twins_where_the_pins_are_the_same(tmp_path: Path) -> None:
    found = verdicts(tmp_path, "3.14+httpx==0.28", "3.14t+httpx==0.28", "3.14t")
    assert [one.word is Word.NOT_MEASURED for one in found.values()] == [False, False, True]
