"""Who is compared with whom, and why not."""

from __future__ import annotations

from dataclasses import dataclass

from when_async.bench.model import Status

from .resolve import CellFacts, ContrastError, Kind, Name


@dataclass(frozen=True)
class Two:
    """A cell of A and its counterpart of B; None on a side where nobody asked for it, which still has an id."""

    a: CellFacts | None
    b: CellFacts | None
    id_a: str
    id_b: str
    label: str
    hint: str = ""
    """What to do about the missing one."""

    @property
    def pythons(self) -> tuple[str, str]:
        """The labels of the two interpreters."""
        a, b = (
            str(cell["python"]) if cell else name.rpartition("@")[2]
            for cell, name in ((self.a, self.id_a), (self.b, self.id_b))
        )
        return a, b

    @property
    def hole(self) -> str:
        """Why there is nothing to compare, in a sentence; empty where both cells are OK."""
        for cell, name in ((self.a, self.id_a), (self.b, self.id_b)):
            if cell is None:
                return f"{name} was not asked for{self.hint}"
            if cell["status"] != Status.OK:
                return f"{name} is {cell['status']}: {cell['reason']}"
        return ""


def of_contestants(a: Name, b: Name) -> list[Two]:
    """The cells of `a` with those of `b` in the same comparison, on the same interpreter and with the same library.

    A name that fixes an interpreter or a library may differ in it from another that does. A cell without partner is
    left alone, so that it can be told. Raises ContrastError for equal names and where no two cells meet.
    """
    refuse_itself(a, b)
    met = [(mine, other) for mine in a.cells for other in b.cells if _meet(a, mine, b, other)]
    if not met:
        raise ContrastError(_apart(a, b))
    twos = [Two(mine, other, str(mine["cell"]), str(other["cell"]), _label(mine, other)) for mine, other in met]
    if Kind.CELL in (a.kind, b.kind):
        return twos
    paired = {two.id_a for two in twos} | {two.id_b for two in twos}
    twos += [_alone(cell, _absent(b, cell), b) for cell in a.cells if cell["cell"] not in paired]
    twos += [_alone(_absent(a, cell), cell, a) for cell in b.cells if cell["cell"] not in paired]
    return twos


def of_environments(a: Name, b: Name) -> list[Two]:
    """The cells of two interpreters that do the same work with the same contestant.

    Raises ContrastError for the same interpreter twice.
    """
    refuse_itself(a, b)
    sides = [{f"{cell['comparison']}-{cell['contestant']}": cell for cell in name.cells} for name in (a, b)]
    return [
        Two(sides[0].get(key), sides[1].get(key), f"{key}@{a.text}", f"{key}@{b.text}", key)
        for key in dict.fromkeys([*sides[0], *sides[1]])
    ]


def of_runs(a: list[CellFacts], b: list[CellFacts]) -> list[Two]:
    """The cells of two runs that have the same id; raises ContrastError where none has."""
    sides = [{str(cell["cell"]): cell for cell in cells} for cells in (a, b)]
    if not sides[0].keys() & sides[1].keys():
        raise ContrastError("the two runs have no cell in common; measure equal points, runners and interpreters")
    return [
        Two(sides[0].get(cell), sides[1].get(cell), cell, cell, cell) for cell in dict.fromkeys([*sides[0], *sides[1]])
    ]


def other_work(digests_a: tuple[str, ...], digests_b: tuple[str, ...]) -> str:
    """Why two OK cells did not do equal work, or the empty string; each side gives the digests of its rounds."""
    if len({*digests_a, *digests_b}) <= 1:
        return ""
    return f"unequal work: the results differ (digest {' and '.join(digests_a)} vs {' and '.join(digests_b)})"


def refuse_itself(a: Name, b: Name) -> None:
    """Raise ContrastError where both names mean the same cells."""
    if [cell["cell"] for cell in a.cells] == [cell["cell"] for cell in b.cells]:
        raise ContrastError(f"{a.text} would be compared with itself; name two different sides")


def _meet(a: Name, mine: CellFacts, b: Name, other: CellFacts) -> bool:
    """Whether two cells do the same work and differ only in what the names say they may."""
    return bool(
        mine["comparison"] == other["comparison"]
        and mine["cell"] != other["cell"]
        and (mine["python"] == other["python"] or (a.python and b.python))
        and (mine["library"] == other["library"] or a.library or b.library)
    )


def _label(mine: CellFacts, other: CellFacts) -> str:
    """`sleep[wait=10ms,n=100,c=10]: asyncio vs uvloop on 3.11`."""
    names = [str(cell["contestant"]) for cell in (mine, other)]
    if mine["python"] == other["python"]:
        return f"{mine['comparison']}: {names[0]} vs {names[1]} on {mine['python']}"
    return f"{mine['comparison']}: {names[0]}@{mine['python']} vs {names[1]}@{other['python']}"


def _absent(name: Name, partner: CellFacts) -> CellFacts:
    """What would be known of the partner of a cell under a contestant's name, had anybody asked for it."""
    who, _, python = name.text.partition("@")
    library = f"/{partner['library']}" if partner["library"] and "/" not in who else ""
    facts = {"comparison": partner["comparison"], "contestant": who + library, "python": python or partner["python"]}
    return {**facts, "cell": f"{facts['comparison']}-{facts['contestant']}@{facts['python']}"}


def _alone(mine: CellFacts, other: CellFacts, missing: Name) -> Two:
    """A cell beside the partner that it lacks because nobody asked for a cell named `missing` there."""
    # Only facts from the frame hold a status.
    a, b = (cell if "status" in cell else None for cell in (mine, other))
    hint = "" if missing.library else "; to compare across libraries name both contestants with theirs"
    return Two(a, b, str(mine["cell"]), str(other["cell"]), _label(mine, other), hint)


def _apart(a: Name, b: Name) -> str:
    if a.kind is b.kind is Kind.CELL:
        works = [name.cells[0]["comparison"] for name in (a, b)]
        return f"{works[0]} and {works[1]} are different work; name two cells of one comparison"
    how = "" if a.library or b.library else " with the same library; name both with their libraries"
    return f"{a.text} and {b.text} never meet in one comparison on the same interpreter{how}"
