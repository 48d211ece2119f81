"""What the rules on pod templates share: where probes and hooks stand, and what they call."""

from collections.abc import Iterator, Mapping
from typing import Any

PROBE_HANDLERS = ("exec", "httpGet", "tcpSocket", "grpc")
HOOK_HANDLERS = ("exec", "httpGet", "tcpSocket", "sleep")
"""What a probe or a hook can do, as Kubernetes 1.36 knows it."""


def list_set_fields(raw: Mapping[str, Any], fields: Iterator[str] | tuple[str, ...]) -> list[str]:
    """Return those of `fields` that are set in `raw`; null is absent."""
    return [field for field in fields if raw.get(field) is not None]
