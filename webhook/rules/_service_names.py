"""What the rules on Services' names share: whether a name may begin with a digit."""

from webhook.graph.facts import Facts

RELAXED = 36
"""The first minor version of Kubernetes whose Services may begin with a digit, as pods may
(RelaxedServiceNameValidation: on by default in 1.36, for good in 1.37; KEP-5311)."""


def takes_digit(facts: Facts) -> bool:
    """Tell whether a Service's name may begin with a digit in this cluster."""
    return facts.minor is not None and facts.minor >= RELAXED


def refuses_digit(facts: Facts) -> bool:
    """Tell whether it surely may not; neither is true where the cluster's version is not known."""
    return facts.minor is not None and facts.minor < RELAXED
