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

from webhook.graph.features import non_trivial_feature
from webhook.graph.finding import Finding, Operation
from webhook.graph.k8s_syntax import MAX_PORT_NAME_LENGTH, explain_invalid, is_port_name
from webhook.graph.model import Container, SeldonDeployment, get_mapping, iter_mappings
from webhook.graph.path import Path
from webhook.rules._format import quote_value
from webhook.rules.pod._pods import iter_handlers

ACTION = "deny"
SINCE = "0.1.0"
TRIGGERS = frozenset({non_trivial_feature("ports"), non_trivial_feature("probes")})


def check(deployment: SeldonDeployment) -> Iterator[Finding]:
    """Yield each name of a port, in a container or a probe, that is none (IsValidPortName)."""
    for container in deployment.containers_with("ports"):
        for index, port in iter_mappings(container.raw, "ports"):
            name = port.get("name")
            if name and type(name) is str and not is_port_name(name):
                yield Finding(container.path.join(("ports", index, "name")), _message(name))
    for container in deployment.containers_with("probes"):
        yield from _handler_port_names(container)


def _handler_port_names(container: Container) -> Iterator[Finding]:
    for path, handler in iter_handlers(container):
        for field in ("httpGet", "tcpSocket"):
            name = get_mapping(handler, field).get("port")
            if type(name) is str and not is_port_name(name):
                yield _build_finding(container.path.join((*path, field, "port")), name)


def _build_finding(path: Path, name: str) -> Finding:
    if not (name.isascii() and name.isdecimal()) or not 0 < int(name[:6]) <= 65535:
        return Finding(path, _message(name))
    fix: Operation = {"op": "replace", "path": path.pointer, "value": int(name)}
    return Finding(
        path, f'the text "{name}" is read as the name of a port', f"write {int(name)}", (fix,)
    )


def _message(name: str) -> str:
    if "--" in name:
        reason = 'has two "-" in a row'
    elif name and len(name) <= MAX_PORT_NAME_LENGTH and name.isascii() and name.isdecimal():
        reason = "has no letter"
    else:
        reason = explain_invalid(name, "-a-z0-9", MAX_PORT_NAME_LENGTH)
    return f"the port name {quote_value(name)} {reason}"
