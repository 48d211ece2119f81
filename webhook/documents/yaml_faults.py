"""Why a text is no YAML: libyaml's complaints, told in terms of what the author sees.

libyaml names the rule of its grammar that failed; the author needs the character that is wrong.
So each complaint is looked at together with the line it points at.

Not here: faults of ours, which are sentences already (`yaml_text`, `values`, `json_text`).
"""

import re

from yaml import YAMLError
from yaml.error import MarkedYAMLError
from yaml.reader import ReaderError

from webhook.documents.nodes import Fault

# What YAML 1.1 lets stand in a text (its rule c-printable), negated.
_UNPRINTABLE = re.compile("[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_WORD_COLON_WORD = re.compile(r"\s*(?:- +)*[\w./-]+:(?=[^\s/])")
_DIRECTIVE = 'kubectl does not read lines that begin with "%"'
_BRACKETS = re.compile(r"""\"(?:[^"\\]|\\.)*+"|'[^']*+'|\#[^\n]*+|[\[\]{}]""")
_LONGEST_KEY = 1024
"""Characters: YAML looks no further than this for the ":" of a key."""
_TOO_LONG = f"a key may have {_LONGEST_KEY} characters at most"


def explain(error: YAMLError | UnicodeEncodeError, text: str, base: int) -> Fault:
    """Return the fault that `error`, met while `text` was parsed, stands for."""
    if isinstance(error, (ReaderError, UnicodeEncodeError)):
        return _unprintable(text, base)
    if not isinstance(error, MarkedYAMLError) or error.problem_mark is None:
        return Fault("this is no YAML", base)
    place = _Place(error, text)
    for offset in (place.opened, place.at):
        template = text.find("{{", text.rfind("\n", 0, offset) + 1, place.line_end(offset))
        if template >= 0:
            sentence = '"{{" is a template; render it first, for example with "helm template"'
            return Fault(sentence, base + template)
    sentence, at = _sentence(place)
    return Fault(sentence, base + at, base + place.opened if "{line}" in sentence else None)


class _Place:
    """The complaint, and the text around the place that it points at."""

    def __init__(self, error: MarkedYAMLError, text: str) -> None:
        self.text = text
        self.problem = error.problem or ""
        self.context = error.context or ""
        self.at = min(_index(error.problem_mark), len(text))
        # Where the thing began that was being read; the place itself if nothing was.
        self.opened = self.at if error.context_mark is None else _index(error.context_mark)
        self.line_start = text.rfind("\n", 0, self.at) + 1
        self.line = text[self.line_start : self.line_end(self.at)].rstrip("\r")
        self.before = text[self.line_start : self.at]

    @property
    def char(self) -> str:
        """The character at the place; empty at the end of the text."""
        return self.text[self.at : self.at + 1]

    def line_end(self, offset: int) -> int:
        """Return where the line of an offset ends."""
        end = self.text.find("\n", offset)
        return len(self.text) if end < 0 else end

    def indent(self, offset: int) -> int:
        """Return how far the thing at the offset stands from the left."""
        return offset - (self.text.rfind("\n", 0, offset) + 1)


def _index(mark: object) -> int:
    return int(getattr(mark, "index", 0))


def _unprintable(text: str, base: int) -> Fault:
    match = _UNPRINTABLE.search(text)
    if match is None:  # libyaml's own limits; no such text is known
        return Fault("this text cannot be read as YAML", base)
    return Fault(
        f"the control character U+{ord(match[0]):04X} may not stand in YAML; "
        "in double quotes it can be written as an escape",
        base + match.start(),
    )


def _sentence(place: _Place) -> tuple[str, int]:
    problem, at = place.problem, place.at
    if "cannot start any token" in problem or "tab character" in problem:
        return _stray_character(place)
    if "mapping values are not allowed" in problem:
        return _stray_colon(place)
    if "unexpected end of stream" in problem or "unexpected document indicator" in problem:
        return "the quote that opens here is never closed", place.opened
    if "expected ',' or" in problem:
        return _open_bracket(place)
    if "did not find expected key" in problem or "expected '-' indicator" in problem:
        return _misplaced(place)
    if "could not find expected ':'" in problem:
        return _no_colon(place)
    if "unknown escape character" in problem:
        escape = place.text[at : at + 2]
        return (
            f'"{escape}" is no escape in double quotes; write "\\\\" for a backslash, '
            "or use single quotes",
            at,
        )
    if "escape" in problem or "hexdecimal" in problem:
        return "this escape in double quotes names no character", at
    if "alphabetic or numeric" in problem:
        sign = place.text[place.opened : place.opened + 1]
        return f'a word may not begin with "{sign}"; put it in quotes', place.opened
    if "block sequence entries are not allowed" in problem:
        return 'a list cannot begin with "- " here; it begins on a line of its own', at
    if "mapping keys are not allowed" in problem:
        return '"? " cannot stand here', at
    if "undefined tag handle" in problem:
        return "this tag uses a prefix that is not declared", place.opened
    if "expected node content" in problem:
        return _missing_value(place)
    if "expected <document start>" in problem and place.text.lstrip().startswith("%"):
        return _DIRECTIVE, place.text.index("%")
    if "expected <document start>" in problem:
        return 'the document has ended above; a further one begins with "---"', at
    if "block scalar" in place.context:
        return _block_scalar(place)
    if "incompatible YAML document" in problem or "directive" in place.context + problem:
        return _DIRECTIVE, at
    # A complaint that no text of ours provokes; libyaml's own words are better than none.
    return f"this is no YAML: {problem}", at


def _stray_character(place: _Place) -> tuple[str, int]:
    if place.char == "\t" or "tab character" in place.problem:
        tab = place.line.find("\t")
        at = place.line_start + tab if tab >= 0 else place.at
        return "a tab is used for indentation; YAML takes only spaces there", at
    return f'a word may not begin with "{place.char}"; put it in quotes', place.at


def _missing_value(place: _Place) -> tuple[str, int]:
    if place.char in (",", "]", "}"):
        return f'a value is missing before "{place.char}"', place.at
    open_brackets: list[int] = []
    for match in _BRACKETS.finditer(place.text, 0, place.at):
        if match[0] in ("[", "{"):
            open_brackets.append(match.start())
        elif match[0] in ("]", "}") and open_brackets:
            open_brackets.pop()
    if not open_brackets:
        return "a value is missing here", place.at
    return f'"{place.text[open_brackets[-1]]}" is never closed', open_brackets[-1]


def _stray_colon(place: _Place) -> tuple[str, int]:
    if len(place.before) > _LONGEST_KEY:
        return _TOO_LONG, place.line_start
    if re.search(r":[ \t]", place.before):
        return (
            'a second ":" stands on this line; a value that contains ": " '
            'or ends with ":" must be quoted',
            place.at,
        )
    start = place.line_start + len(place.before) - len(place.before.lstrip())
    return (
        "this key is indented deeper than the line above, which already holds a value",
        start,
    )


def _open_bracket(place: _Place) -> tuple[str, int]:
    opening = place.text[place.opened : place.opened + 1]
    closing = "]" if opening == "[" else "}"
    if not place.text[place.at :].strip():
        return f'"{opening}" is never closed', place.opened
    return (
        f'"," or "{closing}" is missing before this; "{opening}" was opened in line {{line}}',
        place.at,
    )


def _misplaced(place: _Place) -> tuple[str, int]:
    """Explain a word where a block mapping or list wanted its next key or dash."""
    kind = "keys" if "mapping" in place.context else "dashes"
    if place.before.strip():
        if place.before.rstrip()[-1:] in ("'", '"'):
            return "text follows the closing quote; quote the whole value or none of it", place.at
        return "this cannot follow on the same line", place.at
    indent, here = place.indent(place.opened), place.indent(place.at)
    if here != indent:
        return (
            f"this line is indented by {here}, the {kind} that begin in line {{line}} by {indent}",
            place.at,
        )
    if kind == "keys":
        return "this is no key, and the mapping that begins in line {line} has only keys", place.at
    return (
        'this line lacks the "- " of the list that begins in line {line}',
        place.at,
    )


def _no_colon(place: _Place) -> tuple[str, int]:
    start = place.opened
    line_start = place.text.rfind("\n", 0, start) + 1
    line = place.text[line_start : place.line_end(start)].rstrip("\r")
    match = _WORD_COLON_WORD.match(line)
    if match is not None:
        return 'there is no space after ":"', line_start + match.end() - 1
    if len(line) > _LONGEST_KEY:
        return _TOO_LONG, start
    return 'this line is neither "key: value" nor "- item"', start


def _block_scalar(place: _Place) -> tuple[str, int]:
    if "comment or line break" in place.problem:
        return 'the text of a "|" or ">" begins on the next line', place.at
    return 'this does not fit the "|" or ">" that it belongs to', place.at
