"""A variable comes from a file that cannot be there

Why: a fileKeyRef reads a variable from a file that an init container writes: into a volume of the
pod that is an emptyDir, at a path inside of it, under a key that is the name of a variable. The API
server refuses a Deployment with any other.

Fix: Name an emptyDir of the pod, and a path in it.

Bad:
    volumes:
    - name: data
      secret:
        secretName: tokens
    containers:
    - name: classifier
      env:
      - name: TOKEN
        valueFrom:
          fileKeyRef:
            volumeName: data
            path: tokens.env
            key: TOKEN

Good:
    volumes:
    - name: data
      emptyDir: {}
    containers:
    - name: classifier
      env:
      - name: TOKEN
        valueFrom:
          fileKeyRef:
            volumeName: data
            path: tokens.env
            key: TOKEN
"""

from collections.abc import Iterator, Mapping
from typing import Any

from webhook.graph.finding import Finding
from webhook.graph.kubernetes import is_variable
from webhook.graph.model import Container, Deployment, mapping, mappings, text
from webhook.graph.path import Path
from webhook.graph.signs import unusual
from webhook.rules._text import quoted

ACTION = "deny"
SINCE = "0.1.0"
NEEDS = frozenset({unusual("env")})


def check(deployment: Deployment) -> Iterator[Finding]:
    """Yield each such reference (source: validateFileKeySelector)."""
    for container in deployment.in_need("env"):
        for index, variable in mappings(container.raw, "env"):
            reference = mapping(mapping(variable, "valueFrom"), "fileKeyRef")
            if reference:
                path = container.path.join(("env", index, "valueFrom", "fileKeyRef"))
                yield from _judge(path, reference, _volumes(deployment, container))


def _volumes(deployment: Deployment, container: Container) -> Mapping[str, Mapping[str, Any]]:
    """Return the volumes of the container's pod by name.

    The orchestrator is in a pod of its predictor, and which one is not looked into.
    """
    own = container.path.parent if container.path[-1] == "svcOrchSpec" else None
    return {
        text(volume, "name"): volume
        for component in deployment.components
        if component.path[: len(own or component.path)] == (own or component.path)
        and (own or container.path[: len(component.path)] == component.path)
        for _, volume in mappings(component.pod, "volumes")
    }


def _judge(
    path: Path, raw: Mapping[str, Any], volumes: Mapping[str, Mapping[str, Any]]
) -> Iterator[Finding]:
    name, file, key = (raw.get(field) for field in ("volumeName", "path", "key"))
    if type(name) is str and name not in volumes:
        yield Finding(path / "volumeName", f"the pod has no volume {quoted(name)} of its own")
    elif type(name) is str and type(volumes[name].get("emptyDir")) is not dict:
        yield Finding(path / "volumeName", f"the volume {quoted(name)} is no emptyDir")
    if type(file) is str and (not file or file.startswith("/") or ".." in file.split("/")):
        why = "leads out of the volume" if file else "is empty"
        yield Finding(path / "path", f"the path {quoted(file)} {why}")
    if type(key) is str and not is_variable(key):
        yield Finding(path / "key", f"the key {quoted(key)} is no name of a variable")
