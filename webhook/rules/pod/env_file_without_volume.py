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

from webhook.graph.cluster_facts import Facts
from webhook.graph.finding import Finding
from webhook.graph.k8s_syntax import is_env_var_name
from webhook.graph.model import (
    EMPTY_MAPPING,
    Predictor,
    SeldonDeployment,
    get_mapping,
    get_str,
    iter_mappings,
)
from webhook.graph.path import Path
from webhook.rules._format import quote_value
from webhook.rules._rendered import find_orchestrator_pod

ACTION = "deny"
SINCE = "0.1.0"
WORDS = frozenset({"valueFrom.fileKeyRef"})


def check(predictor: Predictor, deployment: SeldonDeployment, facts: Facts) -> Iterator[Finding]:
    """Yield each such reference (source: validateFileKeySelector)."""
    sources = [source for source in predictor.env_sources if _find_reference(source.variable)]
    orchestrator_pod: Mapping[str, Any] | None = None
    if any(source.container.role == "orchestrator" for source in sources):
        orchestrator_pod = find_orchestrator_pod(predictor, deployment, facts)
    volumes: dict[int, Mapping[str, Mapping[str, Any]]] = {}
    for container, component, index, variable in sources:
        pod: Mapping[str, Any] | None = component.pod if component else EMPTY_MAPPING
        if container.role == "orchestrator":
            pod = orchestrator_pod
        if pod is None:
            continue
        if id(pod) not in volumes:
            volumes[id(pod)] = {get_str(v, "name"): v for _, v in iter_mappings(pod, "volumes")}
        path = container.path.join(("env", index, "valueFrom", "fileKeyRef"))
        yield from _check_reference(path, _find_reference(variable), volumes[id(pod)])


def _find_reference(variable: Mapping[str, Any]) -> Mapping[str, Any]:
    return get_mapping(get_mapping(variable, "valueFrom"), "fileKeyRef")


def _check_reference(
    path: Path, raw: Mapping[str, Any], volumes: Mapping[str, Mapping[str, Any]]
) -> Iterator[Finding]:
    name, file, key = (raw.get(field) for field in ("volumeName", "path", "key"))
    if type(name) is str and name not in volumes:
        yield Finding(path / "volumeName", f"volume {quote_value(name)} not found in the pod")
    elif type(name) is str and type(volumes[name].get("emptyDir")) is not dict:
        yield Finding(path / "volumeName", f"volume {quote_value(name)} must be an emptyDir")
    if type(file) is str and (not file or ".." in file.split("/")):
        message = (
            f'invalid path {quote_value(file)}: ".." is not allowed' if file else "path is empty"
        )
        yield Finding(path / "path", message)
    if type(key) is str and not is_env_var_name(key):
        yield Finding(path / "key", f"invalid key {quote_value(key)}: a variable name is expected")
