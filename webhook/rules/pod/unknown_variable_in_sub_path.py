"""Unknown variable in a subPathExpr

Why: a subPathExpr refers to environment variables of its container, like $(POD_NAME). If one of
them is not set, or empty, the kubelet does not create the container (CreateContainerConfigError).

Fix: Add the variable to the env of the container, or correct its name.

Bad:
    containers:
    - name: classifier
      volumeMounts:
      - name: logs
        mountPath: /logs
        subPathExpr: $(POD_NAME)

Good:
    containers:
    - name: classifier
      env:
      - name: POD_NAME
        valueFrom:
          fieldRef:
            fieldPath: metadata.name
      volumeMounts:
      - name: logs
        mountPath: /logs
        subPathExpr: $(POD_NAME)
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from webhook.graph.cluster_facts import Facts
from webhook.graph.finding import Finding
from webhook.graph.model import SeldonDeployment, get_list, get_str, iter_mappings
from webhook.graph.path import Path
from webhook.graph.suggest import nearest_word
from webhook.rules._format import quote_value
from webhook.rules._rendered import rendered_pods

ACTION = "deny"
SINCE = "0.1.0"
WORDS = frozenset({"volumeMounts.subPathExpr"})

_REFERENCE = re.compile(r"\$\$|\$\(([^)]*)\)")
_OF_A_SERVICE = re.compile(r"[A-Z0-9_]+_(?:SERVICE_HOST|SERVICE_PORT|PORT)(?:_[A-Z0-9_]+)?\Z")
"""What each container has about the Services of its namespace (envvars.FromServices)."""


def check(deployment: SeldonDeployment, facts: Facts) -> Iterator[Finding]:
    """Yield each reference to a variable that is not set (source: ExpandContainerVolumeMounts)."""
    reported: set[Path] = set()
    for rendered, template in rendered_pods(deployment, facts):
        for field in ("initContainers", "containers"):
            for index, container in iter_mappings(template["spec"], field):
                if get_list(container, "envFrom"):
                    continue  # any name may be in it
                for mount, name in _unset_references(container):
                    place = ("spec", "template", "spec", field, index, "volumeMounts", mount)
                    path = rendered.trace((*place, "subPathExpr"))
                    if path not in reported:
                        reported.add(path)
                        yield _build_finding(path, name, container)


def _unset_references(container: Mapping[str, Any]) -> Iterator[tuple[int, str]]:
    """Yield the index of each mount with a name that its subPathExpr refers to, the first one."""
    for index, mount in iter_mappings(container, "volumeMounts"):
        names = _REFERENCE.findall(get_str(mount, "subPathExpr"))
        known = _set_variables(container) if names else ()
        for name in names:
            if name and name not in known and not _OF_A_SERVICE.match(name):
                yield index, name
                break


def _set_variables(container: Mapping[str, Any]) -> frozenset[str]:
    return frozenset(
        get_str(variable, "name")
        for _, variable in iter_mappings(container, "env")
        if variable.get("value") or variable.get("valueFrom")
    )


def _build_finding(path: Path, name: str, container: Mapping[str, Any]) -> Finding:
    nearest = nearest_word(name, sorted(_set_variables(container)))
    message = f"variable {quote_value(name)} is not set in the container, which cannot be created"
    return Finding(path, message, f"did you mean $({nearest})?" if nearest else "")
