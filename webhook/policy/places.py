"""What the annotation graphgate.io/paths gives: one place or several, in either spelling."""

import re
from typing import Any

from webhook.graph.path import ROOT, Path

_STEP = re.compile(r'\.?([A-Za-z_][\w-]*)|\[(\d{1,9})\]|\["((?:[^"\\]|\\.)*)"\]', re.ASCII)


def read_places(value: Any, document: Any) -> tuple[Path, ...]:
    """Return the Paths in a text or a list of texts; what cannot be read is left out.

    /spec/predictors/0/name and spec.predictors[0].name are the same place.
    """
    written = value if type(value) is list else [value]
    found = [read_place(text, document) for text in written if type(text) is str]
    return tuple(dict.fromkeys(path for path in found if path is not None))


def read_place(text: str, document: Any) -> Path | None:
    """Return the Path that a text spells; None where it spells none."""
    if text in ("", "(document)"):
        return ROOT
    if text.startswith("/"):
        try:
            return Path.from_pointer(text, document)
        except ValueError:
            return None
    segments: list[str | int] = []
    at = 0
    while at < len(text):
        match = _STEP.match(text, at)
        if match is None:
            return None
        name, index, quoted = match.groups()
        if index is not None:
            segments.append(int(index))
        elif quoted is not None:
            segments.append(re.sub(r"\\(.)", r"\1", quoted))
        else:
            segments.append(name)
        at = match.end()
    return Path(segments)
