"""What holds for all tests."""

from __future__ import annotations

import os

# The environment that is active where the tests are run is not that of a user's project.
os.environ.pop("VIRTUAL_ENV", None)
