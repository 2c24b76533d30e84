"""The table of the regimes says what was measured, with intervals over processes, and what was not there."""

from __future__ import annotations

import sys
from typing import Any

import pytest

from docs.evidence import heap_regimes
from docs.evidence.heap_regimes import AS_IT_IS, LINE, SETTINGS, TUNED, measured, table
from docs.evidence.heap_servers import KINDS


def found(**absent: str) -> dict[str, Any]:
    """Processes of one server that take 20 us and two faults as they are, and 10 us and none in every other setting."""
    times = {setting: 1 + (setting == AS_IT_IS) for setting in SETTINGS}
    row = {
        setting: [{"cpu_s": many * (1e-5 + number * 1e-8), "faults": 2.0 * (many - 1)} for number in range(6)]
        for setting, many in times.items()
    }
    return {"machine": "a box", "interpreters": [{"version": "3.11.7", "rows": {"trio": row}, "absent": absent}]}


def test_a_line_has_the_faults_of_each_setting_and_the_cpu_with_the_ratio_of_both_regimes() -> None:
    lines = table(found())
    cells = lines[-1].split(" | ")
    assert cells[0] == "| trio"
    assert cells[1:5] == ["2.00", "0.00", "0.00", "0.00"]
    assert cells[5].startswith("20.0 µs [")
    assert cells[6].startswith("10.0 µs [")
    assert cells[7] == "2.00× [2.00, 2.00] |"
    assert lines[-3].count("|") == lines[-2].count("|") == lines[-1].count("|")


def test_a_server_that_is_not_there_is_named_with_its_reason() -> None:
    assert table(found(curio="No module named 'curio'"))[-1] == "Not there: curio (No module named 'curio')."


def test_settings_take_turns_and_a_server_that_does_not_start_is_tried_once(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[str, str]] = []

    def once(python: str, kind: str, setting: str) -> dict[str, float]:
        asked.append((kind, setting))
        if kind == "curio":
            raise RuntimeError("no curio")
        return {"cpu_s": 1e-5, "faults": 0.0}

    monkeypatch.setattr(heap_regimes, "once", once)
    monkeypatch.setattr(heap_regimes, "PROCESSES", 2)
    told = measured(sys.executable)
    assert told["absent"] == {"curio": "no curio"}
    assert set(told["rows"]) == {*KINDS} - {"curio"}
    trio = [setting for kind, setting in asked if kind == "trio"]
    assert trio == [*SETTINGS, *list(SETTINGS)[::-1]]
    assert [kind for kind, _ in asked].count("curio") == 1


def test_a_server_gets_its_own_settings_and_none_of_ours(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MALLOC_ARENA_MAX", "1")
    monkeypatch.setenv("PYTHONPATH", "somewhere")
    started: list[tuple[list[str], dict[str, str]]] = []

    class Started:
        pid = 7

        def __init__(self, command: list[str], *, env: dict[str, str], **_: Any) -> None:
            started.append((command, env))
            self.stdout = self

        def __enter__(self) -> Started:
            return self

        def __exit__(self, *_: object) -> None: ...

        def readline(self) -> str:
            return "4711\n"

        def kill(self) -> None: ...

    monkeypatch.setattr(heap_regimes.subprocess, "Popen", Started)
    for setting in (TUNED, LINE):
        with heap_regimes.server("python", "trio", setting) as told:
            assert told == (7, 4711)
    (tuned, its), (lined, plain) = started
    assert its[TUNED].startswith("glibc.malloc.mmap_threshold=")
    assert (tuned[-1], lined[-2:]) == ("trio", ["trio", LINE])
    assert not {"MALLOC_ARENA_MAX", "PYTHONPATH", TUNED} & set(plain)


def test_a_server_that_does_not_start_says_why_in_its_last_line() -> None:
    refused = pytest.raises(RuntimeError, match="KeyError: 'nobody'")
    with refused, heap_regimes.server(sys.executable, "nobody", AS_IT_IS):
        pass
