"""Gatekeeper: ConstraintTemplates with K8sNativeValidation code, and their constraints.

Source: open-policy-agent/gatekeeper pkg/drivers/k8scel (schema and transform: the variables
`anyObject` and `params` that it puts before an author's own) and website/docs/howto.md.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from webhook.graph.admission_request import guess_resource
from webhook.graph.model import get_list, get_mapping, get_str
from webhook.graph.well_known import TITLE_ANNOTATION
from webhook.policy.conversion.result import (
    ConvertedPart,
    keep_fields,
    write_binding,
    write_policy,
)

CONSTRAINT_API_VERSION = "constraints.gatekeeper.sh/v1beta1"
_ENGINE = "K8sNativeValidation"
_KIND = "ValidatingAdmissionPolicy"
_SOURCE_FIELDS = ("failurePolicy", "matchConditions", "variables", "validations")
_REASONS = {"generateVAP": "the policy is written here"}
_VARIABLES = (
    {"name": "anyObject", "expression": "object == null ? oldObject : object"},
    {
        "name": "params",
        "expression": "has(params.spec) && has(params.spec.parameters) ? "
        "params.spec.parameters : null",
    },
)
"""What Gatekeeper puts before the variables of an author."""

_ACTIONS = {"deny": "Deny", "warn": "Warn", "dryrun": "Audit", "": "Deny"}


def convert(documents: list[dict[str, Any]]) -> Iterator[ConvertedPart]:
    """Yield what each template becomes, then each constraint: a binding, and its parameter."""
    templates = [each for each in documents if get_str(each, "kind") == "ConstraintTemplate"]
    names: dict[str, str] = {}
    for template in templates:
        part = _convert_template(template)
        if part.objects:
            names[_constraint_kind(template)] = part.objects[0]["metadata"]["name"]
        yield part
    for document in documents:
        if document in templates:
            continue
        kind = get_str(document, "kind")
        if kind in names:
            yield _convert_constraint(document, names[kind])
        else:
            name = get_str(get_mapping(document, "metadata"), "name") or "(no name)"
            yield ConvertedPart(
                notes=(
                    f"{name}: {kind or 'it'} is not converted: its ConstraintTemplate with CEL "
                    "is not among the files",
                )
            )


def _constraint_kind(template: Mapping[str, Any]) -> str:
    names = get_mapping(get_mapping(get_mapping(template, "spec"), "crd"), "spec")
    return get_str(get_mapping(names, "names"), "kind")


def _convert_template(template: Mapping[str, Any]) -> ConvertedPart:
    metadata = get_mapping(template, "metadata")
    name = get_str(metadata, "name") or "(no name)"
    sources = [
        get_mapping(code, "source")
        for target in get_list(get_mapping(template, "spec"), "targets")
        if isinstance(target, dict)
        for code in get_list(target, "code")
        if isinstance(code, dict) and code.get("engine") == _ENGINE
    ]
    if not sources:
        return ConvertedPart(notes=(f"{name}: not converted: it has Rego, but no {_ENGINE}",))
    kept, notes = keep_fields(sources[0], _SOURCE_FIELDS, name, _REASONS)
    kept["variables"] = [*_VARIABLES, *get_list(kept, "variables")]
    spec = {
        "failurePolicy": kept.pop("failurePolicy", "Fail"),
        "paramKind": {"apiVersion": CONSTRAINT_API_VERSION, "kind": _constraint_kind(template)},
        "matchConstraints": {"resourceRules": [_everything(["CREATE", "UPDATE"])]},
        **kept,
    }
    annotations = get_mapping(metadata, "annotations")
    title = annotations.get("metadata.gatekeeper.sh/title")
    ours = {TITLE_ANNOTATION: title} if title else {}
    return ConvertedPart((write_policy(_KIND, name, spec, ours),), tuple(notes))


def _everything(operations: list[str]) -> dict[str, Any]:
    return {
        "apiGroups": ["*"],
        "apiVersions": ["*"],
        "operations": operations,
        "resources": ["*"],
    }


def _convert_constraint(constraint: Mapping[str, Any], policy: str) -> ConvertedPart:
    name = get_str(get_mapping(constraint, "metadata"), "name")
    spec = get_mapping(constraint, "spec")
    match = get_mapping(spec, "match")
    notes = [
        f"{name}: spec.match.{key} is not converted: write a matchCondition instead"
        for key in match
        if key not in ("kinds", "namespaceSelector", "labelSelector")
    ]
    resources: dict[str, Any] = {}
    rules = [_kinds_rule(kinds) for kinds in get_list(match, "kinds") if isinstance(kinds, dict)]
    if rules:
        resources["resourceRules"] = rules
    for theirs, ours in (
        ("namespaceSelector", "namespaceSelector"),
        ("labelSelector", "objectSelector"),
    ):
        if match.get(theirs):
            resources[ours] = match[theirs]
    action = get_str(spec, "enforcementAction")
    if action not in _ACTIONS:
        notes.append(f"{name}: enforcementAction {action} becomes Audit")
    binding = write_binding(
        _KIND,
        f"{policy}-{name}",
        policy,
        validationActions=[_ACTIONS.get(action, "Audit")],
        paramRef={"name": name, "parameterNotFoundAction": "Deny"},
        matchResources=resources or None,
    )
    return ConvertedPart((binding, dict(constraint)), tuple(notes))


def _kinds_rule(kinds: Mapping[str, Any]) -> dict[str, Any]:
    rule = _everything(["CREATE", "UPDATE"])
    rule["apiGroups"] = list(get_list(kinds, "apiGroups")) or ["*"]
    rule["resources"] = [
        "*" if kind == "*" else guess_resource(kind)
        for kind in get_list(kinds, "kinds")
        if isinstance(kind, str)
    ] or ["*"]
    return rule
