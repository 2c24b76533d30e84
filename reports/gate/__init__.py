"""How a gate run is shown: terminal, Markdown, JUnit XML, GitHub annotations and JSON, all from one GateReport."""

from __future__ import annotations

from .machine import GateFileError, from_json, load, to_json
from .outlets import NotWritten, publish, step_summary, write

__all__ = ["GateFileError", "NotWritten", "from_json", "load", "publish", "step_summary", "to_json", "write"]
