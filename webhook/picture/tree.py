"""The picture for a terminal.

    models/iris
    └─ predictor main · 100 % of traffic
       ├─ scaler  TRANSFORMER
       │  container scaler in Deployment 1
       │  ↓
       │  iris  MODEL · SKLEARN_SERVER
       │  gs://seldon-models/iris
       │  ✗ missing-container: no container named "iris" in this predictor
       └─ Deployment 1: iris-main-0-scaler
          containers scaler, seldon-container-engine

A node with one child has it below, at the same column, so that a chain of any length fits; only
branches are indented.
"""

import textwrap
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from webhook.picture import labels
from webhook.picture.model import DrawnNode, DrawnPredictor, Mark, Picture, worst_action

Style = Callable[[str, str], str]
"""Takes a text and its role ("deny", "warn", "audit", "frame", "strong", "dim")."""

_MIN_TEXT_WIDTH = 24
"""Columns that a text has at least: deeper branches are no longer indented, and say their level."""


@dataclass(frozen=True, slots=True)
class Glyphs:
    """What lines are drawn with."""

    branch: str
    last: str
    bar: str
    arrow: str
    cross: str
    separator: str
    ellipsis: str


UNICODE = Glyphs("├─ ", "└─ ", "│  ", "↓", "✗", "·", "…")
ASCII = Glyphs("|- ", "`- ", "|  ", "v", "x", "-", "...")
_BLANK = "   "


def can_encode(encoding: str | None) -> bool:
    """Return whether a terminal of this encoding shows what the lines are drawn with."""
    try:
        "├└│─↓✗·…".encode(encoding or "ascii")
    except (UnicodeEncodeError, LookupError):
        return False
    return True


def write(
    picture: Picture,
    *,
    width: int = 80,
    glyphs: Glyphs = UNICODE,
    style: Style = lambda text, _: text,
) -> str:
    """Return the picture as lines of at most `width` columns (40 at least), with a final newline.

    With the glyphs `ASCII` every character is ASCII; others are written as escapes.
    """
    writer = _Writer(max(width, 40), glyphs, style)
    return "".join(f"{line}\n" for line in writer.picture(picture))


@dataclass(frozen=True, slots=True)
class _Writer:
    width: int
    glyphs: Glyphs
    style: Style

    def picture(self, picture: Picture) -> Iterator[str]:
        yield from self.text("", labels.title(picture), "strong")
        yield from self.marks("", picture.marks)
        for number, predictor in enumerate(picture.predictors):
            is_last = number == len(picture.predictors) - 1
            yield from self.predictor(predictor, is_last=is_last)
        if not picture.predictors:
            yield from self.text(self.glyphs.last, "no predictors", "dim")

    def predictor(self, predictor: DrawnPredictor, *, is_last: bool) -> Iterator[str]:
        head = self.glyphs.last if is_last else self.glyphs.branch
        below = _BLANK if is_last else self.glyphs.bar
        yield from self.text(head, labels.predictor_title(predictor), "strong", below)
        yield from self.marks(below, predictor.marks)
        explainer, deployments = predictor.explainer, predictor.deployments
        others = (explainer is not None) + len(deployments)
        if predictor.graph is not None:
            yield from self.node(predictor.graph, below, is_last=others == 0, depth=0)
        else:
            head = self.glyphs.branch if others else self.glyphs.last
            yield from self.text(below + head, "no graph", "dim")
        if explainer is not None:
            head, inner = self.ends(below, is_last=not deployments)
            yield from self.text(head, labels.explainer_title(explainer), "strong", inner)
            if explainer.model_uri:
                yield from self.text(inner, labels.label(explainer.model_uri), "dim")
            if explainer.deployment is not None:
                yield from self.text(inner, f"in Deployment {explainer.deployment + 1}", "dim")
            yield from self.marks(inner, explainer.marks)
        for number, deployment in enumerate(deployments):
            head, inner = self.ends(below, is_last=number == len(deployments) - 1)
            yield from self.text(head, labels.deployment_title(deployment, number), "", inner)
            yield from self.text(inner, labels.containers_text(deployment), "dim")
            yield from self.marks(inner, labels.deployment_marks(deployment))

    def ends(self, prefix: str, *, is_last: bool) -> tuple[str, str]:
        """Return the prefixes of the first and of the following lines of a branch."""
        glyphs = self.glyphs
        if is_last:
            return prefix + glyphs.last, prefix + _BLANK
        return prefix + glyphs.branch, prefix + glyphs.bar

    def node(self, node: DrawnNode, prefix: str, *, is_last: bool, depth: int) -> Iterator[str]:
        """Yield a node and what is below it, as a branch of `prefix`."""
        head, inner = self.ends(prefix, is_last=is_last)
        if len(inner) > self.width - _MIN_TEXT_WIDTH:
            inner = f"{self.glyphs.ellipsis} "
            head = f"{inner}level {depth + 1}: "
        while True:
            bar = inner + (self.glyphs.bar if len(node.children) > 1 else "")
            yield from self.node_lines(node, head, bar)
            depth += 1
            if len(node.children) != 1:
                break
            (node,) = node.children
            yield f"{self.frame(inner)}{self.style(self.glyphs.arrow, 'frame')}"
            head = inner
        for number, child in enumerate(node.children):
            child_is_last = number == len(node.children) - 1
            yield from self.node(child, inner, is_last=child_is_last, depth=depth)

    def node_lines(self, node: DrawnNode, head: str, inner: str) -> Iterator[str]:
        name = labels.label(node.name) or "(no name)"
        kind = labels.node_kind(node)
        name, kind = self.plain(name), self.plain(kind)
        if len(head) + len(name) + 2 + len(kind) <= self.width:
            yield f"{self.frame(head)}{self.style(name, 'strong')}{'  ' if kind else ''}{kind}"
        else:
            yield from self.text(head, name, "strong", inner)
            if kind:
                yield from self.text(inner, kind, "")
        if node.model_uri:
            yield from self.text(inner, labels.label(node.model_uri), "dim")
        role = "dim" if node.deployment is not None or node.is_builtin else "warn"
        yield from self.text(inner, labels.node_place(node), role)
        yield from self.marks(inner, node.marks)

    def marks(self, prefix: str, marks: tuple[Mark, ...]) -> Iterator[str]:
        for mark in marks[: labels.MAX_SHOWN_MARKS]:
            text = f"{labels.mark_text(mark)}: {mark.message}"
            yield from self.text(prefix, labels.label(text, 500), mark.action, prefix + "  ")
        if more := labels.more_marks(marks):
            yield from self.text(prefix, f"  {more}", worst_action(marks) or "")

    def text(self, head: str, text: str, role: str, rest: str | None = None) -> Iterator[str]:
        """Yield a text behind `head`, folded; its other lines begin with `rest`."""
        rest = head if rest is None else rest
        text = self.plain(text)
        room = max(self.width - max(len(head), len(rest)), 10)
        for number, line in enumerate(textwrap.wrap(text, room, break_on_hyphens=False) or [""]):
            yield f"{self.frame(head if number == 0 else rest)}{self.style(line, role)}"

    def frame(self, prefix: str) -> str:
        return self.style(prefix, "frame") if prefix.strip() else prefix

    def plain(self, text: str) -> str:
        if self.glyphs is not ASCII:
            return text
        for ours, plain in (
            (UNICODE.cross, "x"),
            (UNICODE.separator, "-"),
            (UNICODE.ellipsis, "..."),
        ):
            text = text.replace(ours, plain)
        return text.encode("ascii", "backslashreplace").decode()
