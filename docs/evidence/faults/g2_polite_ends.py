"""A polite kill ends a command as Ctrl-C does: with what is known, and with nothing left behind."""

from __future__ import annotations

from docs.evidence.faults import Input, Kind
from docs.evidence.faults.common import TOTAL, project

SENT = "{} & P=$!; sleep {}; kill -{} $P; wait $P; echo exit $?; {}"
GATE = "when-async gate --base main --budget 5m"
LEFT = 'ls .when-async/runs/*; ls -d "$TMPDIR"/when-async-run-* 2>/dev/null | wc -l | sed "s/^/folders left: /"'
FILES = r"exit (3|130).*gate\.json.*gate\.md.*gate\.xml"
SAME = {"files": project("src"), "base": {"src/shop/__init__.py": TOTAL}}
OWN = {"mine.py": "import time\ndef fetch(): time.sleep(0.01)\n"}
TRY = "when-async try mine:fetch -n 400 -c 2"

KIND = Kind(
    name="a polite kill loses what was measured, or leaves something behind",
    promise="SIGTERM and SIGHUP are as Ctrl-C: what is known is written, processes and temporary files go",
    inputs=(
        Input("SIGTERM in the gate", SENT.format(GATE, 10, "TERM", LEFT), FILES, handed="24", **SAME),  # type: ignore[arg-type]
        Input("SIGHUP in the gate", SENT.format(GATE, 10, "HUP", LEFT), FILES, **SAME),  # type: ignore[arg-type]
        Input("SIGTERM in `try`", SENT.format(TRY, 8, "TERM", LEFT), "exit 130.*folders left: 0", files=OWN),
        Input("SIGKILL in `try`", SENT.format(TRY, 8, "KILL", "sleep 2; " + LEFT), "folders left: 0", files=OWN),
        Input(
            "SIGHUP in `run`",
            SENT.format("when-async run -w sleep -r sync --profile quick", 5, "HUP", LEFT),
            "exit 130.*folders left: 0",
        ),
    ),
    tests=("test_no_process_outlives_the_run", "test_what_was_measured_before_a_stop_stays_byte_for_byte"),
)
