"""What the rules on Service names share: whether a name may start with a digit."""

from webhook.graph.cluster_facts import Facts

LEADING_DIGIT_SINCE_MINOR = 36
"""The first minor version of Kubernetes whose Service names may start with a digit
(RelaxedServiceNameValidation: on by default in 1.36, locked in 1.37; KEP-5311)."""


def allows_leading_digit(facts: Facts) -> bool:
    """Return whether a Service name may start with a digit in this cluster."""
    return (
        facts.kubernetes_minor is not None and facts.kubernetes_minor >= LEADING_DIGIT_SINCE_MINOR
    )


def forbids_leading_digit(facts: Facts) -> bool:
    """Return whether it must not. Both functions return False if the version is unknown."""
    return facts.kubernetes_minor is not None and facts.kubernetes_minor < LEADING_DIGIT_SINCE_MINOR
