"""Services: of each node's container, and of each predictor and explainer."""

from webhook.graph.model import get_mapping
from webhook.graph.well_known import HEADLESS_SERVICE_ANNOTATION, SERVICE_LABEL_PREFIX
from webhook.rendering import metadata, names
from webhook.rendering.layout import ContainerSlot, PredictorLayout
from webhook.rendering.source_map import Sourced, mapping_of

H2C = "kubernetes.io/h2c"
"""The application protocol of a port that speaks HTTP/2 without TLS (Kubernetes' standard name)."""


def render_container_service(layout: PredictorLayout, slot: ContainerSlot) -> Sourced:
    """Return the Service by which one node is called, past the orchestrator."""
    name = names.container_service_name(layout, slot)
    return _build_service(
        layout,
        name,
        labels=metadata.container_service_labels(layout, slot),
        selector={SERVICE_LABEL_PREFIX + slot.name: name},
        ports={"http": (slot.http_port, slot.http_port), "grpc": (slot.grpc_port, slot.grpc_port)},
    )


def render_predictor_service(layout: PredictorLayout) -> Sourced:
    """Return the predictor's Service: what clients, gateways and status.address name.

    Behind it is the orchestrator, or the root node where there is none.
    """
    name = names.predictor_service_name(layout)
    (http, grpc), (http_target, grpc_target) = layout.service_ports, layout.target_ports
    # A Gateway speaks HTTP/1.1 to a backend that does not say otherwise.
    speaks_h2c = layout.options.routing.kind == "gateway-api" and not layout.is_seldon
    return _build_service(
        layout,
        name,
        labels=metadata.predictor_service_labels(layout),
        selector={metadata.PREDICTOR_SERVICE: name},
        ports={"http": (http, http_target), "grpc": (grpc, grpc_target)},
        headless=_is_headless(layout),
        grpc_protocol=H2C if speaks_h2c else None,
    )


def render_explainer_service(layout: PredictorLayout, port: int) -> Sourced:
    """Return the explainer's Service."""
    name = names.explainer_name(layout)
    return _build_service(
        layout,
        name,
        labels=metadata.explainer_service_labels(layout),
        selector={metadata.PREDICTOR_SERVICE: name},
        ports={"http": (port, port)},
        headless=_is_headless(layout),
    )


def _build_service(
    layout: PredictorLayout,
    name: str,
    *,
    labels: Sourced,
    selector: dict[str, str],
    ports: dict[str, tuple[int, int]],
    headless: bool = False,
    grpc_protocol: str | None = None,
) -> Sourced:
    """Return a Service. `ports`: by name, its own and the container's number."""
    path = layout.predictor.path
    entries: dict[int | str, dict[str, object]] = {}
    for port_name, (port, target) in ports.items():
        entry = {"name": port_name, "port": port, "targetPort": target, "protocol": "TCP"}
        # One number twice is refused by the API server; the first name keeps it. Seldon's operator
        # writes both.
        entries.setdefault(port_name if layout.is_seldon else port, entry)
    for entry in entries.values():
        if entry["name"] == "grpc" and grpc_protocol:
            entry["appProtocol"] = grpc_protocol
    annotations = metadata.predictor_annotations(layout)
    spec = {
        "type": "ClusterIP",
        "clusterIP": "None" if headless else None,
        "selector": selector,
        "ports": list(entries.values()),
    }
    return mapping_of(
        path,
        {
            "apiVersion": "v1",
            "kind": "Service",
            "metadata": metadata.object_metadata(layout, name, labels, annotations),
            "spec": mapping_of(path, spec),
        },
    )


def _is_headless(layout: PredictorLayout) -> bool:
    """Return whether seldon.io/headless-svc is set, on the spec or else on the object."""
    key = HEADLESS_SERVICE_ANNOTATION
    for section in (layout.deployment.spec, get_mapping(layout.deployment.raw, "metadata")):
        value = get_mapping(section, "annotations").get(key)
        if type(value) is str:
            # An empty one counts for Seldon's operator.
            return value != "false" and (layout.is_seldon or value != "")
    return False
