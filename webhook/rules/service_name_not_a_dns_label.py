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

from webhook.graph.facts import Facts
from webhook.graph.finding import Finding
from webhook.graph.model import Deployment, mapping, text
from webhook.graph.words import is_dns_label, why_not_dns_label
from webhook.rules._service_names import RELAXED, refuses_digit, takes_digit
from webhook.rules._text import quoted
from webhook.workloads.names import SERVICE_NAME

ACTION = "deny"
SINCE = "0.1.0"
NEEDS = frozenset({SERVICE_NAME})


def check(deployment: Deployment, facts: Facts) -> Iterator[Finding]:
    """Yield each annotation that names no Service.

    Source: Kubernetes' Service names; seldon-checks G14.
    """
    for predictor in deployment.predictors:
        if "annotations" not in predictor.raw:
            continue
        name = text(mapping(predictor.raw, "annotations"), SERVICE_NAME)
        # Empty reads as absent.
        if not name:
            continue
        path = predictor.path / "annotations" / SERVICE_NAME
        fact = f"the Service name {quoted(name)} is no DNS label: it"
        if not is_dns_label(name):
            yield Finding(path, f"{fact} {why_not_dns_label(name)}")
        elif name[0].isdigit() and not takes_digit(facts):
            fact = f"{fact} starts with a digit, which Kubernetes takes from 1.{RELAXED} on only"
            yield Finding(path, fact, sure=refuses_digit(facts))
