"""Names that somebody chose are shown and not obeyed: by the page, by a terminal, by a spreadsheet."""

from __future__ import annotations

from docs.evidence.faults import Input, Kind
from docs.evidence.faults.g3_damaged_runs import EDIT, MEASURE

RENAME = "for line in lines:\n    if line['kind'] == 'cell': line['library'] = {!r}"


def named(what: str, name: str, command: str, says: str, never: str = "") -> Input:
    return Input(what, MEASURE + EDIT.format(RENAME.format(name)) + command, says, never=never)


KIND = Kind(
    name="a name that somebody chose restyles the page, drives the terminal or runs in a spreadsheet",
    promise="names are escaped, style included; control characters are taken out; a field like a formula is quoted",
    inputs=(
        named(
            "a tag in a name",
            "<script>x()</script>",
            "when-async report a.jsonl --output page; cat page/index.html",
            "&lt;script&gt;",
            "<script>x",
        ),
        named(
            "a style in a name",
            ' style="background:url(//evil)"',
            "when-async report a.jsonl --output page; sed -n '1,/<.style>/p' page/index.html",
            "</style>",
            "evil",
        ),
        named(
            "control characters in a name",
            "\x1b[31mred\x07",
            "when-async report a.jsonl --output page; cat page/report.md",
            "red",
            "\x1b",
        ),
        named(
            "a formula in a name", "=HYPERLINK(1)", "when-async export a.jsonl --output a.csv; cat a.csv", "'=HYPERLINK"
        ),
    ),
    tests=("test_a_text_in_a_picture_carries_no_style", "test_a_text_that_a_spreadsheet_would_run_is_a_text_in_csv"),
)
