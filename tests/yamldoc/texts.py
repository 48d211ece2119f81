"""Writes generated values as text the way people do: styles mixed, comments sprinkled.

A writer of its own: were it the product's, a fault common to both would stay hidden.
"""

import json
import random
import re
from typing import Any

from hypothesis import strategies as st

WORDS = [
    "a", "step_one", "step-one", "yes", "1", "", "a: b", "# x", "x #y", "é", "it's", 'say "x"',
    "two\nlines", "ends with a break\n", " lead", "seldonio/step_one:1.0", "null", "~", "- a",
    "{x}", "a, b", "\ttab", "😀", "a\u2028b", "0777", "*x", "&y", "!z", "%p", "@a", "1e3", "<<",
    "C:\\dir", "22:22", "trail ", "a:", ":a", "?", "-", "=", "\x7f", "/path/", "a/b: c",
]  # fmt: skip
KEYS = ["name", "type", "children", "image", "a", "b", "c/d", "e~f", "yes", "1", "é", "x y", "on"]

scalars = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(10**6), 10**6),
    st.sampled_from([0.5, -1.25, 1e21, 1e-7]),
    st.sampled_from(WORDS),
    st.sampled_from(WORDS),
)


def collections(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.one_of(
        st.lists(inner, max_size=4),
        st.dictionaries(st.sampled_from(KEYS), inner, max_size=5),
    )


values = st.recursive(scalars, collections, max_leaves=20)
roots = st.dictionaries(st.sampled_from(KEYS), values, min_size=1, max_size=5)


class Writer:
    """Writes one value; every choice of style comes from `rnd`."""

    def __init__(self, rnd: random.Random) -> None:
        self.rnd = rnd
        self.step = rnd.choice([2, 2, 2, 4, 3])
        self.dashes = rnd.choice([0, 0, 2])
        self.comments = rnd.choice([0, 0.1, 0.3])
        self.flows = rnd.choice([0, 0.1, 0.4])
        self.newline = rnd.choice(["\n", "\n", "\n", "\r\n", "\r"])
        self.serial = 0

    def document(self, value: Any) -> str:
        kind = self.rnd.random()
        if kind < 0.1:
            text = json.dumps(value, ensure_ascii=self.rnd.random() < 0.5)
        elif kind < 0.2:
            indent = self.rnd.choice(["  ", "    ", "\t"])
            text = json.dumps(value, indent=indent, ensure_ascii=False) + "\n"
        else:
            lines = self.comment_lines(0) + self.write_block(value, 0)
            # kubectl takes no lone "\r" for the end of a "---" line.
            head = ["---"] if self.newline != "\r" and self.rnd.random() < 0.2 else []
            text = "\n".join(head + lines + self.comment_lines(0)) + "\n"
            # Without its last break a block of text ("|") would lose one, so not there.
            if self.rnd.random() < 0.2 and "|" not in text and not text.endswith("\n\n"):
                text = text[:-1]
        return text.replace("\n", self.newline)

    def comment(self) -> str:
        if self.rnd.random() >= self.comments:
            return ""
        self.serial += 1
        return f"  # note {self.serial}"

    def comment_lines(self, indent: int) -> list[str]:
        lines = []
        while self.rnd.random() < self.comments / 2:
            self.serial += 1
            lines.append(self.rnd.choice(["", " " * indent + f"# line {self.serial}"]))
        return lines

    def write_block(self, value: Any, indent: int) -> list[str]:
        """Lines of a value at an indentation; the first line is indented too."""
        blanks = " " * indent
        lines: list[str] = []
        if isinstance(value, dict) and value:
            for number, (key, item) in enumerate(value.items()):
                if number:
                    lines += self.comment_lines(indent)
                lines += self.entry(blanks + self.scalar(key) + ":", item, indent)
        elif isinstance(value, list) and value:
            for number, item in enumerate(value):
                if number:
                    lines += self.comment_lines(indent)
                lines += self.item(item, indent)
        else:
            lines.append(blanks + self.flow(value))
        return lines

    def entry(self, head: str, item: Any, indent: int) -> list[str]:
        if isinstance(item, (dict, list)) and item and self.rnd.random() >= self.flows:
            deeper = indent + (self.step if isinstance(item, dict) else self.dashes)
            return [
                head + self.comment(),
                *self.comment_lines(deeper),
                *self.write_block(item, deeper),
            ]
        if item is None and self.rnd.random() < 0.5:
            return [head + self.comment()]
        if isinstance(item, str) and self.is_literal(item) and self.rnd.random() < 0.6:
            return self.literal(head + " ", item, indent + self.step)
        return [f"{head} {self.flow(item)}{self.comment()}"]

    def item(self, item: Any, indent: int) -> list[str]:
        blanks = " " * indent
        if isinstance(item, (dict, list)) and item and self.rnd.random() >= self.flows:
            width = self.rnd.choice([2, 2, 2, 4])
            lines = self.write_block(item, indent + width)
            if self.rnd.random() < 0.1:
                return [blanks + "-" + self.comment(), *lines]
            return [blanks + "-" + " " * (width - 1) + lines[0].lstrip(" "), *lines[1:]]
        if item is None and self.rnd.random() < 0.5:
            return [blanks + "-" + self.comment()]
        if isinstance(item, str) and self.is_literal(item) and self.rnd.random() < 0.6:
            return self.literal(blanks + "- ", item, indent + 2)
        return [f"{blanks}- {self.flow(item)}{self.comment()}"]

    def is_literal(self, text: str) -> bool:
        return "\n" in text and text[0] not in " \n"

    def literal(self, head: str, text: str, indent: int) -> list[str]:
        body = text.rstrip("\n")
        breaks = len(text) - len(body)
        sign = {0: "|-", 1: "|"}.get(breaks, "|+")
        lines = [" " * indent + line if line else "" for line in body.split("\n")]
        return [head + sign, *lines, *[""] * max(breaks - 1, 0)]

    def flow(self, value: Any) -> str:
        if isinstance(value, dict) and value:
            inner = ", ".join(f"{self.scalar(k)}: {self.flow(v)}" for k, v in value.items())
            return "{" + inner + self.rnd.choice(["", "", ","]) + "}"
        if isinstance(value, list) and value:
            return "[" + ", ".join(self.flow(v) for v in value) + "]"
        return self.scalar(value)

    def scalar(self, value: Any) -> str:
        if not isinstance(value, str):
            return json.dumps(value)
        plain = re.fullmatch(r"[A-Za-z][A-Za-z_/-]*", value) and value not in ("yes", "on", "null")
        if plain and self.rnd.random() < 0.7:
            return value
        if value.isprintable() and self.rnd.random() < 0.5:
            return "'" + value.replace("'", "''") + "'"
        return json.dumps(value).replace("\x7f", "\\u007f") if value.isascii() else quoted(value)


def quoted(text: str) -> str:
    """Double quotes without surrogate pairs, which YAML does not know."""
    return json.dumps(text, ensure_ascii=False).replace("\u2028", "\\u2028")


def pointer(path: tuple[str | int, ...]) -> str:
    return "".join(
        f"/{s}" if isinstance(s, int) else "/" + s.replace("~", "~0").replace("/", "~1")
        for s in path
    )


def all_paths(value: Any, path: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:
    """Every place of a value, the root included."""
    found = [path]
    pairs = value.items() if isinstance(value, dict) else ()
    if isinstance(value, list):
        pairs = enumerate(value)  # type: ignore[assignment]
    for key, item in pairs:
        found += all_paths(item, (*path, key))
    return found
