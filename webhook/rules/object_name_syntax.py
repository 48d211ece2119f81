"""A pod names an object as none can be called

Why: service accounts, priority classes, runtime classes and nodes have names that are DNS
subdomains; a host name and a subdomain are DNS labels. The API server refuses a Deployment with
another name.

Fix: Write the name of the object as it is: lower-case letters, digits, "-" and ".".

Bad:
    componentSpecs:
    - spec:
        serviceAccountName: Model_Reader
        containers:
        - name: classifier

Good:
    componentSpecs:
    - spec:
        serviceAccountName: model-reader
        containers:
        - name: classifier
"""

from collections.abc import Iterator, Mapping
from typing import Any

from webhook.graph.finding import Finding
from webhook.graph.kubernetes import LONGEST_SUBDOMAIN, is_subdomain, why_not
from webhook.graph.model import Deployment, mapping, text
from webhook.graph.path import Path
from webhook.graph.words import is_dns_label, why_not_dns_label
from webhook.rules._text import quoted
from webhook.workloads.nodes import wants_server

ACTION = "deny"
SINCE = "0.1.0"

_SUBDOMAINS = (
    "serviceAccountName",
    "serviceAccount",
    "priorityClassName",
    "runtimeClassName",
    "nodeName",
    "hostnameOverride",
)
_OF_SERVERS = ("serviceAccountName", "envSecretRefName")
_NEVER_EMPTY = ("runtimeClassName", "hostnameOverride")
"""All others are read as absent where they are empty."""
_LABELS = ("hostname", "subdomain")

NEEDS = frozenset((*_SUBDOMAINS, *_LABELS, *_OF_SERVERS, "containerSpec"))


def check(deployment: Deployment) -> Iterator[Finding]:
    """Yield each such name, of pods, nodes and explainers (source: ValidatePodSpec)."""
    for component in deployment.components:
        pod = component.pod
        for field in _SUBDOMAINS:
            if field in pod:
                absent = None if field in _NEVER_EMPTY else ""
                yield from _judge(component.path / "spec", pod, field, absent)
        for field in _LABELS:
            name = pod.get(field)
            if name and type(name) is str and not is_dns_label(name):
                path = component.path.join(("spec", field))
                yield Finding(path, f"the {field} {quoted(name)} {why_not_dns_label(name)}")
    for predictor in deployment.predictors:
        for node in predictor.nodes:
            if wants_server(node):
                for field in _OF_SERVERS:
                    if field in node.raw:
                        yield from _judge(node.path, node.raw, field)
        if "explainer" in predictor.raw:
            explainer = mapping(predictor.raw, "explainer")
            if not text(explainer, "type"):
                continue  # then there is none
            for field in _OF_SERVERS:
                yield from _judge(predictor.path / "explainer", explainer, field)
            name = mapping(explainer, "containerSpec").get("name")
            if name and type(name) is str and not is_dns_label(name):
                path = predictor.path.join(("explainer", "containerSpec", "name"))
                yield Finding(path, f"the name {quoted(name)} {why_not_dns_label(name)}")


def _judge(
    path: Path, raw: Mapping[str, Any], field: str, absent: str | None = ""
) -> Iterator[Finding]:
    name = raw.get(field)
    if type(name) is not str or name == absent or is_subdomain(name):
        return
    why = why_not(name, "-.a-z0-9", LONGEST_SUBDOMAIN)
    yield Finding(path / field, f"the {field} {quoted(name)} {why}")
