"""What goes wrong when a report is written."""

from __future__ import annotations


class ReportError(Exception):
    """A report that cannot be written; the text is one line that says why and what to do."""
