"""A server that does not answer any more is found once, and everybody who needs it is told the same."""

from __future__ import annotations

from docs.evidence.faults import Input, Kind

STOPPED = (
    "when-async run -w '{}' -r sync -r threading -r asyncio --profile quick --rounds 900 --timeout 10 "
    "> $TMPDIR/out 2>&1 & P=$!; until S=$(pgrep -P $P -f {}) || ! kill -0 $P; do sleep 0.1; done; sleep {}; "
    "kill -{} {}; wait $P; echo exit $?; grep -a '^TIMEOUT\\|^FAILED' $TMPDIR/out; true"
)
HTTP = "http_fetch[delay=10ms,body=64B,n=50,c=10]"
GONE = "does not answer any more: no answer within 5 s"
ONCE = rf"^exit 3 TIMEOUT [^@]*@\S+ in round \d+ .*no answer within 10 s.*{GONE} FAILED .*{GONE} FAILED .*{GONE} ?$"
TWICE = "TIMEOUT .*TIMEOUT "

KIND = Kind(
    name="a server that stands still costs each contestant its timeout",
    promise="who needs it next is told at once that it does not answer any more; nobody is blamed for it",
    inputs=(
        Input("an HTTP server that is stopped", STOPPED.format(HTTP, "servers.http_server", 3, "STOP", "$S"), ONCE,
              never=TWICE),
        Input("a PostgreSQL that is stopped with all its parts",
              STOPPED.format("database_postgres", "servers.postgres", 4, "STOP",
                             "$(pgrep -P $(pgrep -P $S)) $(pgrep -P $(pgrep -P $(pgrep -P $S)))"),
              ONCE, never=TWICE, needs="psycopg"),
        Input("an HTTP server that is killed", STOPPED.format(HTTP, "servers.http_server", 3, "KILL", "$S"),
              r"^exit 3 (FAILED [^@]*@\S+ the http server is gone: the process died with signal 9 \(SIGKILL\) ?)+$",
              never="TIMEOUT"),
    ),
    tests=(
        "test_a_helper_that_stands_still_is_found_once_and_fails_all_that_need_it",
        "test_a_helper_that_was_silent_once_is_not_asked_again",
    ),
)  # fmt: skip
