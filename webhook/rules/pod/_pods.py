"""What the rules on pod templates share: handlers of probes and hooks, injected volumes."""

from collections.abc import Iterator, Mapping
from typing import Any

from webhook.graph.well_known import MODEL_CLAIM_VOLUME

PROBE_HANDLERS = ("exec", "httpGet", "tcpSocket", "grpc")
HOOK_HANDLERS = ("exec", "httpGet", "tcpSocket", "sleep")
"""The handlers of a probe and of a hook in Kubernetes 1.36."""


def list_set_fields(raw: Mapping[str, Any], fields: Iterator[str] | tuple[str, ...]) -> list[str]:
    """Return the `fields` that are set in `raw`; null means absent."""
    return [field for field in fields if raw.get(field) is not None]


_INJECTED_VOLUMES = ("seldon-podinfo", "podinfo", "seldon-cert-volume", MODEL_CLAIM_VOLUME)
_INJECTED_SUFFIXES = ("-provision-location", "-pvc-source")
"""Names of volumes that rendering adds, and how those for a downloaded model end."""


def looks_injected(name: str) -> bool:
    """Return whether rendering may add a volume of this name; where, it alone knows."""
    return name in _INJECTED_VOLUMES or name.endswith(_INJECTED_SUFFIXES)


def mounts_injected(container: Mapping[str, Any]) -> bool:
    """Return whether a raw container mounts a volume that looks injected.

    Asked of each container that mounts anything, so it calls nothing.
    """
    mounts = container.get("volumeMounts")
    if type(mounts) is list:
        for mount in mounts:
            name = mount.get("name") if type(mount) is dict else None
            if type(name) is str and (
                name in _INJECTED_VOLUMES or name.endswith(_INJECTED_SUFFIXES)
            ):
                return True
    return False
