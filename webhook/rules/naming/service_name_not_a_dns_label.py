"""A Service name is no DNS label

Why: the annotation seldon.io/svc-name is used as it is written, and Kubernetes takes only DNS
labels as names of Services: at most 63 lower-case letters, digits and "-", with no "-" at either
end. Before Kubernetes 1.36 they begin with a letter (RFC 1035).

Fix: Write at most 63 lower-case letters, digits and "-", with a letter first.

Bad:
    annotations:
      seldon.io/svc-name: 1-iris

Good:
    annotations:
      seldon.io/svc-name: iris-1
"""

from collections.abc import Iterator

from webhook.graph.cluster_facts import Facts
from webhook.graph.finding import Finding
from webhook.graph.model import Predictor, get_mapping, get_str
from webhook.graph.names import explain_invalid_dns_label, is_dns_label
from webhook.graph.well_known import SERVICE_NAME_ANNOTATION
from webhook.rules._format import quote_value
from webhook.rules.naming._service_names import (
    LEADING_DIGIT_SINCE_MINOR,
    allows_leading_digit,
    forbids_leading_digit,
)

ACTION = "deny"
SINCE = "0.1.0"
FIELDS = frozenset({"annotations"})


def check(predictor: Predictor, facts: Facts) -> Iterator[Finding]:
    """Yield each annotation that names no Service.

    Source: Kubernetes' Service names; seldon-checks G14.
    """
    if "annotations" not in predictor.raw:
        return
    name = get_str(get_mapping(predictor.raw, "annotations"), SERVICE_NAME_ANNOTATION)
    # Empty reads as absent.
    if not name:
        return
    path = predictor.path / "annotations" / SERVICE_NAME_ANNOTATION
    message = f"the Service name {quote_value(name)} is no DNS label: it"
    if not is_dns_label(name):
        yield Finding(path, f"{message} {explain_invalid_dns_label(name)}")
    elif name[0].isdigit() and not allows_leading_digit(facts):
        message = (
            f"{message} starts with a digit, which Kubernetes takes from "
            f"1.{LEADING_DIGIT_SINCE_MINOR} on only"
        )
        yield Finding(path, message, certain=forbids_leading_digit(facts))
