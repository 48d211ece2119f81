"""What the rules on pod templates share: where probes and hooks stand, and what they call."""

from collections.abc import Iterator, Mapping
from typing import Any

from webhook.graph.model import Container, get_mapping
from webhook.graph.path import Segment

PROBES = ("livenessProbe", "readinessProbe", "startupProbe")
HOOKS = ("postStart", "preStop")
PROBE_HANDLERS = ("exec", "httpGet", "tcpSocket", "grpc")
HOOK_HANDLERS = ("exec", "httpGet", "tcpSocket", "sleep")
"""What a probe or a hook can do, as Kubernetes 1.36 knows it."""


def is_run_to_completion(container: Container) -> bool:
    """Tell whether it is an init container that ends before the others start."""
    return container.role == "init container" and container.raw.get("restartPolicy") != "Always"


def iter_handlers(container: Container) -> Iterator[tuple[tuple[Segment, ...], Mapping[str, Any]]]:
    """Yield place (from the container) and value of each probe, then of each lifecycle hook.

    What must not be there at all, in an init container, is left out: that is its fault.
    """
    raw = container.raw
    if not (
        "livenessProbe" in raw
        or "readinessProbe" in raw
        or "startupProbe" in raw
        or "lifecycle" in raw
    ) or is_run_to_completion(container):
        return
    for field in PROBES:
        probe = raw.get(field)
        if type(probe) is dict:
            yield (field,), probe
    lifecycle = get_mapping(raw, "lifecycle")
    for field in HOOKS:
        hook = lifecycle.get(field)
        if type(hook) is dict:
            yield ("lifecycle", field), hook


def list_set_fields(raw: Mapping[str, Any], fields: Iterator[str] | tuple[str, ...]) -> list[str]:
    """Return those of `fields` that are set in `raw`; null is absent."""
    return [field for field in fields if raw.get(field) is not None]
