"""A port has a name that no port can have

Why: names of ports are IANA service names: at most 15 lower-case letters, digits and "-", with a
letter among them, no "-" at an end and no two in a row. A probe that means a port by number must
not put the number into quotes: it would be such a name. The API server refuses the Deployment.

Fix: Write the name with lower-case letters, digits and "-" only, in 15 characters. Write the port
of a probe as a number, or as the name of a port of the container.

Bad:
    ports:
    - name: prometheus_metrics
      containerPort: 6000
    livenessProbe:
      tcpSocket:
        port: "9000"

Good:
    ports:
    - name: metrics
      containerPort: 6000
    livenessProbe:
      tcpSocket:
        port: 9000
"""

from collections.abc import Iterator

from webhook.graph.finding import Finding, Operation
from webhook.graph.kubernetes import LONGEST_PORT_NAME, is_port_name, why_not
from webhook.graph.model import Container, Deployment, mapping, mappings
from webhook.graph.path import Path
from webhook.graph.signs import unusual
from webhook.rules._pods import handlers
from webhook.rules._text import quoted

ACTION = "deny"
SINCE = "0.1.0"
NEEDS = frozenset({unusual("ports"), unusual("probes")})


def check(deployment: Deployment) -> Iterator[Finding]:
    """Yield each name of a port, in a container or a probe, that is none (IsValidPortName)."""
    for container in deployment.in_need("ports"):
        for index, port in mappings(container.raw, "ports"):
            name = port.get("name")
            if name and type(name) is str and not is_port_name(name):
                yield Finding(container.path.join(("ports", index, "name")), _fact(name))
    for container in deployment.in_need("probes"):
        yield from _called(container)


def _called(container: Container) -> Iterator[Finding]:
    for place, handler in handlers(container):
        for field in ("httpGet", "tcpSocket"):
            name = mapping(handler, field).get("port")
            if type(name) is str and not is_port_name(name):
                yield _finding(container.path.join((*place, field, "port")), name)


def _finding(path: Path, name: str) -> Finding:
    if not (name.isascii() and name.isdecimal()) or not 0 < int(name[:6]) <= 65535:
        return Finding(path, _fact(name))
    mend: Operation = {"op": "replace", "path": path.pointer, "value": int(name)}
    return Finding(
        path, f'the text "{name}" is read as the name of a port', f"write {int(name)}", (mend,)
    )


def _fact(name: str) -> str:
    if "--" in name:
        why = 'has two "-" in a row'
    elif name and len(name) <= LONGEST_PORT_NAME and name.isascii() and name.isdecimal():
        why = "has no letter"
    else:
        why = why_not(name, "-a-z0-9", LONGEST_PORT_NAME)
    return f"the port name {quoted(name)} {why}"
