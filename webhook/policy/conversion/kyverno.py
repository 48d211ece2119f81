"""Kyverno: ValidatingPolicy, MutatingPolicy, and validate.cel of ClusterPolicy and Policy.

Source: kyverno/kyverno api/policies.kyverno.io (the new kinds, which extend Kubernetes' own) and
api/kyverno/v1/cluster_policy_types.go, rule_types.go, match_resources_types.go.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from webhook.graph.admission_request import guess_resource
from webhook.graph.k8s_syntax import MAX_NAME_LENGTH
from webhook.graph.model import get_list, get_mapping, get_str
from webhook.graph.well_known import KEDA_GROUP, SELDON_GROUP, SELDON_KIND, TITLE_ANNOTATION
from webhook.policy.conversion.result import (
    ConvertedPart,
    keep_fields,
    write_binding,
    write_policy,
)

_SHARED_FIELDS = ("failurePolicy", "matchConstraints", "matchConditions", "variables", "paramKind")
_NEW_KINDS = {
    "ValidatingPolicy": (
        "ValidatingAdmissionPolicy",
        (*_SHARED_FIELDS, "validations", "auditAnnotations", "validationActions"),
    ),
    "MutatingPolicy": (
        "MutatingAdmissionPolicy",
        (*_SHARED_FIELDS, "mutations", "reinvocationPolicy"),
    ),
}
_REASONS = {
    "autogen": "graphgate evaluates policies for pods on the pods rendered from an object",
    "evaluation": "whoever loads the file decides where a policy is evaluated",
    "webhookConfiguration": "it configures Kyverno's own webhook",
}

_ANNOTATIONS = {
    "policies.kyverno.io/title": TITLE_ANNOTATION,
    "policies.kyverno.io/category": "graphgate.io/category",
    "policies.kyverno.io/severity": "graphgate.io/severity",
}

_OWN_NAMES = frozenset(
    {"generator", "globalContext", "http", "image", "parseServiceAccount", "resource", "time"}
)
"""Names that only Kyverno's CEL has: kyverno/kyverno pkg/cel/libs."""

_GROUPS = {
    "": "Pod Service ConfigMap Secret Namespace ServiceAccount PersistentVolumeClaim Node "
    "PersistentVolume ReplicationController Endpoints Event LimitRange ResourceQuota",
    "apps": "Deployment StatefulSet DaemonSet ReplicaSet ControllerRevision",
    "batch": "Job CronJob",
    "networking.k8s.io": "Ingress NetworkPolicy IngressClass",
    "autoscaling": "HorizontalPodAutoscaler",
    "policy": "PodDisruptionBudget",
    "rbac.authorization.k8s.io": "Role RoleBinding ClusterRole ClusterRoleBinding",
    SELDON_GROUP: SELDON_KIND,
    KEDA_GROUP: "ScaledObject",
}
_GROUP_OF_KIND = {kind: group for group, kinds in _GROUPS.items() for kind in kinds.split()}
"""The groups of kinds that Kyverno accepts without a group."""


def explain_problem(message: str) -> str:
    """Return why a converted policy does not load, with the library that it would need."""
    name = message.partition("'")[2].partition("'")[0]
    if message.startswith("undeclared reference") and name in _OWN_NAMES:
        return f"{message}: it belongs to a library that only Kyverno has"
    return message


def convert(documents: list[dict[str, Any]]) -> Iterator[ConvertedPart]:
    """Yield what each policy becomes."""
    for document in documents:
        kind = get_str(document, "kind").removeprefix("Namespaced")
        if kind in _NEW_KINDS:
            yield _convert_new_kind(document, kind)
        elif kind in ("ClusterPolicy", "Policy"):
            yield from _convert_rules(document)
        else:
            name = _name(document)
            yield ConvertedPart(
                notes=(f"{name}: {kind or 'it'} is not converted: not a kind with CEL",)
            )


def _convert_new_kind(document: Mapping[str, Any], kind: str) -> ConvertedPart:
    native, fields = _NEW_KINDS[kind]
    name, spec = _name(document), get_mapping(document, "spec")
    kept, notes = keep_fields(spec, fields, name, _REASONS)
    if "matchConditions" in kept:
        kept["matchConditions"] = _renamed_conditions(kept["matchConditions"], name, notes)
    actions = kept.pop("validationActions", None) or ["Deny"]
    if get_str(document, "kind").startswith("Namespaced"):
        notes.append(f"{name}: it applied to its own namespace only; the binding applies to all")
    if native == "MutatingAdmissionPolicy":
        kept.setdefault("reinvocationPolicy", "Never")
        binding = write_binding(native, name, name)
    else:
        binding = write_binding(native, name, name, validationActions=actions)
    return ConvertedPart(
        (write_policy(native, name, kept, _annotations(document)), binding), tuple(notes)
    )


def _convert_rules(document: Mapping[str, Any]) -> Iterator[ConvertedPart]:
    """Yield a policy for each rule with CEL: there, a rule has what here is a policy's."""
    spec = get_mapping(document, "spec")
    default = get_str(spec, "validationFailureAction")
    for rule in get_list(spec, "rules"):
        if not isinstance(rule, dict):
            continue
        name = f"{_name(document)}-{get_str(rule, 'name')}"
        validate = get_mapping(rule, "validate")
        cel = get_mapping(validate, "cel")
        if not cel:
            what = next((key for key in rule if key in _OTHER_RULES), "it")
            yield ConvertedPart(notes=(f"{name}: {what} is not converted: it is not CEL",))
            continue
        yield _convert_rule(document, rule, name, get_str(validate, "failureAction") or default)


_OTHER_RULES = ("validate", "mutate", "generate", "verifyImages")


def _convert_rule(
    document: Mapping[str, Any], rule: Mapping[str, Any], name: str, failure_action: str
) -> ConvertedPart:
    cel = get_mapping(get_mapping(rule, "validate"), "cel")
    notes = [
        f"{name}: validate.cel.{key} is not converted: Kubernetes has no equivalent"
        for key in cel
        if key not in ("expressions", "variables", "auditAnnotations", "paramKind", "paramRef")
    ]
    rules, selectors = _match_rules(get_mapping(rule, "match"), f"{name}: match", notes)
    excluded, _ = _match_rules(get_mapping(rule, "exclude"), f"{name}: exclude", notes)
    if not rules:
        notes.append(f"{name}: not converted: match has no kinds")
        return ConvertedPart(notes=tuple(notes))
    constraints: dict[str, Any] = {"resourceRules": rules, **selectors}
    if excluded:
        constraints["excludeResourceRules"] = excluded
    message = get_str(get_mapping(rule, "validate"), "message")
    validations = [
        item if item.get("message") or item.get("messageExpression") or not message
        else {**item, "message": message}
        for item in get_list(cel, "expressions")
        if isinstance(item, dict)
    ]  # fmt: skip
    spec = {
        "failurePolicy": get_str(get_mapping(document, "spec"), "failurePolicy") or "Fail",
        "paramKind": cel.get("paramKind"),
        "matchConstraints": constraints,
        "matchConditions": _renamed_conditions(rule.get("celPreconditions"), name, notes),
        "variables": cel.get("variables"),
        "validations": validations,
        "auditAnnotations": cel.get("auditAnnotations"),
    }
    actions = ["Deny"] if failure_action.lower() == "enforce" else ["Audit"]
    param_ref = cel.get("paramRef")
    kind = "ValidatingAdmissionPolicy"
    policy = write_policy(kind, name, {k: v for k, v in spec.items() if v}, _annotations(document))
    binding = write_binding(kind, name, name, validationActions=actions, paramRef=param_ref)
    return ConvertedPart((policy, binding), tuple(notes))


def _renamed_conditions(conditions: Any, label: str, notes: list[str]) -> Any:
    """Return matchConditions with names that Kubernetes takes: Kyverno takes whole sentences."""
    if not isinstance(conditions, list):
        return conditions
    renamed = []
    for condition in conditions:
        name = get_str(condition, "name") if isinstance(condition, dict) else ""
        valid = _NOT_IN_A_NAME.sub("-", name)[:MAX_NAME_LENGTH].strip("-._")
        if valid != name:
            notes.append(f'{label}: the condition "{name}" is renamed to "{valid}"')
            condition = {**condition, "name": valid}  # noqa: PLW2901
        renamed.append(condition)
    return renamed


_NOT_IN_A_NAME = re.compile(r"[^A-Za-z0-9._-]+")


def _match_rules(
    match: Mapping[str, Any], label: str, notes: list[str]
) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """Return resourceRules and selectors of match or exclude; what is more is noted."""
    several = [*get_list(match, "any"), *get_list(match, "all")]
    blocks = [block for block in (*several, match) if isinstance(block, dict)]
    rules: list[dict[str, Any]] = []
    selectors: dict[str, Any] = {}
    for block in blocks:
        resources = get_mapping(block, "resources")
        rules += _resource_rules(resources)
        for key, target in (("namespaceSelector", None), ("selector", "objectSelector")):
            if resources.get(key) and len(several) <= 1 and label.endswith("match"):
                selectors[target or key] = resources[key]
            elif resources.get(key):
                notes.append(
                    f"{label}.{key} is not converted: it applied to some of the kinds only"
                )
        notes += (
            f"{label}.{key} is not converted: write a matchCondition instead"
            for key in ("names", "name", "namespaces", "annotations")
            if resources.get(key)
        )
        notes += (
            f"{label}.{key} is not converted: write a matchCondition on request.userInfo instead"
            for key in ("subjects", "roles", "clusterRoles")
            if block.get(key)
        )
    return rules, selectors


def _resource_rules(resources: Mapping[str, Any]) -> list[dict[str, Any]]:
    operations = get_list(resources, "operations") or ["CREATE", "UPDATE"]
    rules = []
    for text in get_list(resources, "kinds"):
        if not isinstance(text, str):
            continue
        *version, kind = text.split("/")
        group = version[0] if len(version) == 2 else _GROUP_OF_KIND.get(kind, "*")
        rules.append(
            {
                "apiGroups": [group],
                "apiVersions": [version[-1] if version else "*"],
                "operations": list(operations),
                "resources": [guess_resource(kind) if kind != "*" else "*"],
            }
        )
    return rules


def _annotations(document: Mapping[str, Any]) -> dict[str, Any]:
    given = get_mapping(get_mapping(document, "metadata"), "annotations")
    return {
        ours: " ".join(str(given[theirs]).split())
        for theirs, ours in _ANNOTATIONS.items()
        if given.get(theirs)
    }


def _name(document: Mapping[str, Any]) -> str:
    return get_str(get_mapping(document, "metadata"), "name") or "(no name)"
