"""`python look_only.py gate ...`: the gate up to its first timed pair; prints what each side imported, as JSON."""

from __future__ import annotations

import json
from typing import Any

from when_async.bench.cli.gate import judging
from when_async.bench.cli.main import main
from when_async.bench.gate.pairs import Looked, PairedCell, Pairs

SEEN: dict[str, Any] = {}


class Looking(Pairs):
    """Remembers what it saw."""

    def look(self, paired: PairedCell) -> Looked:
        found = super().look(paired)
        SEEN.update(found.modules)
        SEEN["failed"] = found.failed
        return found


def measure(*arguments: object) -> None:
    print(json.dumps(SEEN))
    raise SystemExit(0)


judging._measure = measure  # type: ignore[assignment]
judging.run_gate.__kwdefaults__["make_pairs"] = Looking
main()
