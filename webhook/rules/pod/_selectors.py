"""What the rules on scheduling share: how selectors of labels are judged."""

from collections.abc import Iterator, Mapping
from typing import Any

from webhook.graph.finding import Finding
from webhook.graph.k8s_syntax import (
    MAX_NAME_LENGTH,
    explain_invalid,
    is_label_value,
    is_qualified_name,
)
from webhook.graph.model import get_list, get_mapping, iter_mappings
from webhook.graph.path import Path
from webhook.rules._format import quote_value
from webhook.rules._suggest import unknown_value_finding

_OPERATORS = ("In", "NotIn", "Exists", "DoesNotExist")
NODE_OPERATORS = (*_OPERATORS, "Gt", "Lt")
"""The operators of requirements on nodes; those on pods lack the last two."""


def check_selector(path: Path, selector: Mapping[str, Any]) -> Iterator[Finding]:
    """Yield what is wrong with a LabelSelector (source: ValidateLabelSelector)."""
    for key, value in get_mapping(selector, "matchLabels").items():
        if not is_qualified_name(key):
            yield Finding(path / "matchLabels" / key, f"{quote_value(key)} is no key of a label")
        if type(value) is str:
            yield from _check_label_value(path / "matchLabels" / key, value)
    yield from check_requirements(path / "matchExpressions", selector, _OPERATORS)


def check_requirements(
    path: Path, term: Mapping[str, Any], operators: tuple[str, ...]
) -> Iterator[Finding]:
    """Yield what is wrong with the matchExpressions of `term`, which stand at `path`."""
    for index, requirement in iter_mappings(term, "matchExpressions"):
        requirement_path = path / index
        key, operator = requirement.get("key"), requirement.get("operator")
        values = get_list(requirement, "values")
        if type(key) is str and not is_qualified_name(key):
            message = f"{quote_value(key)} is no key of a label" if key else "the key is empty"
            yield Finding(requirement_path / "key", message)
        if type(operator) is not str:
            continue  # missing, or of the wrong type: that is said
        if operator not in operators:
            yield unknown_value_finding(
                requirement_path / "operator", "operator here", operator, operators
            )
            continue
        yield from _check_value_count(requirement_path / "values", operator, len(values))
        for value_index, value in enumerate(values):
            if type(value) is str:
                yield from _check_label_value(requirement_path / "values" / value_index, value)


def _check_value_count(path: Path, operator: str, count: int) -> Iterator[Finding]:
    if operator in ("In", "NotIn") and not count:
        yield Finding(path, f"the operator {operator} compares with no value", "add values")
    elif operator in ("Exists", "DoesNotExist") and count:
        plural = "s" * (count > 1)
        yield Finding(path, f"the operator {operator} has {count} value{plural}", "leave them out")
    elif operator in ("Gt", "Lt") and count != 1:
        yield Finding(path, f"the operator {operator} compares with one value, not {count}")


def _check_label_value(path: Path, value: str) -> Iterator[Finding]:
    if not is_label_value(value):
        reason = explain_invalid(value, "-A-Za-z0-9_.", MAX_NAME_LENGTH)
        yield Finding(path, f"{quote_value(value)} is no value of a label: it {reason}")
