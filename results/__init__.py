"""What was measured: the run file, the tidy frame, and the statistics on it.

`load` is bound on first use, because it imports pandas and the writer of run files must not.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from results.frame import load

__all__ = ["load"]


def __getattr__(name: str) -> Any:
    """Import `load` when it is first asked for."""
    if name == "load":
        from results.frame import load

        return load
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
