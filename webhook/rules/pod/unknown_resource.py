"""Unknown resource

Why: the resources of a container are cpu, memory, ephemeral-storage, hugepages-<size>, and devices
with the domain of their vendor, like nvidia.com/gpu. The API server refuses any other.

Fix: Correct the name of the resource; a device has a domain.

Bad:
    resources:
      limits:
        gpu: 1

Good:
    resources:
      limits:
        nvidia.com/gpu: 1
"""

from collections.abc import Iterator

from webhook.graph.finding import Finding, Operation
from webhook.graph.k8s_syntax import is_container_resource, is_qualified_name
from webhook.graph.model import Container, get_mapping
from webhook.graph.suggest import CERTAIN_SIMILARITY, nearest_word, spelling_fix_safety
from webhook.graph.well_known import GPU_RESOURCE, NATIVE_RESOURCES
from webhook.rules._format import quote_value
from webhook.rules.constraints.formats import QUALIFIED_NAME

ACTION = "deny"
SINCE = "0.1.0"
FIELDS = frozenset({"resources"})
LOCAL = True


def check(container: Container) -> Iterator[Finding]:
    """Yield each unknown resource (source: validateContainerResourceName)."""
    resources = container.raw.get("resources")
    if type(resources) is dict:
        for field in ("requests", "limits"):
            for name in get_mapping(resources, field):
                if not is_container_resource(name):
                    yield _build_finding(container, field, name)


def _build_finding(container: Container, field: str, name: str) -> Finding:
    path = container.path.join(("resources", field, name))
    message = (
        f"unknown resource {quote_value(name)}; allowed: cpu, memory, ephemeral-storage and devices"
    )
    if "/" in name and not is_qualified_name(name):
        message = f"invalid resource name {quote_value(name)}: {QUALIFIED_NAME.explain(name)}"
        return Finding(path, message)
    if name.lower() in {"gpu", "gpus", "nvidia-gpu"}:
        return Finding(path, message, f"use the device with its domain, like {GPU_RESOURCE}")
    present = get_mapping(get_mapping(container.raw, "resources"), field)
    nearest = nearest_word(
        name, [is_native for is_native in NATIVE_RESOURCES if is_native not in present]
    )
    if nearest:
        move: Operation = {
            "op": "move",
            "from": path.pointer,
            "path": (path.parent / nearest).pointer,
        }
        certain_match = nearest == nearest_word(name, NATIVE_RESOURCES, CERTAIN_SIMILARITY)
        return Finding(
            path,
            message,
            f'did you mean "{nearest}"?',
            (move,) if certain_match else (),
            fix_safety=spelling_fix_safety(name, nearest),
        )
    return Finding(path, message)
