"""A port is no port

Why: ports of TCP, UDP and SCTP are numbers from 1 to 65535. The API server refuses a Deployment
with any other.

Fix: Write the number of the port that the program listens on.

Bad:
    ports:
    - containerPort: 90000

Good:
    ports:
    - containerPort: 9000
"""

from collections.abc import Iterator

from webhook.graph.features import non_trivial_feature
from webhook.graph.finding import Finding
from webhook.graph.model import SeldonDeployment, get_int, get_mapping, iter_mappings
from webhook.rules.pod._pods import iter_handlers

ACTION = "deny"
SINCE = "0.1.0"
TRIGGERS = frozenset({non_trivial_feature("ports"), non_trivial_feature("probes")})

_MAX_PORT = 65535


def check(deployment: SeldonDeployment) -> Iterator[Finding]:
    """Yield each port of a container, probe or hook that is no port (validateContainerPorts)."""
    for container in deployment.containers_with("ports"):
        for index, port in iter_mappings(container.raw, "ports"):
            for field in ("containerPort", "hostPort"):
                value = get_int(port, field)
                # A hostPort of 0 reads as none.
                if value is None or 0 < value <= _MAX_PORT or (not value and field == "hostPort"):
                    continue
                yield Finding(container.path.join(("ports", index, field)), _message(value))
    for container in deployment.containers_with("probes"):
        for path, handler in iter_handlers(container):
            for field in ("httpGet", "tcpSocket", "grpc"):
                action = get_mapping(handler, field)
                handler_port = action.get("port", 1)
                if type(handler_port) is int and not 0 < handler_port <= _MAX_PORT:
                    item_path = container.path.join((*path, field, "port"))
                    yield Finding(item_path, _message(handler_port))
                elif handler_port is None:  # required, so that null is read as 0
                    item_path = container.path.join((*path, field, "port"))
                    yield Finding(item_path, f"{path[-1]} calls no port", "write the port")


def _message(value: int) -> str:
    return f"{value} is no port: it is not between 1 and {_MAX_PORT}"
