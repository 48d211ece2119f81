"""The picture as SVG 1.1: boxes for nodes, arrows for calls, a frame for each predictor.

A graph of few levels runs from left to right. A deeper one runs from top to bottom: a chain keeps
its column, and only branches are indented, so that 185 nodes in a row are a column to scroll and
no band of 40,000 pixels.

Belongs here: geometry and markup. Every text is escaped here, and only text, fixed colours and
numbers get into the markup: no link, no script, no image.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple
from xml.sax.saxutils import escape

from webhook.picture import labels
from webhook.picture.model import (
    DrawnExplainer,
    DrawnNode,
    DrawnPredictor,
    Mark,
    Picture,
    worst_action,
)

STYLE = """
.gg{--fg:#1f2328;--dim:#59636e;--line:#8c959f;--box:#fff;--frame:#f6f8fa;--deny:#c4232b;
--warn:#9a6700;--audit:#0969da;--denybox:#fff1f0;--warnbox:#fff8e1;
font:13px system-ui,-apple-system,"Segoe UI",Roboto,"DejaVu Sans",sans-serif}
.gg text{fill:var(--fg)}
.gg .n{font-weight:600}
.gg .d{fill:var(--dim);font-size:11px}
.gg .t{font-weight:600;font-size:15px}
.gg .f{fill:var(--frame);stroke:var(--line)}
.gg .s{stroke-dasharray:6 4}
.gg .b{fill:var(--box);stroke:var(--line)}
.gg .e{fill:none;stroke:var(--line);stroke-width:1.5}
.gg .a{fill:var(--line)}
.gg .deny{fill:var(--denybox);stroke:var(--deny);stroke-width:2.5}
.gg .warn{fill:var(--warnbox);stroke:var(--warn);stroke-width:2.5}
.gg .audit{stroke:var(--audit);stroke-width:2}
.gg .mdeny{fill:var(--deny);font-size:11px;font-weight:600}
.gg .mwarn{fill:var(--warn);font-size:11px;font-weight:600}
.gg .maudit{fill:var(--audit);font-size:11px;font-weight:600}
.gg .c0{fill:#4269d0}.gg .c1{fill:#3ca951}.gg .c2{fill:#efb118}.gg .c3{fill:#a463f2}
.gg .c4{fill:#ff725c}.gg .c5{fill:#6cc5b0}.gg .c6{fill:#ff8ab7}.gg .c7{fill:#9c6b4e}
"""
"""The light colours; a page that embeds pictures needs it once."""

_DARK_COLOURS = (
    "{--fg:#e6edf3;--dim:#9198a1;--line:#656c76;--box:#161b22;--frame:#0d1117;--deny:#ff7b72;"
    "--warn:#e3b341;--audit:#79c0ff;--denybox:#2d1214;--warnbox:#2b2111}"
)
DARK_STYLE = f"@media screen and (prefers-color-scheme:dark){{.gg{_DARK_COLOURS}}}\n"

_COLOURS = 8
_BOX_WIDTH = 236
_PADDING = 10
_TEXT_WIDTH = _BOX_WIDTH - 2 * _PADDING - 4
_LINE = 16
_GAP_X, _GAP_Y = 44, 14
_INDENT = 34
_MARGIN = 14
_BRANCHES_SHOWN = 60
"""Steps that branches are indented; a graph has at most a hundred levels."""

_MAX_MESSAGE_LENGTH = 100
"""Characters of a finding on a line of its own."""
_TALL = 900
"""Pixels of children beyond which their parent is beside the first one, and not in the middle,
where it would be out of sight."""

_NAME_SIZE, _SMALL_SIZE, _TITLE_SIZE = 13, 11, 15
"""Pixels of the fonts, as in `STYLE`."""

# How wide characters are, in heights of the font; measured at DejaVu Sans Bold, the widest of the
# fonts that `STYLE` names.
_NARROW = frozenset("iljI.,:;'|!()[] ")
_WIDE = frozenset("mwMW@%…—")


class _Line(NamedTuple):
    text: str
    css: str


@dataclass(frozen=True, slots=True)
class _Box:
    """One rectangle with its lines.

    css     "deny", "warn", "audit" or ""
    stripe  the number of the Deployment that it runs in, a colour; None: in none
    """

    x: float
    y: float
    width: float
    height: float
    lines: Sequence[_Line]
    css: str
    stripe: int | None
    tooltip: str


@dataclass(slots=True)
class _Canvas:
    """What is drawn, and how far it reaches."""

    boxes: list[_Box] = field(default_factory=list)
    edges: list[str] = field(default_factory=list)
    right: float = 0.0
    bottom: float = 0.0

    def add(self, box: _Box) -> _Box:
        self.boxes.append(box)
        self.right = max(self.right, box.x + box.width)
        self.bottom = max(self.bottom, box.y + box.height)
        return box


def write(pictures: Sequence[Picture], *, standalone: bool = True) -> str:
    """Return one SVG document with the pictures below each other.

    standalone  with the style sheet in it; False: for a page that has `STYLE`
    """
    parts: list[str] = []
    y, width = float(_MARGIN), 320.0
    for picture in pictures:
        markup, right, y = _draw_picture(picture, y)
        parts.append(markup)
        width = max(width, right + _MARGIN)
        y += _MARGIN
    names = ", ".join(labels.title(picture) for picture in pictures[:3])
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" class="gg" role="img" '
        f'width="{width:g}" height="{y:g}" viewBox="0 0 {width:g} {y:g}">\n'
        f"<title>{_text(f'Inference graph of {names}')}</title>\n"
    )
    style = f"<style>{STYLE}{DARK_STYLE}</style>\n" if standalone else ""
    return f"{head}{style}{''.join(parts)}</svg>\n"


def _draw_picture(picture: Picture, top: float) -> tuple[str, float, float]:
    """Return the markup, and how far it reaches to the right and to the bottom."""
    y = top + 18
    parts = [_line(_MARGIN, y, _Line(labels.title(picture), "t"))]
    right = _MARGIN + _width(labels.title(picture), _TITLE_SIZE)
    for line in _mark_lines(picture.marks):
        y += _LINE
        parts.append(_line(_MARGIN, y, line))
        right = max(right, _MARGIN + _width(line.text, _SMALL_SIZE))
    y += 10
    for predictor in picture.predictors:
        markup, frame_right, y = _draw_predictor(predictor, y)
        parts.append(markup)
        right = max(right, frame_right)
        y += 12
    return "".join(parts), right, y


def _draw_predictor(predictor: DrawnPredictor, top: float) -> tuple[str, float, float]:
    x, y = _MARGIN + 14.0, top + 24
    title = labels.label(labels.predictor_title(predictor), 90)
    heading = [_line(x, y, _Line(title, "n"))]
    text_right = x + _width(title, _NAME_SIZE)
    for line in _mark_lines(predictor.marks):
        y += _LINE
        heading.append(_line(x, y, line))
        text_right = max(text_right, x + _width(line.text, _SMALL_SIZE))
    canvas = _Canvas(right=text_right, bottom=y)
    y += 14
    if predictor.graph is None:
        canvas.bottom = y
    elif _depth(predictor.graph) <= labels.MAX_COLUMNS:
        _place_across(canvas, predictor.graph, x, y)
    else:
        _place_down(canvas, predictor.graph, x, y)
    if predictor.explainer is not None:
        lines = _explainer_lines(predictor.explainer)
        box = _make_box(
            x,
            canvas.bottom + _GAP_Y,
            lines,
            predictor.explainer.marks,
            stripe=predictor.explainer.deployment,
            tooltip=labels.label(predictor.explainer.model_uri, 500),
        )
        canvas.add(box)
    y = canvas.bottom + 8
    legend = []
    for number, deployment in enumerate(predictor.deployments):
        y += _LINE
        text = labels.deployment_title(deployment, number)
        text = labels.label(f"{text}; {labels.containers_text(deployment)}", 110)
        legend.append(
            f'<rect class="c{number % _COLOURS}" x="{x:g}" y="{y - 9:g}" width="10" height="10"/>'
        )
        legend.append(_line(x + 16, y, _Line(text, "d")))
        canvas.right = max(canvas.right, x + 16 + _width(text, _SMALL_SIZE))
        for line in _mark_lines(labels.deployment_marks(deployment)):
            y += _LINE
            legend.append(_line(x + 16, y, line))
            canvas.right = max(canvas.right, x + 16 + _width(line.text, _SMALL_SIZE))
    bottom, right = y + 12, canvas.right + 14
    worst = worst_action(predictor.marks) or ""
    css = " ".join(filter(None, ("f", "s" if predictor.shadow else "", worst)))
    frame = (
        f'<rect class="{css}" x="{_MARGIN}" y="{top:g}" width="{right - _MARGIN:g}" '
        f'height="{bottom - top:g}" rx="8"/>\n'
    )
    boxes = "".join(map(_box_markup, canvas.boxes))
    return frame + "".join((*heading, *canvas.edges)) + boxes + "".join(legend), right, bottom


def _place_across(canvas: _Canvas, node: DrawnNode, x: float, y: float) -> tuple[_Box, float]:
    """Place a node with its children to the right; return its box and the bottom of all."""
    lines = _node_lines(node)
    below = y
    children: list[_Box] = []
    for child in node.children:
        child_box, below = _place_across(canvas, child, x + _BOX_WIDTH + _GAP_X, below)
        children.append(child_box)
        below += _GAP_Y
    below -= _GAP_Y if node.children else 0
    height = _height(lines)
    box_y = y
    if children and below - y <= _TALL:
        middle = (_centre(children[0]) + _centre(children[-1])) / 2
        box_y = max(y, middle - height / 2)
    box = canvas.add(_node_box(node, x, box_y, lines))
    for child_box in children:
        canvas.edges.append(_edge_across(box, child_box))
    return box, max(below, box.y + box.height)


def _place_down(canvas: _Canvas, root: DrawnNode, x: float, top: float) -> None:
    """Place all nodes below each other, in the order of the document."""
    waiting: list[tuple[DrawnNode, float, _Box | None]] = [(root, x, None)]
    y = top
    limit = x + _BRANCHES_SHOWN * _INDENT
    while waiting:
        node, left, parent = waiting.pop()
        box = canvas.add(_node_box(node, left, y, _node_lines(node)))
        y += box.height + _GAP_Y + 8
        if parent is not None:
            canvas.edges.append(_edge_down(parent, box))
        inner = min(left + _INDENT, limit) if len(node.children) > 1 else left
        waiting.extend((child, inner, box) for child in reversed(node.children))


def _depth(root: DrawnNode) -> int:
    depth, level = 0, [root]
    while level:
        depth, level = depth + 1, [child for node in level for child in node.children]
    return depth


def _node_box(node: DrawnNode, x: float, y: float, lines: Sequence[_Line]) -> _Box:
    texts = [node.name, labels.node_kind(node), node.model_uri, labels.node_place(node)]
    texts += [f"{mark.action} {mark.rule_id}: {mark.message}" for mark in node.marks]
    tooltip = "\n".join(labels.label(text, 500) for text in texts if text)
    return _make_box(x, y, lines, node.marks, stripe=node.deployment, tooltip=tooltip)


def _make_box(
    x: float,
    y: float,
    lines: Sequence[_Line],
    marks: tuple[Mark, ...],
    *,
    stripe: int | None,
    tooltip: str,
) -> _Box:
    css = worst_action(marks) or ""
    return _Box(x, y, _BOX_WIDTH, _height(lines), lines, css, stripe, tooltip)


def _height(lines: Sequence[_Line]) -> float:
    return 2 * _PADDING + _LINE * len(lines) - 4


def _centre(box: _Box) -> float:
    return box.y + box.height / 2


def _node_lines(node: DrawnNode) -> list[_Line]:
    lines = [_Line(_fit(node.name or "(no name)", _NAME_SIZE), "n")]
    if kind := labels.node_kind(node):
        lines.append(_Line(_fit(kind, _SMALL_SIZE), "d"))
    if node.model_uri:
        lines.append(_Line(_fit(node.model_uri, _SMALL_SIZE), "d"))
    place = labels.node_place(node)
    if _width(place, _SMALL_SIZE) > _TEXT_WIDTH and node.deployment is not None:
        place = f"container in Deployment {node.deployment + 1}"  # which is called as the node
    lines.append(_Line(_fit(place, _SMALL_SIZE), "d"))
    return lines + _box_mark_lines(node.marks)


def _explainer_lines(explainer: DrawnExplainer) -> list[_Line]:
    lines = [_Line(_fit(labels.explainer_title(explainer), _NAME_SIZE), "n")]
    if explainer.model_uri:
        lines.append(_Line(_fit(explainer.model_uri, _SMALL_SIZE), "d"))
    return lines + _box_mark_lines(explainer.marks)


def _box_mark_lines(marks: tuple[Mark, ...]) -> list[_Line]:
    """Return the ids of findings, for which a box has room."""
    lines = [
        _Line(_fit(labels.mark_text(mark), _SMALL_SIZE), f"m{mark.action}")
        for mark in marks[: labels.MAX_SHOWN_MARKS]
    ]
    return [*lines, *_more_line(marks)]


def _mark_lines(marks: tuple[Mark, ...]) -> list[_Line]:
    """Return findings with their messages, for a line of its own."""
    lines = [
        _Line(
            labels.label(f"{labels.mark_text(mark)}: {mark.message}", _MAX_MESSAGE_LENGTH),
            f"m{mark.action}",
        )
        for mark in marks[: labels.MAX_SHOWN_MARKS]
    ]
    return [*lines, *_more_line(marks)]


def _more_line(marks: tuple[Mark, ...]) -> list[_Line]:
    more = labels.more_marks(marks)
    return [_Line(more, f"m{worst_action(marks)}")] if more else []


def _fit(text: str, size: int) -> str:
    """Return a text that is no wider than a box has room, its middle left out if need be."""
    characters = min(len(text), labels.MAX_LABEL_LENGTH)
    shown = labels.label(text, characters)
    while characters > 1 and (width := _width(shown, size)) > _TEXT_WIDTH:
        characters = min(characters - 1, int(characters * _TEXT_WIDTH / width) + 1)
        shown = labels.label(text, characters)
    return shown


def _width(text: str, size: int) -> float:
    return size * sum(map(_character_width, text))


def _character_width(character: str) -> float:
    if character in _NARROW:
        return 0.42
    if character in _WIDE or ord(character) > 0x2E80:  # from there on writing is square
        return 1.05
    return 0.8 if character.isupper() or character == "_" else 0.68


def _edge_across(parent: _Box, child: _Box) -> str:
    start_x, start_y = parent.x + parent.width, _centre(parent)
    end_x, end_y = child.x - 7, _centre(child)
    middle = (start_x + end_x) / 2
    return (
        f'<path class="e" d="M{start_x:g} {start_y:g}C{middle:g} {start_y:g} {middle:g} {end_y:g} '
        f'{end_x:g} {end_y:g}"/>'
        f'<path class="a" d="M{child.x:g} {end_y:g}l-8 -4v8z"/>\n'
    )


def _edge_down(parent: _Box, child: _Box) -> str:
    bottom = parent.y + parent.height
    if child.x == parent.x:
        x = parent.x + 18
        return (
            f'<path class="e" d="M{x:g} {bottom:g}V{child.y - 7:g}"/>'
            f'<path class="a" d="M{x:g} {child.y:g}l-4 -8h8z"/>\n'
        )
    x, y = parent.x + 12, _centre(child)
    return (
        f'<path class="e" d="M{x:g} {bottom:g}V{y:g}H{child.x - 7:g}"/>'
        f'<path class="a" d="M{child.x:g} {y:g}l-8 -4v8z"/>\n'
    )


def _box_markup(box: _Box) -> str:
    css = f"b {box.css}".rstrip()
    parts = [
        f"<g><title>{_text(box.tooltip)}</title>"
        f'<rect class="{css}" x="{box.x:g}" y="{box.y:g}" width="{box.width:g}" '
        f'height="{box.height:g}" rx="6"/>'
    ]
    if box.stripe is not None:
        parts.append(
            f'<rect class="c{box.stripe % _COLOURS}" x="{box.x + 3:g}" y="{box.y + 6:g}" '
            f'width="4" height="{box.height - 12:g}" rx="2"/>'
        )
    for number, line in enumerate(box.lines):
        y = box.y + _PADDING + 9 + number * _LINE
        parts.append(_line(box.x + _PADDING + 4, y, line))
    parts.append("</g>\n")
    return "".join(parts)


def _line(x: float, y: float, line: _Line) -> str:
    return f'<text class="{line.css}" x="{x:g}" y="{y:g}">{_text(line.text)}</text>\n'


def _text(text: str) -> str:
    """Return a text as XML: escaped, and without the characters that no XML can hold."""
    return escape("".join(c if c == "\n" or c.isprintable() else "\ufffd" for c in text))
