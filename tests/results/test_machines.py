"""A machine is told by its node, its processor and its cores, and has a short name that no other one has."""

from __future__ import annotations

from when_async.results.machines import Machine, machine_of, names_of


def test_the_name_is_the_processor_without_trade_marks() -> None:
    box = {"node_id": "5e37", "cpu": "Intel(R) Xeon(R) Processor", "cores": 2}
    assert machine_of({"machine": box}).name == "Intel Xeon"
    assert machine_of({}).name == "unknown processor"
    assert Machine("", "Intel(R) Xeon(R) CPU @ 2.20GHz", 2).name == "Intel Xeon CPU @ 2.20GHz"


def test_a_host_that_was_moved_to_another_processor_is_another_machine() -> None:
    one, other = (machine_of({"machine": {"node_id": "a", "cpu": cpu}}) for cpu in ("x", "y"))
    assert one != other


def test_machines_of_one_processor_are_told_apart_by_cores_then_by_node() -> None:
    alike = [Machine("aaaaaa", "E", 2), Machine("bbbbbb", "E", 2)]
    found = names_of([*alike, Machine("aaaaaa", "E", 8), Machine("c", "F", 2)])
    assert list(found.values()) == ["E, 2 cores, aaaa", "E, 2 cores, bbbb", "E, 8 cores", "F"]
