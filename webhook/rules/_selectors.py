"""What the rules on scheduling share: how selectors of labels are judged."""

from collections.abc import Iterator, Mapping
from typing import Any

from webhook.graph.finding import Finding
from webhook.graph.kubernetes import LONGEST_NAME, is_key, is_label_value, why_not
from webhook.graph.model import items, mapping, mappings
from webhook.graph.path import Path
from webhook.rules._text import quoted
from webhook.rules._words import unknown_word

_OPERATORS = ("In", "NotIn", "Exists", "DoesNotExist")
NODE_OPERATORS = (*_OPERATORS, "Gt", "Lt")
"""The operators of requirements on nodes; those on pods lack the last two."""


def judge_selector(path: Path, selector: Mapping[str, Any]) -> Iterator[Finding]:
    """Yield what is wrong with a LabelSelector (source: ValidateLabelSelector)."""
    for key, value in mapping(selector, "matchLabels").items():
        if not is_key(key):
            yield Finding(path / "matchLabels" / key, f"{quoted(key)} is no key of a label")
        if type(value) is str:
            yield from _value(path / "matchLabels" / key, value)
    yield from judge_requirements(path / "matchExpressions", selector, _OPERATORS)


def judge_requirements(
    path: Path, term: Mapping[str, Any], operators: tuple[str, ...]
) -> Iterator[Finding]:
    """Yield what is wrong with the matchExpressions of `term`, which stand at `path`."""
    for index, requirement in mappings(term, "matchExpressions"):
        where = path / index
        key, operator = requirement.get("key"), requirement.get("operator")
        values = items(requirement, "values")
        if type(key) is str and not is_key(key):
            fact = f"{quoted(key)} is no key of a label" if key else "the key is empty"
            yield Finding(where / "key", fact)
        if type(operator) is not str:
            continue  # missing, or of the wrong type: that is said
        if operator not in operators:
            yield unknown_word(where / "operator", "operator here", operator, operators)
            continue
        yield from _amount(where / "values", operator, len(values))
        for number, value in enumerate(values):
            if type(value) is str:
                yield from _value(where / "values" / number, value)


def _amount(path: Path, operator: str, count: int) -> Iterator[Finding]:
    if operator in ("In", "NotIn") and not count:
        yield Finding(path, f"the operator {operator} compares with no value", "add values")
    elif operator in ("Exists", "DoesNotExist") and count:
        plural = "s" * (count > 1)
        yield Finding(path, f"the operator {operator} has {count} value{plural}", "leave them out")
    elif operator in ("Gt", "Lt") and count != 1:
        yield Finding(path, f"the operator {operator} compares with one value, not {count}")


def _value(path: Path, value: str) -> Iterator[Finding]:
    if not is_label_value(value):
        why = why_not(value, "-A-Za-z0-9_.", LONGEST_NAME)
        yield Finding(path, f"{quoted(value)} is no value of a label: it {why}")
