"""Mutants that change nothing anybody can see."""

KNOWN: frozenset[str] = frozenset(
    {
        # digits too many to convert: numbers of 11 digits are refused for their size anyway
        "webhook/podsecurity/openshift.py: 10 → 11",
        # zeros are taken from what is known to be digits
        "webhook/podsecurity/openshift.py: '0' → '0~'",
        # neither is a range
        "webhook/podsecurity/openshift.py: '' → '~'",
        # neither is the name of a namespace
        "webhook/defaulting/defaulter.py: '' → '~'",
    }
)
"""As `file: before → after`, each with its reason."""
