"""Which Kubernetes Seldon's operator is built for: it drops the fields that its types lack.

The operator reads a SeldonDeployment into Go types of k8s.io/api, which know the fields of their
own minor version, and makes the pods of what it has read. Nothing is logged.
"""

import re
from functools import lru_cache
from typing import NamedTuple

from webhook.graph.cluster_facts import Operator

OPERATOR_VERSION_PATTERN = r"^v?1\.(0|[1-9][0-9]?)(\.[0-9]+)?([-+][-+.0-9A-Za-z]*)?$"
"""A version of Seldon Core 1: 1.17.1, or 1.18.0-rc.1."""

ASSUMED_VERSION = "1.17.1"
"""Where the operator's version is not known; what is rendered for it is as this version does."""

_KUBERNETES_MINORS = {16: 24, 17: 24, 18: 28, 19: 31}
"""By minor version of the operator, the minor version of k8s.io/api that it is built with
(operator/go.mod at the tags v1.16.0, v1.17.1, v1.18.2 and v1.19.0-rc.1)."""

_VERSION = re.compile(OPERATOR_VERSION_PATTERN)


class OperatorTypes(NamedTuple):
    """What Seldon's operator is built for.

    version           "1.17.1"
    kubernetes_minor  24 for types of Kubernetes 1.24
    is_known          False where the version is assumed, or newer than all that are known here
    """

    version: str
    kubernetes_minor: int
    is_known: bool


def get_operator_types(operator: Operator | None, version: str | None) -> OperatorTypes | None:
    """Return what an operator of this version is built for; None: it is not Seldon's.

    version  as in `Facts.operator_version`

    An operator before 1.16 counts as 1.16: it lacks at least what that lacks.
    """
    return _types_of(version) if operator == "seldon" else None


@lru_cache(maxsize=8)
def _types_of(version: str | None) -> OperatorTypes:
    match = _VERSION.match(version or "")
    is_known = match is not None
    match = match or _VERSION.match(ASSUMED_VERSION)
    assert match is not None  # noqa: S101 — the assumed version is one
    minor = int(match[1])
    newest = max(_KUBERNETES_MINORS)
    built_with = _KUBERNETES_MINORS[min(max(minor, min(_KUBERNETES_MINORS)), newest)]
    return OperatorTypes(match[0].removeprefix("v"), built_with, is_known and minor <= newest)


def first_version_with(kubernetes_minor: int) -> str:
    """Return the first version of the operator with types of a Kubernetes; "": none has them."""
    for minor, built_with in _KUBERNETES_MINORS.items():
        if built_with >= kubernetes_minor:
            return f"1.{minor}"
    return ""
