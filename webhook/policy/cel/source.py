"""The text of an expression: its words, and struct literals written as maps.

`JSONPatch{op: "add", path: "/x"}` is turned into `{"op": "add", "path": "/x"}` before it is
checked: the checker knows struct types only from protobuf descriptors. What the struct is called
and which fields it has is judged here.
"""

import re
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass

_WORD = re.compile(
    r"""
    (?P<blank>[ \t\r\n\f]+|//[^\n]*)
  | (?P<string>(?:[rR][bB]?|[bB][rR]?)?(?:\"{3}|'{3}|["']))
  | (?P<number>\d(?:[\w.]|(?<=[eE])[+-])*)
  | (?P<name>[A-Za-z_]\w*|`[^`\n]*`)
  | (?P<sign>&&|\|\||[<>=!]=|.)
    """,
    re.VERBOSE | re.DOTALL | re.ASCII,
)
FIELDS = frozenset({"op", "path", "from", "value"})
"""What JSONPatch{} has."""


@dataclass(frozen=True, slots=True)
class Word:
    """One word of an expression, without blanks and comments."""

    kind: str
    text: str
    start: int


@dataclass(frozen=True, slots=True)
class Misuse:
    """What is wrong with an expression, and where in it."""

    sentence: str
    offset: int


def words(text: str) -> Iterator[Word]:
    """Yield the words of an expression; a text that never ends is one to the end."""
    at = 0
    while at < len(text):
        match = _WORD.match(text, at)
        kind = str(match.lastgroup) if match else "sign"
        end = match.end() if match else at + 1
        if match and kind == "string":
            end = _string_end(text, match)
        if kind != "blank":
            yield Word(kind, text[at:end], at)
        at = end


def _string_end(text: str, match: re.Match[str]) -> int:
    opening = match["string"]
    quote = opening.lstrip("rRbB")
    raw = "r" in opening.lower()
    at = match.end()
    while at < len(text):
        if text[at] == "\\" and not raw:
            at += 2
        elif text.startswith(quote, at):
            return at + len(quote)
        else:
            at += 1
    return len(text)


@dataclass(frozen=True, slots=True)
class Rewritten:
    """An expression with its struct literals as maps.

    text     what is checked
    types    the struct types that were written, with offsets
    """

    text: str
    types: tuple[Word, ...]
    misuses: tuple[Misuse, ...]
    starts: tuple[int, ...]
    shifts: tuple[int, ...]

    def original(self, offset: int) -> int:
        """Return where in the author's text an offset of the rewritten one stands."""
        number = bisect_right(self.starts, offset) - 1
        return offset if number < 0 else offset + self.shifts[number]


def rewrite(text: str) -> Rewritten:
    """Return the expression with `Type{field: value}` written as `{"field": value}`."""
    if "{" not in text:
        return Rewritten(text, (), (), (), ())
    rewriting = _Rewriting(text)
    for word in words(text):
        rewriting.take(word)
    return rewriting.finish()


class _Rewriting:
    """One pass over the words. `open` has, for each bracket, the struct type or ""."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.open: list[str] = []
        self.pieces: list[str] = []
        self.types: list[Word] = []
        self.misuses: list[Misuse] = []
        self.marks: list[tuple[int, int]] = []
        self.copied = 0
        self.size = 0
        self.chain: list[Word] = []
        self.at_key = False

    def take(self, word: Word) -> None:
        """Read one word."""
        if word.text == "{":
            self._open_brace()
            return
        if self.at_key and word.kind == "name" and self.open[-1]:
            self._key(word)
        self.at_key = word.text == "," and bool(self.open) and self.open[-1] != ""
        self.at_key = self.at_key or (word.text == "?" and self._after_comma)
        self._after_comma = word.text == ","
        if word.text in "([":
            self.open.append("")
        elif word.text in ")]}" and self.open:
            self.open.pop()
        if (word.kind == "name" and (not self.chain or self.chain[-1].text == ".")) or (
            word.text == "." and self.chain and self.chain[-1].kind == "name"
        ):
            self.chain.append(word)
        else:
            self.chain = [word] if word.kind == "name" else []

    _after_comma = False

    def _open_brace(self) -> None:
        name = "".join(word.text for word in self.chain)
        if self.chain and self.chain[0].text != "in":
            start = self.chain[0].start
            self.types.append(Word("type", name, start))
            brace = self.text.index("{", self.chain[-1].start)
            self._copy(start)
            self._skip(brace)
        else:
            name = ""
        self.open.append(name)
        self.at_key, self._after_comma, self.chain = bool(name), True, []

    def _key(self, word: Word) -> None:
        if self.open[-1] == "JSONPatch" and word.text not in FIELDS:
            known = ", ".join(sorted(FIELDS))
            self.misuses.append(
                Misuse(f'JSONPatch has no field "{word.text}"; known are {known}', word.start)
            )
        self._copy(word.start)
        self._put('"')
        self._skip(word.start)
        self._copy(word.start + len(word.text))
        self._put('"')
        self._skip(word.start + len(word.text))

    def _copy(self, end: int) -> None:
        self.pieces.append(self.text[self.copied : end])
        self.size += end - self.copied
        self.copied = end

    def _put(self, text: str) -> None:
        self.pieces.append(text)
        self.size += len(text)

    def _skip(self, to: int) -> None:
        self.copied = to
        self.marks.append((self.size, to - self.size))

    def finish(self) -> Rewritten:
        """Return what was read."""
        self._copy(len(self.text))
        return Rewritten(
            "".join(self.pieces),
            tuple(self.types),
            tuple(self.misuses),
            tuple(start for start, _ in self.marks),
            tuple(shift for _, shift in self.marks),
        )
