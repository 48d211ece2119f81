"""Lists that are longer than a document may be, cut into their items.

They are what `kubectl get -A -o yaml` prints of a large cluster.

The bound on a document (`reading.MAX_CHARACTERS`) is that of one object. A List is not an object,
and its items are found without parsing it: in YAML as kubectl writes it, by the dashes in the
first column under `items:`; in JSON, by counting brackets. Whatever is written otherwise is left
to the reader.
"""

import re
from collections.abc import Iterator

from webhook.yamldoc.reading import MAX_CHARACTERS

_YAML_LIST = re.compile(r"(?:---[^\n]*\n)?(?:apiVersion: [^\n]*\n)?items:\n(?=- )")
_YAML_ITEM_START = re.compile(r"^- ", re.MULTILINE)
_YAML_LIST_END = re.compile(r"^[^-\s#]", re.MULTILINE)
_JSON_LIST = re.compile(r'\s*\{\s*(?:"apiVersion"\s*:\s*"[^"]*"\s*,\s*)?"items"\s*:\s*\[\s*')
# Possessive, as in `graph.limits`: it never backtracks.
_JSON_TOKEN = re.compile(r'"[^"\\]*+(?:\\.[^"\\]*+)*+"|[{}\[\]]', re.DOTALL)


def split_large_list(text: str) -> Iterator[tuple[int, str]] | None:
    """Return the items of a List that is too long to be read as one document.

    Each is a text of its own with the line, from 0, on which it begins. None: the text is short
    enough, or not a List as kubectl writes it.
    """
    if len(text) <= MAX_CHARACTERS:
        return None
    if head := _YAML_LIST.match(text):
        return _yaml_items(text, head.end())
    if head := _JSON_LIST.match(text):
        return _json_items(text, head.end())
    return None


def _yaml_items(text: str, start: int) -> Iterator[tuple[int, str]]:
    after = _YAML_LIST_END.search(text, start)
    end = len(text) if after is None else after.start()
    starts = [match.start() for match in _YAML_ITEM_START.finditer(text, start, end)]
    line, counted = 0, 0
    for number, begin in enumerate(starts):
        line += text.count("\n", counted, begin)
        counted = begin
        until = starts[number + 1] if number + 1 < len(starts) else end
        # As wide as the dash, so that every column stays.
        yield line, f"  {text[begin + 2 : until]}"


def _json_items(text: str, start: int) -> Iterator[tuple[int, str]]:
    depth, begin = 0, start
    line, counted = 0, 0
    for token in _JSON_TOKEN.finditer(text, start):
        character = token[0]
        if character in "{[":
            if depth == 0:
                begin = token.start()
            depth += 1
        elif character in "}]":
            depth -= 1
            if depth < 0:
                return
            if depth == 0:
                line += text.count("\n", counted, begin)
                counted = begin
                yield line, text[begin : token.end()]
