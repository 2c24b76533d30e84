"""A damaged run file costs one line that names the place, and never a traceback."""

from __future__ import annotations

from docs.evidence.faults import Input, Kind

MEASURE = "when-async run --profile smoke -w empty -r sync -o a.jsonl > /dev/null 2>&1; "
EDIT = (
    "python3 - <<'E'\nimport json\nlines = [json.loads(line) for line in open('a.jsonl')]\n{}\n"
    "open('a.jsonl', 'w').writelines(json.dumps(line) + '\\n' for line in lines)\nE\n"
)
OF = "next(line for line in lines if line['kind'] == '{}')"
READ = (
    "cp a.jsonl b.jsonl; for c in report export claims compare; do when-async $c a.jsonl "
    "$([ $c = compare ] && echo b.jsonl) $([ $c = export ] && echo --output a.csv); "
    'echo "$c exit $?"; done'
)
REPORT = "when-async report a.jsonl"
LINE = r"line \d+"


def damaged(what: str, edit: str, says: str, command: str = REPORT, code: int = 2, handed: str = "") -> Input:
    return Input(what, MEASURE + EDIT.format(edit) + command, says, code, handed=handed)


KIND = Kind(
    name="a damaged run file ends in a traceback",
    promise="one schema for every reader: one line with its number and the field; --skip-corrupt leaves it out",
    inputs=(
        damaged(
            "a makespan that is no number",
            OF.format("sample") + "['makespan_s'] = float('nan')",
            LINE + r" is corrupt \(.* is (no|too large for a) number",
            handed="faults/runfiles",
        ),
        damaged(
            "a machine that is a text, read by four commands",
            "lines[0]['machine'] = 'mine'",
            "machine.*report exit 2.*machine.*export exit 2.*machine.*claims exit 2.*compare exit 2",
            READ,
            0,
            handed="faults/runfiles",
        ),
        damaged(
            "no ops in a round",
            OF.format("sample") + "['ops_ok'] = 0",
            LINE + ".*a round has one op at least",
            handed="faults/runfiles",
        ),
        damaged(
            "a number beyond all bounds",
            OF.format("sample") + "['makespan_s'] = 10**400",
            LINE + r" is corrupt \(.* is (no|too large for a) number",
        ),
        damaged(
            "a list of lists a thousand deep",
            "deep = []\nfor _ in range(900): deep = [deep]\n" + OF.format("sample") + "['affinity'] = deep",
            LINE,
        ),
        damaged("a cell without its runner", "del " + OF.format("cell") + "['runner']", LINE + ".*runner"),
        damaged(
            "the same, left out",
            "del " + OF.format("measurement") + "['status']",
            "index.html",
            REPORT + " --skip-corrupt --output page",
            0,
        ),
    ),
    tests=(
        "test_a_damaged_field_is_named_with_its_line_and_the_line_can_be_left_out",
        "test_a_number_beyond_all_bounds_and_deep_nesting_are_damage",
        "test_no_damage_ends_in_anything_but_one_line",
    ),
)
