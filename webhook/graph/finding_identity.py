"""What makes two findings the same error: the rule, the places and the values at them.

A place counts list items by their name and not by their number. What a finding says is not
compared: one message may apply to many objects.
"""

import hashlib
from typing import Any

import orjson

from webhook.graph.finding import Finding
from webhook.graph.path import Path, resolve_path

FindingKey = tuple[str, tuple[str | int, ...], bytes]
"""The rule that is broken, the path by names, and the value there."""


def finding_fingerprint(finding: Finding, document: Any) -> str:
    """Return 16 hexadecimal digits that stay while the error is the same.

    document  the object that the finding is about, as it was submitted
    """
    digest = hashlib.sha256(repr(sorted(map(repr, finding_keys(finding, document)))).encode())
    return digest.hexdigest()[:16]


def finding_keys(finding: Finding, document: Any) -> list[FindingKey]:
    """Return what a finding is recognised by: every place of the error, with what is there."""
    return [
        (finding.rule_id, _path_by_names(path, document), _value_at(document, path))
        for path in finding.evidence or (finding.path,)
    ]


def _path_by_names(path: Path, document: Any) -> tuple[str | int, ...]:
    """Return the path with the names of list items in place of their numbers."""
    named: list[str | int] = []
    here = document
    for segment in path:
        if isinstance(here, list) and isinstance(segment, int) and segment < len(here):
            here = here[segment]
            name = here.get("name") if isinstance(here, dict) else None
            named.append(name if isinstance(name, str) else segment)
        else:
            here = here.get(segment) if isinstance(here, dict) else None
            named.append(segment)
    return tuple(named)


def _value_at(document: Any, path: Path) -> bytes:
    """Return what is there, as something to compare; b"" if there is nothing."""
    try:
        value = resolve_path(document, path)
    except LookupError:
        return b""
    try:
        return orjson.dumps(value, option=orjson.OPT_SORT_KEYS)
    except TypeError:  # nested too deeply, or a number of more than 64 bits
        return repr(value).encode()
