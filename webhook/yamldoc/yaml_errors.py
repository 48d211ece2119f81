"""Why a text is not YAML: libyaml's errors in terms of what the author sees.

libyaml names the rule of its grammar that failed; the author needs the character that is wrong.
So each complaint is looked at together with the line it points at.

Not here: graphgate's own errors, which are messages already (`yaml_composer`, `constructor`,
`json_parser`).
"""

import re

from yaml import YAMLError
from yaml.error import MarkedYAMLError
from yaml.reader import ReaderError

from webhook.yamldoc.nodes import ParseError

# What YAML 1.1 allows in a text (its rule c-printable), negated.
_UNPRINTABLE = re.compile("[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_WORD_COLON_WORD = re.compile(r"\s*(?:- +)*[\w./-]+:(?=[^\s/])")
_INDENTATION = re.compile(r"[^\S\n\r]*[\u200b\ufeff]*[^\S\n\r]*")
_ODD_BLANK = re.compile(r"[^ \t]")
_TEMPLATE = re.compile(r"\{[{%]|<%")
"""What opens a template of Helm, Jinja or ERB."""
_DIRECTIVE = 'kubectl does not read lines that begin with "%"'
_BRACKETS = re.compile(r"""\"(?:[^"\\]|\\.)*+"|'[^']*+'|\#[^\n]*+|[\[\]{}]""")
# As `graph.limits`: a hundred graph nodes inside one another nest 206 deep. Copying and comparing
# data takes two frames a level, and Python gives 1000 to all code together.
MAX_DEPTH = 240
NESTED_TOO_DEEP_MESSAGE = f"more than {MAX_DEPTH} nested lists and mappings"
_MAX_KEY_LENGTH = 1024
"""Characters: YAML looks no further than this for the ":" of a key."""
_KEY_TOO_LONG_MESSAGE = f"a key must have at most {_MAX_KEY_LENGTH} characters"


def translate_error(error: YAMLError | UnicodeEncodeError, text: str, base: int) -> ParseError:
    """Return the ParseError for `error`, raised while `text` was parsed."""
    if isinstance(error, (ReaderError, UnicodeEncodeError)):
        return _unprintable_character(text, base)
    if not isinstance(error, MarkedYAMLError) or error.problem_mark is None:
        return ParseError("invalid YAML", base)
    location = _ErrorLocation(error, text)
    for offset in (location.opened_at, location.offset):
        line_start = text.rfind("\n", 0, offset) + 1
        template = _TEMPLATE.search(text, line_start, location.line_end(offset))
        if template is not None:
            tool = ', for example with "helm template"' if template[0] == "{{" else ""
            message = f'"{template[0]}" is a template; render it first{tool}'
            return ParseError(message, base + template.start())
    odd_space = location.odd_indentation()
    if odd_space >= 0:
        code = f"U+{ord(text[odd_space]):04X}"
        message = f"the indentation has the character {code}, which is not a space; use spaces"
        return ParseError(message, base + odd_space)
    message, start = _describe_error(location)
    return ParseError(
        message, base + start, base + location.opened_at if "{line}" in message else None
    )


class _ErrorLocation:
    """The complaint, and the text around the place that it points at."""

    def __init__(self, error: MarkedYAMLError, text: str) -> None:
        self.text = text
        self.problem = error.problem or ""
        self.context = error.context or ""
        self.offset = min(_mark_index(error.problem_mark), len(text))
        # Where the token or collection being read began; the offset itself if there was none.
        self.opened_at = (
            self.offset if error.context_mark is None else _mark_index(error.context_mark)
        )
        self.line_start = text.rfind("\n", 0, self.offset) + 1
        self.line = text[self.line_start : self.line_end(self.offset)].rstrip("\r")
        self.before = text[self.line_start : self.offset]

    @property
    def char(self) -> str:
        """The character at the place; empty at the end of the text."""
        return self.text[self.offset : self.offset + 1]

    def odd_indentation(self) -> int:
        """Return where the line, or the one before it, is indented by another blank; -1: it is not.

        A no-break space from a web page or a word processor looks like a space.
        """
        before = self.text.rfind("\n", 0, max(self.line_start - 1, 0)) + 1
        for start in (before, self.line_start):
            blank = _INDENTATION.match(self.text, start)
            odd = _ODD_BLANK.search(blank[0]) if blank else None
            if odd is not None:
                return start + odd.start()
        return -1

    def line_end(self, offset: int) -> int:
        """Return where the line of an offset ends."""
        end = self.text.find("\n", offset)
        return len(self.text) if end < 0 else end

    def indent(self, offset: int) -> int:
        """Return the indentation of the line up to the offset."""
        return offset - (self.text.rfind("\n", 0, offset) + 1)


def _mark_index(mark: object) -> int:
    return int(getattr(mark, "index", 0))


def _unprintable_character(text: str, base: int) -> ParseError:
    match = _UNPRINTABLE.search(text)
    if match is None:  # libyaml's own limits; no such text is known
        return ParseError("this text cannot be read as YAML", base)
    if match[0] == "\0":
        message = "the file is not UTF-8 text: it has NUL bytes, as UTF-16 without a mark has"
        return ParseError(message, base + match.start())
    return ParseError(
        f"the control character U+{ord(match[0]):04X} is not allowed in YAML; "
        "write it as an escape in double quotes",
        base + match.start(),
    )


def _describe_error(location: _ErrorLocation) -> tuple[str, int]:
    problem, offset = location.problem, location.offset
    if "nesting depth" in problem:  # libyaml's own bound, since PyYAML 6.0.4
        return NESTED_TOO_DEEP_MESSAGE, offset
    if "cannot start any token" in problem or "tab character" in problem:
        return _stray_character(location)
    if "mapping values are not allowed" in problem:
        return _stray_colon(location)
    if "unexpected end of stream" in problem or "unexpected document indicator" in problem:
        return "the quote that opens here is never closed", location.opened_at
    if "expected ',' or" in problem:
        return _unclosed_bracket(location)
    if "did not find expected key" in problem or "expected '-' indicator" in problem:
        return _misplaced_entry(location)
    if "could not find expected ':'" in problem:
        return _missing_colon(location)
    if "unknown escape character" in problem:
        escape = location.text[offset : offset + 2]
        return (
            f'"{escape}" is not an escape in double quotes; write "\\\\" for a backslash, '
            "or use single quotes",
            offset,
        )
    if "escape" in problem or "hexdecimal" in problem:
        return "invalid escape in double quotes", offset
    if "alphabetic or numeric" in problem:
        character = location.text[location.opened_at : location.opened_at + 1]
        return f'a value that begins with "{character}" must be quoted', location.opened_at
    if "block sequence entries are not allowed" in problem:
        return 'a list must not begin with "- " here; put it on its own line', offset
    if "mapping keys are not allowed" in problem:
        return '"? " is not allowed here', offset
    if "undefined tag handle" in problem:
        return "this tag uses a prefix that is not declared", location.opened_at
    if "expected node content" in problem:
        return _missing_value(location)
    if "expected <document start>" in problem and location.text.lstrip().startswith("%"):
        return _DIRECTIVE, location.text.index("%")
    if "expected <document start>" in problem:
        return 'the document ended above; put "---" before the next one', offset
    if "block scalar" in location.context:
        return _bad_block_scalar(location)
    if "incompatible YAML document" in problem or "directive" in location.context + problem:
        return _DIRECTIVE, offset
    # No known text causes this error; libyaml's own message is better than none.
    return f"invalid YAML: {problem}", offset


def _stray_character(location: _ErrorLocation) -> tuple[str, int]:
    if location.char == "\t" or "tab character" in location.problem:
        tab = location.line.find("\t")
        offset = location.line_start + tab if tab >= 0 else location.offset
        return "a tab is used for indentation; YAML allows only spaces", offset
    return f'a value that begins with "{location.char}" must be quoted', location.offset


def _missing_value(location: _ErrorLocation) -> tuple[str, int]:
    if location.char in (",", "]", "}"):
        return f'a value is missing before "{location.char}"', location.offset
    open_brackets: list[int] = []
    for match in _BRACKETS.finditer(location.text, 0, location.offset):
        if match[0] in ("[", "{"):
            open_brackets.append(match.start())
        elif match[0] in ("]", "}") and open_brackets:
            open_brackets.pop()
    if not open_brackets:
        return "a value is missing here", location.offset
    return f'"{location.text[open_brackets[-1]]}" is never closed', open_brackets[-1]


def _stray_colon(location: _ErrorLocation) -> tuple[str, int]:
    if len(location.before) > _MAX_KEY_LENGTH:
        return _KEY_TOO_LONG_MESSAGE, location.line_start
    if re.search(r":[ \t]", location.before):
        return (
            'a second ":" is on this line; a value that contains ": " '
            'or ends with ":" must be quoted',
            location.offset,
        )
    start = location.line_start + len(location.before) - len(location.before.lstrip())
    return (
        "this key is indented deeper than the line above, which already holds a value",
        start,
    )


def _unclosed_bracket(location: _ErrorLocation) -> tuple[str, int]:
    opening = location.text[location.opened_at : location.opened_at + 1]
    closing = "]" if opening == "[" else "}"
    if not location.text[location.offset :].strip():
        return f'"{opening}" is never closed', location.opened_at
    return (
        f'"," or "{closing}" is missing before this; "{opening}" was opened in line {{line}}',
        location.offset,
    )


def _misplaced_entry(location: _ErrorLocation) -> tuple[str, int]:
    """Explain a word where a block mapping or list expected its next key or dash."""
    kind = "keys" if "mapping" in location.context else "dashes"
    if location.before.strip():
        if location.before.rstrip()[-1:] in ("'", '"'):
            return (
                "text follows the closing quote; quote the whole value or none of it",
                location.offset,
            )
        return "this cannot follow on the same line", location.offset
    indent, actual_indent = location.indent(location.opened_at), location.indent(location.offset)
    if actual_indent != indent:
        return (
            f"this line is indented by {actual_indent}, the {kind} that begin in line {{line}} "
            "are indented by "
            f"{indent}",
            location.offset,
        )
    if kind == "keys":
        return (
            "this is not a key, but the mapping that begins in line {line} has only keys",
            location.offset,
        )
    return (
        'this line lacks the "- " of the list that begins in line {line}',
        location.offset,
    )


def _missing_colon(location: _ErrorLocation) -> tuple[str, int]:
    start = location.opened_at
    line_start = location.text.rfind("\n", 0, start) + 1
    line = location.text[line_start : location.line_end(start)].rstrip("\r")
    match = _WORD_COLON_WORD.match(line)
    if match is not None:
        return 'a space is missing after ":"', line_start + match.end() - 1
    if len(line) > _MAX_KEY_LENGTH:
        return _KEY_TOO_LONG_MESSAGE, start
    if re.fullmatch(r"[-\u2013\u2014]+\s*", line):
        return 'the line between documents is "---"', start
    return 'this line is neither "key: value" nor "- item"', start


def _bad_block_scalar(location: _ErrorLocation) -> tuple[str, int]:
    if "comment or line break" in location.problem:
        return 'the text of a "|" or ">" begins on the next line', location.offset
    return 'this does not match the "|" or ">" before it', location.offset
