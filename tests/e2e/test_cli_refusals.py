"""Whatever a user can get wrong is one clear line on stderr and exit code 2, never a traceback."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result
from filelock import FileLock

from support.commands import CONTESTANTS, Call, Shell, finish, records, verdicts
from when_async.bench.environments.provision import default_label

EMPTY = ("-w", "empty[n=10,c=2]", "-r", "sync")
HEADER = {"kind": "run", "schema": 1, "tool": "when-async", "run": "20261122-150102-ab12"}

WORDS = [
    (("-w", "sleeep"), "there is no workload named 'sleeep'; did you mean 'sleep'?"),
    (("-w", "zzz"), "there is no workload named 'zzz'; known are async_iteration, "),
    (("-r", "asincio"), "there is no runner named 'asincio'; did you mean 'asyncio'?"),
    (("-w", "sleep[wait=10s]"), "wait=10s is out of range: 1ms to 100ms"),
    (("-w", "sleep[n=0]"), "n=0 is out of range: 1 to 1000000"),
    (("-w", "sleep[c=0]"), "c=0 is out of range: 1 to 1000000"),
    (("-w", "sleep[pause=1ms]"), "sleep has no parameter 'pause'; it has wait, n, c"),
    (("-w", "sleep[wait=soon]"), "wait=soon is not understood; write it like wait=10ms"),
    (("-w", "sleep[n=1.5]"), "n=1.5 must be a whole number"),
    (("-w", "sleep[n]"), "'n' in 'sleep[n]' has no value; write it like n=..."),
    (("-w", "sleep[n=1"), "'sleep[n=1' is not understood; write a name, or like sleep:wait=10ms,n=100,c=10"),
    (("-w", "broken.py"), "broken.py does not import: ZeroDivisionError: division by zero"),
    (("-w", "leaves.py"), "leaves.py does not import: SystemExit: 5"),
    (("-w", "hollow.py"), "hollow.py defines no Workload; write NAME = Workload(...) at its top level"),
    (("-r", "hollow.py"), "hollow.py defines no Runner; write NAME = Runner(...) at its top level"),
    (("-w", "nowhere.py"), "nowhere.py: there is no such Python file"),
    (("-w", "mine.py"), "mine.py: a workload named 'sleep' exists already; give yours another name"),
    (("-o", "there.jsonl"), "there.jsonl exists already and is not overwritten; name another file, or go on with"),
    (("-o", "there.jsonl/run.jsonl"), "cannot create there.jsonl/run.jsonl: file exists; name a file in a"),
]  # fmt: skip


def one_line(result: Result, code: int = 2) -> str:
    """What the command said on stderr, which must be one line of ours."""
    assert isinstance(result.exception, SystemExit), result.exception
    assert result.exit_code == code
    said = result.stderr.splitlines()
    assert len(said) == 1, said
    assert said[0].startswith("when-async: ")
    assert result.stdout == ""
    return said[0].removeprefix("when-async: ")


@pytest.mark.parametrize(("arguments", "words"), WORDS, ids=[" ".join(arguments) for arguments, _ in WORDS])
def test_a_wrong_argument_is_told_in_one_line(call: Call, arguments: tuple[str, ...], words: str) -> None:
    Path("broken.py").write_text("1 / 0")
    Path("leaves.py").write_text("raise SystemExit(5)")
    Path("hollow.py").write_text("SLEEP = 'not a workload'")
    Path("mine.py").write_text(
        "from dataclasses import replace\nimport when_async.workloads.sleep as ours\nM = replace(ours.SLEEP)"
    )
    Path("there.jsonl").write_text("")
    if "-o" in arguments:
        arguments = (*EMPTY, *arguments)
    assert words in one_line(call("run", "--profile", "smoke", *arguments))
    assert list(Path(".when-async").glob("**/*.jsonl")) == []


@pytest.mark.parametrize("command", ["list", "matrix", "run"])
def test_every_command_that_takes_a_workload_suggests_the_nearest(call: Call, command: str) -> None:
    assert "did you mean 'http_fetch'?" in one_line(call(command, "-w", "http_fech", "-r", "sync"))


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("empty.jsonl", "", "empty.jsonl is empty; delete it and start again with `when-async run`"),
        ("foreign.jsonl", '{"kind": "letter"}\n', "foreign.jsonl is not a run file of when-async"),
        ("text.jsonl", "Dear Sir\n", "text.jsonl is not a run file of when-async"),
        ("newer.jsonl", json.dumps({**HEADER, "schema": 99}), "newer.jsonl has schema 99 and this when-async reads"),
        ("missing.jsonl", None, "there is no run file missing.jsonl"),
        ("folder.jsonl", "/", "cannot read folder.jsonl: is a directory"),
    ],
    ids=lambda value: value if value and str(value).endswith(".jsonl") else "",
)  # fmt: skip
@pytest.mark.parametrize("command", ["report", "export", "resume"])
def test_a_file_that_is_no_run_is_refused_by_every_reader(
    call: Call, command: str, name: str, content: str | None, words: str
) -> None:
    if content == "/":
        Path(name).mkdir()
    elif content is not None:
        Path(name).write_text(content)
    commands = {
        "report": ("report", name),
        "export": ("export", name, "-o", "a.csv"),
        "resume": ("run", "--resume", name),
    }
    result = call(*commands[command])
    if (command, name) == ("resume", "folder.jsonl"):
        # click itself sees to this one.
        assert result.exit_code == 2
        assert "is a directory" in result.stderr
    else:
        assert words in one_line(result)


@pytest.mark.parametrize("command", [("report",), ("export", "-o", "a.csv")], ids=["report", "export"])
def test_without_any_run_the_next_step_is_told(call: Call, command: tuple[str, ...]) -> None:
    assert one_line(call(*command)) == "there is no run in .when-async/runs; measure first with: when-async run"


def test_resume_takes_no_other_option(call: Call) -> None:
    said = one_line(call("run", "--resume", "a.jsonl", "-w", "sleep", "--timeout", "3", "--no-pin", "-o", "b.jsonl"))
    assert said.startswith("--resume takes everything from the run file; leave out ")
    assert sorted(said.partition("leave out ")[2].split(", ")) == ["--no-pin", "--output", "--timeout", "--workload"]


def test_export_names_the_formats_that_it_knows(call: Call, tiny: Path) -> None:
    said = one_line(call("export", tiny, "-o", "table.xlsx"))
    assert said == "cannot export to table.xlsx: name a file that ends in .csv, .parquet, .json"


@pytest.mark.parametrize(
    "command",
    [
        ("report", "-o", "taken"),
        ("report", "-o", "taken/page"),
        ("export", "-o", "folder/a.csv"),
        ("export", "-o", "taken/a.csv"),
    ],
    ids=" ".join,
)
def test_an_output_that_cannot_be_written_is_told(call: Call, tiny: Path, command: tuple[str, ...]) -> None:
    Path("taken").write_text("a file in the way")
    result = call(command[0], tiny, *command[1:])
    assert result.exit_code == 2
    assert command[-1].partition("/")[0] in result.stderr
    assert "Traceback" not in result.stderr
    assert isinstance(result.exception, SystemExit)


@pytest.fixture
def tiny(call: Call, tmp_path: Path) -> Path:
    """A small finished run."""
    assert call("run", "--profile", "smoke", *EMPTY, "-o", "tiny.jsonl").exit_code == 0
    return tmp_path / "tiny.jsonl"


def altered(tiny: Path, change: Callable[[dict[str, object]], None]) -> str:
    """The same run with another header."""
    head, _, rest = tiny.read_text().partition("\n")
    header = json.loads(head)
    change(header)
    Path("altered.jsonl").write_text(json.dumps(header) + "\n" + rest)
    return "altered.jsonl"


def test_a_run_of_another_python_or_library_is_not_gone_on_with(call: Call, tiny: Path) -> None:
    def older(header: dict[str, object]) -> None:
        header["environments"][0]["version"] = "3.11.0"  # type: ignore[index]

    said = one_line(call("run", "--resume", altered(tiny, older)))
    assert "was measured with Python 3.11.0, here is " in said
    assert said.endswith("start a new run")


def test_a_run_of_another_machine_is_not_gone_on_with(call: Call, tiny: Path) -> None:
    def elsewhere(header: dict[str, object]) -> None:
        header["machine"]["cpu"] = "abacus"  # type: ignore[index]

    said = one_line(call("run", "--resume", altered(tiny, elsewhere)))
    assert "was measured on another machine (cpu differs); start a new run here" in said


def test_a_run_whose_workload_has_gone_is_not_gone_on_with(call: Call, tiny: Path) -> None:
    def gone(header: dict[str, object]) -> None:
        header["selection"]["points"][0]["name"] = "vacuum"  # type: ignore[index]

    assert "has no workload named 'vacuum'" in one_line(call("run", "--resume", altered(tiny, gone)))


def test_two_runs_at_once_are_refused_and_queue_waits(shell: Shell, call: Call) -> None:
    lock = FileLock(shell.folder / "lock", mode=0o666)
    with lock:
        said = one_line(call("run", *EMPTY))
        assert said.startswith("another when-async run is measuring on this machine, and both would be spoiled")
        assert said == one_line(call("overhead", "-r", "sync"))
        waiting = shell.start("run", "--profile", "smoke", *EMPTY, "--queue", "-o", "late.jsonl")
        assert waiting.stderr is not None
        assert waiting.stderr.readline() == "waiting for another when-async run to end\n"
        assert not (shell.folder / "late.jsonl").exists()
    assert finish(waiting).returncode == 0
    assert set(verdicts(shell.folder / "late.jsonl").values()) == {("OK", "")}


def test_a_missing_library_is_a_hole_with_the_command_that_fills_it(call: Call) -> None:
    result = call("run", "--profile", "smoke", *EMPTY, "-r", CONTESTANTS / "absent.py", "-o", "holes.jsonl")
    assert result.exit_code == 0, result.stderr
    found = verdicts(Path("holes.jsonl"))
    assert found["empty[n=10,c=2]-sync"] == ("OK", "")
    status, reason = found["empty[n=10,c=2]-absent"]
    assert status == "UNSUPPORTED"
    assert reason == (
        f"library_that_nobody_has is not installed for Python {default_label()}; pip install library_that_nobody_has"
    )


def test_pythons_that_are_not_there_are_holes_that_say_how_to_get_them(call: Call) -> None:
    result = call("run", "--profile", "smoke", *EMPTY, "--python", "3.9", "--python", "9.9", "-o", "holes.jsonl")
    assert result.exit_code == 3, result.stderr
    reasons = {each["cell"].rpartition("@")[2]: each["reason"] for each in records(Path("holes.jsonl"), "measurement")}
    assert reasons["3.9"] == "3.9 is too old: the workers need Python 3.11 or newer"
    assert reasons["9.9"].startswith("no Python 9.9 on this machine")
    assert reasons["9.9"].endswith("get it with: uv python install 9.9")
    assert {each["status"] for each in records(Path("holes.jsonl"), "measurement")} == {"UNSUPPORTED"}
    assert call("run", "--resume", "holes.jsonl").exit_code == 3


@pytest.mark.parametrize("value", ["nan", "inf", "0", "soon"])
def test_a_timeout_is_a_number_of_seconds(call: Call, value: str) -> None:
    result = call("run", "-w", "sleep", "-r", "sync", "--timeout", value)
    assert result.exit_code == 2
    assert "--timeout" in result.stderr
    assert not Path(".when-async").exists()
