"""The rows on scheduling: affinity, spread, gates, tolerations, and selectors of labels."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from webhook.graph.finding import Finding
from webhook.graph.k8s_syntax import MAX_NAME_LENGTH
from webhook.graph.model import get_list, get_mapping, iter_mappings
from webhook.graph.path import Segment
from webhook.graph.selectors import SELECTOR_OPERATORS
from webhook.graph.well_known import MANAGED_BY_LABEL, SELDON_PREFIX
from webhook.rules._format import quote_value
from webhook.rules._suggest import unknown_value_finding
from webhook.rules.constraints.checks import (
    Check,
    ConstraintRule,
    Location,
    PodSubject,
    Row,
    each_key,
    each_value,
    in_range,
    is_set,
    matches,
    not_empty,
    row,
    rows,
    unique,
)
from webhook.rules.constraints.formats import (
    DNS_LABEL,
    DNS_SUBDOMAIN,
    LABEL_VALUE,
    QUALIFIED_NAME,
)

_NODE_OPERATORS = (*SELECTOR_OPERATORS, "Gt", "Lt")
"""The operators of requirements on nodes; those on pods lack the last two."""
REQUIRED = "requiredDuringSchedulingIgnoredDuringExecution"
PREFERRED = "preferredDuringSchedulingIgnoredDuringExecution"
NODE_AFFINITY = "affinity.nodeAffinity"
LABEL_KEYS = ("matchLabelKeys", "mismatchLabelKeys")
"""Fields that require a labelSelector beside them."""
POD_AFFINITIES = ("affinity.podAffinity", "affinity.podAntiAffinity")
_INJECTED_LABELS = ("app", "fluentd", "version", MANAGED_BY_LABEL, "pod-template-hash")
_NOT_COMPARED = "Gt and Lt compare integers of 64 bits, not"
_INJECTED_LABEL_PREFIXES = ("seldon-", SELDON_PREFIX)


def _check_operator(operators: Sequence[str]) -> Check:
    """Check the operator of a requirement, and how many values it compares with."""

    def check(value: Any, location: Location) -> Iterable[Finding]:
        if type(value) is not dict or type(operator := value.get("operator")) is not str:
            return ()
        if operator not in operators:
            path = location.at("operator")
            return (unknown_value_finding(path, "operator here", operator, operators),)
        message = _value_count_problem(operator, len(get_list(value, "values")))
        return (Finding(location.at("values"), message),) if message else ()

    return check


def _value_count_problem(operator: str, count: int) -> str:
    if operator in ("In", "NotIn") and not count:
        return f"operator {operator} requires values"
    if operator in ("Exists", "DoesNotExist") and count:
        return f"operator {operator} takes no values, has {count}"
    if operator in ("Gt", "Lt") and count != 1:
        return f"operator {operator} takes one value, has {count}"
    return ""


def _check_field_requirement(value: Any, location: Location) -> Iterable[Finding]:
    """Check a requirement on fields of nodes (source: ValidateNodeFieldSelectorRequirement)."""
    if type(value) is not dict:
        return ()
    findings = []
    key, operator = value.get("key"), value.get("operator")
    if type(key) is str and key != "metadata.name":
        message = f"metadata.name is the only field of nodes to match, got {quote_value(key)}"
        findings.append(Finding(location.at("key"), message, "use metadata.name"))
    if type(operator) is str and operator not in ("In", "NotIn"):
        path = location.at("operator")
        findings.append(unknown_value_finding(path, "operator here", operator, ("In", "NotIn")))
    elif len(get_list(value, "values")) != 1:
        message = "a field is matched with exactly one value"
        findings.append(Finding(location.at("values"), message))
    return findings


def _check_label_keys(value: Any, location: Location) -> Iterable[Finding]:
    """Check how matchLabelKeys and mismatchLabelKeys fit together, and to the labelSelector.

    Source: ValidateMatchLabelKeysAndMismatchLabelKeys. Each key of matchLabelKeys that the pod has
    as a label is added to the selector of the pod, not of the Deployment: with a key that is there
    already the Deployment is taken, and its pods are refused.
    """
    if type(value) is not dict:
        return ()
    findings = []
    matched, mismatched = (get_list(value, field) for field in LABEL_KEYS)
    for field, keys in zip(LABEL_KEYS, (matched, mismatched), strict=True):
        if keys and value.get("labelSelector") is None:
            message = f"labelSelector is required with {field}"
            findings.append(Finding(location.at("labelSelector"), message, "add labelSelector"))
    selected = _selected_keys(get_mapping(value, "labelSelector")) if matched else Counter()
    seen: set[str] = set()
    for index, key in enumerate(matched):
        if type(key) is not str:
            continue
        path = location.at("matchLabelKeys", index)
        # Twice in the selector is too much for the Deployment, once for a pod that has the label.
        if selected[key] > 1 or (selected[key] and _is_pod_label(key, location.subject)):
            message = f"{quote_value(key)} is in labelSelector, too: the pods are refused"
            findings.append(Finding(path, message, "remove it from one of them"))
        elif key in seen and _is_pod_label(key, location.subject):
            message = f"duplicate key {quote_value(key)}: the pods are refused"
            findings.append(Finding(path, message, "keep only one"))
        seen.add(key)
    unmatched = {key for key in mismatched if type(key) is str}
    for index, key in enumerate(matched):
        if type(key) is str and key in unmatched:
            message = f"{quote_value(key)} is in mismatchLabelKeys, too"
            path = location.at("matchLabelKeys", index)
            findings.append(Finding(path, message, "remove it from one of them"))
    return findings


def _is_pod_label(key: str, subject: PodSubject) -> bool:
    """Return whether the pod has this label key, from its author, Seldon or the ReplicaSet."""
    metadata = get_mapping(subject.component.raw, "metadata")
    return (
        key in get_mapping(metadata, "labels")
        or key in get_mapping(subject.predictor.raw, "labels")
        or key in _INJECTED_LABELS
        or key.startswith(_INJECTED_LABEL_PREFIXES)
    )


def _selected_keys(selector: Mapping[str, Any]) -> Counter[str]:
    """Return how often each key is in a selector."""
    expressions = iter_mappings(selector, "matchExpressions")
    return Counter(
        [
            *get_mapping(selector, "matchLabels"),
            *(key for _, item in expressions if type(key := item.get("key")) is str),
        ]
    )


def _check_node_terms(value: Any, location: Location) -> Iterable[Finding]:
    """Check that a node can match one of the terms.

    An empty one matches none, nor does one that is not a selector (source: newNodeSelectorTerm).
    """
    if type(value) is not list or not value:
        return ()
    if any(type(term) is not dict for term in value):
        return ()
    filled = [index for index, term in enumerate(value) if any(map(is_set, term.values()))]
    if not filled:
        message = "an empty term matches no node: the pods are never scheduled"
        return (Finding(location.at(0), message, "add matchExpressions, or remove the affinity"),)
    unreadable = [_find_non_integer(value[index]) for index in filled]
    if not all(unreadable):
        return ()
    steps, text = unreadable[0] or ((), "")
    message = f"{_NOT_COMPARED} {quote_value(text)}: the pods are never scheduled"
    return (Finding(location.at(filled[0], *steps), message, "use an integer"),)


def _check_preference(value: Any, location: Location) -> Iterable[Finding]:
    """Check what a scheduler cannot read: it places no pod that fits on several nodes then.

    Sources: PreScore of the NodeAffinity plugin, NewPreferredSchedulingTerms, NewRequirement.
    """
    if type(value) is not dict:
        return
    if found := _find_non_integer(value):
        steps, text = found
        message = f"{_NOT_COMPARED} {quote_value(text)}: on several nodes the pods wait for ever"
        yield Finding(location.at(*steps), message, "use an integer", certain=False)
    for index, item in iter_mappings(value, "matchExpressions"):
        if item.get("operator") not in ("In", "NotIn"):
            continue
        for number, text in enumerate(get_list(item, "values")):
            if type(text) is str and not LABEL_VALUE.accepts(text):
                message = (
                    f"invalid label value {quote_value(text)}: {LABEL_VALUE.explain(text)}; on "
                    "several nodes the pods wait for ever"
                )
                path = location.at("matchExpressions", index, "values", number)
                yield Finding(path, message, LABEL_VALUE.advise(text), certain=False)


def _find_non_integer(term: Mapping[str, Any]) -> tuple[tuple[Segment, ...], str] | None:
    """Return the steps to the first number of a term that is none, and its text."""
    for index, item in iter_mappings(term, "matchExpressions"):
        values = get_list(item, "values")
        if item.get("operator") in ("Gt", "Lt") and len(values) == 1:
            text = values[0]
            if type(text) is str and not _is_count(text):
                return ("matchExpressions", index, "values", 0), text
    return None


def _is_count(text: str) -> bool:
    """Return whether a text is an integer of 64 bits and the value of a label."""
    if not (text.isascii() and text.isdecimal() and len(text) <= MAX_NAME_LENGTH):
        return False
    return int(text) < 1 << 63


def _check_needed_pods(value: Any, location: Location) -> Iterable[Finding]:
    """Check that a pod can be one that is required; the pod itself may be (satisfyPodAffinity)."""
    if type(value) is not dict or value.get("labelSelector") is not None:
        return ()
    if any(value.get(keys) for keys in LABEL_KEYS):
        return ()  # which the API server refuses
    if location.subject.component.pod.get("nodeName"):
        return ()  # no scheduler asks
    message = "without labelSelector it matches no pod: the pods are never scheduled"
    return (Finding(location.at("labelSelector"), message, "add one; {} matches every pod"),)


def _check_min_domains(value: Any, location: Location) -> Iterable[Finding]:
    if type(value) is not dict or value.get("minDomains") is None:
        return ()
    answer = value.get("whenUnsatisfiable")
    if answer != "ScheduleAnyway":
        return ()
    message = "minDomains requires whenUnsatisfiable DoNotSchedule, got ScheduleAnyway"
    return (Finding(location.at("minDomains"), message),)


def _check_toleration(value: Any, location: Location) -> Iterable[Finding]:
    """Check what a toleration compares (source: ValidateTolerations)."""
    if type(value) is not dict:
        return ()
    key, operator = value.get("key") or "", value.get("operator") or "Equal"
    compared, effect = value.get("value") or "", value.get("effect") or ""
    findings = []
    if not key and operator == "Equal":
        message = "key is required with operator Equal"
        findings.append(Finding(location.at(), message, "add key, or use operator Exists"))
    if operator == "Exists" and compared and type(compared) is str:
        path = location.at("value")
        message = f"operator Exists takes no value, got {quote_value(compared)}"
        findings.append(
            Finding(
                path,
                message,
                "remove value, or use operator Equal",
                ({"op": "remove", "path": path.pointer},),
            )
        )
    elif operator == "Equal" and type(compared) is str and not LABEL_VALUE.accepts(compared):
        reason = LABEL_VALUE.explain(compared)
        message = f"invalid value {quote_value(compared)}: {reason}"
        findings.append(Finding(location.at("value"), message, LABEL_VALUE.advise(compared)))
    if value.get("tolerationSeconds") is not None and effect != "NoExecute":
        shown = effect if effect and type(effect) is str else "none"
        message = f"tolerationSeconds requires effect NoExecute, got {shown}"
        remediation = "set effect to NoExecute, or remove tolerationSeconds"
        findings.append(Finding(location.at("tolerationSeconds"), message, remediation))
    return findings


def _check_gates_without_node(value: Any, location: Location) -> Iterable[Finding]:
    if not value or not location.holder.get("nodeName"):
        return ()
    message = "schedulingGates and nodeName exclude each other: the pods are refused"
    return (Finding(location.at(), message, "remove nodeName"),)


def selector_rows(subject: str, path: str) -> tuple[Row, ...]:
    """Return the rows on a LabelSelector (source: ValidateLabelSelector)."""
    return (
        row(
            subject,
            f"{path}.matchLabels",
            each_key(QUALIFIED_NAME),
            each_value(LABEL_VALUE),
        ),
        *requirement_rows(subject, f"{path}.matchExpressions[]", SELECTOR_OPERATORS),
    )


def requirement_rows(
    subject: str, path: str, operators: Sequence[str], *, free_values: bool = False
) -> tuple[Row, ...]:
    """Return the rows on one of the matchExpressions. free_values: they need no format."""
    values = () if free_values else (row(subject, f"{path}.values", each_value(LABEL_VALUE)),)
    return (
        row(subject, path, _check_operator(operators)),
        row(subject, f"{path}.key", matches(QUALIFIED_NAME)),
        *values,
    )


def _pod_term_rows(path: str) -> tuple[Row, ...]:
    """Return the rows on a term of pod affinity (source: validatePodAffinityTerm)."""
    return (
        row("pod", path, _check_label_keys),
        row("pod", f"{path}.topologyKey", matches(QUALIFIED_NAME, "topologyKey")),
        row("pod", f"{path}.namespaces", each_value(DNS_LABEL, "namespace")),
        *rows(
            "pod",
            (f"{path}.matchLabelKeys", f"{path}.mismatchLabelKeys"),
            each_value(QUALIFIED_NAME),
        ),
        *selector_rows("pod", f"{path}.labelSelector"),
        *selector_rows("pod", f"{path}.namespaceSelector"),
    )


RULES = (
    ConstraintRule(
        "malformed-affinity",
        """Invalid affinity

    Why: each requirement compares a label with values, by one of a few operators; In and NotIn
    need values, Exists and DoesNotExist have none, Gt and Lt one. Weights go from 1 to 100. Pods
    are placed by a topologyKey, and a key of matchLabelKeys must not be in the labelSelector,
    too. The API server refuses a Deployment, or its pods, with anything else.

    Fix: Correct the value, or remove the term.

    Bad:
        affinity:
          nodeAffinity:
            requiredDuringSchedulingIgnoredDuringExecution:
              nodeSelectorTerms:
              - matchExpressions:
                - key: accelerator
                  operator: In

    Good:
        affinity:
          nodeAffinity:
            requiredDuringSchedulingIgnoredDuringExecution:
              nodeSelectorTerms:
              - matchExpressions:
                - key: accelerator
                  operator: In
                  values:
                  - gpu
    """,
        (
            row("pod", f"{NODE_AFFINITY}.{REQUIRED}", not_empty("nodeSelectorTerms")),
            *requirement_rows(
                "pod",
                f"{NODE_AFFINITY}.{REQUIRED}.nodeSelectorTerms[].matchExpressions[]",
                _NODE_OPERATORS,
            ),
            *requirement_rows(
                "pod",
                f"{NODE_AFFINITY}.{PREFERRED}[].preference.matchExpressions[]",
                _NODE_OPERATORS,
                free_values=True,
            ),
            *rows(
                "pod",
                (
                    f"{NODE_AFFINITY}.{REQUIRED}.nodeSelectorTerms[].matchFields[]",
                    f"{NODE_AFFINITY}.{PREFERRED}[].preference.matchFields[]",
                ),
                _check_field_requirement,
            ),
            *rows(
                "pod",
                (
                    f"{NODE_AFFINITY}.{REQUIRED}.nodeSelectorTerms[].matchFields[].values",
                    f"{NODE_AFFINITY}.{PREFERRED}[].preference.matchFields[].values",
                ),
                each_value(DNS_SUBDOMAIN, "node name"),
            ),
            *rows(
                "pod",
                tuple(f"{kind}.{PREFERRED}[].weight" for kind in (NODE_AFFINITY, *POD_AFFINITIES)),
                in_range(1, 100),
            ),
            *(
                each
                for kind in POD_AFFINITIES
                for path in (f"{kind}.{REQUIRED}[]", f"{kind}.{PREFERRED}[].podAffinityTerm")
                for each in _pod_term_rows(path)
            ),
        ),
    ),
    ConstraintRule(
        "unsatisfiable-affinity",
        """Affinity that nothing satisfies

    Why: a required affinity without a selector matches nothing: a term of nodeSelectorTerms without
    requirements matches no node, and a term of podAffinity without labelSelector no pod. Gt and Lt
    compare labels with integers, and with nothing else. The API server accepts all three, and the
    pods are never scheduled. A preference that the scheduler cannot read stops it as well, unless
    the pod fits on one node only; hence a warning.

    Fix: Add the requirements or the labelSelector, use an integer, or remove the affinity.

    Bad:
        affinity:
          podAffinity:
            requiredDuringSchedulingIgnoredDuringExecution:
            - topologyKey: kubernetes.io/hostname

    Good:
        affinity:
          podAffinity:
            requiredDuringSchedulingIgnoredDuringExecution:
            - topologyKey: kubernetes.io/hostname
              labelSelector:
                matchLabels:
                  app.kubernetes.io/name: cache
    """,
        (
            row("pod", f"{NODE_AFFINITY}.{REQUIRED}.nodeSelectorTerms", _check_node_terms),
            row("pod", f"{NODE_AFFINITY}.{PREFERRED}[].preference", _check_preference),
            row("pod", f"{POD_AFFINITIES[0]}.{REQUIRED}[]", _check_needed_pods),
        ),
    ),
    ConstraintRule(
        "malformed-topology-spread",
        """Invalid topology spread constraint

    Why: pods are spread with a maxSkew of at least 1 over a topologyKey, once for each key and
    answer; minDomains is for DoNotSchedule only, and a key of matchLabelKeys must not be in the
    labelSelector, too. The API server refuses a Deployment, or its pods, with anything else.

    Fix: Correct the value, or remove the constraint.

    Bad:
        topologySpreadConstraints:
        - maxSkew: 0
          topologyKey: kubernetes.io/hostname
          whenUnsatisfiable: DoNotSchedule

    Good:
        topologySpreadConstraints:
        - maxSkew: 1
          topologyKey: kubernetes.io/hostname
          whenUnsatisfiable: DoNotSchedule
          labelSelector: {}
    """,
        (
            row(
                "pod",
                "topologySpreadConstraints",
                unique("topologyKey", "whenUnsatisfiable", what="constraint"),
            ),
            row(
                "pod",
                "topologySpreadConstraints[]",
                not_empty("topologyKey"),
                _check_min_domains,
                _check_label_keys,
            ),
            *rows(
                "pod",
                ("topologySpreadConstraints[].maxSkew", "topologySpreadConstraints[].minDomains"),
                in_range(1),
            ),
            row("pod", "topologySpreadConstraints[].matchLabelKeys", each_value(QUALIFIED_NAME)),
            *selector_rows("pod", "topologySpreadConstraints[].labelSelector"),
        ),
    ),
    ConstraintRule(
        "malformed-gate-name",
        """Invalid readiness or scheduling gate

    Why: readiness gates are conditions, and scheduling gates are names, that others set or
    remove. Each is called as the key of a label: up to 63 letters, digits, "-", "_" and ".", with
    a domain and "/" in front as a rule. The API server refuses a Deployment with any other, and a
    pod that is bound to a node and gated.

    Fix: Use the exact name, like example.com/name.

    Bad:
        readinessGates:
        - conditionType: model loaded

    Good:
        readinessGates:
        - conditionType: example.com/model-loaded
    """,
        (
            row("pod", "readinessGates[].conditionType", matches(QUALIFIED_NAME, "conditionType")),
            row("pod", "schedulingGates[].name", matches(QUALIFIED_NAME, "gate name")),
            row("pod", "schedulingGates", unique("name", what="scheduling gate")),
            row("pod", "schedulingGates", _check_gates_without_node),
        ),
    ),
    ConstraintRule(
        "contradictory-toleration",
        """Contradictory toleration

    Why: operator Exists takes no value, Equal compares with one; without a key, only Exists
    is allowed; and only the effect NoExecute has a duration. The API
    server refuses a Deployment with anything else.

    Fix: Use operator Equal with a value, or Exists without one.

    Bad:
        tolerations:
        - key: gpu
          operator: Exists
          value: "true"

    Good:
        tolerations:
        - key: gpu
          operator: Exists
    """,
        (
            row("pod", "tolerations[]", _check_toleration),
            row("pod", "tolerations[].key", matches(QUALIFIED_NAME, "taint key", optional=True)),
        ),
    ),
)
