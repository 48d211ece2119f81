"""DNS labels, the names of containers and Services."""

import re
from functools import lru_cache

from webhook.graph.k8s_syntax import explain_invalid

DNS_LABEL = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?\Z")
"""A DNS label (RFC 1123), as required for container names; at most 63 characters."""

MAX_LABEL_LENGTH = 63
"""The most characters of a DNS label (RFC 1035, 2.3.4), and of a label's value in Kubernetes."""

_MAX_RENAMED_LENGTH = 1024
"""No valid name is proposed for a longer one. An author may write megabytes."""


_MAX_GENERATE_NAME_LENGTH = 58


def complete_generate_name(start: str) -> str:
    """Return a name as the API server makes one of a generateName (names.SimpleNameGenerator)."""
    return f"{start[:_MAX_GENERATE_NAME_LENGTH]}xxxxx"


def is_dns_label(name: str) -> bool:
    """Return whether `name` is a valid DNS label in Kubernetes."""
    return len(name) <= MAX_LABEL_LENGTH and _is_dns_label(name)


# Each name is used by a node, a container and a volume, and again in the next review.
@lru_cache(maxsize=1024)
def _is_dns_label(name: str) -> bool:
    return DNS_LABEL.match(name) is not None


def to_dns_label(name: str) -> str:
    """Return the DNS label nearest to `name`; "" if there is none, or it is too long."""
    if len(name) > _MAX_RENAMED_LENGTH:
        return ""
    label = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")
    return label if len(label) <= MAX_LABEL_LENGTH else ""


def explain_invalid_dns_label(name: str) -> str:
    """Return why `name` is not a DNS label: '"_" is not allowed'."""
    return explain_invalid(name, "-a-z0-9", MAX_LABEL_LENGTH)
