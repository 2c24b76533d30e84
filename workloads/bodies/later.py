"""Bodies that are imported when they are opened, so that no contestant pays for the libraries of another."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from when_async.bench.model import Body, Kit, Params


def later(module: str, name: str) -> Body:
    """The blocking body of that name in a module beside this one."""

    def body(kit: Kit, params: Params) -> Any:
        return getattr(import_module(f".{module}", __package__), name)(kit, params)

    return body


def later_async(module: str, name: str) -> Body:
    """The same for a body of an event loop."""

    async def body(kit: Kit, params: Params) -> Any:
        return await getattr(import_module(f".{module}", __package__), name)(kit, params)

    return body
