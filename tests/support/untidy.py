"""A runner that leaves a thread behind, in a file of its own, as a user's runner is."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from when_async.bench.model import Job
from when_async.bench.runners.sync import SYNC

ENDS = threading.Event()


@contextmanager
def open_untidy(job: Job) -> Iterator[Any]:
    threading.Thread(target=ENDS.wait, name="straggler").start()
    with SYNC.open(job) as session:
        yield session


UNTIDY = replace(SYNC, name="untidy", open=open_untidy)
