"""Says on what machine a run was made, without naming the machine or its user; None is what cannot be told."""

from __future__ import annotations

import contextlib
import hashlib
import os
import platform
import re
import resource
from collections.abc import Iterator
from pathlib import Path
from typing import Any

ROOT = Path("/")

PRODUCTS = {
    "kvm": "kvm", "qemu": "kvm", "vmware": "vmware", "virtualbox": "virtualbox", "virtual machine": "hyper-v",
    "hvm domu": "xen", "google compute engine": "google", "amazon ec2": "amazon", "openstack": "openstack",
}  # fmt: skip
"""What a hypervisor calls the board it pretends to be, in lower case."""


def fingerprint(root: Path = ROOT) -> dict[str, Any]:
    """The `machine` of a run file; `root` is where /proc, /sys and /etc are looked for."""
    return {
        "node_id": node_id(root),
        "system": system(),
        "cpu": cpu_model(root),
        "cores": usable_cores(),
        "memory_bytes": memory_bytes(),
        "governor": read(root / "sys/devices/system/cpu/cpu0/cpufreq/scaling_governor"),
        "virtual": virtual(root),
        "container": in_container(root),
        "limits": limits(root),
    }


def node_id(root: Path = ROOT) -> str:
    """Twelve hex digits that are the same for each run on this machine and tell nobody its name."""
    machine = read(root / "etc/machine-id") or read(root / "var/lib/dbus/machine-id")
    if machine is None:
        import uuid

        machine = str(uuid.getnode())
    return hashlib.sha256(f"when-async\0{machine}\0{platform.node()}".encode()).hexdigest()[:12]


def system() -> str:
    """`Linux 6.18.44`: the kernel without what a builder appended to its number."""
    number = re.match(r"\d+(?:\.\d+)*", platform.release())
    return f"{platform.system()} {number[0] if number else platform.release()}".strip()


def cpu_model(root: Path = ROOT) -> str | None:
    """The model as the processor names itself, else the architecture."""
    for line in (read(root / "proc/cpuinfo") or "").splitlines():
        name, _, value = line.partition(":")
        if name.strip() in ("model name", "Model", "cpu model") and value.strip():
            return value.strip()
    return platform.processor() or platform.machine() or None


def core_numbers() -> tuple[int, ...]:
    """Cores this process may run on, which a container or `taskset` can make fewer than there are."""
    if hasattr(os, "sched_getaffinity"):
        return tuple(sorted(os.sched_getaffinity(0)))
    return tuple(range(os.cpu_count() or 1))


def usable_cores() -> int:
    """How many cores this process may run on."""
    return len(core_numbers())


def memory_bytes() -> int | None:
    """All memory of the machine."""
    with contextlib.suppress(OSError, ValueError):
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return None


def virtual(root: Path = ROOT) -> str | None:
    """The hypervisor below us, `hypervisor` where it does not say which, None on bare metal or if nobody can tell."""
    kind = read(root / "sys/hypervisor/type")
    if kind:
        return kind
    board = " ".join(read(root / "sys/class/dmi/id" / name) or "" for name in ("product_name", "sys_vendor")).lower()
    for sign, name in PRODUCTS.items():
        if sign in board:
            return name
    cpuinfo = read(root / "proc/cpuinfo") or ""
    return "hypervisor" if re.search(r"^flags\s*:.*\bhypervisor\b", cpuinfo, re.MULTILINE) else None


def in_container(root: Path = ROOT) -> bool:
    """A guess from the marks that container engines leave."""
    if (root / ".dockerenv").exists() or (root / "run/.containerenv").exists() or "container" in os.environ:
        return True
    return re.search(r"docker|kubepods|containerd|libpod|lxc", read(root / "proc/1/cgroup") or "") is not None


def limits(root: Path = ROOT) -> dict[str, int | None]:
    """How many tasks and files we may have (method.md, R14); None is no limit, or one that cannot be read."""
    pids = [_number(folder / "pids.max") for folder in cgroup_folders("pids", root)]
    return {
        "nproc": _soft_limit("RLIMIT_NPROC"),
        "nofile": _soft_limit("RLIMIT_NOFILE"),
        "pids_max": min((value for value in pids if value is not None), default=None),
        "threads_max": _number(root / "proc/sys/kernel/threads-max"),
    }


def cgroup_folders(controller: str, root: Path = ROOT) -> Iterator[Path]:
    """Folders of our control groups from our own up to the top, version 2 first; a limit may sit in any of them."""
    for line in (read(root / "proc/self/cgroup") or "").splitlines():
        _, names, path = [*line.split(":", 2), "", ""][:3]
        mounts = ("sys/fs/cgroup", "sys/fs/cgroup/unified") if names == "" else (f"sys/fs/cgroup/{names}",)
        if names and controller not in names.split(","):
            continue
        for mount in mounts:
            folder = (root / mount / path.lstrip("/")).absolute()
            top = (root / mount).absolute()
            yield from (part for part in (folder, *folder.parents) if part == top or top in part.parents)


def _soft_limit(name: str) -> int | None:
    soft, _ = resource.getrlimit(getattr(resource, name))
    return None if soft == resource.RLIM_INFINITY else int(soft)


def _number(path: Path) -> int | None:
    text = read(path)
    return int(text) if text is not None and text.isdigit() else None


def read(path: Path) -> str | None:
    """The text of a file of the system, without white space around it; None where there is none."""
    try:
        return path.read_text(encoding="utf-8", errors="replace").strip() or None
    except OSError:
        return None
