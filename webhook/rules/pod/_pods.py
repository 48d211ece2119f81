"""What the rules on pod templates share: the handlers of probes and hooks."""

from collections.abc import Iterator, Mapping
from typing import Any

PROBE_HANDLERS = ("exec", "httpGet", "tcpSocket", "grpc")
HOOK_HANDLERS = ("exec", "httpGet", "tcpSocket", "sleep")
"""The handlers of a probe and of a hook in Kubernetes 1.36."""


def list_set_fields(raw: Mapping[str, Any], fields: Iterator[str] | tuple[str, ...]) -> list[str]:
    """Return the `fields` that are set in `raw`; null means absent."""
    return [field for field in fields if raw.get(field) is not None]
