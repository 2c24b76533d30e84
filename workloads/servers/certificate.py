"""A certificate for 127.0.0.1 and the authority that vouches for it, made anew for each server and never kept."""

from __future__ import annotations

from pathlib import Path
from tempfile import mkdtemp
from typing import NamedTuple

from ..bodies.steering import HOST

ABSENT = "TLS needs trustme, which is not installed where the server runs; pip install 'when-async[tls]'"


class Certificate(NamedTuple):
    """Files in PEM: the server's chain and its key, and what clients verify it by."""

    chain: Path
    key: Path
    authority: Path


def make() -> Certificate | None:
    """Make them in a temporary folder, which lies in that of the run and goes with it; None without trustme."""
    try:
        import trustme
    except ImportError:
        return None
    folder = Path(mkdtemp(prefix="when-async-tls-"))
    found = Certificate(folder / "chain.pem", folder / "key.pem", folder / "authority.pem")
    authority = trustme.CA()
    issued = authority.issue_cert(HOST)
    found.chain.write_bytes(b"".join(each.bytes() for each in issued.cert_chain_pems))
    # The folder is ours alone (0700), and so is the key.
    found.key.write_bytes(issued.private_key_pem.bytes())
    authority.cert_pem.write_to_path(str(found.authority))
    return found
