"""Label selectors (k8s.io/apimachinery pkg/apis/meta/v1, LabelSelector)."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from webhook.graph.model import get_list, get_mapping, get_str

SELECTOR_OPERATORS = ("In", "NotIn", "Exists", "DoesNotExist")


@dataclass(frozen=True, slots=True)
class Requirement:
    """One demand on the labels: key, operator, values."""

    key: str
    operator: str
    values: frozenset[str] = frozenset()

    def matches(self, labels: Mapping[str, Any]) -> bool:
        """Return whether labels meet it. NotIn is met by labels without the key."""
        has_key = self.key in labels
        if self.operator == "Exists":
            return has_key
        if self.operator == "DoesNotExist":
            return not has_key
        has_listed_value = has_key and labels[self.key] in self.values
        return has_listed_value if self.operator == "In" else not has_listed_value

    def to_query(self) -> str:
        """Return how the API's labelSelector parameter spells it: "stage in (prod,test)"."""
        if self.operator == "In" and len(self.values) == 1:
            return f"{self.key}={next(iter(self.values))}"
        if self.operator in ("In", "NotIn"):
            return f"{self.key} {self.operator.lower()} ({','.join(sorted(self.values))})"
        return self.key if self.operator == "Exists" else f"!{self.key}"


@dataclass(frozen=True, slots=True)
class LabelSelector:
    """All of the requirements; none: everything."""

    requirements: tuple[Requirement, ...] = ()

    def matches(self, labels: Mapping[str, Any]) -> bool:
        """Return whether labels meet every requirement."""
        return all(requirement.matches(labels) for requirement in self.requirements)

    def to_query(self) -> str:
        """Return how the API's labelSelector parameter spells it; "" for everything."""
        return ",".join(requirement.to_query() for requirement in self.requirements)


EVERY_OBJECT = LabelSelector()


def read_selector(raw: Mapping[str, Any]) -> LabelSelector:
    """Return the Selector of a raw one whose shape was checked."""
    requirements = [
        Requirement(key, "In", frozenset({value}))
        for key, value in get_mapping(raw, "matchLabels").items()
    ]
    requirements += [
        Requirement(
            get_str(item, "key"), get_str(item, "operator"), frozenset(get_list(item, "values"))
        )
        for item in get_list(raw, "matchExpressions")
    ]
    return LabelSelector(tuple(requirements))


def has_labels(labels: Mapping[str, Any], wanted: Mapping[str, Any]) -> bool:
    """Return whether all desired labels are there with their values, as a Service selects pods."""
    return all(labels.get(key) == value for key, value in wanted.items())


_TERM = re.compile(
    r"\s*(?:(?P<set>[^\s,()=!]+)\s+(?P<operator>in|notin)\s*\((?P<values>[^()]*)\)"
    r"|(?P<key>[^\s,()=!]+)\s*(?P<sign>==|=|!=)\s*(?P<value>[^\s,()=!]*)"
    r"|(?P<absent>!)?\s*(?P<exists>[^\s,()=!]+))\s*(?:,(?!\s*$)|$)"
)


def parse_selector(text: str) -> LabelSelector:
    """Return the selector that kubectl's -l spells: "team=a,stage in (prod, test),!legacy".

    "" is everything. Raise ValueError where it is not a selector.
    """
    requirements = []
    position = 0
    while position < len(text.rstrip()):
        term = _TERM.match(text, position)
        if term is None:
            raise ValueError(f"{text!r} is not a label selector; write it as KEY=VALUE,KEY!=VALUE")
        position = term.end()
        if term["set"]:
            operator = "In" if term["operator"] == "in" else "NotIn"
            values = frozenset(value.strip() for value in term["values"].split(","))
            requirements.append(Requirement(term["set"], operator, values))
        elif term["key"]:
            operator = "NotIn" if term["sign"] == "!=" else "In"
            requirements.append(Requirement(term["key"], operator, frozenset({term["value"]})))
        else:
            operator = "DoesNotExist" if term["absent"] else "Exists"
            requirements.append(Requirement(term["exists"], operator))
    return LabelSelector(tuple(requirements))


def get_labels(value: Any) -> Mapping[str, Any]:
    """Return the labels of an object; none of anything else."""
    return get_mapping(get_mapping(value, "metadata"), "labels") if type(value) is dict else {}
