"""Measures Python's concurrency models on equal, verified work, and says when to use which.

What is needed to write a workload, a runner or a claim, and to load results, can be imported from here. The names are
bound on first use: this module is loaded into every measured process, which must carry nothing else, and into the
writer of run files, which must not pay for pandas.

A workload: `Workload`, `Param`, `Point`, `Service`, `Figure`, `Observed`, `Shape`; its oracle raises `WrongAnswer`, a
body that does not fit raises `Unsuited`. A runner: `Runner`, `Job`, `Round`. A claim: `Claim`, `Part`, `Bound`,
`Axis`, `Ratio`. Results: `load` reads run files into a pandas frame, `summary` reduces it to a row per cell with an
`Estimate` for each number. `measure` measures a function of yours, and returns its table.
"""

from __future__ import annotations

TYPE_CHECKING = False  # as type checkers know it, without importing `typing` into a measured process

if TYPE_CHECKING:
    from .bench.doors.measuring import measure
    from .bench.model import (
        Estimate,
        Figure,
        Job,
        Kit,
        Observed,
        Param,
        Params,
        Point,
        Round,
        Runner,
        Scalar,
        Service,
        Shape,
        Unsuited,
        WhenAsyncError,
        Workload,
        WrongAnswer,
    )
    from .reports.verdicts.claim import Axis, Bound, Claim, Part
    from .reports.verdicts.measures import Ratio
    from .results.cells.summary import summary
    from .results.frame import load

__all__ = [
    "Axis", "Bound", "Claim", "Estimate", "Figure", "Job", "Kit", "Observed", "Param", "Params", "Part",
    "Point", "Ratio", "Round", "Runner", "Scalar", "Service", "Shape", "Unsuited", "WhenAsyncError",
    "Workload", "WrongAnswer",
    "load", "measure", "summary",
]  # fmt: skip

_ELSEWHERE = {
    **dict.fromkeys(("Axis", "Bound", "Claim", "Part"), "reports.verdicts.claim"),
    "Ratio": "reports.verdicts.measures",
    "load": "results.frame",
    "measure": "bench.doors.measuring",
    "summary": "results.cells.summary",
}  # fmt: skip
"""Where the names are that are not nouns of bench.model."""



def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})


# Hidden from type checkers, which would take it that every name can be imported, typing errors too.
if not TYPE_CHECKING:

    def __getattr__(name: str) -> object:
        if name not in __all__:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        from importlib import import_module

        home = _ELSEWHERE.get(name, "bench.model")
        try:
            return getattr(import_module(f"{__name__}.{home}"), name)
        except ModuleNotFoundError as error:
            if error.name != f"{__name__}.{home.partition('.')[0]}":
                raise
            raise ImportError(
                f"{name} is not for measured processes, which hold bench and workloads only; import it where it is used"
            ) from None
