"""A container asks for a resource that Kubernetes does not know

Why: a container asks for cpu, memory, ephemeral-storage, hugepages-SIZE, or for a device with the
domain of its vendor, like nvidia.com/gpu. The API server refuses a Deployment with another name.

Fix: Write the resource as it is spelt, a device with its domain.

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
from webhook.graph.kubernetes import is_key
from webhook.graph.model import Container, Deployment, mapping
from webhook.graph.signs import unusual
from webhook.graph.words import CERTAIN, nearest_word
from webhook.rules._text import quoted

ACTION = "deny"
SINCE = "0.1.0"
NEEDS = frozenset({unusual("resources")})

_OWN = ("cpu", "memory", "ephemeral-storage")
_DEVICE = "nvidia.com/gpu"


def check(deployment: Deployment) -> Iterator[Finding]:
    """Yield each unknown resource (source: validateContainerResourceName)."""
    for container in deployment.in_need("resources"):
        resources = container.raw.get("resources")
        if type(resources) is dict:
            for field in ("requests", "limits"):
                for name in mapping(resources, field):
                    if name not in _OWN and not _is_known(name):
                        yield _finding(container, field, name)


def _is_known(name: str) -> bool:
    if "/" not in name:
        return name.startswith("hugepages-") and is_key(name)
    if "kubernetes.io/" in name:
        return is_key(name)
    return not name.startswith("requests.") and is_key(name) and is_key(f"requests.{name}")


def _finding(container: Container, field: str, name: str) -> Finding:
    path = container.path.join(("resources", field, name))
    fact = f"{quoted(name)} is no resource; known are cpu, memory, ephemeral-storage and devices"
    if name.lower() in {"gpu", "gpus", "nvidia-gpu"}:
        return Finding(path, fact, f"write the device with its domain, like {_DEVICE}")
    there = mapping(mapping(container.raw, "resources"), field)
    near = nearest_word(name, [own for own in _OWN if own not in there])
    if near:
        move: Operation = {
            "op": "move",
            "from": path.pointer,
            "path": (path.parent / near).pointer,
        }
        certain = near == nearest_word(name, _OWN, CERTAIN)
        return Finding(path, fact, f"write {near}", (move,) if certain else ())
    return Finding(path, fact)
