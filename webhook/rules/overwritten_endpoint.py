"""An endpoint's address is overwritten

Why: Seldon writes host and port of each node's endpoint itself, from the node's container. Another
address that is written there is never called.

Fix: Remove it, and name a container port http or grpc to choose the port.

Bad:
    endpoint:
      service_host: models.example
      service_port: 8080

Good:
    endpoint:
      type: REST
"""

from collections.abc import Iterator

from webhook.graph.finding import Finding
from webhook.graph.model import Deployment, Node, mapping, number, text
from webhook.rules._text import quoted
from webhook.workloads import names
from webhook.workloads.placement import Placement, place

ACTION = "warn"
SINCE = "0.1.0"

_PORTS = ("service_port", "httpPort", "grpcPort")

NEEDS = frozenset({"service_host", *_PORTS})


def check(deployment: Deployment) -> Iterator[Finding]:
    """Yield each address that is not what Seldon would write there (source: seldon-checks G39)."""
    placements: tuple[Placement, ...] = ()
    for number_of, predictor in enumerate(deployment.predictors):
        for node in predictor.nodes:
            endpoint = node.raw.get("endpoint")
            # Most say their type and nothing else.
            if not endpoint or type(endpoint) is not dict or len(endpoint) == ("type" in endpoint):
                continue
            if _has_address(node):
                # What Seldon writes is in many stored objects, and is fine.
                placements = placements or place(deployment)
                yield from _node(node, placements[number_of])


def _has_address(node: Node) -> bool:
    endpoint = mapping(node.raw, "endpoint")
    return bool(text(endpoint, "service_host")) or any(number(endpoint, key) for key in _PORTS)


def _node(node: Node, placement: Placement) -> Iterator[Finding]:
    seat = placement.seats.get(node.path)
    if seat is None:
        return
    slot = seat[1]
    endpoint = mapping(node.raw, "endpoint")
    host = text(endpoint, "service_host")
    if host and host not in ("localhost", "0.0.0.0", "127.0.0.1"):  # noqa: S104 — compared, not bound
        service = names.of_slot(placement, slot)
        if host != service and not host.startswith(f"{service}."):
            yield Finding(
                node.path / "endpoint" / "service_host",
                f"{quoted(host)} is never called; Seldon calls the node's container",
            )
    for key in _PORTS:
        port = number(endpoint, key)
        if port and port not in (slot.http, slot.grpc):
            yield Finding(
                node.path / "endpoint" / key,
                f"{port} is never called; the node's ports are {slot.http} (http) and "
                f"{slot.grpc} (grpc)",
            )
