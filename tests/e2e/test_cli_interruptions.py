"""A run that is stopped loses at most the round in flight, leaves nothing running and can be gone on with."""

from __future__ import annotations

import json
import resource
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from support.commands import CONTESTANTS, Call, Shell, finish, interrupt_after, measured, records, verdicts, wait_until

FORKS, ROUNDS = 2, 3
STORY = (
    *("run", "--profile", "smoke", "--forks", FORKS, "--rounds", ROUNDS, "-o", "story.jsonl"),
    *("-w", "sleep[wait=20ms,n=4,c=2]", "-w", "http_fetch[delay=10ms,body=64B,n=4,c=2]"),
    *("-r", "sync", "-r", "multiprocessing", "-r", "asyncio"),
)
TORN = b'{"kind": "sample", "cell": "sle'
TINY = ("run", "--profile", "smoke", "-w", "empty[n=10,c=2]", "-r", "sync", "-r", "asyncio")


@dataclass
class Story:
    """One run file that is killed, interrupted and asked to end before it is done; what was there at each stop."""

    path: Path
    ends: list[subprocess.CompletedProcess[str]] = field(default_factory=list)
    kept: list[bytes] = field(default_factory=list)
    survivors: list[list[str]] = field(default_factory=list)

    def stop(self, shell: Shell, process: subprocess.Popen[str], samples: int, number: signal.Signals) -> None:
        self.ends.append(interrupt_after(process, self.path, samples, number))
        self.survivors.append(shell.left_behind())
        data = self.path.read_bytes()
        self.kept.append(data[: data.rfind(b"\n") + 1])


@pytest.fixture(scope="module")
def story(common: Shell) -> Story:
    # Another program's package of our name lies in the folder; neither we nor our helpers may fall for it.
    (common.folder / "when_async.py").write_text("raise SystemExit('this is not the package you want')")
    story = Story(common.folder / "story.jsonl")
    story.stop(common, common.start(*STORY), 4, signal.SIGKILL)
    story.path.write_bytes(story.kept[0] + TORN)
    resume = ("run", "--resume", "story.jsonl")
    story.stop(common, common.start(*resume), 14, signal.SIGINT)
    story.stop(common, common.start(*resume), 26, signal.SIGTERM)
    story.ends.append(common.run(*resume, "--json"))
    story.survivors.append(common.left_behind())
    return story


@pytest.mark.parametrize(("stage", "code"), [(0, -signal.SIGKILL), (1, 130), (2, 130), (3, 0)])
def test_the_exit_code_says_how_a_run_ended(story: Story, stage: int, code: int) -> None:
    assert story.ends[stage].returncode == code, story.ends[stage].stderr


@pytest.mark.parametrize("stage", range(4))
def test_no_process_outlives_the_run(story: Story, stage: int) -> None:
    assert story.survivors[stage] == []


@pytest.mark.parametrize("stage", [1, 2])
def test_an_interrupted_run_says_how_to_go_on(story: Story, stage: int) -> None:
    last = story.ends[stage].stderr.splitlines()[-1]
    assert last == "interrupted; what was measured is kept. Go on with: when-async run --resume story.jsonl"


@pytest.mark.parametrize("stage", range(4))
def test_no_stop_shows_a_traceback(story: Story, stage: int) -> None:
    assert "Traceback" not in story.ends[stage].stderr


@pytest.mark.parametrize("stage", range(3))
def test_what_was_measured_before_a_stop_stays_byte_for_byte(story: Story, stage: int) -> None:
    assert story.path.read_bytes().startswith(story.kept[stage])


def test_a_stop_comes_before_the_end(story: Story) -> None:
    counts = [sum(b'"phase": "measure"' in line for line in kept.splitlines()) for kept in story.kept]
    assert counts == sorted(set(counts))
    assert counts[-1] < len(measured(story.path))


def test_a_torn_last_line_is_cut_off_and_told(story: Story) -> None:
    told = f"note: cut off an unfinished last line of story.jsonl ({len(TORN)} bytes)"
    assert told in story.ends[1].stderr.splitlines()
    assert story.path.read_bytes().count(TORN + b"\n") == 0


def test_after_all_resumptions_no_round_is_missing_or_doubled(story: Story) -> None:
    cells = [record["id"] for record in records(story.path, "cell")]
    wanted = [(cell, fork, round_) for cell in cells for fork in range(FORKS) for round_ in range(ROUNDS)]
    assert Counter(measured(story.path)) == Counter(wanted)


def test_after_all_resumptions_every_cell_has_one_verdict_and_it_is_ok(story: Story) -> None:
    cells = sorted(record["id"] for record in records(story.path, "cell"))
    assert sorted(record["cell"] for record in records(story.path, "measurement")) == cells
    assert set(verdicts(story.path).values()) == {("OK", "")}


def test_samples_say_which_resumption_they_come_from(story: Story) -> None:
    attempts = [record["attempt"] for record in records(story.path, "sample")]
    assert attempts == sorted(attempts)
    assert set(attempts) == {0, 1, 2, 3}
    assert [record["attempt"] for record in records(story.path, "resumed")] == [1, 2, 3]


def test_the_account_is_closed_at_each_end_but_a_kill(story: Story) -> None:
    accounts = records(story.path, "account")
    assert len(accounts) == 3
    for account in accounts:
        assert sum(account["causes"].values()) == pytest.approx(account["wall_s"])


def test_a_finished_run_prints_flat_json_on_request(story: Story) -> None:
    rows = json.loads(story.ends[3].stdout)
    assert [row["cell"] for row in rows] == [record["id"] for record in records(story.path, "cell")]
    assert {row["status"] for row in rows} == {"OK"}
    assert not any(isinstance(value, dict | list) for row in rows for value in row.values())


def test_a_finished_run_is_not_measured_again(story: Story, call: Call) -> None:
    before = measured(story.path)
    assert call("run", "--resume", story.path).exit_code == 0
    assert measured(story.path) == before


def test_a_corrupt_line_in_the_middle_is_named_and_left_out_on_request(story: Story, call: Call) -> None:
    lines = story.path.read_bytes().splitlines()
    number = next(index for index, line in enumerate(lines, 1) if b'"phase": "measure"' in line)
    lines[number - 1] = lines[number - 1][:40]
    Path("corrupt.jsonl").write_bytes(b"\n".join(lines) + b"\n")
    for command in (("export", "corrupt.jsonl", "-o", "a.csv"), ("run", "--resume", "corrupt.jsonl")):
        refused = call(*command)
        assert refused.exit_code == 2
        assert f"line {number} is corrupt (not JSON)" in refused.stderr
        assert len(refused.stderr.splitlines()) == 1
    told = call("report", "corrupt.jsonl", "--skip-corrupt", "-o", "page")
    assert told.exit_code == 0
    assert f"note: corrupt.jsonl: line {number} is corrupt (not JSON) and was left out" in told.stderr


def test_an_interruption_while_waiting_for_the_machine_is_no_error_of_ours(shell: Shell) -> None:
    from filelock import FileLock

    with FileLock(shell.folder / "lock", mode=0o666):
        waiting = shell.start(*TINY, "--queue")
        assert waiting.stderr is not None
        assert waiting.stderr.readline() == "waiting for another when-async run to end\n"
        waiting.send_signal(signal.SIGINT)
        done = finish(waiting)
    assert (done.returncode, done.stderr) == (130, "interrupted\n")


ASKS_FOR_CTRL_C = """
import signal

try:
    signal.raise_signal(signal.SIGINT)
    print("ignored")
except KeyboardInterrupt:
    print("interrupted")
"""


@pytest.fixture
def deaf() -> Iterator[None]:
    """SIGINT is ignored in this process, and by what it starts, as behind a shell's `&` or nohup."""
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("deaf")
def test_the_commands_of_these_tests_heed_ctrl_c_where_it_is_ignored(tmp_path: Path) -> None:
    (tmp_path / "asks.py").write_text(ASKS_FOR_CTRL_C, encoding="ascii")
    plain = subprocess.run([sys.executable, "asks.py"], capture_output=True, text=True)
    assert plain.stdout == "ignored\n"
    assert Shell(tmp_path, {"PYTHONPATH": str(tmp_path)}).run(module="asks").stdout == "interrupted\n"


def limit_files(size: int) -> Callable[[], None]:
    """Let no file of the command grow beyond `size` bytes: as good as a full disk."""
    return lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))


@pytest.mark.parametrize(
    ("lines_that_fit", "status"), [(2, 2), (6, 3)], ids=["before anything is measured", "among the samples"]
)
def test_a_full_disk_is_one_clear_line_and_the_run_can_be_gone_on_with(
    shell: Shell, call: Call, lines_that_fit: int, status: int
) -> None:
    path = shell.folder / "full.jsonl"
    assert call(*TINY, "-o", "model.jsonl").exit_code == 0
    lines = (shell.folder / "model.jsonl").read_bytes().splitlines(keepends=True)
    size = sum(map(len, lines[:lines_that_fit])) + 200
    full = shell.run(*TINY, "-o", "full.jsonl", preexec_fn=limit_files(size))
    assert full.returncode == status
    said = [line for line in full.stderr.splitlines() if not line.startswith("fork ")]
    assert len(said) == 1
    assert said[0].startswith("when-async: cannot write to full.jsonl: file too large; all before it is kept")
    assert len(records(path)) == lines_that_fit
    assert shell.left_behind() == []
    assert call("run", "--resume", path).exit_code == 0
    assert sorted(measured(path)) == sorted(measured(shell.folder / "model.jsonl"))
    assert set(verdicts(path).values()) == {("OK", "")}


def test_a_run_with_files_of_a_users_own_can_be_gone_on_with(shell: Shell, call: Call) -> None:
    path = shell.folder / "own.jsonl"
    mine = ("-w", "sleep[wait=20ms,n=4,c=2]", "-r", CONTESTANTS / "needs_library.py", "-r", "sync")
    process = shell.start("run", "--profile", "smoke", "--rounds", 4, *mine, "-o", "own.jsonl")
    wait_until(lambda: len(measured(path)) >= 2)
    process.kill()
    finish(process)
    assert call("run", "--resume", path).exit_code == 0
    assert set(verdicts(path).values()) == {("OK", "")}
    assert len(verdicts(path)) == 2
