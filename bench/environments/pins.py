"""Package pins: `uvloop==0.22.*` as a user writes it, as labels show it, and against what was really installed.

The grammar is that of PEP 508 and the comparison of versions that of PEP 440, both by `packaging`. A pin names a
release of a package index and nothing else: an address or a folder would be other code under the same words tomorrow.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from .interpreters import Unresolvable


class PinError(Unresolvable):
    """A pin that cannot be meant; the text is one line that says what to write instead."""


@dataclass(frozen=True)
class Pin:
    """One requirement that holds in every environment it is given to.

    `text` is what uv is asked for (`aiohttp[speedups]==3.13.*`), `name` the distribution's normalised name and
    `specifier` its versions, empty where any will do.
    """

    text: str
    name: str
    specifier: str

    @property
    def label(self) -> str:
        """`aiohttp==3.13.*`: as labels show it, without extras."""
        return f"{self.name}{self.specifier}"

    def complaint(self, version: str | None) -> str | None:
        """Why the installed `version` is not what was asked for; None where it is."""
        from packaging.specifiers import SpecifierSet
        from packaging.version import InvalidVersion

        if version is None:
            return f"{self.text} was asked for and is not installed"
        try:
            fits = SpecifierSet(self.specifier).contains(version, prereleases=True)
        except InvalidVersion:
            fits = False
        return None if fits else f"{self.text} was asked for, and what is installed is {self.name} {version}"

    @property
    def hint(self) -> str:
        """What was probably meant by `==0.22`, which is release 0.22.0 and no other; else empty."""
        exact = re.fullmatch(r"==(\d+(?:\.\d+)?)", self.specifier)
        return f"; for any release of {exact[1]} write '{self.name}=={exact[1]}.*'" if exact else ""


def parse(texts: Iterable[str]) -> tuple[Pin, ...]:
    """The pins in the order of their names, each once; raises PinError."""
    found: dict[str, Pin] = {}
    for text in texts:
        pin = parse_one(text)
        other = found.setdefault(pin.name, pin)
        if other != pin:
            raise PinError(
                f"{pin.name} is pinned twice, {other.text} and {pin.text}; "
                "give one, and compare two with: when-async compare"
            )
    return tuple(found[name] for name in sorted(found))


def parse_one(text: str) -> Pin:
    """One pin from its text; raises PinError."""
    from packaging.requirements import InvalidRequirement, Requirement
    from packaging.utils import canonicalize_name

    text = text.strip()
    write = "write it like 'uvloop==0.22.*'"
    if re.search(r"[/\\]|^\.|@|\.(whl|zip|tar\.gz)$", text):
        raise PinError(
            f"{shown(text)} is an address or a file, and a pin is a release of a package index; {write}, "
            "and give a folder as a REF"
        )
    try:
        requirement = Requirement(text)
    except InvalidRequirement:
        raise PinError(f"{shown(text)} is not a package with its version; {write}") from None
    if requirement.marker is not None:
        raise PinError(f"{shown(text)}: a pin holds in every environment, so leave out what follows the semicolon")
    if any(specifier.operator == "===" for specifier in requirement.specifier):
        raise PinError(f"{shown(text)}: === compares versions as text; write ==")
    name = canonicalize_name(requirement.name)
    extras = f"[{','.join(sorted(requirement.extras))}]" if requirement.extras else ""
    specifier = str(requirement.specifier)
    return Pin(f"{name}{extras}{specifier}", name, specifier)


def shown(text: str) -> str:
    """What the user wrote, quoted, without what an address may hold of names and passwords."""
    return f"{re.sub(r'[a-z+]+://[^ ]*', '(address)', text)[:80]!r}"


def label(base: str, pins: Sequence[Pin]) -> str:
    """`3.14+uvloop==0.22.*`: the interpreter's label with the pins, as cell ids show it."""
    return "+".join([base, *(pin.label for pin in pins)])


def without(requirements: Mapping[str, str], pins: Sequence[Pin]) -> dict[str, str]:
    """The requirements (module to text) less those whose package is pinned."""
    from packaging.requirements import Requirement
    from packaging.utils import canonicalize_name

    names = {pin.name for pin in pins}
    return {
        module: text for module, text in requirements.items() if canonicalize_name(Requirement(text).name) not in names
    }


def named_in(pins: Sequence[Pin], text: str) -> list[Pin]:
    """The pins that a complaint of uv speaks of; all of them where it names none."""
    spoken = [pin for pin in pins if re.search(rf"(?<![\w-]){re.escape(pin.name)}(?![\w-])", text.lower())]
    return spoken or list(pins)
