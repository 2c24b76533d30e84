"""The one base of all that can go wrong and be told in a line."""

from __future__ import annotations

import os

USAGE, BROKEN = 2, 3


class WhenAsyncError(Exception):
    """What a user can cause or mend: the text is one line that says what to do, `exit_code` how a command ends with it.

    2 is wrong use; 3 says that something which was asked for rightly failed. A class says which, an instance may.
    """

    exit_code = USAGE


class FailedError(WhenAsyncError):
    """What was asked for rightly and failed all the same."""

    exit_code = BROKEN


def last_words(error: BaseException) -> str:
    """One line for an exception: its type, text and the place where it was raised."""
    import traceback

    frames = traceback.extract_tb(error.__traceback__)
    place = f" (at {os.path.basename(frames[-1].filename)}:{frames[-1].lineno})" if frames else ""
    return f"{type(error).__name__}: {error}{place}"
