"""The rows on names of other objects: Secrets, ConfigMaps, accounts, classes, hosts."""

from collections.abc import Iterable
from typing import Any

from webhook.graph.finding import Finding, Operation
from webhook.graph.model import get_str, iter_mappings
from webhook.rendering.node_kinds import is_prepackaged_server
from webhook.rules._format import quote_value
from webhook.rules._stray_fields import is_meant
from webhook.rules.constraints.checks import (
    Check,
    ConstraintRule,
    Location,
    matches,
    required,
    row,
    rows,
)
from webhook.rules.constraints.formats import DNS_LABEL, DNS_SUBDOMAIN, OBJECT_KEY

_PROJECTED = "volumes[].projected.sources[]"
_REFERENCES = (
    *("env[].valueFrom.secretKeyRef", "env[].valueFrom.configMapKeyRef"),
    *("envFrom[].secretRef", "envFrom[].configMapRef"),
)


def _of_server(check: Check) -> Check:
    """Only for nodes of prepackaged servers: the field is ignored for others."""

    def check_server(value: Any, location: Location) -> Iterable[Finding]:
        return check(value, location) if is_prepackaged_server(location.subject) else ()

    return check_server


def _of_download(check: Check) -> Check:
    """Only for nodes whose model is fetched: the field is ignored for others."""

    def check_download(value: Any, location: Location) -> Iterable[Finding]:
        node = location.subject
        fetched = is_prepackaged_server(node) or get_str(node.raw, "modelUri")
        return check(value, location) if fetched else ()

    return check_download


def _names_object(kind: str, field: str) -> Any:
    """Check that a reference names its object, and suggest the nearest field."""

    def check(value: Any, location: Location) -> Iterable[Finding]:
        if type(value) is not dict or value.get(field) not in (None, ""):
            return ()
        others = [f for f in ("name", "secretName", "claimName") if f != field and value.get(f)]
        if kind == "claim" and any(is_meant(other, field) for other in others):
            return ()  # misspelled-required-field reports it
        if not others:
            return (Finding(location.at(field), f"{field} is required", f"add {field}"),)
        other = location.at(others[0])
        move: Operation = {
            "op": "move",
            "from": other.pointer,
            "path": location.at(field).pointer,
        }
        message = f"a {kind} volume names its object in {field}, not in {others[0]}"
        remediation = f"rename {others[0]} to {field}"
        return (Finding(other, message, remediation, (move,), fix_safety="safe"),)

    return check


def _can_exist(field: str) -> Check:
    """Check that an object of such a name, and its keys, can exist: the pod waits for them.

    The API server accepts any text here (validateSecretVolumeSource). The kubelet, or the scheduler
    for a claim, finds no such object. With `optional` the pod starts without it.
    """

    def check(value: Any, location: Location) -> Iterable[Finding]:
        if type(value) is not dict or value.get("optional") is True:
            return ()
        findings = []
        name = value.get(field)
        if type(name) is str and name and not DNS_SUBDOMAIN.accepts(name):
            reason = DNS_SUBDOMAIN.explain(name)
            message = f"invalid object name {quote_value(name)}: {reason}"
            findings.append(Finding(location.at(field), message))
        for index, item in iter_mappings(value, "items"):
            key = item.get("key")
            if type(key) is str and key and not OBJECT_KEY.accepts(key):
                message = f"invalid key {quote_value(key)}: {OBJECT_KEY.explain(key)}"
                findings.append(Finding(location.at("items", index, "key"), message))
        return findings

    return check


RULES = (
    ConstraintRule(
        "malformed-secret-or-configmap-reference",
        """Invalid reference to a Secret or ConfigMap

    Why: variables and volumes take what they hold from Secrets, ConfigMaps and claims. Without a
    name and, for one value, a key, the API server refuses the Deployment; and in variables it
    refuses names and keys that no object can have. In volumes it accepts those, and the pod waits
    for the object forever, unless it is optional.

    Fix: Use the name of the object and a key in it.

    Bad:
        env:
        - name: TOKEN
          valueFrom:
            secretKeyRef:
              name: Model_Token
              key: token

    Good:
        env:
        - name: TOKEN
          valueFrom:
            secretKeyRef:
              name: model-token
              key: token
    """,
        (
            *rows("container", _REFERENCES, required("name")),
            *rows(
                "container",
                tuple(f"{reference}.name" for reference in _REFERENCES),
                matches(DNS_SUBDOMAIN, "object name", optional=True),
            ),
            *rows(
                "container",
                tuple(f"{reference}.key" for reference in _REFERENCES[:2]),
                matches(OBJECT_KEY),
            ),
            # Mounted into every container; Seldon's operator and the API server take any text.
            row(
                "predictor",
                "ssl.certSecretName",
                matches(DNS_SUBDOMAIN, "object name", optional=True),
            ),
            row(
                "pod",
                "volumes[].persistentVolumeClaim",
                _names_object("claim", "claimName"),
                _can_exist("claimName"),
            ),
            row(
                "pod",
                "volumes[].secret",
                _names_object("secret", "secretName"),
                _can_exist("secretName"),
            ),
            row(
                "pod",
                "volumes[].configMap",
                _names_object("configMap", "name"),
                _can_exist("name"),
            ),
            row(
                "pod",
                f"{_PROJECTED}.secret",
                _names_object("projected secret", "name"),
                _can_exist("name"),
            ),
            row(
                "pod",
                f"{_PROJECTED}.configMap",
                _names_object("projected configMap", "name"),
                _can_exist("name"),
            ),
        ),
    ),
    ConstraintRule(
        "malformed-referenced-object-name",
        """Invalid name of a referenced object

    Why: service accounts, priority classes, runtime classes and nodes have names that are DNS
    subdomains; a host name and a subdomain are DNS labels. The API server refuses a Deployment
    with another name.

    Fix: Use only lower-case letters, digits, "-" and ".".

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
    """,
        (
            *(
                row("pod", field, matches(DNS_SUBDOMAIN, field, optional=True))
                for field in (
                    "serviceAccountName",
                    "serviceAccount",
                    "priorityClassName",
                    "nodeName",
                )
            ),
            # These two are not read as absent where they are empty.
            *(
                row("pod", field, matches(DNS_SUBDOMAIN, field))
                for field in ("runtimeClassName", "hostnameOverride")
            ),
            *(
                row("pod", field, matches(DNS_LABEL, field, optional=True))
                for field in ("hostname", "subdomain")
            ),
            *(
                row(subject, field, *checks)
                for field, of_node in (
                    ("serviceAccountName", _of_server),
                    ("envSecretRefName", _of_download),
                )
                for subject, checks in (
                    ("explainer", (matches(DNS_SUBDOMAIN, field, optional=True),)),
                    ("node", (of_node(matches(DNS_SUBDOMAIN, field, optional=True)),)),
                )
            ),
            row(
                "explainer",
                "containerSpec.name",
                matches(DNS_LABEL, "container name", optional=True),
            ),
        ),
    ),
)
