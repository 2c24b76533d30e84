"""Reads a page back with the standard library's parser: open tags, text, styles, the entries of its tables."""

from __future__ import annotations

from html.parser import HTMLParser

VOID = {"meta", "br", "hr", "img", "input", "link", "col"}


class Tree(HTMLParser):
    """Notes every tag with its attributes, and complains where one closes that is not the last to have opened."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[str] = []
        self.tags: list[tuple[str, list[tuple[str, str | None]]]] = []
        self.text: list[str] = []
        self.styles: list[str] = []
        self.complaints: list[str] = []

    @classmethod
    def of(cls, text: str) -> Tree:
        """A page taken apart."""
        tree = cls()
        tree.feed(text)
        return tree

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, attrs))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, attrs))

    def handle_endtag(self, tag: str) -> None:
        if not self.open or self.open[-1] != tag:
            self.complaints.append(f"</{tag}> at {self.getpos()} closes {self.open[-1:]}")
        if tag in self.open:
            while self.open.pop() != tag:
                pass

    def handle_data(self, data: str) -> None:
        (self.styles if self.open[-1:] in (["style"], ["script"]) else self.text).append(data)


class Entries(HTMLParser):
    """The text of every item in the tables of a page, by the table's label."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.label = ""
        self.depth = 0
        self.found: dict[str, list[str]] = {}

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        known = dict(attrs)
        if known.get("role") == "region":
            self.label = known.get("aria-label") or ""
        if tag == "span" and (self.depth or "item" in (known.get("class") or "").split()):
            if not self.depth:
                self.found.setdefault(self.label, []).append("")
            self.depth += 1

    def handle_endtag(self, tag: str) -> None:
        if tag == "span" and self.depth:
            self.depth -= 1

    def handle_data(self, data: str) -> None:
        if self.depth:
            self.found[self.label][-1] += f"{data} "


def tables(text: str) -> dict[str, list[str]]:
    """The items of each table: a point with its interval, or words."""
    parser = Entries()
    parser.feed(text)
    return parser.found
