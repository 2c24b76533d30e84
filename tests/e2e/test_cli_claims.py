"""Claims by the command line: measure what one needs, judge runs, and see what has changed since."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest

from support.commands import Call
from support.run_files import CellSpec, make_cell, make_run
from when_async.bench.cli.run.claimed import chosen, selection_for
from when_async.bench.registry import RegistryError
from when_async.bench.selection import catalogue
from when_async.reports.verdicts.judging import claims

PLACE = "mixed[wait=5ms,cpu=5ms,n=16,c=8]"


def run_file(path: Path, loops_s: float = 0.06, **more: object) -> Path:
    """Cells of the claim that several loops can share the cores."""
    params = {"wait_s": 0.005, "cpu_s": 0.005, "n": 16}
    cells = [
        CellSpec(make_cell("mixed", runner, PLACE, params, 8, reference=runner == "asyncio"), makespan_s, 16)
        for runner, makespan_s in (("asyncio", 0.1), ("asyncio+multiloop", loops_s))
    ]
    return make_run(path, cells=cells, forks=6, noise=0.01, fork_noise=0.005, **more)  # type: ignore[arg-type]


def test_a_claim_on_behaviour_is_run_and_judged(call: Call) -> None:
    done = call("run", "--claim", "syntax-await", "--output", "a.jsonl")
    assert done.exit_code == 0, done.stderr
    records = [json.loads(line) for line in Path("a.jsonl").read_text().splitlines()]
    (seen,) = [one for one in records if one["kind"] == "behaviour"]
    assert (seen["shown"], seen["tried"], seen["absent"]) == (3, 3, "")
    judged = call("claims", "a.jsonl", "--claim", "syntax-await", "--json")
    (verdict,) = json.loads(judged.stdout)
    assert verdict["verdict"] == "HOLDS"
    assert set(verdict) >= {"id", "section", "python", "verdict", "point", "low", "high", "unit", "sentence"}


def test_what_a_claim_needs_is_selected_and_nothing_else() -> None:
    selection = selection_for(chosen(["many-loops"]), catalogue())
    assert selection.only == {"mixed[wait=5ms,cpu=5ms,n=16,c=8]": ("asyncio", "asyncio+multiloop")}
    assert set(selection.runners) == {"asyncio", "asyncio+multiloop"}
    assert [found.value.name for found, _ in selection.points] == ["mixed"]


def test_an_unknown_claim_is_told_with_the_nearest(call: Call) -> None:
    with pytest.raises(RegistryError, match="did you mean 'chess'"):
        chosen(["ches"])
    done = call("claims", "--claim", "ches", "nowhere.jsonl")
    assert done.exit_code == 2
    assert "did you mean 'chess'" in done.stderr


def test_a_claim_says_what_is_measured_so_workloads_cannot_be_named_too(call: Call) -> None:
    done = call("run", "--claim", "chess", "-w", "sleep")
    assert done.exit_code == 2
    assert "leave out -w and -r" in done.stderr


def test_the_ledger_fits_a_hundred_columns_and_ends_with_the_count(call: Call) -> None:
    run_file(Path("a.jsonl"))
    done = call("claims", "a.jsonl")
    assert done.exit_code == 0, done.stderr
    lines = done.stdout.splitlines()
    assert max(map(len, lines)) <= 100
    assert "\x1b" not in done.stdout
    assert lines[-1].split(" verdicts: ")[0].isdigit()


def test_a_claim_that_is_asked_for_says_what_its_figures_speak_of(call: Call) -> None:
    run_file(Path("a.jsonl"))
    scope = " ".join(claims()["one-core"].scope.split())[:60]
    assert scope in " ".join(call("claims", "a.jsonl", "--claim", "one-core").stdout.split())


def test_verdicts_of_one_interpreter_can_be_had_alone(call: Call) -> None:
    run_file(Path("a.jsonl"))
    found = json.loads(call("claims", "a.jsonl", "--python", "3.11", "--json").stdout)
    assert {one["python"] for one in found} == {"3.11"}
    done = call("claims", "a.jsonl", "--python", "2.7")
    assert done.exit_code == 2
    assert "there is no verdict on Python 2.7 here; there are some on 3.11" in done.stderr


def test_only_verdicts_that_are_others_than_before_are_shown(call: Call) -> None:
    run_file(Path("old.jsonl"), run="20260101-000000-aaaa")
    run_file(Path("new.jsonl"), loops_s=0.1, run="20260201-000000-bbbb")
    changed = call("claims", "new.jsonl", "--changed", "old.jsonl", "--json")
    (verdict,) = json.loads(changed.stdout)
    assert (verdict["id"], verdict["before"], verdict["verdict"]) == ("many-loops", "HOLDS", "REFUTED")
    same = call("claims", "new.jsonl", "--changed", "old.jsonl", "--claim", "one-core")
    assert same.stdout == "No verdict has changed.\n"


def test_a_packed_run_is_read_like_any_other_and_a_broken_one_is_told(call: Call) -> None:
    data = run_file(Path("a.jsonl")).read_bytes()
    Path("a.jsonl.gz").write_bytes(gzip.compress(data))
    assert call("claims", "a.jsonl.gz", "--json").stdout == call("claims", "a.jsonl", "--json").stdout
    Path("b.jsonl.gz").write_bytes(gzip.compress(data)[:200])
    done = call("claims", "b.jsonl.gz")
    assert done.exit_code == 2
    assert "is no whole gzip file" in done.stderr


def test_several_recordings_of_one_machine_have_to_agree_and_another_machine_stands_beside_them(call: Call) -> None:
    run_file(Path("a.jsonl"), run="20260101-000000-aaaa", started="2026-01-01T00:00:00+00:00")
    run_file(Path("b.jsonl"), loops_s=0.1, run="20260201-000000-bbbb", started="2026-02-01T00:00:00+00:00")
    intel = {"node_id": "3f6c0a51d2", "cpu": "Intel(R) Xeon(R) Processor", "cores": 2}
    run_file(Path("c.jsonl"), run="20260301-000000-cccc", machine=intel)
    asked = ("claims", "a.jsonl", "b.jsonl", "c.jsonl", "--claim", "many-loops")
    own, other = json.loads(call(*asked, "--json").stdout)
    assert (own["machine"], own["verdict"]) == ("AMD EPYC 9B14", "INCONCLUSIVE")
    assert [one["verdict"] for one in own["recordings"]] == ["HOLDS", "REFUTED"]
    assert (other["machine"], other["verdict"]) == ("Intel Xeon", "HOLDS")
    shown = " ".join(call(*asked).stdout.split())
    assert "Recordings disagree: HOLDS on 1 January 00:00, REFUTED on 1 February 00:00." in shown
    assert "? INCONCLUSIVE Python 3.11 on AMD EPYC 9B14 ≠ HOLDS on Intel Xeon" in shown
    assert "≠ another verdict on another machine: many-loops (3.11)" in shown


def test_what_changed_is_told_with_its_causes_and_several_earlier_runs_count_together(call: Call) -> None:
    run_file(Path("a.jsonl"), run="20260101-000000-aaaa")
    run_file(Path("b.jsonl"), loops_s=0.1, run="20260201-000000-bbbb")
    run_file(Path("c.jsonl"), loops_s=0.1, run="20260301-000000-cccc")
    asked = ("claims", "c.jsonl", "--claim", "many-loops", "--changed", "a.jsonl")
    assert "Likely cause: noise, or another hour of the machine: " in " ".join(call(*asked).stdout.split())
    (one,) = json.loads(call(*asked, "--changed", "b.jsonl", "--json").stdout)
    assert (one["before"], one["verdict"]) == ("INCONCLUSIVE", "REFUTED")
    assert one["causes"][0]["kind"] == "recordings"
    other = call("claims", "c.jsonl", "--changed", "a.jsonl", "--python", "3.11")
    assert other.exit_code == 0
