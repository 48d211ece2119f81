"""What the rules on Services' names share: whether a name may begin with a digit."""

from webhook.graph.cluster_facts import Facts

LEADING_DIGIT_SINCE_MINOR = 36
"""The first minor version of Kubernetes whose Services may begin with a digit, as pods may
(RelaxedServiceNameValidation: on by default in 1.36, for good in 1.37; KEP-5311)."""


def allows_leading_digit(facts: Facts) -> bool:
    """Tell whether a Service's name may begin with a digit in this cluster."""
    return (
        facts.kubernetes_minor is not None and facts.kubernetes_minor >= LEADING_DIGIT_SINCE_MINOR
    )


def forbids_leading_digit(facts: Facts) -> bool:
    """Tell whether it surely may not; neither is true where the cluster's version is not known."""
    return facts.kubernetes_minor is not None and facts.kubernetes_minor < LEADING_DIGIT_SINCE_MINOR
