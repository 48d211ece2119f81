"""The text of an expression: its words, and struct literals written as maps.

`JSONPatch{op: "add", path: "/x"}` is turned into `{"op": "add", "path": "/x"}` before it is
checked: the checker knows struct types only from protobuf descriptors. What the struct is called
and which fields it has is judged here.
"""

import re
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass

_TOKEN = re.compile(
    r"""
    (?P<blank>[ \t\r\n\f]+|//[^\n]*)
  | (?P<string>(?:[rR][bB]?|[bB][rR]?)?(?:\"{3}|'{3}|["']))
  | (?P<number>\d(?:[\w.]|(?<=[eE])[+-])*)
  | (?P<name>[A-Za-z_]\w*|`[^`\n]*`)
  | (?P<sign>&&|\|\||[<>=!]=|.)
    """,
    re.VERBOSE | re.DOTALL | re.ASCII,
)
JSON_PATCH_FIELDS = frozenset({"op", "path", "from", "value"})
"""What JSONPatch{} has."""


@dataclass(frozen=True, slots=True)
class Token:
    """One word of an expression, without blanks and comments."""

    kind: str
    text: str
    start: int


@dataclass(frozen=True, slots=True)
class ExpressionIssue:
    """What is wrong with an expression, and where in it."""

    message: str
    offset: int


def tokenize(text: str) -> Iterator[Token]:
    """Yield the words of an expression; a text that never ends is one to the end."""
    offset = 0
    while offset < len(text):
        match = _TOKEN.match(text, offset)
        kind = str(match.lastgroup) if match else "sign"
        end = match.end() if match else offset + 1
        if match and kind == "string":
            end = _string_end(text, match)
        if kind != "blank":
            yield Token(kind, text[offset:end], offset)
        offset = end


def _string_end(text: str, match: re.Match[str]) -> int:
    opening = match["string"]
    quote = opening.lstrip("rRbB")
    raw = "r" in opening.lower()
    offset = match.end()
    while offset < len(text):
        if text[offset] == "\\" and not raw:
            offset += 2
        elif text.startswith(quote, offset):
            return offset + len(quote)
        else:
            offset += 1
    return len(text)


@dataclass(frozen=True, slots=True)
class RewrittenExpression:
    """An expression with its struct literals as maps.

    text     what is checked
    types    the struct types that were written, with offsets
    """

    text: str
    struct_types: tuple[Token, ...]
    issues: tuple[ExpressionIssue, ...]
    starts: tuple[int, ...]
    shifts: tuple[int, ...]

    def original_offset(self, offset: int) -> int:
        """Return where in the author's text an offset of the rewritten one stands."""
        number = bisect_right(self.starts, offset) - 1
        return offset if number < 0 else offset + self.shifts[number]


def rewrite_structs(text: str) -> RewrittenExpression:
    """Return the expression with `Type{field: value}` written as `{"field": value}`."""
    if "{" not in text:
        return RewrittenExpression(text, (), (), (), ())
    rewriter = _Rewriter(text)
    for token in tokenize(text):
        rewriter.add_token(token)
    return rewriter.finish()


class _Rewriter:
    """One pass over the words. `open` has, for each bracket, the struct type or ""."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.open_brackets: list[str] = []
        self.pieces: list[str] = []
        self.struct_types: list[Token] = []
        self.issues: list[ExpressionIssue] = []
        self.shift_marks: list[tuple[int, int]] = []
        self.copied = 0
        self.output_size = 0
        self.name_chain: list[Token] = []
        self.at_key = False

    def add_token(self, token: Token) -> None:
        """Read one word."""
        if token.text == "{":
            self._open_brace()
            return
        if self.at_key and token.kind == "name" and self.open_brackets[-1]:
            self._quote_key(token)
        self.at_key = (
            token.text == "," and bool(self.open_brackets) and self.open_brackets[-1] != ""
        )
        self.at_key = self.at_key or (token.text == "?" and self._after_comma)
        self._after_comma = token.text == ","
        if token.text in "([":
            self.open_brackets.append("")
        elif token.text in ")]}" and self.open_brackets:
            self.open_brackets.pop()
        if (token.kind == "name" and (not self.name_chain or self.name_chain[-1].text == ".")) or (
            token.text == "." and self.name_chain and self.name_chain[-1].kind == "name"
        ):
            self.name_chain.append(token)
        else:
            self.name_chain = [token] if token.kind == "name" else []

    _after_comma = False

    def _open_brace(self) -> None:
        name = "".join(word.text for word in self.name_chain)
        if self.name_chain and self.name_chain[0].text != "in":
            start = self.name_chain[0].start
            self.struct_types.append(Token("type", name, start))
            brace = self.text.index("{", self.name_chain[-1].start)
            self._copy_until(start)
            self._skip_until(brace)
        else:
            name = ""
        self.open_brackets.append(name)
        self.at_key, self._after_comma, self.name_chain = bool(name), True, []

    def _quote_key(self, token: Token) -> None:
        if self.open_brackets[-1] == "JSONPatch" and token.text not in JSON_PATCH_FIELDS:
            known = ", ".join(sorted(JSON_PATCH_FIELDS))
            self.issues.append(
                ExpressionIssue(
                    f'JSONPatch has no field "{token.text}"; known are {known}', token.start
                )
            )
        self._copy_until(token.start)
        self._append('"')
        self._skip_until(token.start)
        self._copy_until(token.start + len(token.text))
        self._append('"')
        self._skip_until(token.start + len(token.text))

    def _copy_until(self, end: int) -> None:
        self.pieces.append(self.text[self.copied : end])
        self.output_size += end - self.copied
        self.copied = end

    def _append(self, text: str) -> None:
        self.pieces.append(text)
        self.output_size += len(text)

    def _skip_until(self, end: int) -> None:
        self.copied = end
        self.shift_marks.append((self.output_size, end - self.output_size))

    def finish(self) -> RewrittenExpression:
        """Return what was read."""
        self._copy_until(len(self.text))
        return RewrittenExpression(
            "".join(self.pieces),
            tuple(self.struct_types),
            tuple(self.issues),
            tuple(start for start, _ in self.shift_marks),
            tuple(shift for _, shift in self.shift_marks),
        )
