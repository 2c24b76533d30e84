"""Of HTTP the predictions know what a call costs its caller, by the leanest client that was measured with a model."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest

from when_async.bench.cli.advise import KNOWN
from when_async.results.prediction.advice_file import read
from when_async.results.prediction.clients import Client, clients
from when_async.results.prediction.fitted import over_http
from when_async.results.prediction.work import Work


def row(runner: str, library: str, cpu_s: float | None, workload: str = "http_fetch", tls: int = 0) -> Any:
    used = None if cpu_s is None else SimpleNamespace(point=cpu_s)
    params = {"n": 200, "tls": tls} if tls else {"n": 200}
    return SimpleNamespace(runner=runner, library=library, workload=workload, cpu_per_op=used, params=params)


def test_the_leanest_library_of_each_model_counts_by_all_its_places() -> None:
    rows = [
        row("asyncio", "aiohttp", 1e-4), row("asyncio", "aiohttp", 3e-4), row("asyncio", "aiohttp", 2e-4),
        row("asyncio", "httpx", 9e-4), row("threading", "requests", 8e-4), row("threading", "http.client", 3e-4),
        row("threading", "http.client", None), row("threading", "http.client", 9e-4, tls=1),
        row("dask", "http.client", 1e-6), row("sync", "", 1e-6, "sleep"),
    ]  # fmt: skip
    found = clients(rows, ["asyncio", "threading", "sync"])
    assert found == {"asyncio": Client("aiohttp", pytest.approx(2e-4)), "threading": Client("http.client", 3e-4)}


def test_the_reference_has_a_client_for_the_usual_models_on_every_interpreter() -> None:
    for known in read(KNOWN)[0]:
        assert {"sync", "threading", "asyncio"} <= set(known.clients)
        assert all(1e-5 < one.call_s < 1e-2 for one in known.clients.values())


def test_a_call_takes_what_its_client_computes_beside_the_rest_and_never_less_than_that() -> None:
    known = read(KNOWN)[0][0]
    work = Work(0.01, 1e-3, 400, 40)
    plain = {one.runner: one for one in known.models}
    called = over_http(known)
    assert {one.runner for one in called.models} | set(called.left_out) == set(plain)
    assert called.clients["multiprocessing"] == known.clients["sync"], "a process calls as a plain loop does"
    for one in called.models:
        cost_s = called.clients[one.runner].call_s
        more = replace(work, cpu_s=work.cpu_s + cost_s)
        assert one.makespan_s(work, 2) == pytest.approx(plain[one.runner].makespan_s(more, 2))
        assert one.bound_s(work, 2) == pytest.approx(plain[one.runner].bound_s(more, 2))
