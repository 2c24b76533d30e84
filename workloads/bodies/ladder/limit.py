"""The control group in which `ladder` meets a limit of tasks, as containers have one."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from when_async.bench.model import Params, Unsuited

GROUPS = (Path("/sys/fs/cgroup/pids"), Path("/sys/fs/cgroup"))
"""Where pids control groups are made: version 1, version 2."""

OWN = "when-async-"


def fallen(error: Exception, begun: int, params: Params) -> Unsuited:
    """What to say where the system gives no more threads or processes: how many there were, and the limit.

    The trial ends with it and its worker is killed, so the group of the limit has to be left here and now.
    """
    leave_group()
    limit = int(params["task_limit"])
    words = f"after {begun} of {params['n']} units" + (f", under pids.max {limit}" if limit else "")
    return Unsuited(f"{error} ({words})")


JOINED: list[tuple[Path, Path]] = []
"""The group that this process has made and moved into, and the one that it came from."""


@contextmanager
def limited(params: Params) -> Iterator[None]:
    """Put this process and all that it starts under `task_limit` tasks; raises Unsuited where nobody may."""
    limit = int(params["task_limit"])
    refused = []
    for root in GROUPS if limit else ():
        try:
            join_group(root, limit)
            break
        except OSError as error:
            refused.append(f"{root}: {error.strerror}")
    if len(refused) == len(GROUPS):
        raise Unsuited(f"a limit of {limit} tasks cannot be set here ({'; '.join(refused)}); run it as root, on Linux")
    try:
        yield
    finally:
        leave_group()


def join_group(root: Path, limit: int) -> None:
    """Make a group with that limit and move this process into it; raises OSError where that is not permitted.

    Groups that killed workers left behind are removed first.
    """
    home = root / group_of_this_process(root).lstrip("/")
    for old in root.glob(f"{OWN}*"):
        if not Path("/proc", old.name.removeprefix(OWN)).exists():
            with suppress(OSError):
                old.rmdir()
    group = root / f"{OWN}{os.getpid()}"
    group.mkdir()
    try:
        # Without the pids controller the group has no such file, and none can be made in it.
        (group / "pids.max").write_text(str(limit), encoding="ascii")
        (group / "cgroup.procs").write_text(str(os.getpid()), encoding="ascii")
    except OSError:
        group.rmdir()
        raise
    JOINED.append((group, home))


def leave_group() -> None:
    """Go back and remove the group, if there is one; children that are still in it keep it until another is made."""
    while JOINED:
        group, home = JOINED.pop()
        (home / "cgroup.procs").write_text(str(os.getpid()), encoding="ascii")
        with suppress(OSError):
            group.rmdir()


def group_of_this_process(root: Path) -> str:
    """The group that this process is in, as the system names it below `root`; raises OSError where there is none."""
    for line in Path("/proc/self/cgroup").read_text(encoding="utf-8").splitlines():
        _, controllers, path = line.split(":", 2)
        if controllers == (root.name if root.name == "pids" else ""):
            return path
    raise FileNotFoundError(2, "no such control group")
