"""Whose pods are judged: those of Seldon's operator, or those of graphgate's reconciler.

What is known of the cluster and of the object decides, in this order:

1. the setting `operator`, where it is not "auto";
2. the status: who writes it now reconciles the object (its managers in metadata.managedFields);
3. whether Seldon's operator is at work in the cluster (`Facts.operator`);
4. nothing known, as offline: Seldon's, which most clusters have.
"""

from collections.abc import Mapping
from typing import Any

from webhook.graph.cluster_facts import Facts, Operator
from webhook.graph.model import get_mapping, get_str, iter_mappings
from webhook.settings.model import Settings

DEFAULT_OPERATOR: Operator = "seldon"

_STATUS_MANAGERS: Mapping[str, Operator] = {"graphgate": "graphgate", "manager": "seldon"}
"""Field managers by who they are. Seldon's is called as its program (controller-runtime's default,
operator/Dockerfile, v1.17.1)."""


def resolve_operator(document: Any, settings: Settings, facts: Facts) -> Operator:
    """Return whose pods this object stands for."""
    if settings.operator != "auto":
        return settings.operator
    raw = document if type(document) is dict else {}
    return _find_status_writer(raw) or facts.operator or DEFAULT_OPERATOR


def _find_status_writer(raw: Mapping[str, Any]) -> Operator | None:
    """Return who wrote the status last; None if neither did."""
    writers = [
        (get_str(entry, "time"), _STATUS_MANAGERS[manager])
        for _, entry in iter_mappings(get_mapping(raw, "metadata"), "managedFields")
        if get_str(entry, "subresource") == "status"
        and (manager := get_str(entry, "manager")) in _STATUS_MANAGERS
    ]
    return max(writers)[1] if writers else None
