"""From the text of an expression to its words. Source: cel-go's grammar (parser/gen/CEL.g4)."""

import re
from dataclasses import dataclass


class CelSyntaxError(Exception):
    """An invalid expression, with the offset of the first unexpected character."""

    def __init__(self, message: str, offset: int) -> None:
        self.message, self.offset = message, offset
        super().__init__(message)


@dataclass(frozen=True, slots=True)
class Token:
    """One word of an expression. `kind`: string, float, int, uint, name, quoted name, sign, end."""

    kind: str
    text: str
    start: int


_ESCAPE = r"\\(?:[abfnrtv\"'\\?`]|[0-3][0-7]{2}|[xX][0-9A-Fa-f]{2}|u[0-9A-Fa-f]{4}|U[0-9A-Fa-f]{8})"
_TOKEN = re.compile(
    rf"""
    (?P<blank>[ \t\r\n\f]+|//[^\n]*)
  | (?P<string>[bB]?(?:
        [rR](?:\"{{3}}.*?\"{{3}}|'{{3}}.*?'{{3}}|\"[^\"\n\r]*\"|'[^'\n\r]*')
      | \"{{3}}(?:{_ESCAPE}|[^\\])*?\"{{3}}
      | '{{3}}(?:{_ESCAPE}|[^\\])*?'{{3}}
      | \"(?:{_ESCAPE}|[^\\\"\n\r])*\"
      | '(?:{_ESCAPE}|[^\\'\n\r])*'
    ))
  | (?P<float>\d+\.\d+(?:[eE][+-]?\d+)?|\d+[eE][+-]?\d+|\.\d+(?:[eE][+-]?\d+)?)
  | (?P<uint>(?:0x[0-9A-Fa-f]+|\d+)[uU])
  | (?P<int>0x[0-9A-Fa-f]+|\d+)
  | (?P<name>[A-Za-z_]\w*)
  | (?P<quoted>`[A-Za-z0-9_./\ -]+`)
  | (?P<sign>&&|\|\||[<>=!]=|[-+*/%<>!?:.,()\[\]{{}}])
    """,
    re.VERBOSE | re.DOTALL | re.ASCII,
)


def tokenize(text: str) -> list[Token]:
    """Return the words of an expression, the end as the last one; raise CelSyntaxError."""
    tokens: list[Token] = []
    offset = 0
    while offset < len(text):
        match = _TOKEN.match(text, offset)
        if match is None:
            character = text[offset]
            quote = character in "\"'"
            message = "unterminated string" if quote else f'unexpected "{character}"'
            raise CelSyntaxError(message, offset)
        if match.lastgroup != "blank":
            tokens.append(Token(str(match.lastgroup), match[0], offset))
        offset = match.end()
    tokens.append(Token("end", "", len(text)))
    return tokens
