"""Whatever a contestant does to itself, its row says so and costs the others nothing (docs/method.md, T1, T12, T13)."""

from __future__ import annotations

import csv
import html
import json
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

from support.commands import CONTESTANTS, ROOT, Call, Shell, records, verdicts

SLEEP = "sleep[wait=1ms,n=4,c=1]"
HTTP = "[delay=1ms,body=64B,n=4,c=1]"

FAILURES = [
    ("hangs[n=3,c=1]-sync", "TIMEOUT", "no answer within 2 s; it was in wait_for_ever (faulty.py:"),
    ("leaves[n=3,c=1]-sync", "FAILED", "the process died with exit status 7: the licence has run out"),
    ("crashes[n=3,c=1]-sync", "FAILED", "the process died with signal 11 (SIGSEGV)"),
    ("gets_killed[n=3,c=1]-sync", "FAILED", "the process died with signal 9 (SIGKILL)"),
    ("stumbles[n=3,c=1]-sync", "FAILED", "1 of 3 ops failed (op 2: LookupError: no row of that name)"),
    ("errs[n=3,c=1]-sync", "FAILED", "wrong answer: the square of 2 came out as 5"),
    ("unawaited[n=3,c=1]-sync", "FAILED", "op 0 returned coroutine that nobody awaited: no work was done"),
    ("forgetful[n=3,c=1]-sync", "FAILED", "coroutine 'unawaited' was never awaited"),
    (f"{SLEEP}-drops_last", "FAILED", "3 results came back for 4 ops"),
    (f"{SLEEP}-one_task", "FAILED", "1 op starts were counted for 4 ops"),
    (f"{SLEEP}-crowd", "FAILED", "100 ops were in flight where 1 are allowed"),
    (f"{SLEEP}-too_fast", "FAILED", "less than the 0.004000 s that its waits add up to"),
    (f"no_session{HTTP}-sync", "FAILED", "the server saw 4 connections where a pool of 1 was allowed"),
    (f"killer{HTTP}-sync", "FAILED", "the http server is gone: the process died with signal 9 (SIGKILL)"),
    ("service_chatty[n=2,c=1]-sync", "FAILED", "the odd server did not start: the process answered nonsense: b'List"),
    ("service_nameless[n=2,c=1]-sync", "FAILED", "the odd server did not start: it named no address"),
    ("service_mortal[n=2,c=1]-sync", "FAILED", "exit status 1: the disk of the server is on fire"),
]  # fmt: skip

HEALTHY = [
    *(f"{name}[n=3,c=1]-threading" for name in ("hangs", "leaves", "crashes", "gets_killed", "stumbles", "errs")),
    *(f"{name}[n=3,c=1]-threading" for name in ("unawaited", "forgetful")),
    f"{SLEEP}-sync",
    f"{SLEEP}-threading",
    f"no_session{HTTP}-threading",
]


@dataclass
class Faulty:
    """A run in which nearly everything goes wrong."""

    done: subprocess.CompletedProcess[str]
    path: Path
    verdicts: dict[str, tuple[str, str]]


@pytest.fixture(scope="module")
def faulty(common: Shell) -> Faulty:
    files = [CONTESTANTS / name for name in ("faulty.py", "http_faults.py", "service_faults.py")]
    workloads = [part for file in (*files, SLEEP) for part in ("-w", file)]
    runners = [part for name in ("sync", "threading", CONTESTANTS / "cheats.py") for part in ("-r", name)]
    common.extra = {"PYTHONPATH": f"{ROOT / 'src'}:{CONTESTANTS}", "PYTHONHASHSEED": "7", "PYTHON_GIL": "1"}
    done = common.run("run", "--profile", "smoke", "--timeout", 2, *workloads, *runners, "-o", "faulty.jsonl")
    path = common.folder / "faulty.jsonl"
    return Faulty(done, path, verdicts(path))


def test_a_run_with_failures_ends_with_exit_code_3_and_without_a_traceback(faulty: Faulty) -> None:
    assert faulty.done.returncode == 3, faulty.done.stderr
    assert "Traceback" not in faulty.done.stderr


@pytest.mark.parametrize(("cell", "status", "words"), FAILURES, ids=[cell for cell, _, _ in FAILURES])
def test_a_contestant_that_goes_wrong_is_told_as_such(faulty: Faulty, cell: str, status: str, words: str) -> None:
    got, reason = faulty.verdicts[cell]
    assert got == status
    assert words in reason


@pytest.mark.parametrize("cell", HEALTHY)
def test_a_sound_contestant_beside_it_is_ok_with_all_its_samples(faulty: Faulty, cell: str) -> None:
    assert faulty.verdicts[cell] == ("OK", "")
    samples = [sample for sample in records(faulty.path, "sample") if sample["cell"].startswith(cell + "@")]
    assert [(each["phase"], each["round"]) for each in samples] == [("warmup", 0), ("measure", 0), ("measure", 1)]


def test_failures_are_said_while_the_run_goes_on(faulty: Faulty) -> None:
    assert "TIMEOUT hangs[n=3,c=1]-sync@" in faulty.done.stderr


def test_every_cell_has_exactly_one_verdict(faulty: Faulty) -> None:
    cells = sorted(record["id"] for record in records(faulty.path, "cell"))
    assert cells == sorted(record["cell"] for record in records(faulty.path, "measurement"))
    assert len(cells) == len(set(cells))


def test_switches_set_outside_appear_in_the_attestation_of_every_worker(faulty: Faulty) -> None:
    trials = records(faulty.path, "trial")
    assert trials
    for trial in trials:
        assert trial["attestation"]["hash_seed"] == "7"
        assert trial["attestation"]["flags"]["PYTHONHASHSEED"] == "7"
        assert trial["attestation"]["flags"]["PYTHON_GIL"] == "1"


def test_nothing_that_was_started_is_left_behind(faulty: Faulty, common: Shell) -> None:
    assert common.left_behind() == []


@pytest.mark.parametrize("suffix", ["csv", "json"])
def test_failed_rows_are_in_the_export(faulty: Faulty, call: Call, suffix: str) -> None:
    assert call("export", faulty.path, "-o", f"table.{suffix}").exit_code == 0
    with Path(f"table.{suffix}").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file)) if suffix == "csv" else json.load(file)
    found = {row["cell"].rpartition("@")[0]: (row["status"], row["reason"] or "") for row in rows}
    assert found == faulty.verdicts


def test_failed_rows_are_in_the_page_and_in_its_markdown(faulty: Faulty, call: Call) -> None:
    assert call("report", faulty.path, "-o", "page").exit_code == 0
    for name in ("index.html", "report.md"):
        text = html.unescape(Path("page", name).read_text(encoding="utf-8")).replace("\\", "")
        for _, _, words in FAILURES:
            assert words in text, f"{words!r} is not in {name}"


def test_a_fault_of_ours_is_no_regression(call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object, **__: object) -> None:
        raise RuntimeError("a fault of ours")

    monkeypatch.setattr("when_async.bench.cli.gate.command.load", broken)
    done = call("gate", "--base", "main")
    assert done.exit_code == 70
    assert "RuntimeError: a fault of ours" in done.stderr
    assert "when-async: this is a fault of ours and says nothing of your code" in done.stderr


def test_an_output_that_nobody_reads_is_told_from_a_regression(common: Shell) -> None:
    started = common.start("claims")
    assert started.stdout is not None
    started.stdout.close()
    assert started.stderr is not None
    said = started.stderr.read()
    started.stderr.close()
    assert (started.wait(60), "Traceback" in said, "Exception ignored" in said) == (74, False, False)
