"""Injected port taken on the host network

Why: with hostNetwork each container port is a port of the node and can be used once in a pod; the
API server refuses a pod that lists one twice. The ports of the orchestrator (8000 and 5001) and of
model servers count as well. Seldon's orchestrator lists 8000 twice by itself, as http and as
metrics; that of graphgate's reconciler does not.

Fix: Use another port, annotate the predictor with seldon.io/no-engine: "true" if it has one node,
run the orchestrator in its own pod (seldon.io/engine-separate-pod: "true" in spec.annotations), or
remove hostNetwork.

Bad:
    componentSpecs:
    - spec:
        hostNetwork: true
        containers:
        - name: classifier
          image: registry.example/classifier:1

Good:
    annotations:
      seldon.io/no-engine: "true"
    componentSpecs:
    - spec:
        hostNetwork: true
        containers:
        - name: classifier
          image: registry.example/classifier:1
"""

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from webhook.graph.cluster_facts import Facts
from webhook.graph.finding import Finding
from webhook.graph.model import SeldonDeployment, get_int, get_str, iter_mappings
from webhook.graph.path import Path
from webhook.rules._format import quote_value
from webhook.rules._rendered import rendered_pods
from webhook.rules.pod._seldon_orchestrator import holds_orchestrator

if TYPE_CHECKING:
    from webhook.rendering.render import Rendered

ACTION = "deny"
SINCE = "0.1.0"
FIELDS = frozenset({"hostNetwork"})


def check(deployment: SeldonDeployment, facts: Facts) -> Iterator[Finding]:
    """Yield each such pod and port.

    Sources: createExecutorContainer, v1.17.1; checkHostPortConflicts.
    """
    on_host = [
        (pod, predictor)
        for predictor in deployment.predictors
        for pod in predictor.components
        if pod.pod.get("hostNetwork") is True
    ]
    if not on_host:
        return
    for pod, predictor in on_host:
        if facts.operator != "graphgate" and holds_orchestrator(pod, predictor, deployment):
            yield Finding(
                pod.path.join(("spec", "hostNetwork")),
                "Seldon's orchestrator lists port 8000 twice, which hostNetwork does not allow",
            )
    for rendered, template in rendered_pods(deployment, facts):
        if template["spec"].get("hostNetwork") is True:
            yield from _check_ports(rendered, template["spec"])


def _check_ports(rendered: "Rendered", spec: Mapping[str, Any]) -> Iterator[Finding]:
    """Yield each port of an author's that something injected listens on as well."""
    injected: dict[tuple[int | None, str], str] = {}
    written: list[tuple[tuple[int | None, str], Path]] = []
    for index, container in iter_mappings(spec, "containers"):
        for number, port in iter_mappings(container, "ports"):
            value = get_int(port, "hostPort") or get_int(port, "containerPort")
            key = (value, get_str(port, "protocol") or "TCP")
            place = ("containers", index, "ports", number, "containerPort")
            path = rendered.trace(("spec", "template", "spec", *place))
            if path[-1:] == ("containerPort",):
                written.append((key, path))
            else:
                injected.setdefault(key, get_str(container, "name"))
    for key, path in written:
        if key in injected:
            owner = quote_value(injected[key])
            message = f"port {key[0]} of the host is used by container {owner} as well"
            yield Finding(path, message, "use another port")
