"""Advice: a ranking, the reason, the evidence and code; wrong use is one line."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from dataclasses import astuple, replace
from pathlib import Path

import pytest

from support.calibration_files import put
from support.commands import Call
from when_async.bench.cli import advise as cli_advise_command
from when_async.bench.cli import advising
from when_async.bench.cli.advising import Op, cores_left, op_of
from when_async.bench.machine.fingerprint import node_id
from when_async.bench.trying.look import Seen
from when_async.bench.worker.children import even_chunk
from when_async.bench.worker.limits import PROCESSES_PER_CORE, cores, thread_limit
from when_async.reports.terminal.shapes import SHAPES, chunk, shape
from when_async.results.prediction import before_judge
from when_async.results.prediction.advice_file import write
from when_async.results.prediction.before_judge import REFERENCE, Verdict
from when_async.results.prediction.clients import Client
from when_async.results.prediction.fitted import Fitted
from when_async.results.prediction.judged import Accuracy
from when_async.results.prediction.model import Model
from when_async.results.prediction.simulated.costs import Costs

LOOP = Model("asyncio", "asyncio", costs=Costs(op_s=8e-6, turn_s=5e-6, late_s=1e-4), error_low=-0.05, error_high=0.08)
THREADS = Model(
    "threading", "threads", costs=Costs(op_s=5e-6, late_s=1e-4, handover_s=2e-5), error_low=-0.1, error_high=0.2
)
POOL = Model(
    "multiprocessing", "processes", costs=Costs(op_s=2e-5, chunk_s=2e-4, late_s=8e-5, round_s=5e-3), byte_s=1e-9,
    error_low=-0.2, error_high=0.2,
)  # fmt: skip


@pytest.fixture(autouse=True)
def known(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Figures of a machine that never was, so that a new reference run changes no test."""
    callers = {"asyncio": Client("aiohttp", 2e-4), "threading": Client("http.client", 5e-4)}
    found = [
        Fitted(
            "3.11", True, 2, "20261125-000000-aaaa", (LOOP, THREADS, POOL), Accuracy(101, 88, 18, 14), clients=callers
        )
    ]  # fmt: skip
    # Without a GIL threads do as processes do, and add less.
    free = replace(THREADS, gil=False)
    found.append(Fitted("3.13t", False, 2, "20261125-000000-bbbb", (LOOP, free, POOL), Accuracy(10, 9, 5, 5), ()))
    write(tmp_path / "advice.json", found, "a machine")
    monkeypatch.setattr(cli_advise_command, "KNOWN", tmp_path / "advice.json")
    monkeypatch.setattr(cli_advise_command, "JUDGE", tmp_path / "judge.json")
    monkeypatch.setattr("when_async.bench.environments.provision.default_label", lambda: "3.11")


def test_many_waits_are_for_whoever_overlaps_them_and_the_answer_has_all_its_parts(call: Call) -> None:
    done = call("advise", "--wait", "300ms", "--cpu", "200us", "--ops", "500", "--cores", "2")
    assert done.exit_code == 0, done.stderr
    assert "500 ops that wait 300 ms and compute 200 µs each; 100 in flight, 2 cores" in done.stdout
    first = next(line for line in done.stdout.splitlines() if line.endswith(" 1.00×"))
    assert first.split()[0] == "asyncio"
    (chosen,) = [line for line in done.stdout.splitlines() if line.endswith("← take this")]
    assert chosen.split()[0] == "threading"
    said = " ".join(done.stdout.split())
    assert "Take threading on Python 3.11." in said
    assert "in 88 (87 %; goal 95 %), and in 14 of 18 places (78 %; goal 95 %)" in said
    assert "--claim io-bound" in said
    # Threads are predicted level with the loop here, and are the plainer of the two.
    assert "To begin from, with threading:" in done.stdout
    assert "Threading is the plainest of those that are level" in " ".join(done.stdout.split())
    assert max(map(len, done.stdout.splitlines())) <= 100


def test_thousands_in_flight_are_for_a_loop(call: Call) -> None:
    done = call("advise", "--wait", "1s", "--cpu", "100us", "-n", "20000", "-c", "10000", "--cores", "2")
    assert "asyncio.run(main())" in done.stdout


def test_computing_is_for_processes_with_as_many_as_there_are_cores(call: Call) -> None:
    done = call("advise", "--cpu", "40ms", "-n", "10000", "--cores", "2", "--json")
    rows = json.loads(done.stdout)
    assert rows[0]["runner"] == "multiprocessing"
    assert rows[0]["low"] < rows[0]["predicted_s"] < rows[0]["high"]
    assert rows[0]["predicted_s"] == pytest.approx(10_000 * 0.04 / 2, rel=0.05)
    assert "ProcessPoolExecutor(max_workers=2)" in call("advise", "--cpu", "40ms", "-n", "10000", "--cores", "2").stdout


COMPUTING = ("advise", "--cpu", "40ms", "-n", "10000", "--cores", "2")


def test_the_answer_is_for_the_interpreter_that_runs_this_and_says_that_there_are_others(call: Call) -> None:
    done = call(*COMPUTING)
    assert "Take multiprocessing on Python 3.11." in done.stdout
    assert "Take threading" not in done.stdout
    assert "On 3.13t it may be another: --python VERSION, or --python all." in done.stdout
    both = call(*COMPUTING, "--python", "all").stdout
    assert "Take threading on Python 3.13t, which has no GIL." in both
    assert "To begin from, with multiprocessing on 3.11:" in both
    assert "To begin from, with threading on 3.13t:" in both


def test_code_is_that_of_the_build_on_which_a_model_is_recommended(call: Call) -> None:
    # With the GIL a hundred threads would be made, as they do not compute side by side.
    both = call(*COMPUTING, "-c", "100", "--python", "all").stdout
    assert "ThreadPoolExecutor(max_workers=2)" in both
    assert "ProcessPoolExecutor(max_workers=2)" in both


def test_of_an_interpreter_that_is_not_known_the_answer_is_that_of_one_like_it(
    call: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    for label, like in (("3.16", "3.11"), ("3.16t", "3.13t")):
        monkeypatch.setattr("when_async.bench.environments.provision.default_label", lambda label=label: label)
        done = call(*COMPUTING)
        assert f"nothing is known of Python {label} here; this is for {like}" in done.stderr
        assert f"on Python {like}" in done.stdout


@pytest.mark.parametrize("shape", [("--cpu", "40ms"), ("--wait", "300ms", "--cpu", "2ms")])
def test_no_interval_reaches_below_what_the_work_itself_takes(call: Call, shape: tuple[str, ...]) -> None:
    rows = json.loads(call("advise", *shape, "-n", "500", "-c", "100", "--cores", "2", "--json").stdout)
    least_s = {"multiprocessing": 10.0, "asyncio": 20.0} if "40ms" in shape else {"multiprocessing": 5 * 0.302}
    low_s = {row["runner"]: row["low"] for row in rows if row["runner"] in least_s}
    assert all(low_s[name] >= seconds * (1 - 1e-9) for name, seconds in least_s.items())
    if "40ms" in shape:
        assert low_s == pytest.approx(least_s), "where predictions are at the bound, no interval reaches below it"
    assert [row for row in rows if not row["low"] <= row["predicted_s"] <= row["high"]] == []


def test_other_cores_than_those_measured_are_said_to_be_extrapolated(call: Call) -> None:
    assert "For 8 cores it is extrapolated." in " ".join(call("advise", "--cpu", "1ms", "--cores", "8").stdout.split())
    assert "extrapolated" not in call("advise", "--cpu", "1ms", "--cores", "2").stdout


def test_a_blank_before_the_unit_is_no_mistake(call: Call) -> None:
    assert "wait 300 ms" in call("advise", "--wait", "300 ms").stdout


def test_a_payload_can_take_the_lead_from_processes(call: Call) -> None:
    bare = json.loads(call("advise", "--cpu", "1ms", "--cores", "2", "--json").stdout)
    loaded = json.loads(call("advise", "--cpu", "1ms", "--cores", "2", "--payload", "4MiB", "--json").stdout)
    assert (bare[0]["runner"], loaded[0]["runner"]) == ("multiprocessing", "asyncio")


def test_a_callable_of_ones_own_is_measured(call: Call) -> None:
    done = call("advise", "--like", "time:sleep", "--args", "[0.02]", "-n", "200", "--json")
    assert done.exit_code == 0, done.stderr
    told = re.match(r"note: time:sleep: a call took ([\d.]+) ms, of which it computed ", done.stderr)
    assert told is not None
    # A sleep is never shorter than it was told to be, and as much longer as the machine likes.
    assert float(told[1]) >= 20
    rows = json.loads(done.stdout)
    assert {row["runner"] for row in rows} == {"asyncio", "threading", "multiprocessing"}
    assert all(row["predicted_s"] >= 2 * 0.0199 for row in rows)


def test_a_share_that_lets_the_gil_go_takes_the_lead_for_threads(call: Call) -> None:
    done = call(*COMPUTING, "--gil-free", "0.98")
    assert "Take threading on Python 3.11." in done.stdout
    assert "98 % of it without the GIL" in done.stdout
    assert "asyncio.to_thread takes that to threads" in " ".join(done.stdout.split())


def test_a_hundred_in_flight_are_no_hundred_processes_for_two_cores(call: Call) -> None:
    for sliver in ("0s", "300us"):
        done = call(*COMPUTING, "--wait", sliver, "-c", "100")
        assert "ProcessPoolExecutor(max_workers=2)" in done.stdout


@pytest.mark.parametrize(("wait", "expected"), [("0s", 2), ("900us", 2), ("3ms", 100)])
def test_how_many_are_in_flight_by_default_does_not_hang_on_a_sliver_of_a_wait(
    call: Call, wait: str, expected: int
) -> None:
    done = call("advise", "--cpu", "40ms", "--wait", wait, "--cores", "2")
    assert f"{expected} in flight, 2 cores" in done.stdout


def test_no_more_processes_are_advised_than_a_run_would_start(call: Call) -> None:
    done = call("advise", "--wait", "1s", "--cpu", "1ms", "-n", "8000", "-c", "2000", "--cores", "4", "--code", "all")
    said = " ".join(done.stdout.split())
    assert "With multiprocessing no more than 256 can be in flight: 64 processes a core on 4 cores" in said
    assert "ProcessPoolExecutor(max_workers=256)" in said
    assert "asyncio.Semaphore(2000)" in said


def test_the_limits_of_this_machine_hold_here(call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("when_async.bench.cli.advising.limits", lambda _: {"threading": (7, "ulimit -u is 71")})
    done = call("advise", "--wait", "1s", "-n", "800", "-c", "80", "--code", "all")
    assert "With threading no more than 7 can be in flight: ulimit -u is 71." in done.stdout
    assert "ThreadPoolExecutor(max_workers=7)" in done.stdout


def test_limits_are_those_that_the_runners_have(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("when_async.bench.machine.fingerprint.usable_cores", lambda: 3)
    here, elsewhere = advising.limits(3), advising.limits(5)
    assert here["multiprocessing"][0] <= PROCESSES_PER_CORE * cores()
    assert here["threading"] == thread_limit()
    assert not {"sync", "asyncio", "uvloop", "trio"} & here.keys()
    assert elsewhere == {"multiprocessing": (320, "64 processes a core on 5 cores is the most that run starts")}


def test_the_largest_lever_is_named(call: Call) -> None:
    done = call("advise", "--wait", "300ms", "--cpu", "100us", "-n", "500", "-c", "100", "--cores", "2")
    said = " ".join(done.stdout.split())
    assert re.search(r"The largest lever: 500 in flight instead of 100: 3\d\d ms instead of 1.5\d s", said)


def test_what_is_left_out_is_said(call: Call, tmp_path: Path) -> None:
    bare = " ".join(call(*COMPUTING).stdout.split())
    assert "The start of pools and loops is left out: these figures know none of it." in bare
    pool = replace(POOL, start_s=0.05, start_place_s=0.003)
    found = [Fitted("3.11", True, 2, "20261125-000000-aaaa", (LOOP, THREADS, pool), Accuracy(101, 88, 18, 14), ())]
    write(tmp_path / "advice.json", found, "a machine")
    done = call(*COMPUTING)
    assert "Left out: the interpreter, concurrent.futures, and your own imports" in " ".join(done.stdout.split())
    assert "56.0 ms" in done.stdout


def test_code_that_is_printed_is_that_of_the_programs_that_are_ranked(call: Call) -> None:
    rows = json.loads(call(*COMPUTING, "--json").stdout)
    every, best = (call(*COMPUTING, "--code", which).stdout for which in ("all", "best"))
    for row in rows:
        text = "\n".join(f"    {line}".rstrip() for line in row["code"].splitlines())
        assert text in every
        assert (text in best) == row["recommended"]


QUIET = {"seconds": 0.02, "cpu_s": 0.02}


@pytest.mark.parametrize(
    ("seen", "expected"),
    [
        (QUIET, Op(0.0, 0.02)),
        # A busy machine: half of the call stood in the queue for a CPU, which is no waiting.
        ({**QUIET, "seconds": 0.04, "queued_s": 0.02}, Op(0.0, 0.02)),
        ({**QUIET, "seconds": 0.06, "queued_s": 0.02}, Op(0.02, 0.02)),
        # Rounding of a clock.
        ({**QUIET, "seconds": 0.020012}, Op(0.0, 0.02)),
        ({**QUIET, "gil_free": 0.9, "result_bytes": 5000}, Op(0.0, 0.02, 0.9, 5000)),
        ({**QUIET, "pickle_s": 0.03}, Op(0.0, 0.02, carry_s=0.03)),
        # Two cores are kept busy for a hundredth of a second.
        ({"seconds": 0.01, "cpu_s": 0.02}, Op(0.0, 0.01, cores=2.0)),
        ({"seconds": 0.02, "cpu_s": 0.0204}, Op(0.0, 0.02)),
    ],
)
def test_waiting_is_neither_computing_nor_queueing_for_a_cpu(seen: dict[str, float], expected: Op) -> None:
    given: dict[str, object] = {"like": "x", "type": "int", "awaits": False, "first_s": 0.02, "queued_s": 0.0, **seen}
    found = op_of(Seen(**given))  # type: ignore[arg-type]
    assert astuple(found) == pytest.approx(astuple(expected))


def test_calls_that_fill_the_cores_by_themselves_leave_none_to_a_pool() -> None:
    assert [cores_left(count, Op(0.0, 0.01, cores=2.0)) for count in (1, 2, 8)] == [1, 1, 4]
    assert cores_left(8, Op(0.0, 0.01)) == 8


@pytest.mark.parametrize(("ops", "processes"), [(100, 10), (100, 8), (7, 2), (500, 128), (10_000, 2), (1, 2)])
def test_chunks_leave_no_process_with_much_more_than_its_share(ops: int, processes: int) -> None:
    size = chunk(ops, processes)
    rounds = -(-ops // (size * processes))
    assert size * rounds <= 1.02 * -(-ops // processes)
    if ops % processes == 0:
        assert size >= even_chunk(ops, processes)


def test_calls_over_http_carry_a_client_and_the_answer_says_which_and_what_is_not_in_it(call: Call) -> None:
    plain = call("advise", "--wait", "20ms", "--ops", "400", "--cores", "2", "--json")
    told = call("advise", "--wait", "20ms", "--ops", "400", "--cores", "2", "--http", "--json")
    before, after = ({row["runner"]: row for row in json.loads(each.stdout)} for each in (plain, told))
    assert set(after) == {"asyncio", "threading"}, "of a plain loop and of processes no client was measured"
    assert after["threading"]["predicted_s"] - before["threading"]["predicted_s"] > 0.1
    said = " ".join(call("advise", "--wait", "20ms", "--http", "--cores", "2").stdout.split())
    assert "asyncio with aiohttp (200 µs) and threading with http.client (500 µs)" in said
    assert "one core could keep up with 101 in flight" in said, "a client computes too, 200 us of 20.2 ms"
    assert "Left out, as no client was measured with it: multiprocessing. Not in it: new connections, TLS" in said
    served = " ".join(call("advise", "--wait", "20ms", "--http", "--rate", "200/s", "--cores", "2").stdout.split())
    assert "asyncio with aiohttp (200 µs)" in served


def test_where_this_machine_was_calibrated_its_costs_count_and_the_answer_says_so(
    call: Call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    asked = ("advise", "--wait", "1ms", "--ops", "20000", "--cores", "2")
    before = call(*asked)
    put(tmp_path / ".when-async" / "runs", node_id=node_id())
    after = call(*asked)
    said = "What models cost on Python 3.11 was calibrated on this machine on 22 November 2026, except for threading."
    assert said not in " ".join(before.stdout.split())
    assert said in " ".join(after.stdout.split())
    assert {row["calibrated"][:10] for row in json.loads(call(*asked, "--json").stdout)} == {"2026-11-22"}
    (tmp_path / ".when-async" / "runs" / "calibration-mine.json").write_text("{", encoding="utf-8")
    assert call(*asked).stderr.startswith("note: calibration-mine.json is no calibration")
    assert before.stdout.splitlines()[3:6] != after.stdout.splitlines()[3:6]


def test_once_a_judge_was_heard_every_answer_says_how_far_off_such_costs_were(call: Call, tmp_path: Path) -> None:
    said = Verdict({"3.11": Accuracy(113, 91, 20, 17)}, {"asyncio": (-0.5, 0.5)})
    before_judge.write(tmp_path / "judge.json", {REFERENCE: said})
    done = call("advise", "--wait", "300ms", "--cpu", "200us", "--cores", "2")
    text = " ".join(done.stdout.split())
    assert "In 113 cells of a recording made to judge them when all was fixed (docs/judge.md)" in text
    assert "with costs of the reference, which is another machine, predictions were within 10 % in 91 (81 %" in text
    rows = json.loads(call("advise", "--wait", "300ms", "--json").stdout)
    (row,) = [one for one in rows if one["runner"] == "asyncio"]
    assert row["high"] > 1.3 * row["predicted_s"]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([], "say what an op does, such as --wait 50ms --cpu 1ms, or name a function with --like"),
        (["--wait", "300"], "--wait 300 has no unit; write --wait 300ms or --wait 300s"),
        (["--wait", "soon"], "is not understood"),
        (["--wait", "0s"], "takes no time"),
        (["--like", "time:sleep", "--wait", "1ms"], "give one or the other"),
        (["--like", "time:sleep", "--http"], "--http would count it twice"),
        (["--wait", "1ms", "--http", "--python", "3.13t"], "no client for HTTP was measured on Python 3.13t"),
        (["--wait", "1ms", "--python", "2.7"], "nothing is known of Python 2.7 here; known are 3.11, 3.13t"),
        (["--like", "nosuchmodule:f"], "there is no module 'nosuchmodule'"),
        (["--wait", "1ms", "--payload", "big"], "write it like --payload 4KiB"),
    ],
)
def test_wrong_use_is_one_line_that_says_what_to_do(call: Call, arguments: list[str], said: str) -> None:
    done = call("advise", *arguments)
    assert done.exit_code == 2
    assert said in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1


LOOPS = ("asyncio", "uvloop", "trio")


@pytest.mark.parametrize("runner", [*SHAPES, "uvloop"])
def test_every_shape_of_code_runs_as_it_stands_and_gives_the_results_in_order(runner: str, tmp_path: Path) -> None:
    if runner == "interpreters" and sys.version_info < (3, 14):
        pytest.skip("needs Python 3.14")
    if runner in ("trio", "uvloop"):
        pytest.importorskip(runner, reason=f"{runner} is not installed; run: pip install 'when-async[{runner}]'")
    given = f"{'async ' * (runner in LOOPS)}def work(item):\n    return item * item\n\nitems = range(20)\n"
    (tmp_path / "given.py").write_text(given, encoding="ascii")
    # What an interpreter is handed comes from a module; nothing but `work` and `items` is there to begin with.
    text = f"from given import items, work\n\n{shape(runner, 8, 20)}\nif __name__ == '__main__':\n    print(results)\n"
    (tmp_path / "begun.py").write_text(text, encoding="ascii")
    done = subprocess.run(
        [sys.executable, "begun.py"],
        cwd=tmp_path, env={**os.environ, "PYTHONPATH": str(tmp_path)}, capture_output=True, text=True,
    )  # fmt: skip
    assert (done.stdout, done.stderr) == (f"{[item * item for item in range(20)]}\n", "")
    assert ("uvloop.run(main())" in text) == (runner == "uvloop")
