"""What `run --dask-scheduler` does: a Dask cluster that was started elsewhere."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from ...runners.dask_ import SCHEDULER
from ...selection import Selection


@contextmanager
def far_cluster(address: str | None) -> Iterator[None]:
    """Workers that are started meanwhile use the cluster of this scheduler; None changes nothing."""
    before = os.environ.get(SCHEDULER)
    if address is not None:
        os.environ[SCHEDULER] = address
    try:
        yield
    finally:
        if before is not None:
            os.environ[SCHEDULER] = before
        else:
            os.environ.pop(SCHEDULER, None)


def on_cluster(selection: Selection) -> bool:
    """Whether some of these runners works on a cluster that was started elsewhere."""
    on_dask = any("distributed" in found.value.requires for found in selection.runners.values())
    return on_dask and bool(os.environ.get(SCHEDULER))


def refusal(selection: Selection, head: Mapping[str, Any], path: Path) -> str | None:
    """Why a run that began on one kind of cluster must not go on with what there is now; None if it may."""
    here, then = on_cluster(selection), bool(head.get("asked_cluster"))
    if here == then:
        return None
    if then:
        return f"{path} was measured on a Dask cluster that was there already; name it with --dask-scheduler"
    return f"{path} was measured on a Dask cluster of its own; go on without --dask-scheduler"
