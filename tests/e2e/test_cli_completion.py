"""What Tab offers, asked as a shell asks it."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner

from support.commands import ROOT, Call
from when_async.bench.cli.completing import PYTHONS, claim_ids
from when_async.bench.cli.main import COMMANDS, main
from when_async.reports.verdicts.judging import claims

Tab = Callable[[str], list[str]]


@pytest.fixture
def tab() -> Tab:
    """The words that bash is offered at the end of a line."""

    def pressed(line: str) -> list[str]:
        asked = {"_WHEN_ASYNC_COMPLETE": "bash_complete", "COMP_LINE": line, "COMP_POINT": str(len(line))}
        result = CliRunner().invoke(main, [], prog_name="when-async", env=asked)
        assert result.stderr == ""
        kinds = [found.partition(",") for found in result.stdout.splitlines() if found]
        return [value if kind == "plain" else kind.upper() for kind, _, value in kinds]

    return pressed


@pytest.mark.parametrize(
    ("line", "offered"),
    [
        ("when-async ", list(COMMANDS)),
        ("when-async ga", ["gate"]),
        ("when-async gate acc", ["accept"]),
        ("when-async run -w slee", ["FILE", "sleep"]),
        ("when-async run --workload=slee", ["FILE", "sleep"]),
        ("when-async list -r sy", ["FILE", "sync"]),
        ("when-async list -r family:thr", ["FILE", "threads"]),
        ("when-async overhead -r al", ["FILE", "all"]),
        ("when-async run --python 3.13", ["FILE", "3.13", "3.13t"]),
        ("when-async matrix --python ", ["FILE", *PYTHONS]),
        ("when-async run --claim uvl", ["uvloop", "uvloop-today"]),
        ("when-async claims --claim uvl", ["uvloop", "uvloop-today"]),
        ("when-async timeline slee", ["FILE", "sleep"]),
        ("when-async timeline sleep sy", ["FILE", "sync"]),
        ("when-async timeline -w sleep sy", ["FILE", "sync"]),
        ("when-async completion ", ["bash", "zsh", "fish"]),
    ],
)
def test_tab_offers_what_can_stand_there_and_leaves_files_to_the_shell(tab: Tab, line: str, offered: list[str]) -> None:
    assert tab(line) == offered


def test_behind_a_colon_stand_the_points_of_a_workload_from_where_bash_goes_on(tab: Tab) -> None:
    assert "wait=1ms,n=20,c=4" in tab("when-async run -w sleep:")
    assert "1ms,n=20,c=4" in tab("when-async run -w sleep:wait=")


def test_profiles_are_offered(tab: Tab) -> None:
    assert {"smoke", "quick", "full"} <= {*tab("when-async run --profile ")}


def test_run_files_that_are_kept_are_offered_the_newest_first(tab: Tab, tmp_path: Path) -> None:
    folder = tmp_path / ".when-async" / "runs"
    folder.mkdir(parents=True)
    for age, name in enumerate(("new", "old")):
        (folder / f"{name}.jsonl").touch()
        os.utime(folder / f"{name}.jsonl", (1e9 - age, 1e9 - age))
    kept = ["FILE", ".when-async/runs/new.jsonl", ".when-async/runs/old.jsonl"]
    assert tab("when-async report ") == tab("when-async compare sync asyncio --run ") == kept


def test_a_line_that_makes_no_sense_yet_is_completed_in_silence(tab: Tab) -> None:
    assert tab("when-async gate --margin soon --budget x -w slep -r sy") == ["FILE", "sync"]
    assert tab("when-async run --wait -w slep -r asincio --dask-scheduler x --claim uvl") == ["uvloop", "uvloop-today"]


def test_claims_are_found_without_the_analysis_and_none_is_forgotten() -> None:
    assert sorted(claim_ids()) == sorted(claims())


@pytest.mark.parametrize("line", ["when-async run -w s", "when-async claims --claim u", "when-async report "])
def test_tab_waits_for_no_analysis(line: str, tmp_path: Path) -> None:
    code = "import sys; from when_async.bench.cli.main import main; main([], 'when-async', standalone_mode=False)"
    code = f"import json, sys\ntry:\n    {code.partition('; ')[2]}\nexcept SystemExit:\n    pass\n"
    code += "print(json.dumps(sorted({'pandas', 'numpy', 'scipy', 'matplotlib', 'rich'} & {*sys.modules})))"
    asked = {"_WHEN_ASYNC_COMPLETE": "bash_complete", "COMP_LINE": line, "COMP_POINT": str(len(line))}
    environ = {**os.environ, **asked, "PYTHONPATH": str(ROOT / "src")}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=environ)
    assert json.loads(done.stdout.splitlines()[-1]) == []


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_the_script_of_each_shell_asks_the_program(call: Call, shell: str) -> None:
    result = call("completion", shell)
    assert result.exit_code == 0
    assert f"_WHEN_ASYNC_COMPLETE={shell}_complete" in result.stdout


def test_the_shell_is_known_from_the_environment_or_asked_for(call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SHELL", "/bin/zsh")
    assert "compdef" in call("completion").stdout
    monkeypatch.setenv("SHELL", "/bin/nosh")
    result = call("completion")
    assert result.exit_code == 2
    assert result.stderr == "when-async: say for which shell: when-async completion bash, or zsh, or fish\n"


@pytest.mark.skipif(shutil.which("bash") is None, reason="no bash here; install it")
def test_bash_itself_completes_a_point(call: Call, tmp_path: Path) -> None:
    program = "import sys; sys.argv[0] = 'when-async'; from when_async.bench.cli.main import main; main()"
    (tmp_path / "when-async").write_text(f'#!/bin/sh\nexec "{sys.executable}" -P -c "{program}" "$@"\n')
    (tmp_path / "when-async").chmod(0o755)
    line = "when-async run -w sleep:wait=1ms,n=2"
    script = (
        call("completion", "bash").stdout
        + f"""
compopt() {{ :; }}
COMP_LINE='{line}' COMP_POINT={len(line)}
_when_async_completion {tmp_path / "when-async"}
echo "${{COMPREPLY[*]}}"
"""
    )
    environ = {**os.environ, "PYTHONPATH": str(ROOT / "src")}
    done = subprocess.run(["bash", "-c", script], capture_output=True, text=True, check=True, env=environ)
    assert done.stdout == "20,c=4\n"
