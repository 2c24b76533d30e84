"""What the documents say can be followed: links lead somewhere, commands exist, and shown files work as they stand."""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
import pytest

from when_async.bench.cli.main import main

ROOT = Path(__file__).parents[2]
DOCUMENTS = sorted(
    [
        *(ROOT / name for name in ("README.md", "CONTRIBUTING.md", "CHANGELOG.md", "results/SCHEMA.md")),
        *(ROOT / "docs").rglob("*.md"),
    ]
)
SOURCES = [ROOT / name for name in ("bench", "workloads", "results", "reports", "tests")]
FENCE = re.compile(r"^( *)```(\w*)[^\n]*\n(.*?)^\1```", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\[[^\]]*\]\(<?([^)\s>]+)>?[^)]*\)|(?:href|src)=\"([^\"]+)\"")
MACHINE_PATH = re.compile(r"(?<![\w./~:-])/(?:root|work|home|Users)/\w")
HANG_S = 120
OWN_FILE = """from when_async import Param, Point, Runner, Workload
RUNNER = Runner("own", summary="ops", family="own", styles=("pure",), open=print)
OWN = Workload(
    "own", "ops", {"pure": lambda kit, params: repr}, (Param("n", 1, 100, "ops"), Param("wait_s", 0, 1, "wait")),
    lambda params, seed: [1], lambda params, items, results: "", {"quick": (Point(1, {"n": 1, "wait_s": 0}),)},
)
"""


def named(path: Path) -> str:
    return str(path.relative_to(ROOT))


def prose(path: Path) -> str:
    """The text of a document without its fenced blocks."""
    return FENCE.sub("", path.read_text(encoding="utf-8"))


def blocks(path: Path, *languages: str) -> list[str]:
    """Fenced blocks in one of these languages."""
    return [text for _, language, text in FENCE.findall(path.read_text(encoding="utf-8")) if language in languages]


def anchors(path: Path) -> set[str]:
    """What `#...` can point to, as GitHub makes it from headings."""
    headings = re.findall(r"^#+ +(.+)$", prose(path), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.strip().lower()).replace(" ", "-") for heading in headings}


def commands(path: Path) -> Iterator[list[str]]:
    """The arguments of each `when-async ...` line in a fenced block, comments and prompts left out."""
    for text in blocks(path, "", "sh", "shell", "bash", "console", "text"):
        for line in text.replace("\\\n", " ").splitlines():
            bare = line.strip().removeprefix("$ ")
            if re.match(r"(\S*/)?when-async(\s|$)", bare):
                words = shlex.split(bare, comments=True)
                ends = [place for place, word in enumerate(words) if word in ("&&", "||", "|", ";", ">")]
                yield words[1 : ends[0] if ends else None]


def parse(arguments: list[str]) -> None:
    """Let click read a command line without running it; raises UsageError for what does not exist."""
    context = main.make_context("when-async", [], resilient_parsing=True)
    if not arguments:
        return
    command = main.get_command(context, arguments[0])
    try:
        if command is None:
            main.make_context("when-async", list(arguments))
            raise click.UsageError(f"no such command: {arguments[0]}")
        command.make_context(arguments[0], arguments[1:], parent=context)
    except click.exceptions.Exit:
        return


def broken_links(path: Path, root: Path = ROOT) -> list[str]:
    """The targets of relative links that are not there, are outside of `root`, or have no such heading."""
    broken = []
    for pair in LINK.findall(prose(path)):
        target = next(filter(None, pair))
        if re.match(r"[a-z]+:", target):
            continue
        file, _, anchor = target.partition("#")
        goal = (path.parent / file).resolve() if file else path
        known = goal.exists() and (not anchor or goal.suffix != ".md" or anchor in anchors(goal))
        if not known or root not in (goal, *goal.parents):
            broken.append(target)
    return broken


@pytest.mark.parametrize("path", DOCUMENTS, ids=named)
def test_every_relative_link_leads_somewhere(path: Path) -> None:
    assert broken_links(path) == []


def test_a_link_that_leads_nowhere_is_noticed_however_it_is_written(tmp_path: Path) -> None:
    good = "# A heading, with words\n[a](#a-heading-with-words) [b](inside.md) [c](https://example.org/x)"
    bad = "[d](nowhere.md) [e](<no where.md>) [f](inside.md#nothing) [g](#nothing) [h](../outside.md) "
    bad += '<a href="gone.md">i</a> <img src="gone.svg" alt="j">'
    folder = tmp_path / "docs"
    folder.mkdir()
    for path in (folder / "inside.md", tmp_path / "outside.md"):
        path.write_text("# Another\n", encoding="utf-8")
    page = folder / "page.md"
    page.write_text(f"{good}\n\n{bad}\n\n```text\n[k](in-a-block.md)\n```\n", encoding="utf-8")
    assert broken_links(page, folder) == [
        "nowhere.md", "no", "inside.md#nothing", "#nothing", "../outside.md", "gone.md", "gone.svg",
    ]  # fmt: skip


@pytest.mark.parametrize("path", [*DOCUMENTS, *sorted((ROOT / "docs").rglob("*.py"))], ids=named)
def test_no_document_names_a_place_on_our_machines_or_leaves_something_to_do(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert MACHINE_PATH.findall(text) == []
    assert re.findall(r"\b(?:TODO|FIXME|XXX)\b", text) == []


@pytest.mark.parametrize("path", DOCUMENTS, ids=named)
def test_every_command_line_that_is_shown_can_be_typed(
    path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for arguments in commands(path):
        for file in re.findall(r"[\w/]+\.py\b", " ".join(arguments)):  # what the reader has written by then
            Path(file).parent.mkdir(parents=True, exist_ok=True)
            Path(file).write_text(OWN_FILE, encoding="utf-8")
        try:
            parse(arguments)
        except click.ClickException as error:
            pytest.fail(f"when-async {shlex.join(arguments)}: {error.format_message()}", pytrace=False)


def test_command_lines_are_found_behind_prompts_and_paths_and_up_to_where_the_shell_ends_them(tmp_path: Path) -> None:
    shown = "when-async list  # all\n$ .venv/bin/when-async run \\\n  -w sleep && echo done\nwhen-async-too\nls"
    path = tmp_path / "page.md"
    path.write_text(f"when-async not this\n\n```sh\n{shown}\n```\n\n```python\nwhen-async nor this\n```\n")
    assert list(commands(path)) == [["list"], ["run", "-w", "sleep"]]


@pytest.mark.parametrize(
    "line", ["jump", "run --jump", "run --profile huge", "--jump", "run --forks", "list run.jsonl"]
)
def test_a_command_line_with_something_that_does_not_exist_is_noticed(line: str) -> None:
    with pytest.raises(click.ClickException):
        parse(line.split())


def test_every_rule_that_the_code_cites_is_explained_in_the_method() -> None:
    method = (ROOT / "docs" / "method.md").read_text(encoding="utf-8")
    explained = set(re.findall(r"^### (R\d+[a-z]?) ", method, re.MULTILINE))
    table = method.partition("## Numbers cited elsewhere in the code")[2]
    for row in re.findall(r"^\| ([NTR][^|]+) \|", table, re.MULTILINE):
        explained |= set(row.split(", "))
    cited: dict[str, Path] = {}
    for source in (path for folder in SOURCES for path in folder.rglob("*.py")):
        if source.parent != Path(__file__).parent:
            text = source.read_text(encoding="utf-8")
            cited |= dict.fromkeys(re.findall(r"\b([RNT]\d{1,2}[a-c]?)\b(?=[,)]| and )", text), source)
    assert {number[0] for number in cited} == {"N", "R", "T"}
    assert {number: named(source) for number, source in cited.items() if number not in explained} == {}


# The files that docs/files.md shows.


def shown(heading: str) -> str:
    """The Python block below a heading of docs/files.md."""
    text = (ROOT / "docs" / "files.md").read_text(encoding="utf-8")
    section = re.split(r"^## ", text.partition(f"\n## {heading}\n")[2], maxsplit=1, flags=re.MULTILINE)[0]
    (block,) = [code for _, language, code in FENCE.findall(section) if language == "python"]
    return block


def measure(folder: Path, *arguments: str) -> list[dict[str, Any]]:
    """Run `when-async run` in `folder` and return the lines of its run file."""
    environ = {name: value for name, value in os.environ.items() if not name.startswith(("WHEN_ASYNC", "PYTEST"))}
    environ |= {
        "WHEN_ASYNC_LOCK": str(folder / "lock"),
        "WHEN_ASYNC_CACHE": str(folder / "cache"),
        "PYTHONPATH": str(ROOT / "src"),
    }
    done = subprocess.run(
        [sys.executable, "-m", "when_async.bench.cli.main", "run", "-o", "run.jsonl", "--profile", "smoke", *arguments],
        cwd=folder, env=environ, capture_output=True, text=True, timeout=HANG_S,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in (folder / "run.jsonl").read_text(encoding="utf-8").splitlines()]


def statuses(records: list[dict[str, Any]]) -> dict[str, str]:
    """Cell id without its interpreter -> status, with the reason where it is not OK."""
    return {
        record["cell"].rpartition("@")[0]: f"{record['status']} {record['reason']}".strip()
        for record in records
        if record["kind"] == "measurement"
    }


@pytest.fixture(scope="module")
def uneven_run(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[dict[str, Any]]]:
    """A run of the shown workload, with two forks so that there are estimates to draw."""
    folder = tmp_path_factory.mktemp("uneven")
    (folder / "uneven.py").write_text(shown("A workload"), encoding="utf-8")
    records = measure(folder, "-w", "uneven.py", "-r", "sync", "-r", "asyncio", "--forks", "2")
    return folder / "run.jsonl", records


def test_the_workload_that_is_shown_runs_as_it_stands(uneven_run: tuple[Path, list[dict[str, Any]]]) -> None:
    _, records = uneven_run
    assert statuses(records) == {"uneven[wait=1ms,n=8,c=2]-sync": "OK", "uneven[wait=1ms,n=8,c=2]-asyncio": "OK"}
    samples = [record for record in records if record["kind"] == "sample"]
    assert {sample["answer"] for sample in samples} == {"8 waits came back"}
    assert len({sample["digest"] for sample in samples}) == 1


def test_the_oracle_of_the_shown_workload_refuses_results_in_another_order(tmp_path: Path) -> None:
    from when_async.bench.model import Workload, WrongAnswer
    from when_async.bench.registry import collect

    path = tmp_path / "uneven.py"
    path.write_text(shown("A workload"), encoding="utf-8")
    workload = collect(str(path), Workload)["uneven"].value
    params = {"wait_s": 0.001, "n": 4}
    items = workload.make_items(params, 1)
    right = [index for index, _ in items]
    assert workload.check(params, items, right) == "4 waits came back"
    for results in (right[::-1], right[:-1], [*right, 0], [right[0], *right[:-1]]):
        with pytest.raises(WrongAnswer):
            workload.check(params, items, results)
    assert workload.ideal_s(params, 1) == pytest.approx(0.010)
    assert workload.ideal_s(params, 4) == pytest.approx(0.004)


def test_the_runner_that_is_shown_runs_as_it_stands(tmp_path: Path) -> None:
    (tmp_path / "threading_futures.py").write_text(shown("A runner"), encoding="utf-8")
    records = measure(tmp_path, "-r", "threading_futures.py", "-r", "sync", "-w", "sleep[wait=1ms,n=8,c=2]")
    cell = "sleep[wait=1ms,n=8,c=2]"
    assert statuses(records) == {f"{cell}-sync": "OK", f"{cell}-threading+futures": "OK"}
    peaks = {
        record["peak_in_flight"]
        for record in records
        if record["kind"] == "sample" and record["phase"] == "warmup" and "futures" in record["cell"]
    }
    assert peaks
    assert peaks <= {1, 2}


def test_the_runner_that_is_shown_says_why_a_body_could_not_be_opened(tmp_path: Path) -> None:
    from when_async.bench.model import Job, Runner, Workload
    from when_async.bench.registry import collect
    from when_async.workloads.sleep import SLEEP

    def broken(kit: Any, params: Any) -> Any:
        raise OSError("nobody listens")

    path = tmp_path / "threading_futures.py"
    path.write_text(shown("A runner"), encoding="utf-8")
    runner = collect(str(path), Runner)["threading+futures"].value
    fields = {**vars(SLEEP), "bodies": {"blocking": broken}}
    job = Job(Workload(**fields), "blocking", {"wait_s": 0.001, "n": 1}, concurrency=1)
    with pytest.raises(OSError, match="nobody listens"), runner.open(job):
        pass


def test_the_plot_that_is_shown_draws_what_a_run_holds(
    uneven_run: tuple[Path, list[dict[str, Any]]], tmp_path: Path
) -> None:
    from when_async.bench.registry import collect
    from when_async.reports.drawing.axes import NARROW, WIDE
    from when_async.reports.drawing.plotting import Plot
    from when_async.reports.scene.evidence import scene
    from when_async.results.frame import load

    path = tmp_path / "stall.py"
    path.write_text(shown("A plot"), encoding="utf-8")
    plot = collect(str(path), Plot)["stall"].value
    seen = scene(load([uneven_run[0]]))
    assert plot.fits(seen)
    assert plot.title(seen) == "1 of 2 contestants have a loop, and its longest stall was measured"
    for width in (WIDE, NARROW):
        assert plot.draw(seen, width).get_size_inches()[0] == width
    assert not plot.fits(seen.of(runner="sync"))


def test_the_claim_that_is_shown_names_points_that_exist_and_is_judged(tmp_path: Path) -> None:
    from support.run_files import CellSpec, make_cell, make_run
    from when_async.bench.quantity import comparison_id
    from when_async.bench.registry import collect
    from when_async.bench.selection import catalogue, point_of
    from when_async.reports.verdicts.claim import Claim, Word
    from when_async.reports.verdicts.judging import judge
    from when_async.results.frame import load

    path = tmp_path / "hand_over.py"
    path.write_text(shown("A claim"), encoding="utf-8")
    claim = collect(str(path), Claim)["task-per-op"].value
    for place, _ in claim.cells:
        found, point = point_of(place, catalogue().workloads)
        assert comparison_id(found.value, point) == place
    cells = [
        CellSpec(make_cell("sleep", runner, place, {"n": 1000}, 100), makespan_s=0.11, ops=1000, cpu_user_s=used_s)
        for place, dear_s in zip(dict.fromkeys(place for place, _ in claim.cells), (0.012, 0.03), strict=True)
        for runner, used_s in (("asyncio", 0.01), ("asyncio+per_op", dear_s))
    ]
    (verdict,) = judge(load([make_run(tmp_path / "run.jsonl", cells=cells, forks=6)]), {claim.name: claim})
    assert verdict.word is Word.DEPENDS
    assert verdict.boundary == (100, 1000)


@pytest.mark.parametrize("heading", ["A workload", "A runner", "A claim", "A plot"])
def test_a_shown_file_passes_the_linter(heading: str, tmp_path: Path) -> None:
    path = tmp_path / "shown.py"
    path.write_text(shown(heading), encoding="utf-8")
    pytest.importorskip("ruff", reason="ruff is not installed; run: pip install 'when-async[dev]'")
    command = [sys.executable, "-m", "ruff", "check", "--no-cache", "--config", str(ROOT / "pyproject.toml"), str(path)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=HANG_S)
    assert done.returncode == 0, done.stdout + done.stderr
