"""Whose pods are evaluated: those of Seldon's operator, or those of graphgate's reconciler.

What is known of the cluster and of the object decides, in this order:

1. the setting `operator`, where it is not "auto";
2. the label seldon.io/controller-id: the object is graphgate's if it names its reconciler;
3. whether Seldon's operator runs in the cluster (`Facts.operator`): every other object is its own,
   since a reconciler without an id does not start next to it;
4. the status: its current writer reconciles the object (its managers in metadata.managedFields).
   The author may write these, too, so that they only count where the cluster says nothing;
5. what the facts say;
6. nothing known, as offline: Seldon's, which most clusters have.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, NamedTuple

from webhook.graph.cluster_facts import Facts, Operator
from webhook.graph.model import get_mapping, get_str, iter_mappings
from webhook.graph.well_known import CONTROLLER_ID_LABEL
from webhook.settings.model import Settings

DEFAULT_OPERATOR: Operator = "seldon"

_STATUS_MANAGERS: Mapping[str, Operator] = {"graphgate": "graphgate", "manager": "seldon"}
"""Operators by field manager. Seldon's is named after its program (controller-runtime's default,
operator/Dockerfile, v1.17.1)."""


class OperatorChoice(NamedTuple):
    """The operator that creates an object's pods, and the evidence, as in reports."""

    name: Operator
    evidence: str


def resolve_operator(document: Any, settings: Settings, facts: Facts) -> OperatorChoice:
    """Return the operator that creates the pods of this object."""
    if settings.operator != "auto":
        return OperatorChoice(settings.operator, "the setting operator")
    metadata = get_mapping(document if type(document) is dict else {}, "metadata")
    controller_id = get_str(get_mapping(metadata, "labels"), CONTROLLER_ID_LABEL)
    if controller_id and controller_id == settings.controller_id:
        return OperatorChoice("graphgate", f"the label {CONTROLLER_ID_LABEL}={controller_id}")
    if facts.operator == "seldon":
        return OperatorChoice("seldon", "Seldon's operator runs in the cluster")
    if "managedFields" in metadata and (writer := _find_status_writer(metadata)):
        return OperatorChoice(writer, "the object's status")
    if facts.operator is not None:
        return OperatorChoice(facts.operator, "the facts of the cluster")
    return OperatorChoice(DEFAULT_OPERATOR, "the default, because the operator is unknown")


def _find_status_writer(metadata: Mapping[str, Any]) -> Operator | None:
    """Return the operator that wrote the status last; None if neither did."""
    writers = [
        (get_str(entry, "time"), _STATUS_MANAGERS[manager])
        for _, entry in iter_mappings(metadata, "managedFields")
        if get_str(entry, "subresource") == "status"
        and (manager := get_str(entry, "manager")) in _STATUS_MANAGERS
    ]
    return max(writers)[1] if writers else None


_MAX_KEPT_FACTS = 8
_kept_facts: list[tuple[Facts, Facts]] = []


def with_operator(facts: Facts, operator: Operator, version: str | None = None) -> Facts:
    """Return the facts with the operator of the object.

    version  the version of Seldon's operator, where the settings name it; else that of the facts

    Of the same facts it is the same object each time: what rules remember is under their facts.
    """
    version = version or facts.operator_version
    if facts.operator == operator and facts.operator_version == version:
        return facts
    for base, derived in _kept_facts:
        if base is facts and derived.operator == operator and derived.operator_version == version:
            return derived
    derived = replace(facts, operator=operator, operator_version=version)
    _kept_facts.append((facts, derived))
    del _kept_facts[:-_MAX_KEPT_FACTS]
    return derived
