"""Service name is not a DNS label

Why: the annotation seldon.io/svc-name is used as the name of a Service, which must be a DNS label:
at most 63 lower-case letters, digits and "-", with no "-" at either end. Before Kubernetes 1.36 it
must start with a letter (RFC 1035). Seldon's operator uses an empty name, too.

Fix: Use at most 63 lower-case letters, digits and "-", with a letter first.

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
from webhook.graph.model import Predictor, get_mapping
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
    """Yield each annotation that is not a valid Service name.

    Source: Kubernetes' Service names; seldon-checks G14.
    """
    name = get_mapping(predictor.raw, "annotations").get(SERVICE_NAME_ANNOTATION)
    if type(name) is not str:
        return
    path = predictor.path / "annotations" / SERVICE_NAME_ANNOTATION
    if not name:
        # To graphgate's reconciler it is absent.
        if facts.operator != "graphgate":
            message = "Service name is empty: Seldon's operator creates a Service without a name"
            yield Finding(path, message, "remove the annotation")
        return
    message = f"Service name {quote_value(name)} is not a valid DNS label:"
    if not is_dns_label(name):
        yield Finding(path, f"{message} {explain_invalid_dns_label(name)}")
    elif name[0].isdigit() and not allows_leading_digit(facts):
        message = (
            f"{message} it must not start with a digit before Kubernetes "
            f"1.{LEADING_DIGIT_SINCE_MINOR}"
        )
        yield Finding(path, message, certain=forbids_leading_digit(facts))
