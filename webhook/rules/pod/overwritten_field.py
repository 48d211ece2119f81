"""Field that Seldon's operator replaces

Why: Seldon's operator puts its own values in place of some that the author wrote. Of a model server
for v2 it replaces the ports by http and grpc (of Triton as well), and the handlers of readiness and
liveness probe. The container of a TENSORFLOW_SERVER gets the image of its proxy. An explainer gets
its arguments, or with protocol v2 its variables, and no others; config is read without that
protocol only, and initParameters with it. The service account of a model
server's node replaces the pod's. (graphgate's reconciler keeps what the author wrote.)

Fix: Remove the field, or move it to where it has an effect.

Bad:
    protocol: v2
    predictors:
    - componentSpecs:
      - spec:
          containers:
          - name: classifier
            ports:
            - name: debug
              containerPort: 5678
      graph:
        name: classifier
        implementation: SKLEARN_SERVER

Good:
    protocol: v2
    predictors:
    - componentSpecs:
      - spec:
          containers:
          - name: classifier
      graph:
        name: classifier
        implementation: SKLEARN_SERVER
"""

from collections.abc import Iterator, Mapping
from typing import Any

from webhook.graph.cluster_facts import Facts
from webhook.graph.finding import Finding
from webhook.graph.model import (
    Container,
    Node,
    Predictor,
    SeldonDeployment,
    get_list,
    get_mapping,
    get_str,
    iter_mappings,
)
from webhook.graph.path import Path
from webhook.rendering.model_servers import V2_PROTOCOLS
from webhook.rendering.node_kinds import is_prepackaged_server
from webhook.rules._format import quote_value
from webhook.rules.graph._nodes import index_of_component
from webhook.rules.pod._pods import PROBE_HANDLERS, list_set_fields

ACTION = "warn"
SINCE = "0.1.0"
FIELDS = frozenset({"explainer", "implementation"})

_KEPT_PORTS = ("http", "grpc", "metrics")
"""Of these the number of http and grpc is used, and metrics is expected and not found."""


def check(predictor: Predictor, deployment: SeldonDeployment, facts: Facts) -> Iterator[Finding]:
    """Yield each such field.

    Sources: mergeMLServerContainer, addTritonServer, addTFServerContainer,
    addModelServersAndInitContainers, createExplainer (v1.17.1).
    """
    if facts.operator == "graphgate":
        return
    speaks_v2 = get_str(deployment.spec, "protocol") in V2_PROTOCOLS
    if "explainer" in predictor.raw:
        yield from _check_explainer(predictor, speaks_v2=speaks_v2)
    for node in predictor.nodes:
        if node.implementation and is_prepackaged_server(node):
            for container in predictor.containers_by_name.get(node.name, ())[:1]:
                yield from _check_server(node, container, deployment)
            yield from _check_account(node, predictor)


def _check_explainer(predictor: Predictor, *, speaks_v2: bool) -> Iterator[Finding]:
    raw = get_mapping(predictor.raw, "explainer")
    if not get_str(raw, "type"):  # none is made
        return
    field = "env" if speaks_v2 else "args"
    if get_list(get_mapping(raw, "containerSpec"), field):
        what = "variables" if speaks_v2 else "arguments"
        yield Finding(
            predictor.path.join(("explainer", "containerSpec", field)),
            f"{field} is ignored: Seldon's operator gives the explainer its own {what}",
            "use envFrom" if speaks_v2 else "use config",
        )
    unread = "config" if speaks_v2 else "initParameters"
    if raw.get(unread):
        yield Finding(
            predictor.path.join(("explainer", unread)),
            f"{unread} is not read with this protocol",
            "use initParameters" if speaks_v2 else "use config",
        )


def _check_server(
    node: Node, container: Container, deployment: SeldonDeployment
) -> Iterator[Finding]:
    protocol = get_str(deployment.spec, "protocol")
    raw, path = container.raw, container.path
    if node.implementation == "TENSORFLOW_SERVER":
        if protocol != "tensorflow" and get_str(raw, "image"):
            yield Finding(
                path / "image",
                f"image {quote_value(get_str(raw, 'image'))} is ignored: Seldon's operator uses "
                "that of TENSORFLOW_SERVER",
            )
        return
    is_mlserver = protocol in V2_PROTOCOLS and node.implementation != "TRITON_SERVER"
    if not is_mlserver and node.implementation != "TRITON_SERVER":
        return
    for index, port in iter_mappings(raw, "ports"):
        if get_str(port, "name") not in _KEPT_PORTS:
            yield Finding(
                path.join(("ports", index)),
                f"port {port.get('containerPort')} is not listed: Seldon's operator lists http and "
                f"grpc only for {node.implementation}",
                "remove it: a container listens on its ports whether they are listed or not",
            )
    if is_mlserver:
        yield from _check_probes(node, raw, path)


def _check_probes(node: Node, raw: Mapping[str, Any], path: Path) -> Iterator[Finding]:
    for field in ("livenessProbe", "readinessProbe"):
        for handler in list_set_fields(get_mapping(raw, field), PROBE_HANDLERS):
            yield Finding(
                path / field / handler,
                f"{handler} is ignored: Seldon's operator probes {node.implementation} by its own "
                "paths",
                "remove the probe, or keep it for its periods and thresholds",
            )


def _check_account(node: Node, predictor: Predictor) -> Iterator[Finding]:
    account = get_str(node.raw, "serviceAccountName")
    if not account:
        return
    for component in predictor.components[index_of_component(predictor, node) :][:1]:
        written = get_str(component.pod, "serviceAccountName")
        if written and written != account:
            yield Finding(
                component.path.join(("spec", "serviceAccountName")),
                f"serviceAccountName {quote_value(written)} is ignored: Seldon's operator uses "
                f"{quote_value(account)}, that of the node {quote_value(node.name)}",
                evidence=(node.path / "serviceAccountName",),
            )
