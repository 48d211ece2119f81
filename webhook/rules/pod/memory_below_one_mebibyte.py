"""Memory below one mebibyte

Why: the suffix m means thousandths, so that 512m is half a byte; a number without a suffix is in
bytes. Kubernetes accepts both. A limit like this kills the container at start, a request like this
reserves nothing.

Fix: Use the suffix Mi for mebibytes, or Gi for gibibytes.

Bad:
    resources:
      requests:
        memory: 512m

Good:
    resources:
      requests:
        memory: 512Mi
"""

from collections.abc import Iterator
from typing import Any

from webhook.graph.finding import Finding
from webhook.graph.k8s_syntax import NANO, parse_quantity
from webhook.graph.model import Container
from webhook.graph.path import Path
from webhook.rules._format import quote_value

ACTION = "warn"
SINCE = "0.1.0"
FIELDS = frozenset({"resources"})
LOCAL = True

_MIN_BYTES = 2**20 * NANO
"""No model server starts in less than a mebibyte; a hundred times that is common."""
_BYTES = ("memory", "ephemeral-storage")


def check(container: Container) -> Iterator[Finding]:
    """Yield each amount of memory or storage that is more than nothing and less than 1Mi."""
    resources = container.raw.get("resources")
    if type(resources) is dict:
        for field in ("requests", "limits"):
            amounts = resources.get(field)
            if type(amounts) is not dict:
                continue
            for name in _BYTES:
                if name in amounts and 0 < (parse_quantity(amounts[name]) or 0) < _MIN_BYTES:
                    path = container.path.join(("resources", field, name))
                    yield _build_finding(path, amounts[name])


def _build_finding(path: Path, value: Any) -> Finding:
    byte_count = (parse_quantity(value) or 0) / NANO
    shown = quote_value(value) if type(value) is str else value
    message = f"{shown} means {byte_count:g} {'byte' if byte_count == 1 else 'bytes'}"
    digits = str(value).strip(" ").removesuffix("m")
    return Finding(path, message, f"did you mean {digits}Mi?" if digits.isdecimal() else "")
