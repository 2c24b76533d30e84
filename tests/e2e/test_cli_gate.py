"""`when-async gate` from the command line to its exit code, in a small real repository; most pairs are made up."""

from __future__ import annotations

import functools
import json
import os
import signal
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result

from support.commands import Call
from support.gate_pairs import ChosenPairs
from support.repositories import Repository, needs_git
from when_async.bench.cli.streams import Unwritten
from when_async.bench.environments import provision as environment
from when_async.bench.gate.pairs import PairedCell, PairFailed
from when_async.bench.model import Environment, Pair, Status, from_json
from when_async.results.gate.deciding import CellTest, Terms
from when_async.results.gate.operating import operating
from when_async.results.gate.report import Word

pytestmark = needs_git

SHOP = """
from when_async.bench.model import Param, Point, Workload


def pure(kit, params):
    return lambda item: item * {factor}


def make_items(params, seed):
    return list(range(int(params["n"])))


def check(params, items, results):
    return f"{{len(results)}} came back"


SHOP = Workload(
    name="{name}",
    summary="multiplies",
    bodies={{"pure": pure}},
    params=(Param("n", 1, 100_000, "ops"),),
    make_items=make_items,
    check=check,
    grid={{"quick": (Point(2, {{"n": 20}}),)}},
)
"""
CELL = "shop[n=20,c=2]-sync"
ARGUMENTS = ("-w", "shop.py", "-r", "sync")
FILES = ("gate.json", "gate.md", "gate.xml", "pairs.jsonl")

Gate = Callable[..., Result]


def shop(name: str = "shop", factor: int = 2) -> str:
    return SHOP.format(name=name, factor=factor)


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    """A project with one benchmark, committed as main."""
    made = Repository(tmp_path)
    made.commit({"shop.py": shop(), ".gitignore": "cache\nlock\n.when-async/runs\nout*\n__pycache__\n"})
    return made


@functools.cache
def probed(modules: tuple[str, ...]) -> Environment:
    return environment.default(modules, label="any")


@pytest.fixture
def gate(call: Call, repository: Repository, monkeypatch: pytest.MonkeyPatch) -> Gate:
    """`when-async gate --base main ARGUMENTS` with pairs of chosen ratios and a short replay of the noise."""
    # The default argument is bound when the module is imported, so the function itself gets another one.
    import when_async.bench.cli.gate.judging as front

    monkeypatch.setattr("when_async.bench.cli.gate.reporting.operating", functools.partial(operating, replays=500))
    monkeypatch.setattr("when_async.results.gate.operating.POWER_REPLAYS", 50)
    # What the running interpreter can import is the same for every side of every test.
    monkeypatch.setattr(
        "when_async.bench.environments.sides.default",
        lambda modules, *, label, source, path, run: replace(
            probed(tuple(modules)), label=label, source=source, path=tuple(path)
        ),
    )
    run_gate = front.run_gate

    def gated(*arguments: object, pairs: Any = None, base: str = "main", words: tuple[str, ...] = ARGUMENTS) -> Result:
        made = pairs or ChosenPairs()
        monkeypatch.setattr(front, "run_gate", functools.partial(run_gate, make_pairs=made))
        return call("gate", "--base", base, *words, "-o", "out", *arguments)

    return gated


def report(folder: str = "out") -> dict[str, Any]:
    found: dict[str, Any] = json.loads((Path(folder) / "gate.json").read_text(encoding="utf-8"))
    return found


def words_of(folder: str = "out") -> dict[str, str]:
    return {cell["cell"]: cell["word"] for cell in report(folder)["cells"]}


def one_line(result: Result, code: int = 2) -> str:
    assert result.exit_code == code, result.output
    (line,) = result.stderr.splitlines()
    assert line.startswith("when-async: ")
    return line


def slow(effect: float = 0.10) -> ChosenPairs:
    return ChosenPairs(lambda cell: effect)


def test_the_same_code_on_both_sides_passes_and_leaves_its_files(gate: Gate) -> None:
    pairs = ChosenPairs()
    result = gate(pairs=pairs)
    assert result.exit_code == 0, result.output
    assert words_of() == {CELL: Word.NO_ALARM}
    assert all((Path("out") / name).stat().st_size for name in FILES)
    controls = report()["canaries"]
    assert [(each["kind"], each["passed"]) for each in controls] == [("unchanged", True), ("injected", True)]
    assert pairs.closed


def test_a_slow_head_fails_and_fails_again(gate: Gate) -> None:
    for folder, seed in (("out", 1), ("out2", 2)):
        result = gate("-o", folder, pairs=ChosenPairs(lambda cell: 0.10, seed=seed))
        assert result.exit_code == 1, result.output
        assert words_of(folder) == {CELL: Word.REGRESSED}
        assert not Path(".when-async").exists()


@pytest.mark.parametrize("slower", [0.5, 1.0, 27.0])
def test_a_head_that_is_plainly_slower_fails_in_twelve_pairs_whatever_the_budget(gate: Gate, slower: float) -> None:
    for folder, budget in (("out", "20s"), ("out2", "10m")):
        pairs = ChosenPairs(lambda cell: slower, spread=0.05)
        result = gate("-o", folder, "--budget", budget, pairs=pairs)
        assert result.exit_code == 1, result.output
        assert words_of(folder) == {CELL: Word.REGRESSED}
        assert len(pairs.taken) == 12
        assert "the controls were left out" in " ".join(result.output.split())


def test_the_verdict_follows_from_the_kept_pairs_alone(gate: Gate) -> None:
    gate("--no-controls", pairs=slow())
    cell_test = CellTest(CELL, Terms({"wall": 0.03, "cpu": 0.03}))
    for line in (Path("out") / "pairs.jsonl").read_text().splitlines()[1:]:
        cell_test.add(from_json(Pair, json.loads(line)))
    again = cell_test.result()
    (cell,) = report()["cells"]
    assert (cell["word"], cell["reason"]) == (again.word, again.reason)
    assert [metric["p"] for metric in cell["metrics"]] == [metric.p for metric in again.metrics]


def test_a_deleted_benchmark_is_missing(gate: Gate, repository: Repository) -> None:
    (repository.folder / "shop.py").unlink()
    result = gate("--no-controls")
    assert result.exit_code == 3, result.output
    assert words_of() == {CELL: Word.MISSING}


def test_a_renamed_benchmark_is_renamed(gate: Gate, repository: Repository) -> None:
    repository.write({"shop.py": shop("store")})
    result = gate("--no-controls")
    assert result.exit_code == 3, result.output
    assert words_of() == {CELL: Word.RENAMED}


def test_a_crashing_benchmark_is_broken(gate: Gate) -> None:
    class Crashing(ChosenPairs):
        def take(self, paired: PairedCell, series: str, index: int) -> Pair:
            raise PairFailed("head", Status.FAILED, "killed by signal 9")

    result = gate("--no-controls", pairs=Crashing())
    assert result.exit_code == 3, result.output
    assert words_of() == {CELL: Word.BROKEN}
    assert "head: killed by signal 9" in result.stdout


def test_a_benchmark_file_that_does_not_import_in_head_is_broken_and_no_wrong_use(
    gate: Gate, repository: Repository
) -> None:
    repository.write({"shop.py": "1 / 0"})
    result = gate("--no-controls")
    assert "head: its benchmarks cannot be listed" in one_line(result, 3)
    assert "ZeroDivisionError" in result.stderr


def test_nothing_selected_is_no_pass(gate: Gate) -> None:
    result = gate("--no-controls", words=("-w", "nothing.py"))
    assert result.exit_code == 3, result.output
    assert report()["cells"] == []


def test_a_ref_that_nobody_knows_is_wrong_use(gate: Gate) -> None:
    assert "nowhere" in one_line(gate(base="nowhere"))


def test_without_a_base_the_gate_says_how_to_name_one(call: Call) -> None:
    assert "--base main" in one_line(call("gate"))


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--margin", "3"), "--margin must be a percentage such as 3%, not '3'"),
        (("--margin", "0%"), "--margin must lie between 0.1% and 100%"),
        (("--budget", "soon"), "--budget must be a time such as 10m or 90s, not 'soon'"),
        (("--inject", "lots"), "--inject must be a percentage"),
    ],
)
def test_a_wrong_number_is_told_in_one_line(call: Call, arguments: tuple[str, ...], words: str) -> None:
    assert words in one_line(call("gate", "--base", "main", *arguments))


def test_a_wrong_setting_is_told_in_one_line(call: Call) -> None:
    Path("pyproject.toml").write_text('[tool.when-async.gate]\nmargn = "3%"\n')
    assert "did you mean margin" in one_line(call("gate", "--base", "main"))


def test_what_is_undecided_is_no_pass_unless_that_is_allowed(gate: Gate) -> None:
    for folder, arguments, code in (("out", (), 4), ("out2", ("--allow-undecided",), 0)):
        loud = ChosenPairs(lambda cell: 0.03, spread=0.05, seed=3)
        result = gate("-o", folder, "--no-controls", "--thorough", *arguments, pairs=loud)
        assert result.exit_code == code, result.output
        assert words_of(folder) == {CELL: Word.INCONCLUSIVE}
        assert "\nUNDECIDED (exit " in result.output


def test_ctrl_c_keeps_the_pairs_and_reports(gate: Gate) -> None:
    class Interrupted(ChosenPairs):
        def take(self, paired: PairedCell, series: str, index: int) -> Pair:
            if index == 4:
                raise KeyboardInterrupt
            return super().take(paired, series, index)

    pairs = Interrupted()
    result = gate("--no-controls", pairs=pairs)
    assert result.exit_code == 3, result.output
    assert report()["interrupted"] is True
    assert words_of() == {CELL: Word.INCONCLUSIVE}
    assert len((Path("out") / "pairs.jsonl").read_text().splitlines()) == 1 + 4
    assert pairs.closed


def test_a_verdict_that_nobody_reads_stands(gate: Gate, monkeypatch: pytest.MonkeyPatch) -> None:
    def unread(*_: object, **__: object) -> None:
        raise Unwritten("the output ends early")

    monkeypatch.setattr("when_async.reports.gate.outlets.publish", unread)
    result = gate("--no-controls", pairs=ChosenPairs(lambda cell: 0.3))
    assert result.exit_code == 1, result.output


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_polite_kill_keeps_the_pairs_and_reports_as_ctrl_c_does(gate: Gate, number: signal.Signals) -> None:
    class Killed(ChosenPairs):
        def take(self, paired: PairedCell, series: str, index: int) -> Pair:
            if index == 4:
                os.kill(os.getpid(), number)
            return super().take(paired, series, index)

    before = {each: signal.getsignal(each) for each in (signal.SIGTERM, signal.SIGHUP)}
    # Under nohup it is ignored, and a gate leaves it so.
    signal.signal(signal.SIGHUP, signal.SIG_DFL)
    try:
        result = gate("--no-controls", pairs=Killed())
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)
    assert result.exit_code == 3, result.output
    assert report()["interrupted"] is True
    assert all((Path("out") / name).stat().st_size for name in FILES)


def test_ctrl_c_before_the_first_pair_passes_nothing(gate: Gate) -> None:
    class Interrupted(ChosenPairs):
        def take(self, paired: PairedCell, series: str, index: int) -> Pair:
            raise KeyboardInterrupt

    result = gate(pairs=Interrupted())
    assert result.exit_code == 3, result.output
    assert words_of() == {CELL: Word.INCONCLUSIVE}


def test_an_accepted_slow_down_passes_the_next_run_and_a_larger_one_does_not(gate: Gate, call: Call) -> None:
    gate("--no-controls", pairs=slow())
    accepted = call("gate", "accept", "--from", "out", "--reason", "checks what it fetched")
    assert accepted.exit_code == 0, accepted.output
    assert f"accepted: {CELL}: wall up to" in accepted.stdout
    kept = json.loads(Path(".when-async/accepted.json").read_text())["accepted"]
    assert {(one["cell"], one["metric"], one["reason"]) for one in kept} == {
        (CELL, metric, "checks what it fetched") for metric in ("wall", "cpu")
    }
    assert gate("-o", "out2", "--no-controls", pairs=slow()).exit_code == 0
    assert gate("-o", "out3", "--no-controls", pairs=slow(0.30)).exit_code == 1


def test_an_accepted_loss_is_told_and_no_longer_fails(gate: Gate, call: Call, repository: Repository) -> None:
    repository.commit({"cart.py": shop("cart")})
    (repository.folder / "cart.py").unlink()
    words = (*ARGUMENTS, "-w", "cart.py")
    assert gate("--no-controls", words=words).exit_code == 3
    assert call("gate", "accept", "--from", "out", "--reason", "nobody buys").exit_code == 0
    result = gate("-o", "out2", "--no-controls", words=words)
    assert result.exit_code == 0, result.output
    assert any("is missing, which was accepted on" in note for note in report("out2")["notes"])


def test_without_anything_to_accept_accept_says_so(gate: Gate, call: Call) -> None:
    assert "there is no gate run" in one_line(call("gate", "accept", "--reason", "why not"))
    gate("--no-controls")
    assert "nothing to accept" in one_line(call("gate", "accept", "--from", "out", "--reason", "why not"))
    assert "cannot read" in one_line(call("gate", "accept", "--from", "nowhere", "--reason", "why not"))


def test_a_damaged_file_of_acceptances_is_told(gate: Gate) -> None:
    path = Path(".when-async/accepted.json")
    path.parent.mkdir(parents=True)
    path.write_text("{")
    assert "is not a file of acceptances" in one_line(gate("--no-controls"))


def test_a_folder_that_holds_a_run_is_not_written_over(gate: Gate) -> None:
    gate("--no-controls")
    assert "exists already" in one_line(gate("--no-controls"))


def test_two_real_workers_that_do_the_same_pass(call: Call, repository: Repository) -> None:
    result = call("gate", "--base", "main", *ARGUMENTS, "-o", "out", "--no-controls", "--margin", "100%")
    assert result.exit_code == 0, result.output
    assert all((Path("out") / name).stat().st_size for name in FILES)
    assert sys.version.split()[0] in report()["base"]["python"]
