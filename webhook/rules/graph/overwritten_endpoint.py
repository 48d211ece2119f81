"""Endpoint address that Seldon overwrites

Why: Seldon sets host and port of each node's endpoint from the node's container. Any other address
is never called. A node that is built into the orchestrator has no container, and Seldon's operator
leaves its address as it is: the orchestrator does not become ready until it can connect there.

Fix: Remove it; to choose the port, name a container port http or grpc.

Bad:
    endpoint:
      service_host: models.example
      service_port: 8080

Good:
    endpoint:
      type: REST
"""

from collections.abc import Iterator

from webhook.graph.cluster_facts import Facts
from webhook.graph.finding import Finding
from webhook.graph.model import Node, Predictor, SeldonDeployment, get_int, get_mapping, get_str
from webhook.rendering import names
from webhook.rendering.layout import PredictorLayout, layout_predictors
from webhook.rendering.node_kinds import ORCHESTRATOR_IMPLEMENTATIONS
from webhook.rules._format import quote_value

ACTION = "warn"
SINCE = "0.1.0"

_PORTS = ("service_port", "httpPort", "grpcPort")

WORDS = frozenset(f"endpoint.{field}" for field in ("service_host", *_PORTS))


def check(deployment: SeldonDeployment, facts: Facts) -> Iterator[Finding]:
    """Yield each address that differs from the one that Seldon sets.

    Sources: seldon-checks G39; ReadyTCP (executor/predictor/ready_checker.go, v1.17.1).
    """
    layouts: tuple[PredictorLayout, ...] = ()
    for predictor_index, predictor in enumerate(deployment.predictors):
        for node in predictor.nodes:
            endpoint = node.raw.get("endpoint")
            # Most have a type only.
            if not endpoint or type(endpoint) is not dict or len(endpoint) == ("type" in endpoint):
                continue
            if _has_address(node):
                # Many stored objects have the address that Seldon sets.
                layouts = layouts or layout_predictors(deployment)
                yield from _check_node(node, layouts[predictor_index])
                if node.implementation in ORCHESTRATOR_IMPLEMENTATIONS:
                    yield from _check_built_in(node, predictor, facts)


def _check_built_in(node: Node, predictor: Predictor, facts: Facts) -> Iterator[Finding]:
    """Yield the address of a node without a container, which the orchestrator waits for."""
    endpoint = get_mapping(node.raw, "endpoint")
    host, port = get_str(endpoint, "service_host"), get_int(endpoint, "service_port")
    if facts.operator == "graphgate" or node.name in predictor.containers_by_name:
        return
    if host and port and port > 0:
        yield Finding(
            node.path / "endpoint" / "service_host",
            f"the orchestrator becomes ready only when it can connect to {quote_value(host)} on "
            f"port {port}, though {node.implementation} is built in",
            "remove the address",
        )


def _has_address(node: Node) -> bool:
    endpoint = get_mapping(node.raw, "endpoint")
    return bool(get_str(endpoint, "service_host")) or any(get_int(endpoint, key) for key in _PORTS)


def _check_node(node: Node, layout: PredictorLayout) -> Iterator[Finding]:
    location = layout.node_locations.get(node.path)
    if location is None:
        return
    slot = location[1]
    endpoint = get_mapping(node.raw, "endpoint")
    host = get_str(endpoint, "service_host")
    if host and host not in ("localhost", "0.0.0.0", "127.0.0.1"):  # noqa: S104 — compared, not bound
        service = names.container_service_name(layout, slot)
        if host != service and not host.startswith(f"{service}."):
            yield Finding(
                node.path / "endpoint" / "service_host",
                f"service_host {quote_value(host)} is ignored: Seldon calls the node's container",
            )
    for key in _PORTS:
        port = get_int(endpoint, key)
        if port and port not in (slot.http_port, slot.grpc_port):
            yield Finding(
                node.path / "endpoint" / key,
                f"{key} {port} is ignored: the node's ports are {slot.http_port} (http) and "
                f"{slot.grpc_port} (grpc)",
            )
