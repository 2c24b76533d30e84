"""Workloads of a user's file that is imported in another environment: described there, planned here, run in workers.

A plan needs names, points and a few figures of a workload. Its functions run in workers alone, which import the file
themselves.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from importlib import import_module
from typing import Any

from ..environments.own import Own
from ..environments.provision import child_environ
from ..model import Figure, Param, Params, Point, Service, Shape, Workload
from ..registry import Found, RegistryError, collect
from .describing import OURS, PLAIN
from .parent import NOTES, There, answer, changes

ALREADY: set[str] = set()
"""Files whose changes of their process were told."""


@dataclass(frozen=True)
class FarService(Service):
    """A helper of the project's own, which its own interpreter starts."""

    python: str = ""


@dataclass
class Far:
    """Reads files in the environment of a project."""

    own: Own
    files: dict[str, dict[str, Found[Workload]]] = field(default_factory=dict)

    def __call__(self, path: str) -> Mapping[str, Found[Workload]]:
        """The workloads of a file; raises RegistryError as its import here would."""
        ref = os.path.realpath(path)
        if not os.path.isfile(ref):
            raise RegistryError(f"{path}: there is no such Python file")
        if ref not in self.files:
            told = self._ask(path)
            self.files[ref] = {one["name"]: Found(self._workload(path, one), ref) for one in told if not one["ours"]}
            ours = [one["name"] for one in told if one["ours"]]
            known = collect("when_async.workloads", Workload) if ours else {}
            self.files[ref] |= {name: known[name] for name in ours}
        return self.files[ref]

    def _ask(self, path: str, *points: tuple[str, Params, int]) -> list[dict[str, Any]]:
        said = answer(path, There(self.own.python, child_environ(), points))
        if "error" in said:
            words = said["error"].replace(os.path.realpath(path), path)
            raise RegistryError(f"{words} (in {self.own.shown})")
        if path not in ALREADY:
            ALREADY.add(path)
            NOTES.extend(f"{text}; it does so in workers too" for text in changes(path, said["did"]))
        return list(said["workloads"])

    def _workload(self, path: str, told: Mapping[str, Any]) -> Workload:
        table = _Table(told["points"], lambda params, in_flight: self._more(path, told["name"], params, in_flight))
        plain: dict[str, Any] = {name: told[name] for name in PLAIN}
        return Workload(
            **{**plain, "threaded": tuple(plain["threaded"])},
            bodies=dict.fromkeys(told["bodies"], _elsewhere),
            params=tuple(Param(**each) for each in told["params"]),
            make_items=_elsewhere,
            check=_elsewhere,
            grid={name: tuple(Point(**each) for each in points) for name, points in told["grid"].items()},
            ideal_s=table.ideal_s if "ideal_s" in told["has"] else None,
            bounds=table.bounds if "bounds" in told["has"] else None,
            service=self._service(path, told["service"]) if told["service"] else None,
            shape=Shape(told["shape"]),
            figures=tuple(Figure(**each) for each in told["figures"]),
            faces=told["faces"],
            needs={word: tuple(modules) for word, modules in told["needs"].items()},
            environ=told["environ"],
        )

    def _more(self, path: str, name: str, params: Params, in_flight: int) -> list[dict[str, Any]]:
        found = next(one for one in self._ask(path, (name, dict(params), in_flight)) if one["name"] == name)
        return list(found["points"])

    def _service(self, path: str, told: Mapping[str, Any]) -> Service:
        module, _, name = told["expect"].partition(":")
        if module and not module.startswith(OURS):
            raise RegistryError(
                f"{path}: what the server {told['name']} has seen can only be checked where when-async is installed "
                f"beside it; install it in {self.own.shown}, or leave out `expect`"
            )
        expect = getattr(import_module(module), name) if module else None
        ours = told["module"].startswith(OURS)
        plain = {**told, "requires": tuple(told["requires"]), "expect": expect}
        return Service(**plain) if ours else FarService(**plain, python=self.own.python)


def _elsewhere(*_: Any) -> Any:
    raise AssertionError("this runs in workers, which import the file themselves")


class _Table:
    """What arithmetic says of points, asked for again where a point is not known yet."""

    def __init__(self, points: list[dict[str, Any]], more: Callable[[Params, int], list[dict[str, Any]]]) -> None:
        self.more = more
        self.ideals: dict[tuple[str, int], float] = {}
        self.bound: dict[tuple[str, int], Mapping[str, float]] = {}
        self._keep(points)

    def _keep(self, points: list[dict[str, Any]]) -> None:
        for each in points:
            key = _key(each["params"])
            self.ideals[key, 1] = each["serial_s"]
            self.ideals[key, each["concurrency"]] = each["ideal_s"]
            self.bound[key, each["concurrency"]] = each["bounds"]

    def ideal_s(self, params: Params, in_flight: int) -> float:
        if (_key(params), in_flight) not in self.ideals:
            self._keep(self.more(params, in_flight))
        return self.ideals[_key(params), in_flight]

    def bounds(self, params: Params, in_flight: int) -> Mapping[str, float]:
        if (_key(params), in_flight) not in self.bound:
            self._keep(self.more(params, in_flight))
        return self.bound[_key(params), in_flight]


def _key(params: Params) -> str:
    return json.dumps(dict(params), sort_keys=True)
