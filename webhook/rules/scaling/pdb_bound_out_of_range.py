"""Disruption budget out of range

Why: a bound is a number of pods, at least 0, or a quoted percentage from 0% to 100%. The API server
refuses any other.

Fix: Use a number of at least 0, or a percentage up to 100%.

Bad:
    pdbSpec:
      minAvailable: 150%

Good:
    pdbSpec:
      minAvailable: 50%
"""

import re
from collections.abc import Iterator

from webhook.graph.finding import Finding, Operation
from webhook.graph.model import ComponentSpec, get_mapping
from webhook.rules._format import quote_value

ACTION = "deny"
SINCE = "0.1.0"
FIELDS = frozenset({"pdbSpec"})

_NUMBER = re.compile(r"(?:0|[1-9][0-9]{0,8})\Z", re.ASCII)


def check(component: ComponentSpec) -> Iterator[Finding]:
    """Yield each bound that is neither a number of pods nor a percentage.

    Source: policy/v1; seldon-checks G27.
    """
    raw = get_mapping(component.raw, "pdbSpec")
    for bound in ("minAvailable", "maxUnavailable"):
        value = raw.get(bound)
        if (type(value) is int and value < 0) or (type(value) is str and not _is_percentage(value)):
            shown_value = quote_value(value) if type(value) is str else value
            path = component.path / "pdbSpec" / bound
            number = int(value) if type(value) is str and _NUMBER.match(value) else None
            unquote: Operation = {"op": "replace", "path": path.pointer, "value": number}
            yield Finding(
                path,
                f"{bound} must be a number of pods or a percentage, got {shown_value}",
                "" if number is None else f"use {number} without quotes",
                () if number is None else (unquote,),
                fix_safety="safe",
            )


def _is_percentage(value: str) -> bool:
    digits = value.removesuffix("%")
    if digits == value or not (digits.isascii() and digits.isdigit()):
        return False
    return len(digits.lstrip("0")) <= 3 and int(digits) <= 100
