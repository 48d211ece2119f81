"""Probe of a port that the container does not have

Why: a probe or hook may name its port, and the kubelet looks for the name among the ports of the
container itself. A name that it does not find fails each time: the container never becomes ready,
or is restarted for ever. Seldon adds the ports http, grpc and metrics to the containers of nodes.

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

from collections.abc import Iterator

from webhook.graph.finding import Finding
from webhook.graph.k8s_syntax import is_port_name
from webhook.graph.model import Container, Predictor, get_mapping, get_str, iter_mappings
from webhook.graph.suggest import nearest_word
from webhook.graph.text import join_words
from webhook.rules._format import quote_value
from webhook.rules.pod._pods import iter_handlers

ACTION = "deny"
SINCE = "0.1.0"
FIELDS = frozenset({"livenessProbe", "readinessProbe", "startupProbe", "lifecycle"})

_INJECTED_PORTS = frozenset({"http", "grpc", "metrics"})
_NO_PORTS: frozenset[str] = frozenset()


def check(container: Container, predictor: Predictor) -> Iterator[Finding]:
    """Yield each port that a probe or hook names in vain (source: ResolveContainerPort)."""
    written = {get_str(port, "name") for _, port in iter_mappings(container.raw, "ports")}
    for place, handler in iter_handlers(container):
        for kind in ("httpGet", "tcpSocket"):
            port = get_mapping(handler, kind).get("port")
            if type(port) is not str or port in written or not is_port_name(port):
                continue
            names = written | _injected_ports(container, predictor)
            if port in names:
                continue
            known = sorted(names - {""})
            nearest = nearest_word(port, known)
            have = f"it has {join_words(known)}" if known else "it has no named port"
            yield Finding(
                container.path.join((*place, kind, "port")),
                f"no port named {quote_value(port)} in the container; {have}",
                f"use {nearest}" if nearest else "use the number of the port",
            )


def _injected_ports(container: Container, predictor: Predictor) -> frozenset[str]:
    """Return the names of the ports that Seldon adds to a container: to those of nodes."""
    if container.role == "explainer":
        return _INJECTED_PORTS
    is_of_node = container.role != "init container" and container.name in predictor.node_names
    return _INJECTED_PORTS if is_of_node else _NO_PORTS
