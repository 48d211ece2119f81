"""Object name not usable for Services

Why: the names of Services start with that of the SeldonDeployment and must be DNS labels:
lower-case letters, digits and "-"; before Kubernetes 1.36 a letter first (RFC 1035). The name of a
SeldonDeployment itself may have dots or start with a digit, so the object is accepted and its
Services are not. A generated name of more than 63 characters is replaced by a hash, which is fine.

Fix: Use only lower-case letters, digits and "-" in the name, and a letter first.

Bad:
    metadata:
      name: iris.v1

Good:
    metadata:
      name: iris-v1
"""

from collections.abc import Iterator

from webhook.graph.cluster_facts import Facts
from webhook.graph.finding import Finding
from webhook.graph.k8s_syntax import MAX_SUBDOMAIN_LENGTH, explain_invalid
from webhook.graph.model import SeldonDeployment, get_mapping, get_str
from webhook.graph.names import DNS_LABEL, complete_generate_name, to_dns_label
from webhook.graph.path import ROOT
from webhook.graph.well_known import SERVICE_NAME_ANNOTATION
from webhook.rules._format import quote_value
from webhook.rules.naming._service_names import (
    LEADING_DIGIT_SINCE_MINOR,
    allows_leading_digit,
    forbids_leading_digit,
)

ACTION = "deny"
SINCE = "0.1.0"

_SERVICE_NAME_START = frozenset("abcdefghijklmnopqrstuvwxyz")


def check(deployment: SeldonDeployment, facts: Facts) -> Iterator[Finding]:
    """Yield one finding if the API server would refuse a Service name.

    Source: RFC 1035; seldon-checks G12.
    """
    name, field = deployment.name, "name"
    start = get_str(get_mapping(deployment.raw, "metadata"), "generateName")
    if start and not _is_name_start(start):  # checked also where there is a name
        name, field = start, "generateName"
    elif start and not name:
        name, field = complete_generate_name(start), "generateName"
    if not name or (name[0] in _SERVICE_NAME_START and len(name) <= 253 and DNS_LABEL.match(name)):
        return
    if not _is_subdomain(name):
        message = f"invalid object name {quote_value(name)}"
        reason = explain_invalid(name, "-.a-z0-9", MAX_SUBDOMAIN_LENGTH)
        new = to_dns_label(name) if field == "name" else ""
        # No fix: under another name it is another object.
        remediation = f'use "{new}"' if new and new[0] in _SERVICE_NAME_START else ""
        yield Finding(ROOT / "metadata" / field, f"{message}: {reason}", remediation)
        return
    digit = DNS_LABEL.match(name) is not None  # then only its leading digit is wrong
    if digit and allows_leading_digit(facts):
        return
    from webhook.rendering import names  # few names come this far: start-up time
    from webhook.rendering.layout import layout_predictors

    for placement in layout_predictors(deployment):
        slots = [slot for pod in placement.pods for slot in pod.slots if slot.has_service]
        services = [names.container_service_name(placement, slot) for slot in slots]
        if not get_str(
            get_mapping(placement.predictor.raw, "annotations"), SERVICE_NAME_ANNOTATION
        ):
            services.insert(0, names.build_predictor_service_name(name, placement.predictor.name))
        # Names that are too long are hashed, and start with "seldon-".
        service = next((service for service in services if service.startswith(name)), None)
        if service:
            yield Finding(
                ROOT / "metadata" / field,
                f"invalid name of the generated Service {quote_value(service)}: "
                f"{_explain_invalid_service_name(name)}"
                + (f" before Kubernetes 1.{LEADING_DIGIT_SINCE_MINOR}" if digit else ""),
                certain=not digit or forbids_leading_digit(facts),
            )
            return


def _is_name_start(start: str) -> bool:
    # A trailing "-" is allowed, since five characters follow (maskTrailingDash).
    return _is_subdomain(f"{start[:-2]}a" if start.endswith("-") and len(start) > 1 else start)


def _is_subdomain(name: str) -> bool:
    return len(name) <= 253 and all(DNS_LABEL.match(part) for part in name.split("."))


def _explain_invalid_service_name(name: str) -> str:
    if DNS_LABEL.match(name):
        return "it must not start with a digit"
    return explain_invalid(name, "-a-z0-9", MAX_SUBDOMAIN_LENGTH)
