"""What an operator sets about routes. Belongs here: values only."""

from dataclasses import dataclass
from typing import Literal

RoutingKind = Literal["none", "gateway-api", "istio", "ambassador"]
"""What splits the traffic; none: graphgate creates no routes."""

ISTIO_DEFAULT_GATEWAY = "istio-system/seldon-gateway"
"""Where Seldon's chart attaches its VirtualServices (values.yaml, istio.gateway)."""

MESH_GATEWAY = "mesh"
"""Istio's reserved word for every sidecar in the mesh (VirtualService.gateways)."""


@dataclass(frozen=True, slots=True)
class RoutingOptions:
    """How requests get to the predictors.

    kind               the gateway's API
    gateway            what routes attach to: "namespace/name"; of Ambassador its id. "": the
                       default of the kind
    section_name       the listener of a Gateway; "": all of them
    hosts              the hosts that the routes are for; empty: all hosts of the gateway
    prefix             the prefix of the path of every route
    grpc_hosts         hosts of gRPC alone; GRPCRoutes are made where these or the listener are set
    grpc_section_name  the listener of gRPC alone
    allowed_gateways   gateways that an object may choose by annotation, besides `gateway`
    allowed_hosts      hosts that an object may choose, besides `hosts`; "*.example.com" matches
                       every host below example.com
    istio_tls_mode     how Istio's clients connect to the predictors (ISTIO_TLS_MODE); "": as the
                       mesh does
    """

    kind: RoutingKind = "none"
    gateway: str = ""
    section_name: str = ""
    hosts: tuple[str, ...] = ()
    prefix: str = "/seldon"
    grpc_hosts: tuple[str, ...] = ()
    grpc_section_name: str = ""
    allowed_gateways: tuple[str, ...] = ()
    allowed_hosts: tuple[str, ...] = ()
    istio_tls_mode: str = ""

    @property
    def default_gateway(self) -> str:
        """The gateway of objects that choose none."""
        if self.kind == "istio":
            return self.gateway or ISTIO_DEFAULT_GATEWAY
        return self.gateway

    @property
    def separates_grpc(self) -> bool:
        """Whether gRPC has a host or a listener of its own, and so routes of its own."""
        return bool(self.grpc_hosts or self.grpc_section_name)

    @property
    def shares_listener(self) -> bool:
        """Whether routes of HTTP and of gRPC may be on one listener."""
        sections = {self.section_name, self.grpc_section_name}
        return "" in sections or len(sections) == 1


def hosts_overlap(first: str, second: str) -> bool:
    """Return whether some name is one of both hosts, each of which may begin with "*."."""
    if first == second:
        return True
    return any(
        wildcard.startswith("*.") and other.endswith(wildcard[1:])
        for wildcard, other in ((first, second), (second, first))
    )


NO_ROUTING = RoutingOptions()
"""No routes."""
