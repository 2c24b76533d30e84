"""The live workers of one comparison in one fork, with the helper process that they need."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from ..environments.provision import worker_environ
from ..machine.delay import delay
from ..machine.host import Host, proportional_bytes
from ..model import Phase, Point, Sample, Status, Trial, from_json
from ..plan import Block, Comparison, Contestant, Settings
from ..processes.service import RunningService, ServiceFailed
from ..processes.worker import ProcessFailed, ProcessTimedOut, ProcessUnsuited, trial
from .checks import attestation_complaint, code_complaint, minority, pool_complaint, time_complaint
from .cores import roles
from .latency import packed
from .members import LostWorker, Member

LAUNCH_TIMEOUT_S = 60.0
ANSWER_TIMEOUT_S = 5.0
"""For so long a helper may be silent when it is asked whether it is still there."""


class WorkerGroup:
    """Starts, asks and ends the workers of one comparison; whoever fails leaves and costs the others nothing."""

    def __init__(
        self,
        host: Host,
        settings: Settings,
        comparison: Comparison,
        fork: int,
        attempt: int,
        service: RunningService | None = None,
    ) -> None:
        """`service` is a helper that runs already and is not ours to stop; without it `start_service` starts one."""
        self.host = host
        self.settings = settings
        self.comparison = comparison
        self.fork = fork
        self.attempt = attempt
        self.members: dict[int, Member] = {}
        self.service = service
        self.service_facts: Mapping[str, Any] = service.facts if service else {}
        self._lent = service is not None
        self._closing = False

    def has(self, index: int) -> bool:
        return index in self.members

    def _cores(self) -> tuple[list[int] | None, list[int] | None]:
        return roles(self.host.cores, self.fork) if self.settings.pin else (None, None)

    def start_service(self, known: dict[str, float | None]) -> float | None:
        """Start the helper, if the workload has one, and prove its headroom once per run; raises ServiceFailed."""
        service = self.comparison.workload.service
        if service is None:
            return None
        subject, other = self._cores()
        with self.host.account.charge("service"):
            self.service = RunningService(
                service, environ=self.host.environ_of(service), reaper=self.host.reaper, affinity=other
            )
            self.service_facts = self.service.facts
            if self.comparison.id not in known:
                point = self.comparison.point
                known[self.comparison.id] = self.service.capacity_per_s(point.params, point.concurrency, subject)
        return known[self.comparison.id]

    def launch(self, wanted: set[int]) -> list[LostWorker]:
        """Start the workers side by side: nothing is timed yet, and imports are most of it."""
        lost = []
        subject, _ = self._cores()
        with self.host.account.charge("launch"):
            for index in sorted(wanted):
                contestant = self.comparison.contestants[index]
                try:
                    worker = self.host.start_worker(
                        contestant.environment.executable,
                        self._trial(contestant),
                        environ={
                            **worker_environ(self.host.worker_environ, contestant.environment),
                            **self.comparison.workload.environ,
                        },
                        reaper=self.host.reaper,
                    )
                except ProcessFailed as error:
                    lost.append(LostWorker(contestant.cell.id, Status.FAILED, str(error)))
                    continue
                self.members[index] = Member(contestant, worker)
            for index, member in list(self.members.items()):
                lost += self._guard(index, lambda member=member: self._ready(member, subject))  # type: ignore[misc]
        return lost

    @staticmethod
    def _ready(member: Member, core: Sequence[int] | None) -> None:
        """Wait for the imports, which may spread over all cores, and only then bind a one-core contestant to one."""
        member.worker.ready(LAUNCH_TIMEOUT_S)
        if core is not None and member.contestant.cell.one_core:
            member.worker.pin(core)

    def _trial(self, contestant: Contestant) -> dict[str, Any]:
        cell = contestant.cell
        mine = contestant.workload.ref.endswith(".py") and contestant.environment.folder
        return trial(
            contestant.workload, contestant.runner, cell.body_key, Point(cell.concurrency, cell.params),
            self.settings.seed, address=self.service.address if self.service else None,
            extra_loops=contestant.extra_loops, **({"folder": mine} if mine else {}),
        )  # fmt: skip

    def open(self) -> list[LostWorker]:
        """Open the sessions one after another, so that the start-up of a pool is a figure of its own."""
        lost = []
        with self.host.account.charge("open"):
            for index, member in list(self.members.items()):
                lost += self._guard(index, lambda member=member: self._open(member))  # type: ignore[misc]
        return lost

    def _open(self, member: Member) -> None:
        answer = member.worker.ask(self.settings.timeout_s, do="open")
        member.startup_s = answer["startup_s"]
        member.facts = answer["facts"]
        member.attestation = answer["attestation"]
        environment = member.contestant.environment
        complaint = attestation_complaint(environment, answer["attestation"]) or code_complaint(environment, answer)
        if complaint:
            raise ProcessFailed(complaint)
        member.modules = answer.get("modules", {})

    def round(self, index: int, block: Block, position: int) -> tuple[Sample | None, list[LostWorker]]:
        """One round of one contestant; a failure comes back as the loss of that contestant alone."""
        found: list[Sample] = []
        with self.host.account.charge("between_rounds"):
            lost = self._guard(index, lambda: found.append(self._round(self.members[index], block, position)))
        for sample in found:
            self.host.account.move("between_rounds", f"timed_{sample.phase}", sample.makespan_s)
        lost += self._dismiss_minority()
        return (found[0] if found and self.has(index) else None), lost

    def _round(self, member: Member, block: Block, position: int) -> Sample:
        if self.service and self.settings.sweep:
            # Between bare rounds nobody but the contestants asks it for anything, and they are counted each time.
            self.service.stats()
        before = delay(member.worker.pid)
        mark, began = self.host.noise.mark(), self.host.clock()
        prove = block.phase is Phase.WARMUP and block.round == 0
        phase = f"in round {block.round} of the {block.phase} phase"
        try:
            answer = member.worker.ask(self.settings.timeout_s, do="round", prove=prove, sweep=self.settings.sweep)
        except ProcessTimedOut as error:
            raise ProcessTimedOut(f"{phase}: {error}") from error
        except ProcessUnsuited:
            raise
        except ProcessFailed as error:
            raise ProcessFailed(f"{phase}: {error}") from error
        window_s = self.host.clock() - began
        noise = {**self.host.noise.since(mark), "window_s": window_s, **delay(member.worker.pid).since(before)}
        learned = answer.get("learned", {})
        member.items = learned.get("items", member.items)
        member.result_type = learned.get("result_type", member.result_type)
        stats = self._service_stats()
        complaint = time_complaint(answer["makespan_s"], window_s) or pool_complaint(answer["peak_in_flight"], stats)
        if complaint:
            raise ProcessFailed(f"{phase}: {complaint}")
        known = {
            "cell": member.contestant.cell.id,
            "fork": self.fork,
            "block": block.round,
            "round": block.round,
            "attempt": self.attempt,
            "phase": block.phase,
            "position": position,
            "service": stats,
            "noise": noise,
            "latency": packed(answer.get("latencies_ns", ())),
        }
        return from_json(Sample, answer | known)

    def _dismiss_minority(self) -> list[LostWorker]:
        """End whoever made other items than the rest; the sides of a gate may have other workloads, and say so."""
        lost: list[LostWorker] = []
        sources: dict[str, dict[int, str]] = {}
        for index, member in self.members.items():
            sources.setdefault(member.contestant.environment.source, {})[index] = member.items
        # Not before all have made theirs: of two that differ nobody knows which is right.
        for digests in (each for each in sources.values() if all(each.values())):
            for index, reason in minority(digests).items():
                lost += self.dismiss(index, reason)
        return lost

    def _service_stats(self) -> dict[str, Any]:
        service = self.comparison.workload.service
        if self.service is None or service is None:
            return {}
        stats = self.service.stats()
        if service.expect is not None:
            complaint = service.expect(self.comparison.point.params, self.comparison.point.concurrency, stats)
            if complaint:
                raise ProcessFailed(f"the {service.name} server saw other work than was asked for: {complaint}")
        return stats

    def _guard(self, index: int, step: Callable[[], Any]) -> list[LostWorker]:
        """Run a step of one member; if it fails the member is killed, buried and told as lost.

        Where it is the helper that has gone, all others are lost with it: each would wait for it in vain.
        """
        if not self.has(index):
            return []
        try:
            step()
        except ProcessUnsuited as error:
            status, reason = Status.UNSUPPORTED, str(error)
        except (ProcessFailed, ServiceFailed) as error:
            status, reason = Status.FAILED, str(error)
        except ProcessTimedOut as error:
            status, reason = Status.TIMEOUT, str(error)
        else:
            return []
        lost = self.dismiss(index, reason, status)
        gone = self._service_gone()
        if gone:
            told = f"{reason}; {gone}" if status is Status.TIMEOUT else gone
            lost = [replace(lost[0], reason=told)]
            lost += [loss for other in list(self.members) for loss in self.dismiss(other, gone)]
        return lost

    def _service_gone(self) -> str:
        """Why the helper answers no more; empty where it does, or nobody needs it any longer."""
        try:
            if self.service and not self._closing:
                self.service.stats(ANSWER_TIMEOUT_S)
        except ServiceFailed as error:
            return str(error)
        return ""

    def dismiss(self, index: int, reason: str, status: Status = Status.FAILED) -> list[LostWorker]:
        """End a member for good."""
        member = self.members.pop(index)
        member.worker.kill()
        return [LostWorker(member.contestant.cell.id, status, reason)]

    def close(self) -> Iterator[tuple[Trial, list[LostWorker]]]:
        """Read the memory of the live pools, end every session, and give the account of each trial."""
        self._closing = True
        for index, member in list(self.members.items()):
            with self.host.account.charge("close"):
                pss_bytes = proportional_bytes(member.worker.pid)
                ended: list[float] = []
                lost = self._guard(
                    index,
                    lambda member=member, ended=ended: ended.append(self._close(member)),  # type: ignore[misc]
                )
            result_type = {"result_type": member.result_type} if member.result_type else {}
            yield (
                Trial(
                    cell=member.contestant.cell.id,
                    fork=self.fork,
                    attempt=self.attempt,
                    launch_s=member.worker.launch_s,
                    startup_s=member.startup_s,
                    teardown_s=ended[0] if ended else None,
                    pss_bytes=pss_bytes,
                    attestation=member.attestation or {},
                    facts={**(member.facts or {}), **result_type},
                ),
                lost,
            )

    def _close(self, member: Member) -> float:
        answer = member.worker.ask(self.settings.timeout_s, do="close")
        # A body may import when it runs.
        if complaint := code_complaint(member.contestant.environment, answer):
            raise ProcessFailed(complaint)
        member.modules = answer.get("modules", {})
        # What a session learned of itself on the way, such as the size of its chunks.
        member.facts = answer.get("facts", member.facts)
        return float(answer["teardown_s"])

    def kill(self) -> None:
        """End whatever still lives; called on every way out."""
        with self.host.account.charge("close"):
            for member in self.members.values():
                member.worker.kill()
            self.members.clear()
            if self.service and not self._lent:
                self.service.stop()
