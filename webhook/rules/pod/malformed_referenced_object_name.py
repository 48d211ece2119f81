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
from webhook.graph.k8s_syntax import MAX_SUBDOMAIN_LENGTH, explain_invalid, is_subdomain
from webhook.graph.model import SeldonDeployment, get_mapping, get_str
from webhook.graph.names import explain_invalid_dns_label, is_dns_label
from webhook.graph.path import Path
from webhook.rendering.node_kinds import is_prepackaged_server
from webhook.rules._format import quote_value

ACTION = "deny"
SINCE = "0.1.0"

_SUBDOMAIN_FIELDS = (
    "serviceAccountName",
    "serviceAccount",
    "priorityClassName",
    "runtimeClassName",
    "nodeName",
    "hostnameOverride",
)
_SERVER_FIELDS = ("serviceAccountName", "envSecretRefName")
_NON_EMPTY_FIELDS = ("runtimeClassName", "hostnameOverride")
"""All others are read as absent where they are empty."""
_DNS_LABEL_FIELDS = ("hostname", "subdomain")

TRIGGERS = frozenset((*_SUBDOMAIN_FIELDS, *_DNS_LABEL_FIELDS, *_SERVER_FIELDS, "containerSpec"))


def check(deployment: SeldonDeployment) -> Iterator[Finding]:
    """Yield each such name, of pods, nodes and explainers (source: ValidatePodSpec)."""
    for component in deployment.components:
        pod = component.pod
        for field in _SUBDOMAIN_FIELDS:
            if field in pod:
                absent = None if field in _NON_EMPTY_FIELDS else ""
                yield from _check_name(component.path / "spec", pod, field, absent)
        for field in _DNS_LABEL_FIELDS:
            name = pod.get(field)
            if name and type(name) is str and not is_dns_label(name):
                path = component.path.join(("spec", field))
                yield Finding(
                    path, f"the {field} {quote_value(name)} {explain_invalid_dns_label(name)}"
                )
    for predictor in deployment.predictors:
        for node in predictor.nodes:
            if is_prepackaged_server(node):
                for field in _SERVER_FIELDS:
                    if field in node.raw:
                        yield from _check_name(node.path, node.raw, field)
        if "explainer" in predictor.raw:
            explainer = get_mapping(predictor.raw, "explainer")
            if not get_str(explainer, "type"):
                continue  # then there is none
            for field in _SERVER_FIELDS:
                yield from _check_name(predictor.path / "explainer", explainer, field)
            name = get_mapping(explainer, "containerSpec").get("name")
            if name and type(name) is str and not is_dns_label(name):
                path = predictor.path.join(("explainer", "containerSpec", "name"))
                yield Finding(
                    path, f"the name {quote_value(name)} {explain_invalid_dns_label(name)}"
                )


def _check_name(
    path: Path, raw: Mapping[str, Any], field: str, absent: str | None = ""
) -> Iterator[Finding]:
    name = raw.get(field)
    if type(name) is not str or name == absent or is_subdomain(name):
        return
    reason = explain_invalid(name, "-.a-z0-9", MAX_SUBDOMAIN_LENGTH)
    yield Finding(path / field, f"the {field} {quote_value(name)} {reason}")
