"""uv, compilers, build backends and database servers end with the command that they were started for."""

from __future__ import annotations

from docs.evidence.faults import Input, Kind
from docs.evidence.faults.common import IGNORED, PROJECT, TOTAL

BUILD = """import os, subprocess, sys

def get_requires_for_build_wheel(config_settings=None):
    return []

def build_wheel(folder, config_settings=None, metadata_directory=None):
    compiler = [sys.executable, "-c", "import time; time.sleep(120)"]
    # As ninja starts them: in a group of their own.
    child = subprocess.Popen(compiler, process_group=0)
    with open(os.environ["PIDS"], "w") as told:
        print(os.getppid(), os.getpid(), child.pid, file=told)
    child.wait()
"""
BACKEND = '[build-system]\nrequires = []\nbuild-backend = "slow"\nbackend-path = ["."]\n'
TARGET = '[[tool.when-async.gate.target]]\ncall = "shop:total"\nargs = [[1, 2, 3]]\nrunners = ["sync"]\n'
FILES = {
    "src/shop/__init__.py": TOTAL,
    "slow.py": BUILD,
    "pyproject.toml": PROJECT + BACKEND + TARGET,
    ".gitignore": IGNORED,
}
COUNT = 'set -- {}; for I; do ps -o stat= -p $I; done | grep -vc Z | sed "s/^/of $# processes left: /"'
"""Whoever has ended and waits for its parent to take note of it does not count."""
SENT = (
    "export PIDS=$TMPDIR/pids; env --default-signal=INT when-async {} > $TMPDIR/out 2>&1 & P=$!; "
    "until [ -s $PIDS ] || ! kill -0 $P; do sleep 0.1; done; kill -{} $P; wait $P; echo exit $?; tail -1 $TMPDIR/out; "
    "sleep 2; " + COUNT.format("$(cat $PIDS)")
)
GATE = "gate --base main --install --no-controls --budget 30s"
KEPT = (
    "when-async run -w database_postgres -r threading --profile quick --rounds 900 > $TMPDIR/out 2>&1 & P=$!; "
    "until [ $G ] || ! kill -0 $P; do sleep 0.1; S=$(pgrep -P $P -f servers.postgres); "
    "K=$([ $S ] && pgrep -P $S); G=$([ $K ] && pgrep -x postgres -P $K); done; "
    "D=$(readlink /proc/$G/cwd); sleep 2; kill -STOP {}; kill -{} $P; wait $P; sleep 10; "
    + COUNT.format("$S $K $G").replace("{", "{{").replace("}", "}}")
    + "; ls -d $D 2>/dev/null | wc -l | sed 's/^/folders left: /'"
)
"""The server is a child of its keeper, which is a child of the helper, which is a child of the command."""


def built(what: str, command: str, number: str, says: str, **more: str) -> Input:
    """A command that is ended while a build backend is at work."""
    return Input(what, SENT.format(command, number), says + ".*of 3 processes left: 0", files=FILES, base={}, **more)  # type: ignore[arg-type]


def database(what: str, stopped: str, number: str) -> Input:
    """A run that is ended while a part of the database server stands still."""
    return Input(
        what, KEPT.format(stopped, number), "of 3 processes left: 0 folders left: 0", needs="psycopg", files={}
    )  # fmt: skip


MEANWHILE = (
    "when-async {0} > $TMPDIR/out 2>&1 & P=$!; until ls -d $TMPDIR/when-async-{1}* || ! kill -0 $P; do sleep 0.1; "
    "done > $TMPDIR/seen 2>&1; kill -9 $P; wait $P; echo exit $?; sleep 3; ls -d $TMPDIR/when-async-* 2>/dev/null "
    "| wc -l | sed 's/^/folders left: /'"
)


def meanwhile(command: str, folder: str, **files: str) -> Input:
    """A command that is killed while it has a folder for what it needs meanwhile."""
    what = f"SIGKILL while `{command.split()[0]}` has a folder of its own"
    return Input(what, MEANWHILE.format(command, folder), "exit 137 folders left: 0", files=files)


KIND = Kind(
    name="uv, a compiler or a database server lives on when the command is gone",
    promise="whatever ends a command, kill -9 included, ends all that it started, in every phase, with its folders",
    inputs=(
        built("Ctrl-C while a side is built", GATE, "INT", "exit 130 interrupted"),
        built("SIGTERM while a side is built", GATE, "TERM", "exit 130 interrupted"),
        built("SIGHUP while a side is built", GATE, "HUP", "exit 130 interrupted"),
        built("SIGKILL while a side is built", GATE, "KILL", "exit 137"),
        database("SIGTERM while the keeper of PostgreSQL stands still", "$S $K", "TERM"),
        database("SIGKILL while the keeper of PostgreSQL stands still", "$S $K", "KILL"),
        database("SIGKILL while PostgreSQL itself stands still", "$G", "KILL"),
        meanwhile("try mine:fetch -n 400 -c 2", "try", **{"mine.py": "import time\ndef fetch(): time.sleep(0.01)\n"}),
        meanwhile("timeline -w sleep -r sync", "trace"),
    ),
    tests=(
        "test_uv_ends_with_the_command_that_has_called_it",
        "test_every_command_takes_a_polite_kill_for_ctrl_c",
        "test_a_program_dies_with_all_that_it_started_when_we_are_killed",
        "test_a_folder_for_what_is_needed_meanwhile_goes_when_we_are_killed",
        "test_who_does_not_clear_away_is_killed_before_the_folder_goes",
    ),
)
