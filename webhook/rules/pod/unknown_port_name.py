"""Probe of an unknown port

Why: a probe or hook may refer to a port of the same container by name. With an unknown name it
fails each time: the container never becomes ready, or is restarted forever. Seldon adds the ports
http, grpc and metrics to the containers of nodes, if they have no port with that number. Of a model
server for v2 its operator replaces all ports by http and grpc, and the handlers of the readiness
and the liveness probe, unless the server is Triton.

Fix: Use the name of a port of this container, or a number.

Bad:
    containers:
    - name: classifier
      ports:
      - name: rest
        containerPort: 8080
      readinessProbe:
        tcpSocket:
          port: api

Good:
    containers:
    - name: classifier
      ports:
      - name: rest
        containerPort: 8080
      readinessProbe:
        tcpSocket:
          port: rest
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from webhook.graph.cluster_facts import Facts
from webhook.graph.finding import Finding
from webhook.graph.k8s_syntax import is_port_name
from webhook.graph.model import (
    PROBES,
    Container,
    Predictor,
    SeldonDeployment,
    get_list,
    get_str,
    iter_mappings,
)
from webhook.graph.path import Path
from webhook.graph.suggest import nearest_word
from webhook.graph.text import join_words
from webhook.rendering.model_servers import V2_PROTOCOLS
from webhook.rendering.node_kinds import is_prepackaged_server
from webhook.rules._format import quote_value
from webhook.rules._rendered import rendered_pods

ACTION = "deny"
SINCE = "0.1.0"
FIELDS = frozenset({"predictors"})

_CONTAINER_LISTS = ("containers", "initContainers")
_CALLS = ("httpGet", "tcpSocket")


def check(deployment: SeldonDeployment, facts: Facts) -> Iterator[Finding]:
    """Yield each unknown port name of a probe or hook (source: ResolveContainerPort)."""
    rendered: Mapping[Path, frozenset[str]] | None = None
    for predictor in deployment.predictors:
        if not predictor.nodes:
            continue  # which ports are injected depends on the graph
        servers = _servers_with_own_ports(predictor, deployment, facts)
        for container in predictor.all_containers:
            server = servers.get(container.name, "") if container.role == "container" else ""
            if not _names_a_port(container.raw, server):
                continue
            for path, port in _named_ports(container, server):
                if rendered is None:  # few probes name a port that their container does not list
                    rendered = _rendered_port_names(deployment, facts)
                names = rendered.get(container.path)
                if names is not None and port not in names:
                    yield _build_finding(path, port, names)


def _build_finding(path: Path, port: str, names: frozenset[str]) -> Finding:
    known = sorted(names)
    nearest = nearest_word(port, known)
    have = f"it has {join_words(known)}" if known else "it has no named port"
    return Finding(
        path,
        f"no port named {quote_value(port)} in the container; {have}",
        f"use {nearest}" if nearest else "use the number of the port",
    )


def _servers_with_own_ports(
    predictor: Predictor, deployment: SeldonDeployment, facts: Facts
) -> Mapping[str, str]:
    """Return the model servers of which Seldon's operator replaces all ports, by container.

    Source: addTritonServer, mergeMLServerContainer (v1.17.1).
    """
    built_in = [node for node in predictor.nodes if node.implementation]
    if not built_in or facts.operator == "graphgate":
        return {}
    speaks_v2 = get_str(deployment.spec, "protocol") in V2_PROTOCOLS
    return {
        node.name: node.implementation
        for node in built_in
        if node.implementation == "TRITON_SERVER"
        or (
            speaks_v2 and is_prepackaged_server(node) and node.implementation != "TENSORFLOW_SERVER"
        )
    }


def _names_a_port(raw: Mapping[str, Any], server: str) -> bool:
    """Return whether a probe may name a port that the container does not have, or it has hooks."""
    if "lifecycle" in raw:
        return True
    for field in PROBES:
        probe = raw.get(field)
        if type(probe) is dict:
            for kind in _CALLS:
                called = probe.get(kind)
                port = called.get("port") if type(called) is dict else None
                if type(port) is str and (server or port not in _listed_names(raw)):
                    return True
    return False


def _listed_names(raw: Mapping[str, Any]) -> Sequence[Any]:
    return [port.get("name") for port in get_list(raw, "ports") if type(port) is dict]


def _named_ports(container: Container, server: str) -> Iterator[tuple[Path, str]]:
    """Yield path and name of each referenced port that the container does not surely have.

    server  the model server of which the ports are replaced
    """
    written = () if server else _listed_names(container.raw)
    # Of all of these but Triton the handlers of two probes are replaced as well.
    replaced = PROBES[:2] if server not in ("", "TRITON_SERVER") else ()
    for handler in container.handlers():
        for kind in _CALLS:
            called = handler.raw.get(kind)
            port = called.get("port") if type(called) is dict else None
            if type(port) is not str or port in written or handler.name in replaced:
                continue
            if is_port_name(port):
                yield handler.path.join((kind, "port")), port


def _rendered_port_names(
    deployment: SeldonDeployment, facts: Facts
) -> Mapping[Path, frozenset[str]]:
    """Return the port names of each rendered container, by its path."""
    found = {}
    for rendered, template in rendered_pods(deployment, facts):
        for field in _CONTAINER_LISTS:
            for index, container in iter_mappings(template["spec"], field):
                path = rendered.trace(("spec", "template", "spec", field, index))
                found[path] = _port_names(container)
    return found


def _port_names(container: Mapping[str, object]) -> frozenset[str]:
    names = (get_str(port, "name") for _, port in iter_mappings(container, "ports"))
    return frozenset(name for name in names if name)
