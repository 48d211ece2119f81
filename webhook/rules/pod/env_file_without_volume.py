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

from webhook.graph.features import non_trivial_feature
from webhook.graph.finding import Finding
from webhook.graph.k8s_syntax import is_env_var_name
from webhook.graph.model import Container, SeldonDeployment, get_mapping, get_str, iter_mappings
from webhook.graph.path import Path
from webhook.rules._format import quote_value

ACTION = "deny"
SINCE = "0.1.0"
TRIGGERS = frozenset({non_trivial_feature("env")})


def check(deployment: SeldonDeployment) -> Iterator[Finding]:
    """Yield each such reference (source: validateFileKeySelector)."""
    for container in deployment.containers_with("env"):
        for index, variable in iter_mappings(container.raw, "env"):
            reference = get_mapping(get_mapping(variable, "valueFrom"), "fileKeyRef")
            if reference:
                path = container.path.join(("env", index, "valueFrom", "fileKeyRef"))
                yield from _check_reference(path, reference, _volume_names(deployment, container))


def _volume_names(
    deployment: SeldonDeployment, container: Container
) -> Mapping[str, Mapping[str, Any]]:
    """Return the volumes of the container's pod by name.

    The orchestrator is in a pod of its predictor, and which one is not looked into.
    """
    volumes = container.path.parent if container.path[-1] == "svcOrchSpec" else None
    return {
        get_str(volume, "name"): volume
        for component in deployment.components
        if component.path[: len(volumes or component.path)] == (volumes or component.path)
        and (volumes or container.path[: len(component.path)] == component.path)
        for _, volume in iter_mappings(component.pod, "volumes")
    }


def _check_reference(
    path: Path, raw: Mapping[str, Any], volumes: Mapping[str, Mapping[str, Any]]
) -> Iterator[Finding]:
    name, file, key = (raw.get(field) for field in ("volumeName", "path", "key"))
    if type(name) is str and name not in volumes:
        yield Finding(path / "volumeName", f"the pod has no volume {quote_value(name)} of its own")
    elif type(name) is str and type(volumes[name].get("emptyDir")) is not dict:
        yield Finding(path / "volumeName", f"the volume {quote_value(name)} is no emptyDir")
    if type(file) is str and (not file or ".." in file.split("/")):
        reason = "leads out of the volume" if file else "is empty"
        yield Finding(path / "path", f"the path {quote_value(file)} {reason}")
    if type(key) is str and not is_env_var_name(key):
        yield Finding(path / "key", f"the key {quote_value(key)} is no name of a variable")
