"""The user's own code: no wrong answer passes in silence, and a good program gets its figure."""

from __future__ import annotations

import json
import subprocess
from dataclasses import dataclass
from typing import Any

import pytest

from support.commands import CONTESTANTS, ROOT, Shell, records

OWN = CONTESTANTS / "own_code.py"


@dataclass
class Ran:
    """A run of all of them, with what is set for finding faults around it."""

    done: subprocess.CompletedProcess[str]
    rows: dict[str, dict[str, Any]]
    trials: list[dict[str, Any]]

    def reason(self, cell: str) -> str:
        return f"{self.rows[cell]['status']} {self.rows[cell]['reason'] or ''}".strip()


@pytest.fixture(scope="module")
def ran(common: Shell) -> Ran:
    common.extra = {
        "PYTHONPATH": f"{ROOT / 'src'}", "PYTHONOPTIMIZE": "1", "PYTHONASYNCIODEBUG": "1",
        "COVERAGE_PROCESS_START": "no-such.ini",
    }  # fmt: skip
    runners = [part for name in ("sync", "threading", "asyncio") for part in ("-r", name)]
    done = common.run("run", "--json", "--profile", "smoke", "-w", OWN, *runners, "-o", "own.jsonl")
    rows = {row["cell"].rpartition("@")[0].replace("[n=20,c=1]", ""): row for row in json.loads(done.stdout)}
    return Ran(done, rows, records(common.folder / "own.jsonl", "trial"))


def test_json_is_json_whatever_a_file_prints_while_it_is_imported_and_measured(ran: Ran) -> None:
    assert ran.done.returncode == 3
    assert len(ran.rows) == 27
    assert ran.done.stderr.count("hello from import") == 1
    assert "hello from op" not in ran.done.stderr


def test_sets_have_no_order(ran: Ran) -> None:
    assert {ran.reason(f"sets-{runner}") for runner in ("sync", "threading")} == {"OK"}


def test_one_number_of_an_array_makes_other_work(ran: Ran) -> None:
    found = ran.reason("curves-asyncio")
    assert found == "FAILED unequal work: its results differ from those of 2 of the 3 contestants"


def test_results_that_cannot_be_told_are_refused_before_anything_counts(ran: Ran) -> None:
    assert ran.reason("locks-sync").startswith(
        "FAILED in round 0 of the warmup phase: results[0].guard is of type lock, which cannot be told from another"
    )


def test_an_oracle_that_says_false_passes_nothing(ran: Ran) -> None:
    assert "round 0 of the warmup phase: its oracle answered False: `check` raises" in ran.reason("check_false-sync")


def test_assertions_of_an_oracle_hold_whatever_is_set_outside(ran: Ran) -> None:
    assert ran.reason("wrong_assert-sync").endswith("wrong answer: not three times as much")
    assert (
        "note: workers are started without COVERAGE_PROCESS_START, PYTHONASYNCIODEBUG, PYTHONOPTIMIZE, which would be "
        "measured with the work"
    ) in ran.done.stderr
    assert not any({"PYTHONOPTIMIZE", "PYTHONASYNCIODEBUG"} & set(each["attestation"]["flags"])
                   for each in ran.trials if not each["cell"].startswith("debugged"))  # fmt: skip


def test_no_items_are_no_work(ran: Ran) -> None:
    assert ran.reason("no_items-sync").endswith(
        "its make_items makes no items, so there is nothing to do: return one item for each op"
    )


def test_a_pool_at_the_top_of_a_module_is_measured_with_a_note(ran: Ran) -> None:
    assert {ran.reason(f"pooled-{runner}") for runner in ("sync", "threading")} == {"OK"}
    kept = [each["facts"]["keeps"] for each in ran.trials if each["cell"].startswith("pooled")]
    assert len(kept) == 2
    assert all("thread(s), such as shop_0" in words for words in kept)
    assert "its own code keeps" in ran.done.stderr


def test_a_debug_mode_that_a_workload_sets_itself_is_told_beside_its_row(ran: Ran) -> None:
    assert ran.reason("debugged-sync") == "OK"
    assert "its workers were watched by asyncio's debug mode: the row is of that too" in ran.done.stderr


def test_a_file_that_ends_python_is_one_line_and_wrong_use(common: Shell, ran: Ran) -> None:
    common.extra = {"PYTHONPATH": f"{ROOT / 'src'}", "LEAVES": "1"}
    done = common.run("run", "--json", "--profile", "smoke", "-w", OWN)
    assert (done.returncode, done.stdout) == (2, "")
    (line,) = done.stderr.splitlines()
    assert "ends Python while it is imported (os._exit(0) at own_code.py:" in line
