"""Refs, settings and files of acceptances that are not what they should be are one line each."""

from __future__ import annotations

from docs.evidence.faults import Input, Kind
from docs.evidence.faults.common import TOTAL, project

SAME = {"src/shop/__init__.py": TOTAL}
ACCEPTED = (
    '{"schema": 1, "accepted": [{"cell": "c", "word": "REGRESSED", "metric": "wall", "slowdown": NaN, "base": "b", '
    '"head": null, "reason": "r", "date": "d"}]}'
)


def base(what: str, ref: str, says: str) -> Input:
    return Input(what, f"when-async gate --base {ref}", says, 2, files=project("src"), base=SAME)


def accepted(what: str, text: str) -> Input:
    lay = f"mkdir -p results/baseline .when-async; printf '%s' '{text}' | tee results/baseline/accepted.json > "
    lay += ".when-async/accepted.json; when-async gate --base main --budget 9s --no-controls"
    return Input(what, lay, "is not a file of acceptances", 2, files=project("src"), base=SAME)


KIND = Kind(
    name="an odd word ends in a traceback, or waves everything through",
    promise="one line that says what was expected, exit 2; a share that is no number is no acceptance",
    inputs=(
        base(
            "a ref that is an option",
            "--upload-pack=x",
            "neither a git ref nor a folder|requires an argument|No such option",
        ),
        base("a user that is not there", "'~nobody-here/x'", "there is no user of that name"),
        base("a ref with a line break", "$'a\\nb'", "neither a git ref nor a folder"),
        base("a commit that is not there", "v9.9", "there is no commit"),
        accepted("acceptances that hold NaN", ACCEPTED),
        accepted("acceptances that are no JSON", "{"),
    ),
    tests=(
        "test_a_damaged_file_is_told_and_not_passed_over",
        "test_what_looks_like_an_option_is_no_ref",
        "test_the_folder_of_a_user_that_is_not_there_is_told",
    ),
)
