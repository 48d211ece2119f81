"""The rows on amounts: quantities of resources, and numbers of replicas."""

import re
from collections.abc import Iterable, Mapping
from typing import Any

from webhook.graph.finding import Finding
from webhook.graph.k8s_syntax import explain_invalid_quantity, is_quantity, parse_quantity
from webhook.rules._format import quote_value
from webhook.rules.constraints.checks import ConstraintRule, Location, ValueCheck, row, rows

_MISTYPED_UNIT = re.compile(r" *([0-9]+(?:\.[0-9]+)?) *([kKmMgGtTpP])[iI]?[bB]? *\Z")
_MISTYPED_CPU_UNIT = re.compile(r" *([0-9]+) *[mM] *\Z")


def _is_amount(value: Any) -> bool:
    if not is_quantity(value):
        return type(value) is not str  # null is absent, other types are reported as such
    return (parse_quantity(value) or 0) >= 0


def _report_amount(value: Any, location: Location) -> Iterable[Finding]:
    return (_amount_finding(value, location),)


def _amount_finding(value: Any, location: Location, *below: str) -> Finding:
    path = location.at(*below)
    if is_quantity(value):
        return Finding(path, f"must be at least 0, got {value}", "use a quantity of at least 0")
    message = describe_invalid_quantity(value)
    if path[-1] == "cpu" and (mistyped := _MISTYPED_CPU_UNIT.match(value)):
        return Finding(path, message, f"use {mistyped[1]}m")
    if mistyped := _MISTYPED_UNIT.match(value):
        return Finding(path, message, f"use {mistyped[1]}{mistyped[2].upper()}i")
    return Finding(path, message)


def describe_invalid_quantity(text: str) -> str:
    """Return the message of a text that is not a quantity."""
    reason = explain_invalid_quantity(text)
    return f"invalid quantity {quote_value(text)}{reason and f': {reason}'}"


def _are_amounts(value: Any) -> bool:
    return type(value) is not dict or all(map(_is_amount, value.values()))


def _report_amounts(value: Mapping[str, Any], location: Location) -> Iterable[Finding]:
    return (
        _amount_finding(amount, location, name)
        for name, amount in value.items()
        if not _is_amount(amount)
    )


def _is_divisor(value: Any) -> bool:
    return type(value) is not str or is_quantity(value)


check_amount = ValueCheck(_is_amount, _report_amount)
"""Checks that a value is a quantity of at least 0."""

_check_amounts = ValueCheck(_are_amounts, _report_amounts)
_check_divisor = ValueCheck(_is_divisor, _report_amount)

MALFORMED_QUANTITY = ConstraintRule(
    "malformed-quantity",
    """Invalid resource quantity

    Why: amounts of CPU and memory are written as a number with a suffix: m for thousandths, k, M,
    G, T, P, E, or Ki, Mi, Gi, Ti, Pi, Ei, in just this case, without a blank or a B. They are not
    negative. The API server refuses a Deployment with any other. It takes an exponent like
    1e2147483647, and is busy with it for minutes: 1000 is the largest exponent here, and the most
    digits.

    Fix: Use a number with a suffix: m, k, M, G, Ki, Mi, Gi.

    Bad:
        resources:
          requests:
            memory: 2GB

    Good:
        resources:
          requests:
            memory: 2Gi
    """,
    (
        *rows("container", ("resources.requests", "resources.limits"), _check_amounts),
        *rows("pod", ("resources.requests", "resources.limits", "overhead"), _check_amounts),
        row("pod", "volumes[].emptyDir.sizeLimit", check_amount),
        row("container", "env[].valueFrom.resourceFieldRef.divisor", _check_divisor),
        *rows(
            "pod",
            (
                "volumes[].downwardAPI.items[].resourceFieldRef.divisor",
                "volumes[].projected.sources[].downwardAPI.items[].resourceFieldRef.divisor",
            ),
            _check_divisor,
        ),
    ),
)  # sources: ParseQuantity, ValidateNonnegativeQuantity


def _is_replica_count(value: Any) -> bool:
    return type(value) is not int or value >= 0


def _report_replicas(value: int, location: Location) -> Iterable[Finding]:
    return (Finding(location.at(), f"replicas must be at least 0, got {value}"),)


_check_replicas = ValueCheck(_is_replica_count, _report_replicas)

NEGATIVE_REPLICAS = ConstraintRule(
    "negative-replicas",
    """Negative replicas

    Why: a Deployment cannot have fewer than 0 replicas. Seldon accepts the number, and the API
    server refuses the Deployment later.

    Fix: Use at least 0.

    Bad:
        replicas: -1

    Good:
        replicas: 1
    """,
    (
        row("deployment", "replicas", _check_replicas),
        *rows(
            "predictor", ("replicas", "svcOrchSpec.replicas", "explainer.replicas"), _check_replicas
        ),
        row("component", "replicas", _check_replicas),
    ),
)  # source: seldon-checks G25

RULES = (MALFORMED_QUANTITY, NEGATIVE_REPLICAS)
