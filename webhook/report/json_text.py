"""JSON as files and reports hold it, for every command."""

import json
from typing import Any

import orjson


def format_json(document: Any) -> str:
    """Return a document as indented JSON with a final newline."""
    try:
        options = orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE
        return orjson.dumps(document, option=options).decode()
    except TypeError:  # as in `encode_json`
        return f"{json.dumps(document, indent=2)}\n"


def encode_json(value: Any) -> str:
    """Return a value as JSON on one line.

    The name of a file may hold bytes that are not UTF-8. Python reads them as lone surrogates,
    which are written as escapes.
    """
    try:
        return orjson.dumps(value).decode()
    except TypeError:
        return json.dumps(value, separators=(",", ":"))
