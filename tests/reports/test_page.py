"""What the page holds, and what it must never hold."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from html import unescape
from html.parser import HTMLParser
from pathlib import Path

import pandas as pd
import pytest
from markdown_it import MarkdownIt
from reports_markup import VOID, Tree, tables

from support.mixed_cells import mixed_cells
from support.run_files import CellSpec, grid_cells, make_run, sleep_cells
from when_async.bench.model import Status
from when_async.reports.answers.answer import Evidence, gathered
from when_async.reports.page import claims as claim_groups
from when_async.reports.page.workloads import chief
from when_async.reports.page.writing import write
from when_async.reports.scene.evidence import scene
from when_async.reports.verdicts.judging import claims, judge
from when_async.reports.words import ReportError
from when_async.results.cells.summary import summary
from when_async.results.frame import load

NASTY = "<script>alert('x')</script>"
NAMES = ("standard", "two", "smoke", "nasty", "hopeless")
ROW = re.compile(
    r'<tr class="group"><th[^>]*><div>(.*?)</div>|'
    r'<tr[^>]* data-runner="[^"]*"[^>]*><th scope="row">(.*?)(?: <span class="tag">.*?)?</th>(.*?)</tr>',
    re.DOTALL,
)
NUMBER_WITH_INTERVAL = re.compile(r"−?[\d.]+†?\s*\[−?[\d.]+, −?[\d.]+\]")


def claimed() -> list[CellSpec]:
    """Cells at a place that claims ask about, and a decision map."""
    place = "grid_search[unit=5ms,n=40,c=2]"
    return [
        *(replace(one, cell=replace(one.cell, comparison=place)) for one in grid_cells("3.14")), *mixed_cells("3.14"),
    ]  # fmt: skip


def html(folder: Path) -> str:
    return (folder / "index.html").read_text(encoding="utf-8")


def visible(folder: Path) -> str:
    tree = Tree()
    tree.feed(html(folder))
    return " ".join(" ".join(tree.text).split())


@pytest.mark.parametrize("name", NAMES)
def test_every_tag_that_opens_is_closed_in_order(pages: dict[str, Path], name: str) -> None:
    tree = Tree()
    tree.feed(html(pages[name]))
    assert tree.complaints == []
    assert [tag for tag in tree.open if tag not in VOID] == []


@pytest.mark.parametrize("name", NAMES)
def test_nothing_is_fetched_from_anywhere(pages: dict[str, Path], name: str) -> None:
    tree = Tree()
    tree.feed(html(pages[name]))
    links = [
        (tag, str(value))
        for tag, attributes in tree.tags
        for key, value in attributes
        if key in ("src", "href", "srcset", "data")
    ]
    # A reader may follow a link to where a claim comes from; the page itself loads nothing.
    assert [
        (tag, link) for tag, link in links if not link.startswith("#") and (tag, link[:8]) != ("a", "https://")
    ] == []
    assert not {"link", "iframe", "object", "img"} & {tag for tag, _ in tree.tags}
    sheet = "".join(tree.styles)
    assert "@import" not in sheet
    assert "url(http" not in html(pages[name]).replace(" ", "")
    assert not re.search(r"fetch\(|XMLHttpRequest|import\(|https?://", sheet)


@pytest.mark.parametrize("name", NAMES)
def test_ids_are_unique_and_every_reference_has_its_target(pages: dict[str, Path], name: str) -> None:
    text = html(pages[name])
    tree = Tree()
    tree.feed(text)
    ids = Counter(value for _, attributes in tree.tags for key, value in attributes if key == "id")
    assert [one for one, count in ids.items() if count > 1] == []
    used = set(re.findall(r"(?:href=\"#|url\(#)([^\")]+)", text))
    assert used - set(ids) == set()


def rows_of(text: str) -> list[tuple[str, str, str]]:
    """(comparison, contestant, all that is said of it) of each row of the tables of the workloads."""
    found, comparison = [], ""
    for title, name, rest in ROW.findall(text):
        comparison = unescape(title) or comparison
        if name:
            found.append((comparison, unescape(name), " ".join(unescape(re.sub(r"<[^>]+>", " ", rest)).split())))
    return found


def test_every_cell_has_a_row_or_a_reason_and_every_hole_its_status(
    pages: dict[str, Path], frame: pd.DataFrame
) -> None:
    text, wanted = visible(pages["standard"]), list(summary(frame))
    found = rows_of(html(pages["standard"]))
    there = [row for row in wanted if row.status != "UNSUPPORTED"]
    assert sorted((place, name) for place, name, _ in found) == sorted(
        (row.comparison, row.contestant) for row in there
    )
    said = {(place, name): words for place, name, words in found}
    holes = [row for row in wanted if row.status != "OK"]
    assert {row.status for row in holes} == {"FAILED", "UNSUPPORTED"}
    for row in holes:
        if row in there:
            assert row.status in said[row.comparison, row.contestant]
        for words in (row.status, row.cell, row.reason, row.advice):
            assert words in text


def test_what_cannot_be_there_is_one_line_a_workload(pages: dict[str, Path]) -> None:
    section = html(pages["standard"]).partition('data-workload="http_fetch"')[2].partition("</section>")[0]
    assert "Not here: trio/httpx (trio is not installed in 3.11)." in section
    assert "UNSUPPORTED" not in section.partition("</figure>")[2]


def test_the_reader_sees_machine_interpreter_date_profile_and_noise(pages: dict[str, Path]) -> None:
    text = visible(pages["standard"])
    for words in (
        "AMD EPYC 9B14",
        "CPython 3.11.7",
        "22 November 2026",
        "profile quick: 3 processes × 5 rounds",
        "Half of all intervals reach ",
    ):
        assert words in text
    assert "Disturbed: 20 % steal." in visible(pages["two"])


def test_noise_is_said_of_what_became_of_the_intervals(tmp_path: Path) -> None:
    """A counter of the machine may be high and the figures good, or the other way round."""
    for name, fork_noise, word in (("steady", 0.001, "Quiet."), ("shaken", 0.5, "Noisy.")):
        path = make_run(tmp_path / f"{name}.jsonl", cells=sleep_cells(), steal=0.2, fork_noise=fork_noise)
        write(load([path]), tmp_path / name, command="x")
        assert f"{word} Half of all intervals reach " in visible(tmp_path / name)


def test_both_commands_are_given(pages: dict[str, Path]) -> None:
    text = visible(pages["standard"])
    assert "when-async run --profile quick" in text
    assert "when-async report results/runs/a.jsonl" in text


def test_no_number_of_a_core_table_lacks_its_interval(pages: dict[str, Path]) -> None:
    for name in ("standard", "two", "nasty"):
        entries = tables(html(pages[name]))["http_fetch"]
        shown = [entry for entry in entries if re.match(r"\d", entry)]
        assert shown
        assert [entry for entry in shown if not NUMBER_WITH_INTERVAL.search(entry)] == []


def test_every_interpreter_keeps_its_own_rows(pages: dict[str, Path]) -> None:
    text = visible(pages["two"])
    assert "Python 3.13t (no GIL)" in text
    one, two = (len(tables(html(pages[name]))["grid_search"]) for name in ("standard", "two"))
    assert two == 2 * one


def test_a_row_has_a_bar_with_a_mark_for_each_process(pages: dict[str, Path]) -> None:
    row = re.search(r'<tr data-runner="multiprocessing">.*?</tr>', html(pages["standard"]), re.DOTALL)
    assert row
    assert row[0].count('class="reach"') == row[0].count('class="point"') == 1
    assert row[0].count('class="raw"') == 3


def test_each_section_is_named_before_it_is_drawn(tmp_path: Path) -> None:
    told: list[tuple[int, int, str]] = []
    frame = load([make_run(tmp_path / "a.jsonl", cells=[*sleep_cells(), *grid_cells()])])
    write(frame, tmp_path / "out", command="x", on_section=lambda *told_now: told.append(told_now))
    assert told == [(0, 2, "sleep"), (1, 2, "grid_search")]


def test_two_runs_of_one_interpreter_are_not_averaged(tmp_path: Path) -> None:
    paths = [
        make_run(tmp_path / f"{n}.jsonl", cells=sleep_cells(), seed=n, run=f"2026112{n}-000000-aaaa") for n in (1, 2)
    ]
    write(load(paths), tmp_path / "out", command="x")
    text = visible(tmp_path / "out")
    assert "Several runs stand side by side and are never averaged" in text
    assert "run 20261121-000000-aaaa" in text
    assert "run 20261122-000000-aaaa" in text


def test_markup_in_names_and_reasons_is_shown_and_never_run(pages: dict[str, Path]) -> None:
    text = html(pages["nasty"])
    assert re.findall(r"<script.*", text) == ["<script>"]
    assert not re.findall(r'style="[^"]*(?:alert|&)[^"]*"', text)
    assert text.index("<script>\n") > text.index("</main>")
    assert "alert(" not in "".join(Tree.of(text).styles)
    assert "&lt;script&gt;" in text
    assert NASTY in visible(pages["nasty"])
    assert "\x1b" not in text
    assert "$x_1$ | `run`" in visible(pages["nasty"])


def test_markup_cannot_leave_a_cell_of_the_markdown_table(pages: dict[str, Path]) -> None:
    text = (pages["nasty"] / "report.md").read_text(encoding="utf-8")
    prose = re.sub(r"`[^`\n]*`|^    .*$", "", text, flags=re.MULTILINE)
    assert "<script" not in prose
    assert "**bold**" not in text
    row = next(line for line in text.splitlines() if line.startswith("| `") and "FAILED" in line)
    assert len(re.findall(r"(?<!\\)\|", row)) == 5


@pytest.mark.parametrize("name", NAMES)
def test_every_table_of_the_markdown_is_one(pages: dict[str, Path], name: str) -> None:
    text = (pages[name] / "report.md").read_text(encoding="utf-8")
    tokens = MarkdownIt("commonmark").enable("table").parse(text)
    tables = sum(token.type == "table_open" for token in tokens)
    # Three workloads, with two builds what the GIL has to do with it, and the holes.
    assert tables == {"two": 5, "smoke": 2, "hopeless": 2}.get(name, 4)
    rows = [line for line in text.splitlines() if line.startswith("|")]
    assert sum(token.type == "tr_open" for token in tokens) == len(rows) - tables
    assert [token.content for token in tokens if token.type == "html_block"] == []


def test_a_smoke_run_has_statuses_and_no_figure(pages: dict[str, Path]) -> None:
    text = visible(pages["smoke"])
    assert "smoke run: proves that it runs; no figures" in text
    assert "ran, answer checked" in text
    assert "trio is not installed in 3.11" in text
    for form in (text, (pages["smoke"] / "report.md").read_text(encoding="utf-8")):
        assert "×[" not in form.replace(" ", "")
        assert not NUMBER_WITH_INTERVAL.search(form)
        assert " beat " not in form
    assert not (pages["smoke"] / "img").exists()


def test_a_run_in_which_nothing_went_well_still_has_a_page(pages: dict[str, Path]) -> None:
    text = visible(pages["hopeless"])
    assert "24 of 24 cells have no figure: 24 TIMEOUT." in text
    assert "60 s were not enough" in text


def test_a_run_that_used_up_its_budget_says_what_it_decided_and_how_to_decide_more(tmp_path: Path) -> None:
    frame = load([make_run(tmp_path / "run.jsonl", cells=sleep_cells(), finished=False)])
    frame.attrs["ends"] = [{"run": frame["run"][0], "decided": 25, "asked": 39, "seconds": 288.0}]
    write(frame, tmp_path / "out", command="x")
    text = visible(tmp_path / "out")
    assert "25 of 39 claims are decided here, in 4.8 minutes." in text
    assert "when-async run --budget 15m" in text
    assert "not finished" not in text


def test_an_interrupted_run_whose_cells_all_have_figures_says_so_too(tmp_path: Path) -> None:
    frame = load([make_run(tmp_path / "run.jsonl", cells=sleep_cells(), forks=3)])
    frame.attrs["stopped"] = [frame["run"][0]]
    write(frame, tmp_path / "out", command="x")
    assert "This run is not finished: 1 of 1 comparison measured so far." in visible(tmp_path / "out")


def test_an_interrupted_run_says_so(tmp_path: Path) -> None:
    path = make_run(tmp_path / "run.jsonl", cells=sleep_cells(), finished=False)
    write(load([path]), tmp_path / "out", command="x")
    text = visible(tmp_path / "out")
    assert "This run is not finished: 0 of 1 comparison measured so far." in text
    assert "INCOMPLETE" in text


def test_a_contestant_that_could_not_win_is_shown_as_such_and_is_no_hole(tmp_path: Path) -> None:
    cells = [
        replace(one, status=Status.LEFT, reason="could not be the best: it reached 0.50", failed_after=0)
        if one.cell.runner == "asyncio" else one for one in grid_cells()
    ]  # fmt: skip
    write(load([make_run(tmp_path / "run.jsonl", cells=cells)]), tmp_path / "out", command="x")
    text = html(tmp_path / "out")
    row = next(one for one in re.findall(r"<tr.*?</tr>", text, re.DOTALL) if "could not be the best" in one)
    assert 'class="quiet"' in row
    assert "UNSUPPORTED" not in text
    assert "None: every cell that was asked for" in text


def test_a_server_at_its_limit_is_told_wherever_its_row_is_read(pages: dict[str, Path]) -> None:
    text = visible(pages["standard"])
    assert "uvloop/aiohttp †" in text
    assert "† The server may have been the limit" in text


def test_the_arithmetic_speed_up_is_a_column_and_never_a_headline(pages: dict[str, Path]) -> None:
    text = html(pages["standard"])
    assert "speed-up, arithmetic" in text
    headings = re.findall(r"<h[123][^>]*>(.*?)</h[123]>", text, re.DOTALL)
    assert headings
    assert not [one for one in headings if "speed-up" in one]


def test_different_digests_are_called_unequal_work(tmp_path: Path) -> None:
    cells = sleep_cells()
    cells[1] = replace(cells[1], digest="other")
    write(load([make_run(tmp_path / "run.jsonl", cells=cells)]), tmp_path / "out", command="x")
    assert "their work was not equal" in visible(tmp_path / "out")


def test_the_markdown_has_the_findings_the_table_and_its_pictures(pages: dict[str, Path]) -> None:
    text = (pages["standard"] / "report.md").read_text(encoding="utf-8")
    pictures = re.findall(r"!\[[^\n]*\]\(([^)]+)\)", text)
    assert pictures
    assert {f"img/{path.name}" for path in (pages["standard"] / "img").iterdir()} == set(pictures)
    assert "Multiprocessing led" in text
    assert re.search(r"^\| contestant \| cores allowed \| throughput, ops/s \|", text, re.MULTILINE)
    assert "trio is not installed in 3.11" in text


def test_the_same_samples_give_the_same_bytes(frame: pd.DataFrame, tmp_path: Path) -> None:
    first = write(frame, tmp_path / "a", command="x")
    second = write(frame, tmp_path / "b", command="x")
    assert [path.read_bytes() for path in first] == [path.read_bytes() for path in second]


def test_the_paths_written_are_returned(frame: pd.DataFrame, tmp_path: Path) -> None:
    written = write(frame, tmp_path / "deep" / "out", command="x")
    assert sorted(written) == sorted(path for path in (tmp_path / "deep").rglob("*") if path.is_file())
    assert [path.name for path in written[:2]] == ["index.html", "report.md"]


def test_a_folder_that_cannot_be_written_gives_one_clear_line(frame: pd.DataFrame, tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("a file", encoding="utf-8")
    with pytest.raises(ReportError, match=r"^cannot write the report to .*taken: .*; choose another folder$") as caught:
        write(frame, tmp_path / "taken", command="x")
    assert "\n" not in str(caught.value)


def test_a_frame_without_any_cell_still_gives_a_page(tmp_path: Path) -> None:
    write(load([]), tmp_path / "out", command="x")
    parser = HTMLParser()
    parser.feed(html(tmp_path / "out"))
    assert "None: every cell" in visible(tmp_path / "out")


def test_answers_come_first_then_the_map_the_claims_the_workloads_and_the_method(pages: dict[str, Path]) -> None:
    text = html(pages["claims"])
    marks = ('id="answers"', 'id="map"', 'id="claims"', 'id="workloads"', 'data-workload="grid_search"', 'id="method"')
    places = [text.index(one) for one in marks]
    assert places == sorted(places)
    twin = (pages["claims"] / "report.md").read_text(encoding="utf-8")
    places = [twin.index(one) for one in ("| question |", "img/mixed-map.svg", "| claim |", "## grid")]
    assert places == sorted(places)
    assert (pages["claims"] / "img" / "mixed-map.svg").is_file()


def test_the_first_screen_has_no_verdict_word_and_names_nothing_that_was_not_explained(pages: dict[str, Path]) -> None:
    first = html(pages["claims"]).partition('id="answers"')[2].partition("</section>")[0]
    text = " ".join(re.sub(r"<[^>]*>", " ", first).split())
    assert "CPU in pure Python" in text
    words = r"HOLDS|REFUTED|DEPENDS|INCONCLUSIVE|NOT_MEASURED|\b(?:ops?|forks?|cells?|rounds?|contestants?)\b"
    assert not re.search(words, text)


def test_a_claim_stands_in_the_group_of_its_verdict(pages: dict[str, Path]) -> None:
    text = html(pages["claims"]).partition('id="claims"')[2].partition('id="workloads"')[0]
    found = {}
    for part in text.split("\n<h3>")[1:]:
        heading = part.partition(" <span")[0]
        found |= dict.fromkeys(re.findall(r'id="claim-([a-z0-9-]+)"', part), heading)
    assert found["many-loops"] == "Not decided here"
    assert set(found.values()) <= set(claim_groups.GROUPS)
    assert len(found) == len(claims())


def test_what_a_run_left_open_shows_what_the_reference_says_and_whose_it_is(
    frame_of: Callable[..., pd.DataFrame], tmp_path: Path
) -> None:
    """Nobody is handed an empty ledger."""
    told = frame_of("told", cells=claimed(), pythons=("3.14",), forks=6, run="20260101-000000-aaaa")
    asked: list[str] = []

    def reference(names: Sequence[str]) -> list[Evidence]:
        asked.extend(names)
        return gathered(judge(told, {name: claims()[name] for name in names}), told.attrs["headers"], reference=True)

    write(frame_of("untold", cells=sleep_cells()), tmp_path, command="x", reference=reference)
    text = html(tmp_path)
    assert {"grid-search", "one-core"} <= set(asked)
    assert "another machine: AMD EPYC 9B14, CPython 3.14" in text
    assert text.index('id="workloads"') < text.index('id="claims"'), "what was measured here comes first"
    own = tmp_path / "own"
    write(told, own, command="x", reference=reference)
    assert "another machine:" not in html(own), "a run is not another machine than its own"


def test_a_run_that_came_to_no_figure_still_answers_from_the_reference(
    frame_of: Callable[..., pd.DataFrame], tmp_path: Path
) -> None:
    told = frame_of("told-early", cells=claimed(), pythons=("3.14",), forks=6, run="20260101-000000-aaaa")
    evidence = gathered(judge(told), told.attrs["headers"], reference=True)
    early = frame_of("early-end", cells=sleep_cells(), finished=False)
    write(early, tmp_path, command="x", reference=lambda _: evidence)
    text = html(tmp_path)
    assert text.index("This run is not finished") < text.index('id="answers"') < text.index('id="statuses"')


def test_a_page_without_any_figure_for_a_claim_names_none(pages: dict[str, Path]) -> None:
    for name in ("standard", "smoke", "hopeless"):
        assert 'id="claims"' not in html(pages[name])
        assert "| claim |" not in (pages[name] / "report.md").read_text(encoding="utf-8")


def test_what_stands_between_backticks_is_set_as_code_and_escaped() -> None:
    from when_async.reports.page.writing import code

    assert code("call `f(<x>)` & go") == "call <code>f(&lt;x&gt;)</code> &amp; go"


def test_older_runs_get_a_line_each_and_are_escaped(frame: pd.DataFrame, tmp_path: Path) -> None:
    from when_async.results.overview import Overview

    header = {"run": "20260101-000000-aaaa", "started": "2026-01-01T00:00:00+00:00", "pythons": [NASTY]}
    older = [Overview(Path("a.jsonl"), header, 1234, {"OK": 30, "FAILED": 2})]
    write(frame, tmp_path, command="c", older=older)
    text = html(tmp_path)
    assert 'id="older"' in text
    assert "1234" in text
    assert "2 FAILED, 30 OK" in text
    assert NASTY not in text.partition("<script>\n")[0]


def test_of_many_comparisons_that_of_most_contestants_stands_open(
    frame_of: Callable[..., pd.DataFrame], tmp_path: Path
) -> None:
    few = [
        replace(one, cell=replace(one.cell, params={**one.cell.params, "wait_s": wait / 1000},
                                  comparison=f"sleep[wait={wait}ms,n=100,c=10]"))
        for wait in (20, 30) for one in sleep_cells()[:2]
    ]  # fmt: skip
    write(frame_of("many", cells=[*few, *sleep_cells()]), tmp_path, command="c")
    section = html(tmp_path).partition('data-workload="sleep"')[2].partition("</section>")[0]
    first, _, rest = section.partition("<summary>2 other comparisons</summary>")
    assert "sleep[wait=10ms" in first
    assert "wait=20ms" not in first
    assert "wait=20ms" in rest


def test_workloads_beside_the_core_are_folded_in_their_groups_unless_there_are_few(tmp_path: Path) -> None:
    names = ("sleep", "chess", "queue", "chat")
    cells = [
        replace(one, cell=replace(one.cell, workload=name, comparison=f"{name}[c=10]"))
        for name in names for one in sleep_cells()
    ]  # fmt: skip
    for count, folded in ((4, ["chess", "queue", "chat"]), (3, [])):
        path = make_run(tmp_path / f"{count}.jsonl", cells=cells[: count * len(sleep_cells())])
        write(load([path]), tmp_path / str(count), command="x")
        found = re.findall(r'<details class="workload"[^>]* data-workload="(\w+)"', html(tmp_path / str(count)))
        assert found == folded


def test_no_sentence_of_the_page_is_longer_than_thirty_words(recorded: Path) -> None:
    text = recorded.read_text(encoding="utf-8")
    shown = re.findall(r'<(?:span class="(?:said|finding)"|td class="decides"|figcaption|p class="(?:subtitle|note)")>'
                       r"(.*?)</(?:span></summary|td|figcaption|p)>", text, re.DOTALL)  # fmt: skip
    assert len(shown) > 50
    for one in shown:
        plain = re.sub(r"\[[^\]]*\]", "", unescape(re.sub(r"<[^>]+>", "", one)))
        for sentence in re.split(r"(?<=[.?!]) +(?=[A-Z])|[;:] ", plain):
            assert len(sentence.split()) <= 30, sentence


def test_the_comparison_of_most_kinds_of_model_stands_for_its_workload(tmp_path: Path) -> None:
    crowd = [one for one in sleep_cells(concurrency=100) if one.cell.family == "asyncio"]
    seen = scene(load([make_run(tmp_path / "run.jsonl", cells=[*crowd, *sleep_cells()], forks=3)]))
    assert chief(seen) == sleep_cells()[0].cell.comparison
