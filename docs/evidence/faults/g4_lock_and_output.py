"""One run at a time on a machine, whoever starts it; and what nobody reads decides nothing."""

from __future__ import annotations

from docs.evidence.faults import Input, Kind

RUN = "when-async run --profile smoke -w empty -r sync"
LONG = "when-async run --profile quick -w sleep -r sync -o long.jsonl > /dev/null 2>&1 & P=$!; sleep 3; "
QUEUE = 'mkdir "$WHEN_ASYNC_LOCK.queue"; '
END = "; S=$?; kill $P 2>/dev/null; wait $P; exit $S"

KIND = Kind(
    name="a second run, a lock that cannot be used or an output that nobody reads decides about a measurement",
    promise="who holds the machine is said, who waits is served in turn; a closed output is 74 and no verdict",
    inputs=(
        Input(
            "a second run meanwhile",
            LONG + RUN + END,
            r"another run \(when-async run, process \d+, since \d\d:\d\d\)",
            2,
        ),
        Input(
            "a second run that waits", LONG + RUN + " --queue" + END, r"waiting for another run \(when-async run.*empty"
        ),
        Input(
            "a folder in the place of the lock",
            'mkdir -p "$WHEN_ASYNC_LOCK"; ' + RUN,
            "lock of this machine cannot be",
            2,
        ),
        Input(
            "a lock of which nobody knows whose it is",
            'python3 -c \'import fcntl, os, time; f = open(os.environ["WHEN_ASYNC_LOCK"], "w"); '
            "fcntl.flock(f, fcntl.LOCK_EX); time.sleep(20)' & P=$!; sleep 1; " + RUN + END,
            "another when-async run is measuring",
            2,
        ),
        Input(
            "a ticket that was left, whose process number lives again",
            QUEUE + 'touch "$WHEN_ASYNC_LOCK.queue/1-$PPID"; ' + RUN,
            "answer checked",
        ),
        Input(
            "a run that was killed while it waited",
            LONG
            + RUN
            + " --queue & Q=$!; sleep 3; kill -9 $Q; kill $P; wait; "
            + RUN
            + '; ls "$WHEN_ASYNC_LOCK.queue"',
            "answer checked",
            never=r"\d+-\d+$",
        ),
        Input(
            "a ticket that is held",
            QUEUE + 'flock "$WHEN_ASYNC_LOCK.queue/1-1" sleep 20 & P=$!; sleep 1; ' + RUN + END,
            "is measuring on this machine",
            2,
        ),
        Input(
            "an output that is closed",
            "when-async claims | head -1 > /dev/null; echo ${PIPESTATUS[0]}",
            "74",
            never="Exception ignored",
        ),
    ),
    tests=(
        "test_a_ticket_of_a_run_that_was_killed_while_it_waited_holds_up_nobody",
        "test_a_second_run_is_told_who_has_the_machine_since_when",
        "test_a_verdict_that_nobody_reads_stands",
        "test_an_output_that_nobody_reads_is_told_from_a_regression",
    ),
)
