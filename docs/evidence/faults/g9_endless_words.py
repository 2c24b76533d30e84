"""What a body prints goes to a file of ours, which must not grow as long as it prints."""

from __future__ import annotations

from docs.evidence.faults import Input, Kind

WATCHED = (
    "when-async try mine:fetch --forks 2 -n 120 -c 2 -r sync -r threading > $TMPDIR/out 2>&1 & P=$!; "
    "python3 watch.py $P; wait $P; echo exit $?"
)
WATCH = """import glob, os, sys
most = 0
while os.path.exists(f"/proc/{sys.argv[1]}/exe"):
    now = 0
    for path in glob.glob(f"/proc/{sys.argv[1]}/fd/*"):
        try:
            if "deleted" in os.readlink(path):
                now += os.stat(path).st_size
        except OSError:
            continue
    most = max(most, now)
print("on the disk:", "less than 2 GB" if most < 2e9 else f"{most / 1e9:.1f} GB")
"""
WRITES = """import os, time

def fetch():
    end = time.monotonic() + 0.05
    while time.monotonic() < end:
        {}
    return 1
"""
THREAD = """import os, threading, time

def on():
    while True:
        os.write(2, LINE)
        time.sleep(0.0001)

LINE = b"on and on " * 20_000
threads = []

def fetch():
    if not threads:
        threads.append(threading.Thread(target=on, daemon=True))
        threads[0].start()
    time.sleep(0.05)
    return 1
"""


def printing(what: str, text: str) -> Input:
    """`try` of a function that prints as fast as it can, with an eye on the files that have no name any more."""
    says = "on the disk: less than 2 GB exit 0"
    return Input(what, WATCHED, says, files={"mine.py": text, "watch.py": WATCH})


KIND = Kind(
    name="a body that prints for ever fills the disk",
    promise="the end of what a process prints is kept, and the rest dropped while it prints",
    inputs=(
        printing("print", WRITES.format('print("on and on " * 10_000)')),
        printing("standard error, written to directly", WRITES.format('os.write(2, b"on and on " * 20_000)')),
        printing("a thread that prints on while others are measured", THREAD),
    ),
    tests=(
        "test_what_a_child_prints_is_cut_to_its_end_while_we_wait_for_its_answer",
        "test_what_a_child_prints_is_cut_while_we_wait_for_another",
    ),
)
