"""Whether an object of a policy file has the shape that Kubernetes asks for.

The types are Kubernetes' own (`schema/admissionregistration.json`, generated). What the API server
checks besides types stands here too: words, names, what excludes what.
Source: kubernetes/kubernetes pkg/apis/admissionregistration/validation/validation.go.
"""

import functools
import pathlib
import re
from collections.abc import Iterator
from typing import Any

import orjson

from webhook.cel.libraries.format import FORMATS
from webhook.graph.path import ROOT, Path
from webhook.graph.selectors import SELECTOR_OPERATORS
from webhook.graph.suggest import nearest_word
from webhook.graph.text import join_words

ADMISSION_GROUP = "admissionregistration.k8s.io"
SUPPORTED_VERSIONS = ("v1", "v1beta1")

ShapeIssue = tuple[Path, str]

_IDENTIFIER = re.compile(r"[A-Za-z_][A-Za-z0-9_]*", re.ASCII)
_ENUM_VALUES: dict[str, tuple[str, ...]] = {
    "failurePolicy": ("Fail", "Ignore"),
    "matchPolicy": ("Exact", "Equivalent"),
    "scope": ("Cluster", "Namespaced", "*"),
    "operations": ("CREATE", "UPDATE", "DELETE", "CONNECT", "*"),
    "validationActions": ("Deny", "Warn", "Audit"),
    "parameterNotFoundAction": ("Allow", "Deny"),
    "reinvocationPolicy": ("Never", "IfNeeded"),
    "patchType": ("JSONPatch", "ApplyConfiguration"),
    "reason": ("Unauthorized", "Forbidden", "Invalid", "RequestEntityTooLarge"),
}
_MAX_MATCH_CONDITIONS = 64


@functools.cache
def _schema_validator(kind: str) -> Any:
    import jsonschema_rs  # 10 ms that only who has policies needs

    folder = pathlib.Path(__file__).parent / "schema"
    document = orjson.loads((folder / "admissionregistration.json").read_bytes())
    reference = f"#/$defs/io.k8s.api.{ADMISSION_GROUP.partition('.')[0]}.v1.{kind}"
    return jsonschema_rs.Draft202012Validator({**document, "$ref": reference})


def find_shape_issues(raw: dict[str, Any]) -> list[ShapeIssue]:
    """Return what is wrong with a raw policy or binding, with places."""
    version = str(raw.get("apiVersion")).rpartition("/")[2]
    if version not in SUPPORTED_VERSIONS:
        return [
            (
                ROOT / "apiVersion",
                f"unsupported apiVersion {version}; expected "
                f"{join_words(SUPPORTED_VERSIONS, 'or')}",
            )
        ]
    kind = str(raw["kind"])
    issues = [_schema_issue(error) for error in _schema_validator(kind).iter_errors(raw)]
    if issues:
        return issues
    if not (raw.get("metadata") or {}).get("name"):
        issues.append((ROOT / "metadata", "metadata.name is missing"))
    spec = raw.get("spec")
    if not isinstance(spec, dict):
        return [*issues, (ROOT / "spec", "spec is missing")]
    here = ROOT / "spec"
    issues += _enum_issues(spec, here)
    if kind.endswith("Binding"):
        return [*issues, *_binding_issues(spec, here, kind)]
    issues += _policy_issues(spec, here, kind)
    return issues


def _schema_issue(error: Any) -> ShapeIssue:
    path, kind = Path(error.instance_path), error.kind
    match kind.name:
        case "additionalProperties":
            name = kind.unexpected[0]
            known = _known_fields(error)
            near = nearest_word(name, known)
            hint = f'; did you mean "{near}"?' if near else ""
            return path / name, f'unknown field "{name}"{hint}'
        case "required":
            return path, f"{kind.property} is required"
        case "type":
            expected_types = " or ".join(word for word in sorted(kind.types) if word != "null")
            return path, f"{path} must be of type {expected_types}"
    return path, str(error.message)


def _known_fields(error: Any) -> list[str]:
    folder = pathlib.Path(__file__).parent / "schema"
    document = orjson.loads((folder / "admissionregistration.json").read_bytes())
    node: Any = document
    for segment in list(error.schema_path)[:-1]:
        if isinstance(node, dict) and "$ref" in node and segment == "$ref":
            node = document["$defs"][node["$ref"].rpartition("/")[2]]
        elif isinstance(node, dict) and str(segment) in node:
            node = node[str(segment)]
        else:
            break
    return list(node.get("properties", {})) if isinstance(node, dict) else []


def _enum_issues(value: Any, here: Path) -> Iterator[ShapeIssue]:
    """Yield each word that is not one of the known ones, at any depth."""
    if isinstance(value, list):
        for index, item in enumerate(value):
            yield from _enum_issues(item, here / index)
        return
    if not isinstance(value, dict):
        return
    for key, inner in value.items():
        path = here / key
        allowed = _ENUM_VALUES.get(key)
        for value_path, word in (
            [(path / n, w) for n, w in enumerate(inner)]
            if isinstance(inner, list)
            else [(path, inner)]
        ):
            if allowed is not None and isinstance(word, str) and word not in allowed:
                yield value_path, f'invalid {key} "{word}"; expected {join_words(allowed, "or")}'
        if key in ("namespaceSelector", "objectSelector", "selector"):
            yield from _selector_issues(inner, path)
        elif key not in _ENUM_VALUES:
            yield from _enum_issues(inner, path)


def _selector_issues(raw: Any, here: Path) -> Iterator[ShapeIssue]:
    for index, item in enumerate((raw or {}).get("matchExpressions") or ()):
        path, operator = here / "matchExpressions" / index, item.get("operator")
        if operator not in SELECTOR_OPERATORS:
            yield (
                path / "operator",
                f'invalid operator "{operator}"; expected {join_words(SELECTOR_OPERATORS, "or")}',
            )
        elif bool(item.get("values")) is not (operator in ("In", "NotIn")):
            needs = "needs values" if operator in ("In", "NotIn") else "takes no values"
            yield path, f"{operator} {needs}"


def _policy_issues(spec: dict[str, Any], here: Path, kind: str) -> Iterator[ShapeIssue]:
    constraints = spec.get("matchConstraints") or {}
    if not constraints.get("resourceRules"):
        yield here / "matchConstraints", "matchConstraints.resourceRules is missing"
    for index, rule in enumerate(constraints.get("resourceRules") or ()):
        for field in ("apiGroups", "apiVersions", "operations", "resources"):
            if not rule.get(field):
                path = here / "matchConstraints" / "resourceRules" / index
                yield path / field, f"{field} is missing"
    yield from _name_issues(spec, here, "matchConditions", "name", "qualifiedName")
    if len(spec.get("matchConditions") or ()) > _MAX_MATCH_CONDITIONS:
        yield here / "matchConditions", f"more than {_MAX_MATCH_CONDITIONS} matchConditions"
    yield from _variable_issues(spec, here)
    if kind == "ValidatingAdmissionPolicy":
        yield from _name_issues(spec, here, "auditAnnotations", "key", "qualifiedName")
        if not spec.get("validations") and not spec.get("auditAnnotations"):
            yield here, "validations or auditAnnotations is required"
    else:
        yield from _mutation_issues(spec, here)


def _name_issues(
    spec: dict[str, Any], here: Path, field: str, key: str, format_name: str
) -> Iterator[ShapeIssue]:
    seen: set[str] = set()
    for index, item in enumerate(spec.get(field) or ()):
        name, path = item[key], here / field / index / key
        if name in seen:
            yield path, f'duplicate {key} "{name}" in {field}'
        seen.add(name)
        for fault in FORMATS[format_name](name):
            yield path, f'{key} "{name}": {fault}'


def _variable_issues(spec: dict[str, Any], here: Path) -> Iterator[ShapeIssue]:
    seen: set[str] = set()
    for index, item in enumerate(spec.get("variables") or ()):
        name, path = item["name"], here / "variables" / index / "name"
        if not _IDENTIFIER.fullmatch(name):
            yield path, f'"{name}" is not a CEL identifier'
        if name in seen:
            yield path, f'duplicate variable "{name}"'
        seen.add(name)


PATCH_FIELDS = {"JSONPatch": "jsonPatch", "ApplyConfiguration": "applyConfiguration"}
"""Which field of a mutation has the expression, by its patchType."""


def _mutation_issues(spec: dict[str, Any], here: Path) -> Iterator[ShapeIssue]:
    if not spec.get("mutations"):
        yield here, "mutations is missing"
    if not spec.get("reinvocationPolicy"):
        yield here, "reinvocationPolicy is missing; allowed: Never, IfNeeded"
    for index, mutation in enumerate(spec.get("mutations") or ()):
        path = here / "mutations" / index
        field = PATCH_FIELDS.get(mutation["patchType"], "jsonPatch")
        if not (mutation.get(field) or {}).get("expression"):
            yield path, f"{field}.expression is missing"
        for other in PATCH_FIELDS.values():
            if other != field and mutation.get(other) is not None:
                yield (
                    path / other,
                    f"{other} is not allowed with patchType {mutation['patchType']}",
                )


def _binding_issues(spec: dict[str, Any], here: Path, kind: str) -> Iterator[ShapeIssue]:
    if not spec.get("policyName"):
        yield here, "policyName is missing"
    actions = spec.get("validationActions") or ()
    if kind == "ValidatingAdmissionPolicyBinding":
        if not actions:
            yield here / "validationActions", "validationActions must not be empty"
        if "Deny" in actions and "Warn" in actions:
            yield (
                here / "validationActions",
                "Deny and Warn are not allowed together: every message would appear twice",
            )
    reference = spec.get("paramRef")
    if reference is None:
        return
    path = here / "paramRef"
    if bool(reference.get("name")) is (reference.get("selector") is not None):
        yield path, "paramRef requires either name or selector"
    if not reference.get("parameterNotFoundAction"):
        yield path, "paramRef.parameterNotFoundAction is missing; allowed: Allow, Deny"
