"""The object's name makes no Service name

Why: the names of Services begin with that of the SeldonDeployment, and Kubernetes takes only DNS
labels there: lower-case letters, digits and "-"; before Kubernetes 1.36 a letter first (RFC 1035).
A SeldonDeployment itself may have dots or begin with a digit, so it is accepted, and its Services
are not. A name made of it with more than 63 characters is replaced by a hash, which is fine.

Fix: Name the object with lower-case letters, digits and "-" only, a letter first.

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
from webhook.graph.model import SeldonDeployment, get_mapping, get_str
from webhook.graph.names import DNS_LABEL
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

_MAX_START_LENGTH = 58
"""Characters of a generateName that the API server uses (names.SimpleNameGenerator)."""
_SERVICE_NAME_START = frozenset("abcdefghijklmnopqrstuvwxyz")


def check(deployment: SeldonDeployment, facts: Facts) -> Iterator[Finding]:
    """Yield one finding if a Service's name would be refused.

    Source: RFC 1035; seldon-checks G12.
    """
    name, field = deployment.name, "name"
    start = get_str(get_mapping(deployment.raw, "metadata"), "generateName")
    if start and not _is_name_start(start):  # judged where there is a name, too
        name, field = start, "generateName"
    elif start and not name:
        name, field = f"{start[:_MAX_START_LENGTH]}x7k2p", "generateName"
    if not name or (name[0] in _SERVICE_NAME_START and len(name) <= 253 and DNS_LABEL.match(name)):
        return
    if not _is_subdomain(name):
        message = f"the object's name {quote_value(name)} is none that Kubernetes takes"
        yield Finding(
            ROOT / "metadata" / field, f"{message}: it {_explain_invalid_service_name(name)}"
        )
        return
    digit = DNS_LABEL.match(name) is not None  # then it begins with one, and nothing else is wrong
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
        # What is too long is hashed, and begins with "seldon-".
        service = next((service for service in services if service.startswith(name)), None)
        if service:
            yield Finding(
                ROOT / "metadata" / field,
                f"the Service {quote_value(service)} would be refused: it "
                f"{_explain_invalid_service_name(name)}"
                + (
                    f", which Kubernetes takes from 1.{LEADING_DIGIT_SINCE_MINOR} on only"
                    if digit
                    else ""
                ),
                certain=not digit or forbids_leading_digit(facts),
            )
            return


def _is_name_start(start: str) -> bool:
    # A "-" at its end is passed over, since five characters follow (maskTrailingDash).
    return _is_subdomain(f"{start[:-2]}a" if start.endswith("-") and len(start) > 1 else start)


def _is_subdomain(name: str) -> bool:
    return len(name) <= 253 and all(DNS_LABEL.match(part) for part in name.split("."))


def _explain_invalid_service_name(name: str) -> str:
    if len(name) > 253:
        return f"has {len(name)} characters, more than 253"
    if name.endswith("."):
        return 'ends with "."'
    invalid_chars = next(
        (c for c in name if c not in _SERVICE_NAME_START and c not in "-0123456789"), ""
    )
    if invalid_chars:
        return f'has the character "{invalid_chars}"'
    if name[0].isdigit():
        return "starts with a digit"
    return f'{"starts" if name.startswith("-") else "ends"} with "-"'
