"""This machine as a run sees it, and what can be asked of it from outside the measured processes."""

from __future__ import annotations

import contextlib
import os
import resource
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Self

from ..asking.far import FarService
from ..environments.provision import child_environ
from ..environments.trees import import_root
from ..model import Service
from ..processes.undisturbed import kept_out, undisturbed
from ..processes.worker import Worker
from ..reaping.reaper import Reaper
from ..worker.probes import below
from .account import Account
from .fingerprint import core_numbers
from .noise import Noise

SHORT = 50
"""Characters of a folder whose sockets all systems take, where helpers lay down what they make."""


@dataclass
class Host:
    """What a run needs of this machine: cores, variables for workers and helpers, reaper, noise, account."""

    cores: tuple[int, ...]
    worker_environ: Mapping[str, str]
    service_environ: Mapping[str, str]
    reaper: Reaper
    noise: Noise
    account: Account
    start_worker: Callable[..., Worker] = Worker
    clock: Callable[[], float] = time.monotonic
    kept_out: Sequence[str] = ()
    """What is set here for finding faults, and is no business of a worker."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def environ_of(self, service: Service) -> Mapping[str, str]:
        """The variables of a helper: of one of a project's own those of its workers, which see no more of ours."""
        return self.worker_environ if isinstance(service, FarService) else self.service_environ

    def close(self) -> None:
        """End what is left of what was started, and give the machine's counters back."""
        self.reaper.close()
        self.noise.close()


def make_host() -> Host:
    """This machine as a run sees it."""
    raise_file_limit()
    outer = os.environ.get("PYTHONPATH")
    # Whoever is killed leaves its temporary files; they are all in one folder, which goes with the run.
    reaper = Reaper()
    scratch = _scratch(tempfile.gettempdir(), reaper)
    # A database server puts a socket there, whose path may not be long.
    helpers = scratch if len(scratch) <= SHORT else _scratch("/tmp", reaper)
    path = os.pathsep.join(filter(None, (str(import_root()), outer)))
    service_environ = {**os.environ, "PYTHONPATH": path, "TMPDIR": helpers}
    return Host(
        cores=core_numbers(),
        worker_environ={**undisturbed(child_environ()), "TMPDIR": scratch},
        service_environ=service_environ,
        reaper=reaper,
        noise=Noise(),
        account=Account(),
        kept_out=kept_out(os.environ),
    )


def _scratch(place: str, reaper: Reaper) -> str:
    made = tempfile.mkdtemp(prefix="when-async-run-", dir=place)
    reaper.watch(made)
    # As the folder that it lies in: a database server may run as another user.
    os.chmod(made, 0o1777)
    return made


def raise_file_limit() -> None:
    """Sockets are files: let workers have as many as the hard limit allows."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    with contextlib.suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def proportional_bytes(pid: int) -> int | None:
    """Proportional memory of a process and its children, which counts shared pages once; None where unknown."""
    try:
        return sum(_pss(each) for each in (pid, *below(pid)))
    except (OSError, ValueError):
        return None


def _pss(pid: int) -> int:
    with open(f"/proc/{pid}/smaps_rollup", encoding="ascii") as lines:
        for line in lines:
            if line.startswith("Pss:"):
                return int(line.split()[1]) * 1024
    raise ValueError("no Pss line")
