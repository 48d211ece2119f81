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

from webhook.graph.finding import Finding
from webhook.graph.model import Deployment, mapping, mappings, number
from webhook.graph.signs import unusual
from webhook.rules._pods import handlers

ACTION = "deny"
SINCE = "0.1.0"
NEEDS = frozenset({unusual("ports"), unusual("probes")})

_LAST = 65535


def check(deployment: Deployment) -> Iterator[Finding]:
    """Yield each port of a container, probe or hook that is no port (validateContainerPorts)."""
    for container in deployment.in_need("ports"):
        for index, port in mappings(container.raw, "ports"):
            for field in ("containerPort", "hostPort"):
                value = number(port, field)
                # A hostPort of 0 reads as none.
                if value is None or 0 < value <= _LAST or (not value and field == "hostPort"):
                    continue
                yield Finding(container.path.join(("ports", index, field)), _fact(value))
    for container in deployment.in_need("probes"):
        for place, handler in handlers(container):
            for field in ("httpGet", "tcpSocket", "grpc"):
                action = mapping(handler, field)
                called = action.get("port", 1)
                if type(called) is int and not 0 < called <= _LAST:
                    where = container.path.join((*place, field, "port"))
                    yield Finding(where, _fact(called))
                elif called is None:  # required, so that null is read as 0
                    where = container.path.join((*place, field, "port"))
                    yield Finding(where, f"{place[-1]} calls no port", "write the port")


def _fact(value: int) -> str:
    return f"{value} is no port: it is not between 1 and {_LAST}"
