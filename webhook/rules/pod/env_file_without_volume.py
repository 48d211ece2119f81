"""Invalid fileKeyRef

Why: a fileKeyRef reads a variable from a file that an init container writes: in an emptyDir of the
pod, at a path inside of it, with a key that is a variable name. The API server refuses any other.

Fix: Use an emptyDir of the pod, and a path in it.

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
from webhook.graph.k8s_syntax import is_env_var_name
from webhook.graph.model import ComponentSpec, Container, Predictor, Volume, get_mapping, get_str
from webhook.graph.path import Path
from webhook.rules._format import quote_value

ACTION = "deny"
SINCE = "0.1.0"


def check(predictor: Predictor) -> Iterator[Finding]:
    """Yield each such reference (source: validateFileKeySelector)."""
    for container, component, index, variable in predictor.env_sources:
        reference = get_mapping(get_mapping(variable, "valueFrom"), "fileKeyRef")
        if reference:
            path = container.path.join(("env", index, "valueFrom", "fileKeyRef"))
            name = get_str(reference, "volumeName")
            volume = _find_volume(name, container, component, predictor)
            yield from _check_reference(path, reference, volume)


def _find_volume(
    name: str, container: Container, component: ComponentSpec | None, predictor: Predictor
) -> Volume | None:
    """Return the volume of the container's pod with a name.

    The orchestrator is in a pod of its predictor; which one is not checked.
    """
    pods = predictor.components if container.role == "orchestrator" else (component,)
    found = (pod.volumes_by_name.get(name) for pod in pods if pod is not None)
    return next((volumes[-1] for volumes in found if volumes), None)


def _check_reference(
    path: Path, raw: Mapping[str, Any], volume: Volume | None
) -> Iterator[Finding]:
    name, file, key = (raw.get(field) for field in ("volumeName", "path", "key"))
    if type(name) is str and volume is None:
        yield Finding(path / "volumeName", f"volume {quote_value(name)} not found in the pod")
    elif type(name) is str and volume and type(volume.raw.get("emptyDir")) is not dict:
        yield Finding(path / "volumeName", f"volume {quote_value(name)} must be an emptyDir")
    if type(file) is str and (not file or ".." in file.split("/")):
        message = (
            f'invalid path {quote_value(file)}: ".." is not allowed' if file else "path is empty"
        )
        yield Finding(path / "path", message)
    if type(key) is str and not is_env_var_name(key):
        yield Finding(path / "key", f"invalid key {quote_value(key)}: a variable name is expected")
