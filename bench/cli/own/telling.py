"""What was measured of a callable, as sentences and programs name it."""

from __future__ import annotations

import json
from collections.abc import Sequence

from when_async.reports.terminal.tried import Named, Own

from ...trying.target import Call
from .measuring import Plan


def named_of(call: Call) -> Named:
    """A callable as a program names it."""
    args, kwargs = call.arguments()
    items = json.loads(call.items) if call.items else ()
    return Named(call.short, call.module, call.name, args, kwargs, items)


def own_of(plan: Plan, named: Sequence[Named]) -> Own:
    """The callables of a plan by the names they have, the blocking one and the async one."""
    pairs = list(zip(plan.seen, named, strict=True))
    return Own(
        next((name for seen, name in pairs if not seen.awaits), None),
        next((name for seen, name in pairs if seen.awaits), None),
        max((seen.stood_s / seen.seconds for seen in plan.seen if seen.awaits), default=0.0),
        plan.doubt,
    )
