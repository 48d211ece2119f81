"""The pages of the documentation, their code blocks, links and headings."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from textwrap import dedent

from tests.seeds import ROOT

PAGES = sorted(
    path
    for pattern in (
        *("*.md", "docs/**/*.md", "certs/*.md", "policies/**/*.md", "manifests/**/*.md"),
        *("benchmarks/*.md", ".github/**/*.md"),
    )
    for path in ROOT.glob(pattern)
)

_FENCE = re.compile(r"^(?P<indent> *)(?P<ticks>`{3,})(?P<language>\S*)[^\n]*$")
_HEADING = re.compile(r"^#{1,6} +(.*?) *#*$")
_LINK = re.compile(r"!?\[(?:[^\]\[]|\[[^\]]*\])*\]\(([^()\s]*(?:\([^()\s]*\))?[^()\s]*)\)")
_SPAN = re.compile(r"(?<!`)`([^`\n]+)`(?!`)")


@dataclass(frozen=True)
class Block:
    """A fenced block: where it begins, its language ("" for none), and its text."""

    page: str
    line: int
    language: str
    text: str

    @property
    def place(self) -> str:
        return f"{self.page}:{self.line}"

    @property
    def key(self) -> tuple[str, str]:
        """What exemptions name it by: page and first line, which outlive other edits."""
        return self.page, self.text.split("\n", 1)[0].strip()


def name_of(page: Path) -> str:
    return page.relative_to(ROOT).as_posix()


def split_page(text: str, page: str = "") -> tuple[list[Block], list[tuple[int, str]]]:
    """Return the blocks of a page, and its other lines with their numbers."""
    blocks: list[Block] = []
    prose: list[tuple[int, str]] = []
    body: list[str] = []
    opened = None
    for number, line in enumerate(text.split("\n"), 1):
        fence = _FENCE.match(line)
        if opened is None and fence:
            opened, body = (number, fence), []
        elif opened is None:
            prose.append((number, line))
        elif fence and not fence["language"] and len(fence["ticks"]) >= len(opened[1]["ticks"]):
            blocks.append(Block(page, opened[0], opened[1]["language"], dedent("\n".join(body))))
            opened = None
        else:
            body.append(line)
    assert opened is None, f"{page}:{opened[0]}: a code block has no end"
    return blocks, prose


def blocks_of(page: Path) -> list[Block]:
    return split_page(page.read_text(encoding="utf-8"), name_of(page))[0]


def all_blocks() -> Iterator[Block]:
    for page in PAGES:
        yield from blocks_of(page)


def links_of(text: str) -> list[tuple[int, str]]:
    """Return where a page links to, with the line; what stands in code is no link."""
    lines = split_page(text)[1]
    return [
        (number, target)
        for number, line in lines
        for target in _LINK.findall(_SPAN.sub(lambda span: "x" * len(span[0]), line))
    ]


def spans_of(text: str) -> list[tuple[int, str]]:
    """Return the inline code of a page, with the line."""
    lines = split_page(text)[1]
    return [(number, span) for number, line in lines for span in _SPAN.findall(line)]


def anchors_of(text: str) -> set[str]:
    """Return the anchors that GitHub gives to the headings of a page."""
    anchors: set[str] = set()
    for _, line in split_page(text)[1]:
        if heading := _HEADING.match(line):
            shown = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading[1])
            slug = re.sub(r"[^\w\- ]", "", shown.replace("`", "").lower()).replace(" ", "-")
            count, anchor = 0, slug
            while anchor in anchors:
                count += 1
                anchor = f"{slug}-{count}"
            anchors.add(anchor)
    return anchors
