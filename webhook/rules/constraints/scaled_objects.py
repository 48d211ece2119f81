"""The rows on kedaSpec, of which a ScaledObject is made (keda.sh/v1alpha1).

Sources: KEDA's definition, config/crd/bases/keda.sh_scaledobjects.yaml; what its operator stops at,
apis/keda/v1alpha1 and pkg/scalers; what its admission webhook refuses (scaledobject_webhook.go:
verifyCPUMemoryScalers, verifyFallback, ValidateAndCompileScalingModifiers), which warns here where
KEDA without its webhook runs it; what an API server refuses of the autoscaler that KEDA makes,
validateScalingRules.
"""

import re
from collections.abc import Iterable
from typing import Any

from webhook.graph.finding import Finding
from webhook.graph.model import get_int, get_mapping, get_str, iter_mappings
from webhook.graph.text import join_words
from webhook.rules._format import quote_value
from webhook.rules._suggest import unknown_value_finding
from webhook.rules.constraints.amounts import check_amount
from webhook.rules.constraints.checks import (
    ConstraintRule,
    Location,
    in_range,
    matches,
    needs,
    not_empty,
    one_of,
    row,
    rows,
)
from webhook.rules.constraints.formats import DNS_SUBDOMAIN

_TRIGGERS = "kedaSpec.triggers"
_ADVANCED = "kedaSpec.advanced"
_MODIFIERS = f"{_ADVANCED}.scalingModifiers"
_BEHAVIOR = f"{_ADVANCED}.horizontalPodAutoscalerConfig.behavior"
_RESOURCES = ("cpu", "memory")
_UNCACHED = (*_RESOURCES, "cron")
_TOLERANCE = re.compile(
    r"[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)"
    r"([KMGTPE]i|[numkMGTPE]|[eE][+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+))?\Z"
)
_FALLBACKS = (
    *("static", "currentReplicas", "currentReplicasIfHigher", "currentReplicasIfLower"),
    "scalingModifiers",
)


def _check_trigger(value: Any, location: Location) -> Iterable[Finding]:
    if type(value) is not dict:
        return
    kind, metric_type = get_str(value, "type"), get_str(value, "metricType")
    if kind in _UNCACHED and value.get("useCachedMetrics") is True:
        message = f"a {kind} trigger does not support useCachedMetrics"
        yield Finding(location.at("useCachedMetrics"), message, "remove it")
    allowed = ("AverageValue", "Utilization" if kind in _RESOURCES else "Value")
    path = location.at("metricType")
    if metric_type and metric_type not in allowed:
        yield unknown_value_finding(path, f"metricType of a {kind} trigger", metric_type, allowed)
    if kind in _RESOURCES and not (metric_type or get_mapping(value, "metadata").get("type")):
        message = f"a {kind} trigger requires metricType: {join_words(allowed, 'or')}"
        yield Finding(path, message, "add it")


def _check_names(value: Any, location: Location) -> Iterable[Finding]:
    seen: set[str] = set()
    for index, trigger in iter_mappings({"triggers": value}, "triggers"):
        name = get_str(trigger, "name")
        if name and name in seen:
            message = f"duplicate trigger name {quote_value(name)}"
            yield Finding(location.at(index, "name"), message, "use another name")
        seen.add(name)


def _check_triggers_together(value: Any, location: Location) -> Iterable[Finding]:
    if type(value) is not dict:
        return
    triggers = value.get("triggers")
    if type(triggers) is not list or not triggers or not all(type(t) is dict for t in triggers):
        return
    modifiers = get_mapping(get_mapping(value, "advanced"), "scalingModifiers")
    fallback = value.get("fallback")
    if get_str(get_mapping(value, "fallback"), "behavior") == "scalingModifiers" and not get_str(
        modifiers, "formula"
    ):
        message = "behavior scalingModifiers requires advanced.scalingModifiers.formula"
        yield Finding(location.at("fallback", "behavior"), message)
    if any(get_str(trigger, "type") not in _RESOURCES for trigger in triggers):
        return
    if get_int(value, "minReplicaCount") in (None, 0):
        message = (
            "KEDA's webhook refuses to scale to 0 by cpu or memory alone, "
            "and minReplicaCount is 0 by default"
        )
        remediation = "set minReplicaCount to at least 1"
        yield Finding(location.at("minReplicaCount"), message, remediation, certain=False)
    if type(fallback) is dict and not modifiers:
        message = "KEDA's webhook refuses a fallback without a trigger other than cpu and memory"
        yield Finding(location.at("fallback"), message, "remove it", certain=False)


_PLAIN_FORMULA = re.compile(r"[\w\s.+*/%()<>=!&|?:,-]*\Z", re.ASCII)
"""Without texts, lists, comments and variables of its own: what is left are names and numbers."""
_FORMULA_NAME = re.compile(r"(?<![\w.])[A-Za-z_]\w*(?![\w]*\s*\()", re.ASCII)
_FORMULA_WORDS = frozenset(
    {
        *("true", "false", "nil", "not", "in", "and", "or", "if", "else", "let"),
        *("matches", "contains", "startsWith", "endsWith"),
    }
)
"""Words of the language of formulas (expr-lang): not the names of triggers."""


def _check_formula(value: Any, location: Location) -> Iterable[Finding]:
    """Yield each name in a formula that no trigger has; what is not plain, KEDA compiles."""
    if type(value) is not str or not _PLAIN_FORMULA.match(value) or "//" in value:
        return
    used = dict.fromkeys(_FORMULA_NAME.findall(value))
    if "let" in used:
        return
    raw = get_mapping(location.subject.component.raw, "kedaSpec")
    names = [
        get_str(trigger, "name")
        for _, trigger in iter_mappings(raw, "triggers")
        if get_str(trigger, "type") not in _RESOURCES
    ]
    known = tuple(filter(None, names))
    for name in used:
        if name in known or name in _FORMULA_WORDS:
            continue
        if known:
            yield unknown_value_finding(location.at(), "trigger name in the formula", name, known)
        else:
            message = (
                f"no trigger is named {quote_value(name)}; cpu and memory triggers do not count"
            )
            yield Finding(location.at(), message, "set the name of the trigger")


def _check_tolerance(value: Any, location: Location) -> Iterable[Finding]:
    # KEDA's definition has integers and texts only, of this form.
    if type(value) is float or (type(value) is str and not _TOLERANCE.match(value)):
        message = f"tolerance must be a quantity in quotes, got {quote_value(str(value))}"
        return (Finding(location.at(), message, 'use a text like "0.1"'),)
    return check_amount(value, location)


def _check_target(value: Any, location: Location) -> Iterable[Finding]:
    if type(value) is not str or not value or _is_positive(value):
        return ()
    message = f"target must be a number above 0, got {quote_value(value)}"
    return (Finding(location.at(), message, "use a number, like 5"),)


def _is_positive(text: str) -> bool:
    try:
        return float(text) > 0
    except ValueError:
        return False


_SCALING_RULES = (
    ("", not_empty("policies")),
    (".stabilizationWindowSeconds", in_range(0, 3600, " s")),
    (".selectPolicy", one_of("Max", "Min", "Disabled", what="selectPolicy")),
    (".tolerance", _check_tolerance),
    (".policies[].type", one_of("Pods", "Percent", what="type")),
    (".policies[].value", in_range(1)),
    (".policies[].periodSeconds", in_range(1, 1800, " s")),
)

RULES = (
    ConstraintRule(
        "malformed-keda-spec",
        """Invalid kedaSpec

    Why: a ScaledObject is made of kedaSpec. Its definition has ranges and words, KEDA stops at
    triggers of one name and at targets that a trigger does not have, and the API server refuses
    the autoscaler that KEDA makes if its behavior is invalid. Nothing scales then.

    Fix: Use a value within the range, or an allowed word.

    Bad:
        kedaSpec:
          pollingInterval: 0
          triggers:
          - type: cpu
            metricType: Value
            metadata:
              value: "50"

    Good:
        kedaSpec:
          pollingInterval: 30
          triggers:
          - type: cpu
            metricType: Utilization
            metadata:
              value: "50"
    """,
        (
            row("component", "kedaSpec", not_empty("triggers"), _check_triggers_together),
            row("component", "kedaSpec.pollingInterval", in_range(1, unit=" s")),
            row("component", "kedaSpec.cooldownPeriod", in_range(0, unit=" s")),
            row("component", _TRIGGERS, _check_names),
            row("component", f"{_TRIGGERS}[]", not_empty("type"), _check_trigger),
            row(
                "component",
                f"{_TRIGGERS}[].authenticationRef.kind",
                one_of("TriggerAuthentication", "ClusterTriggerAuthentication", what="kind"),
            ),
            *rows(
                "component",
                ("kedaSpec.fallback.failureThreshold", "kedaSpec.fallback.replicas"),
                in_range(0),
            ),
            row("component", "kedaSpec.fallback.behavior", one_of(*_FALLBACKS, what="behavior")),
            row(
                "component",
                _MODIFIERS,
                needs("target", "formula"),
                needs("formula", "target"),
                needs("metricType", "formula"),
                needs("activationTarget", "formula"),
            ),
            row("component", f"{_MODIFIERS}.formula", _check_formula),
            row("component", f"{_MODIFIERS}.target", _check_target),
            row(
                "component",
                f"{_MODIFIERS}.metricType",
                one_of("AverageValue", "Value", what="metricType"),
            ),
            row(
                "component",
                f"{_ADVANCED}.horizontalPodAutoscalerConfig.name",
                matches(DNS_SUBDOMAIN, "autoscaler name", optional=True),
            ),
            *(
                row("component", f"{_BEHAVIOR}.{direction}{path}", check)
                for direction in ("scaleUp", "scaleDown")
                for path, check in _SCALING_RULES
            ),
        ),
    ),
)
