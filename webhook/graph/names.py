"""Names as Kubernetes takes them: DNS labels."""

import re
from functools import lru_cache

from webhook.graph.text import join_words, pluralize

DNS_LABEL = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?\Z")
"""A DNS label (RFC 1123), as Kubernetes asks of container names; at most 63 characters."""

MAX_LABEL_LENGTH = 63
"""The most characters of a DNS label (RFC 1035, 2.3.4), and of a label's value in Kubernetes."""

_LABEL_CHARS = frozenset("abcdefghijklmnopqrstuvwxyz0123456789-")

_MAX_RENAMED_LENGTH = 1024
"""Characters of a name that is read to find a better one. An author may write megabytes."""


def is_dns_label(name: str) -> bool:
    """Return whether Kubernetes takes `name` as a DNS label."""
    return len(name) <= MAX_LABEL_LENGTH and _is_dns_label(name)


# Each name stands at a node, a container and a volume, and again in the next review.
@lru_cache(maxsize=1024)
def _is_dns_label(name: str) -> bool:
    return DNS_LABEL.match(name) is not None


def to_dns_label(name: str) -> str:
    """Return the DNS label that says the same as `name`; "" if there is none, or none so short."""
    if len(name) > _MAX_RENAMED_LENGTH:
        return ""
    label = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")
    return label if len(label) <= MAX_LABEL_LENGTH else ""


def explain_invalid_dns_label(name: str) -> str:
    """Say what keeps `name` from being a DNS label: 'has the character "_"'."""
    if not name:
        return "is empty"
    invalid_chars = sorted(c for c in set(name) if c not in _LABEL_CHARS)
    if invalid_chars:
        upper = all(c.isascii() and c.isupper() for c in invalid_chars)
        description = "upper-case letters" if upper and len(invalid_chars) > 1 else None
        quoted = description or join_words([f'"{c}"' for c in invalid_chars[:3]])
        return (
            f"has {quoted}"
            if description
            else f"has the {pluralize(len(invalid_chars), 'character')} {quoted}"
        )
    if len(name) > MAX_LABEL_LENGTH:
        return f"has {len(name)} characters, more than {MAX_LABEL_LENGTH}"
    return f'{"starts" if name.startswith("-") else "ends"} with "-"'
