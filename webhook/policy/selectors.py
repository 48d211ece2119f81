"""Label selectors (k8s.io/apimachinery pkg/apis/meta/v1, LabelSelector)."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from webhook.graph.model import items, mapping, text

OPERATORS = ("In", "NotIn", "Exists", "DoesNotExist")


@dataclass(frozen=True, slots=True)
class Requirement:
    """One demand on the labels: key, operator, values."""

    key: str
    operator: str
    values: frozenset[str] = frozenset()

    def holds(self, labels: Mapping[str, Any]) -> bool:
        """Tell whether labels meet it. NotIn is met by labels without the key."""
        there = self.key in labels
        if self.operator == "Exists":
            return there
        if self.operator == "DoesNotExist":
            return not there
        listed = there and labels[self.key] in self.values
        return listed if self.operator == "In" else not listed


@dataclass(frozen=True, slots=True)
class Selector:
    """All of the requirements; none: everything."""

    requirements: tuple[Requirement, ...] = ()

    def matches(self, labels: Mapping[str, Any]) -> bool:
        """Tell whether labels meet every requirement."""
        return all(requirement.holds(labels) for requirement in self.requirements)


def read_selector(raw: Mapping[str, Any]) -> Selector:
    """Return the Selector of a raw one whose shape was judged."""
    wanted = [
        Requirement(key, "In", frozenset({value}))
        for key, value in mapping(raw, "matchLabels").items()
    ]
    wanted += [
        Requirement(text(item, "key"), text(item, "operator"), frozenset(items(item, "values")))
        for item in items(raw, "matchExpressions")
    ]
    return Selector(tuple(wanted))


def labels_of(value: Any) -> Mapping[str, Any]:
    """Return the labels of an object; none of anything else."""
    return mapping(mapping(value, "metadata"), "labels") if type(value) is dict else {}
