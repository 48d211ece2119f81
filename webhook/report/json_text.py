"""JSON as files and reports hold it, for every command."""

from typing import Any

import orjson


def format_json(document: Any) -> str:
    """Return a document as indented JSON with a final newline."""
    return orjson.dumps(document, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE).decode()
