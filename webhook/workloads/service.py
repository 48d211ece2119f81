"""Services: of each node's container, and of each predictor and explainer."""

from webhook.graph.model import mapping, text
from webhook.workloads import metadata, names
from webhook.workloads.origin import Traced, table
from webhook.workloads.placement import Placement, Slot


def of_slot(placement: Placement, slot: Slot) -> Traced:
    """Return the Service by which one node is called, past the orchestrator."""
    name = names.of_slot(placement, slot)
    return _build(
        placement,
        name,
        labels=metadata.of_container_service(placement, slot),
        selector={metadata.CONTAINER_SERVICE + slot.name: name},
        ports={"http": (slot.http, slot.http), "grpc": (slot.grpc, slot.grpc)},
    )


def of_predictor(placement: Placement) -> Traced:
    """Return the predictor's Service: what clients, gateways and status.address name.

    Behind it is the orchestrator, or the root node where there is none.
    """
    name = names.of_service(placement)
    (http, grpc), (http_target, grpc_target) = placement.service_ports, placement.target_ports
    return _build(
        placement,
        name,
        labels=metadata.of_predictor_service(placement),
        selector={metadata.PREDICTOR_SERVICE: name},
        ports={"http": (http, http_target), "grpc": (grpc, grpc_target)},
        headless=_is_headless(placement),
    )


def of_explainer(placement: Placement, port: int) -> Traced:
    """Return the explainer's Service."""
    name = names.of_explainer(placement)
    return _build(
        placement,
        name,
        labels=metadata.of_explainer_service(placement),
        selector={metadata.PREDICTOR_SERVICE: name},
        ports={"http": (port, port)},
        headless=_is_headless(placement),
    )


def _build(
    placement: Placement,
    name: str,
    *,
    labels: Traced,
    selector: dict[str, str],
    ports: dict[str, tuple[int, int]],
    headless: bool = False,
) -> Traced:
    """Return a Service. `ports`: by name, its own and the container's number."""
    path = placement.predictor.path
    listed: dict[int, dict[str, object]] = {}
    for port_name, (port, target) in ports.items():
        # One number twice is refused by the API server; the first name keeps it.
        listed.setdefault(
            port, {"name": port_name, "port": port, "targetPort": target, "protocol": "TCP"}
        )
    notes = metadata.predictor_annotations(placement)
    spec = {
        "type": "ClusterIP",
        "clusterIP": "None" if headless else None,
        "selector": selector,
        "ports": list(listed.values()),
    }
    return table(
        path,
        {
            "apiVersion": "v1",
            "kind": "Service",
            "metadata": metadata.of_object(placement, name, labels, notes),
            "spec": table(path, spec),
        },
    )


def _is_headless(placement: Placement) -> bool:
    """Tell whether seldon.io/headless-svc is set, on the spec or else on the object."""
    key = "seldon.io/headless-svc"
    for place in (placement.deployment.spec, mapping(placement.deployment.raw, "metadata")):
        value = mapping(place, "annotations").get(key)
        if value is not None:
            return text({key: value}, key) not in ("", "false")
    return False
