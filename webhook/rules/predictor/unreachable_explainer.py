"""Explainer on another port than its Service

Why: Seldon's operator lets an explainer listen on the port that its container lists as http, and
makes a Service that leads to endpoint.service_port, or to 9000. If they differ, nobody reaches the
explainer. (graphgate's reconciler uses the container's port for both.)

Fix: Set endpoint.service_port of the explainer to the port of its container.

Bad:
    explainer:
      type: AnchorTabular
      containerSpec:
        name: explainer
        ports:
        - name: http
          containerPort: 8080

Good:
    explainer:
      type: AnchorTabular
      endpoint:
        service_port: 8080
      containerSpec:
        name: explainer
        ports:
        - name: http
          containerPort: 8080
"""

from collections.abc import Iterator

from webhook.graph.cluster_facts import Facts
from webhook.graph.finding import Finding
from webhook.graph.model import Predictor, get_int, get_mapping, get_str, iter_mappings

ACTION = "deny"
SINCE = "0.1.0"
FIELDS = frozenset({"explainer"})


def check(predictor: Predictor, facts: Facts) -> Iterator[Finding]:
    """Yield the explainer whose Service leads elsewhere.

    Source: createExplainer (operator/controllers/seldondeployment_explainers.go, v1.17.1).
    """
    raw = get_mapping(predictor.raw, "explainer")
    container = get_mapping(raw, "containerSpec")
    if facts.operator == "graphgate" or not get_str(raw, "type") or "ports" not in container:
        return
    from webhook.rendering.explainer import DEFAULT_PORT

    served = get_int(get_mapping(raw, "endpoint"), "service_port") or DEFAULT_PORT
    for index, port in iter_mappings(container, "ports"):
        number = get_int(port, "containerPort")
        if get_str(port, "name") != "http" or not number:
            continue
        if number != served:
            path = predictor.path / "explainer"
            yield Finding(
                path.join(("containerSpec", "ports", index, "containerPort")),
                f"the explainer listens on port {number}, and its Service leads to port {served}",
                f"set endpoint.service_port of the explainer to {number}",
                evidence=(path / "endpoint",) if "endpoint" in raw else (),
            )
        return
