"""What a workflow hands the action over several lines, and a folder in the checkout that is called like the base."""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from textwrap import dedent

from docs.evidence.faults import Input, Kind
from docs.evidence.faults.common import GATE, TOTAL, TWICE, project

ACTION = Path(__file__).parents[3] / ".github" / "actions" / "gate"
SCRIPTS = re.findall(r"name: Run the gate\n.*?run: \|\n((?: {8}.*\n|\n)*)", (ACTION / "action.yml").read_text(), re.S)
SAME = {"src/shop/__init__.py": TOTAL}
LATE = ["--base main", "# nothing of the past", "", "--no-controls", "--budget 30s"]
UNFETCHED = "git branch -q -m work; mkdir -p {0}; cp -r src pyproject.toml {0}/; when-async gate --base {0}"


def handed(what: str, lines: list[str], says: str, code: int = 0, **more: str) -> Input:
    """The gate's own step of the action, with `args` as a block of these lines."""
    words = f"ARGS={shlex.quote(chr(10).join(lines))} HEAD=. RUNNER_TEMP=.. GITHUB_OUTPUT=../out GITHUB_ACTION_PATH=.."
    command = f"mv step.sh words.py ..; {words} bash --noprofile --norc -eo pipefail ../step.sh; S=$?; ls; exit $S"
    files = {"step.sh": dedent(SCRIPTS[0]), "words.py": (ACTION / "words.py").read_text()}
    return Input(what, command, says, code, files={**project("src", TWICE), **files}, base=SAME, **more)


def unfetched(name: str) -> Input:
    says = f"there is no commit '{name}' in this repository \\(the folder is ./{name}\\)"
    return Input(
        f"a folder {name} and no such branch", UNFETCHED.format(name), says, 2, files=project("src"), base=SAME
    )


KIND = Kind(
    name="only the first line of an input counts, or a folder is taken for the base",
    promise="inputs of the action count whole, quoted as in a shell and run by none; in a repository a name is a ref",
    inputs=(
        handed("args over five lines, head twice as slow", LATE, "REGRESSED", 1),
        handed("an unknown option on the third line", ["--base main", "--no-controls", "--fast"], "--fast", 2),
        handed("a quote that is not closed", ["--base main", "--budget '30s"], "the input args has a quote", 2),
        handed(
            "commands among the words",
            ["--base main", "--runner '$(touch caught)'"],
            r"touch caught",
            2,
            never=r"caught\b(?!\))",
        ),
        unfetched("main"),
        unfetched("release/1.0"),
        Input(
            "the same folder, written ./main",
            "git branch -q -m work; mkdir main; cp -r src pyproject.toml main/; "
            + GATE.replace("--base main", "--base ./main"),
            "PASS|UNDECIDED",
            (0, 4),
            files=project("src"),
            base=SAME,
        ),
    ),
    tests=(
        "test_inputs_over_several_lines_count_whole_with_quotes_and_without_comments",
        "test_the_action_runs_nothing_that_an_input_holds",
        "test_a_folder_is_never_taken_for_a_base_of_its_name_that_was_not_fetched",
        "test_a_folder_that_is_called_like_the_base_does_not_keep_it_from_being_fetched",
    ),
)
