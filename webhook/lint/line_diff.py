"""Which lines of a text are others in a new one, in time that is linear in both.

Not here: how a text is changed (`yamldoc.editing`), what a report shows of it.
"""

import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

MAX_COMPARED_PAIRS = 1 << 20
"""Pairs of lines that are compared one by one, a second's work. Equal lines around a change are
left out first, so that a real fix comes nowhere near. Beyond, all between them is one change."""

_CONTEXT = 3
"""Unchanged lines around a change, as diff and git show them."""

_LINE = re.compile(r"[^\n]*\n|[^\n]+")


class LineChange(NamedTuple):
    """Lines `start` to `end` of a text, from 0, and those that come instead of them."""

    start: int
    end: int
    lines: tuple[str, ...]


def changed_lines(old: Sequence[str], new: Sequence[str]) -> Iterator[LineChange]:
    """Yield what is to be replaced in `old` to get `new`, in the order of the lines."""
    import difflib  # only where something is fixed: start-up time

    start, old_end, new_end = 0, len(old), len(new)
    while start < min(old_end, new_end) and old[start] == new[start]:
        start += 1
    while min(old_end, new_end) > start and old[old_end - 1] == new[new_end - 1]:
        old_end, new_end = old_end - 1, new_end - 1
    if (old_end - start) * (new_end - start) > MAX_COMPARED_PAIRS:
        yield LineChange(start, old_end, tuple(new[start:new_end]))
        return
    matcher = difflib.SequenceMatcher(None, old[start:old_end], new[start:new_end], autojunk=False)
    for kind, first, last, new_first, new_last in matcher.get_opcodes():
        if kind != "equal":
            lines = tuple(new[start + new_first : start + new_last])
            yield LineChange(start + first, start + last, lines)


def unified_diff(name: str, old: str, changes: Sequence[LineChange]) -> Iterator[str]:
    """Yield the lines of a unified diff, as diff and git write them; LF alone ends a line.

    changes  of the lines of `old`, in their order
    """
    if not changes:
        return
    lines = split_lines(old)
    yield f"--- {name}\n"
    yield f"+++ {name}\n"
    shift = 0
    for hunk in _hunks(changes):
        start = max(0, hunk[0].start - _CONTEXT)
        end = min(len(lines), hunk[-1].end + _CONTEXT)
        grown = sum(len(change.lines) - (change.end - change.start) for change in hunk)
        yield (
            f"@@ -{_range(start, end - start)} +{_range(start + shift, end - start + grown)} @@\n"
        )
        at = start
        for change in hunk:
            yield from (_marked(" ", line) for line in lines[at : change.start])
            yield from (_marked("-", line) for line in lines[change.start : change.end])
            yield from (_marked("+", line) for line in change.lines)
            at = change.end
        yield from (_marked(" ", line) for line in lines[at:end])
        shift += grown


def split_lines(text: str) -> list[str]:
    """Return the lines of a text with their ends; LF alone is one."""
    return _LINE.findall(text)


def _hunks(changes: Sequence[LineChange]) -> Iterator[list[LineChange]]:
    """Yield changes whose context would touch together."""
    hunk = [changes[0]]
    for change in changes[1:]:
        if change.start - hunk[-1].end > 2 * _CONTEXT:
            yield hunk
            hunk = []
        hunk.append(change)
    yield hunk


def _range(start: int, count: int) -> str:
    """Return lines as a hunk's head has them: from 1, and what is empty by the line before it."""
    return f"{start + 1 if count else start}{'' if count == 1 else f',{count}'}"


def _marked(mark: str, line: str) -> str:
    """Return a line of a diff; a last one without line end says so, as in diff and git."""
    end = "" if line.endswith("\n") else "\n\\ No newline at end of file\n"
    return f"{mark}{line}{end}"
