"""What the annotation graphgate.io/finding-paths gives: one or several, in either spelling."""

import re
from typing import Any

from webhook.graph.path import ROOT, Path

_SEGMENT = re.compile(r'\.?([A-Za-z_][\w-]*)|\[(\d{1,9})\]|\["((?:[^"\\]|\\.)*)"\]', re.ASCII)


def parse_paths(value: Any, document: Any) -> tuple[Path, ...]:
    """Return the Paths in a text or a list of texts; what cannot be read is left out.

    /spec/predictors/0/name and spec.predictors[0].name are the same place.
    """
    texts = value if type(value) is list else [value]
    parsed = [parse_path(text, document) for text in texts if type(text) is str]
    return tuple(dict.fromkeys(path for path in parsed if path is not None))


def parse_path(text: str, document: Any) -> Path | None:
    """Return the Path that a text spells; None where it spells none."""
    if text == "(document)":
        return ROOT
    if text.startswith("/"):
        try:
            return Path.from_pointer(text, document)
        except ValueError:
            return None
    segments: list[str | int] = []
    offset = 0
    while offset < len(text):
        match = _SEGMENT.match(text, offset)
        if match is None:
            return None
        name, index, quoted = match.groups()
        if index is not None:
            segments.append(int(index))
        elif quoted is not None:
            segments.append(re.sub(r"\\(.)", r"\1", quoted))
        else:
            segments.append(name)
        offset = match.end()
    return Path(segments)
