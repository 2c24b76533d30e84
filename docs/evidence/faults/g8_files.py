"""Run files and pages: whole, of one writer, and as they were where they cannot be gone on with."""

from __future__ import annotations

from docs.evidence.faults import Input, Kind

RUN = "when-async run --profile smoke -w empty -r sync -o a.jsonl > /dev/null 2>&1; "
TO = "when-async run --profile smoke -w empty -r sync -o "
TRY = "when-async try time:sleep --args '[0.001]' --forks 30 -n 64 -c 2"
RESUME = "when-async run --resume "
# A file may be no larger than so many KiB, as on a disk that is full. A command runs without that first, or a bytecode
# file could be cut off, which Python does not notice before it reads it.
FULL = "ulimit -f "
SAME = "{0}; S=$?; md5sum --check --quiet before || echo CHANGED; exit $S"

KIND = Kind(
    name="an archive, a torn tail, a second writer or a full disk costs what was measured",
    promise="a file that is refused is as it was, a page is whole or the old one, and a full disk says how to go on",
    inputs=(
        Input("a run into a.jsonl.gz", TO + "a.jsonl.gz", "name a.jsonl,", 2),
        Input(
            "an archive is gone on with",
            RUN + "gzip a.jsonl; md5sum a.jsonl.gz > before; " + SAME.format(RESUME + "a.jsonl.gz"),
            "a.jsonl.gz is packed.*gunzip",
            2,
            never="CHANGED",
        ),
        Input(
            "a torn file of another machine is gone on with",
            RUN + 'sed -i \'1s/"cores": [0-9]*/"cores": 999/\' a.jsonl; printf \'{"kind": "sam\' >> a.jsonl; '
            "md5sum a.jsonl > before; " + SAME.format(RESUME + "a.jsonl"),
            "was measured on another machine",
            2,
            never="CHANGED",
        ),
        Input(
            "a file that another process writes to, under another lock",
            "WHEN_ASYNC_LOCK=$PWD/other when-async run --profile quick -w sleep -r sync -o w.jsonl > /dev/null 2>&1 & "
            f"P=$!; sleep 5; {RESUME} w.jsonl; S=$?; kill $P; wait $P; exit $S",
            "another process is writing to w.jsonl",
            2,
        ),
        Input(
            "the disk is full in mid-run",
            RUN + "rm a.jsonl; " + FULL + "3; " + TO + "a.jsonl; S=$?; "
            "tail -c 1 a.jsonl | od -c; exit $S",
            r"all before it is kept: make room, then go on with: when-async run --resume a.jsonl.*\\n",
            3,
        ),
        Input(
            "the disk is full in a try, which cannot be gone on with",
            TRY + " > /dev/null 2>&1; rm -r .when-async; " + FULL + "15; " + TRY,
            "make room, then give the same command again",
            3,
            never="--resume",
        ),
        Input(
            "a try is gone on with",
            "when-async try time:sleep --args '[0.001]' --forks 1 -n 2 -c 2 > /dev/null 2>&1; "
            f"{RESUME} .when-async/runs/*.jsonl",
            "is of a try, which cannot be gone on with",
            2,
        ),
        Input(
            "the disk is full while a page is drawn anew",
            RUN + "when-async report a.jsonl -o page > /dev/null 2>&1; find page -type f | xargs md5sum > before; "
            + SAME.format(f"({FULL}5; when-async report a.jsonl -o page; S=$?; ls -A page; exit $S)"),
            "cannot write the report to page: file too large.*index.html",
            2,
            never=r"CHANGED|\.part",
        ),
        Input(
            "standard output is full",
            "when-async run --profile smoke -w empty -r sync -o a.jsonl > /dev/full; S=$?; wc -l a.jsonl; exit $S",
            "the output ends early: no space left on device.*8 a.jsonl",
            74,
        ),
        Input(
            "standard error is full, and all three are closed",
            "when-async run --profile smoke -w empty -r sync -o a.jsonl > /dev/null 2> /dev/full && "
            "when-async run --profile smoke -w empty -r sync -o b.jsonl <&- >&- 2>&-; S=$?; wc -l *.jsonl; exit $S",
            "8 a.jsonl.*8 b.jsonl",
        ),
    ),
    tests=(
        "test_an_archive_is_neither_written_nor_gone_on_with",
        "test_a_file_that_is_opened_to_go_on_is_as_it_was_until_it_is_mended",
        "test_two_cannot_write_to_one_file",
        "test_a_full_disk_is_one_clear_line_and_leaves_no_torn_line",
        "test_files_that_belong_together_are_written_all_or_none",
        "test_streams_that_cannot_be_written_end_with_their_own_code_or_none",
    ),
)  # fmt: skip
