"""Whether an object of a policy file has the shape that Kubernetes requires.

The types are Kubernetes' own (`schema/admissionregistration.json`, generated). What the API server
checks besides types is here too: words, names, what excludes what.
Source: kubernetes/kubernetes pkg/apis/admissionregistration/validation/validation.go.
"""

import functools
import pathlib
import re
from collections.abc import Iterator
from typing import Any

import orjson

from webhook.cel.libraries.format import FORMATS
from webhook.graph.issue import Issue, ReadableDocument
from webhook.graph.model import get_str
from webhook.graph.path import ROOT, Path
from webhook.graph.selectors import SELECTOR_OPERATORS
from webhook.graph.suggest import nearest_word
from webhook.graph.text import join_words

ADMISSION_GROUP = "admissionregistration.k8s.io"
SUPPORTED_VERSIONS = ("v1", "v1beta1")

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
def _schema() -> dict[str, Any]:
    folder = pathlib.Path(__file__).parent / "schema"
    schema: dict[str, Any] = orjson.loads((folder / "admissionregistration.json").read_bytes())
    return schema


@functools.cache
def _schema_validator(kind: str) -> Any:
    import jsonschema_rs  # 10 ms, needed only with policies

    reference = f"#/$defs/io.k8s.api.{ADMISSION_GROUP.partition('.')[0]}.v1.{kind}"
    return jsonschema_rs.Draft202012Validator({**_schema(), "$ref": reference})


def read_shape(raw: dict[str, Any]) -> ReadableDocument:
    """Return what can be read of a raw policy or binding, and all that is wrong with its shape."""
    version = str(raw.get("apiVersion")).rpartition("/")[2]
    if version not in SUPPORTED_VERSIONS:
        expected = join_words(SUPPORTED_VERSIONS, "or")
        message = f"unsupported apiVersion {version}; expected {expected}"
        return ReadableDocument({}, (Issue(ROOT / "apiVersion", message),), frozenset({ROOT}))
    kind = str(raw["kind"])
    errors = list(_schema_validator(kind).iter_errors(raw))
    readable = ReadableDocument(raw)
    if errors:
        issues = [issue for error in errors for issue in _schema_issues(error)]
        unreadable = [path for error in errors for path in _unreadable_paths(error)]
        misspelled = [path for error in errors for path in _misspelled_paths(error)]
        readable = ReadableDocument.without(raw, issues, unreadable, misspelled)
    return readable.with_issues(_semantic_issues(readable.value, kind))


def _semantic_issues(raw: dict[str, Any], kind: str) -> Iterator[Issue]:
    if not (raw.get("metadata") or {}).get("name"):
        yield Issue(ROOT / "metadata", "metadata.name is missing", (ROOT / "metadata" / "name",))
    spec, here = raw.get("spec"), ROOT / "spec"
    if not isinstance(spec, dict):
        yield Issue(here, "spec is missing")
        return
    yield from _enum_issues(spec, here)
    if kind.endswith("Binding"):
        yield from _binding_issues(spec, here, kind)
    else:
        yield from _policy_issues(spec, here, kind)


def _schema_issues(error: Any) -> Iterator[Issue]:
    path, kind = Path(error.instance_path), error.kind
    match kind.name:
        case "additionalProperties":
            for name, near in _unknown_fields(error):
                hint = f'; did you mean "{near}"?' if near else ""
                yield Issue(path / name, f'unknown field "{name}"{hint}')
        case "required":
            yield Issue(path / kind.property, f"{kind.property} is required")
        case _:  # the schema asks for types besides, and for nothing else
            expected_types = " or ".join(word for word in sorted(kind.types) if word != "null")
            yield Issue(path, f"{path} must be of type {expected_types}")


def _unreadable_paths(error: Any) -> Iterator[Path]:
    """Yield the places that cannot be read: a key with all that is in it."""
    path, kind = Path(error.instance_path), error.kind
    match kind.name:
        case "additionalProperties":
            for name in kind.unexpected:
                yield path / name
        case "required":
            yield path / kind.property
        case _:
            # an item that should be a mapping is read as an empty one; a list of words goes whole
            is_word = isinstance(path[-1], int) and "object" not in kind.types
            yield path.parent if is_word else path


def _misspelled_paths(error: Any) -> Iterator[Path]:
    if error.kind.name == "additionalProperties":
        for _, near in _unknown_fields(error):
            if near not in error.instance:
                yield Path(error.instance_path) / near


def _unknown_fields(error: Any) -> Iterator[tuple[str, str]]:
    """Yield each unknown field, and the nearest known one, or ""."""
    known = _known_fields(error)
    for name in error.kind.unexpected:
        yield name, nearest_word(name, known)


def _known_fields(error: Any) -> list[str]:
    """Return the fields of the mapping that has an unknown one."""
    node: Any = _schema()
    for segment in list(error.schema_path)[:-1]:
        if segment == "$ref":
            node = _schema()["$defs"][node["$ref"].rpartition("/")[2]]
        else:
            node = node[segment]
    return list(node["properties"])


def _enum_issues(value: Any, here: Path) -> Iterator[Issue]:
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
                message = f'invalid {key} "{word}"; expected {join_words(allowed, "or")}'
                yield Issue(value_path, message)
        if key in ("namespaceSelector", "objectSelector", "selector"):
            yield from _selector_issues(inner, path)
        elif key not in _ENUM_VALUES:
            yield from _enum_issues(inner, path)


def _selector_issues(raw: Any, here: Path) -> Iterator[Issue]:
    for index, item in enumerate((raw or {}).get("matchExpressions") or ()):
        path, operator = here / "matchExpressions" / index, item.get("operator")
        if operator not in SELECTOR_OPERATORS:
            expected = join_words(SELECTOR_OPERATORS, "or")
            message = f'invalid operator "{operator}"; expected {expected}'
            yield Issue(path / "operator", message)
        elif bool(item.get("values")) is not (operator in ("In", "NotIn")):
            needs = "needs values" if operator in ("In", "NotIn") else "takes no values"
            yield Issue(path, f"{operator} {needs}", (path / "values",))


def _policy_issues(spec: dict[str, Any], here: Path, kind: str) -> Iterator[Issue]:
    constraints = spec.get("matchConstraints") or {}
    if not constraints.get("resourceRules"):
        path = here / "matchConstraints"
        yield Issue(path, "matchConstraints.resourceRules is missing", (path / "resourceRules",))
    for index, rule in enumerate(constraints.get("resourceRules") or ()):
        for field in ("apiGroups", "apiVersions", "operations", "resources"):
            if not rule.get(field):
                path = here / "matchConstraints" / "resourceRules" / index
                yield Issue(path / field, f"{field} is missing")
    yield from _name_issues(spec, here, "matchConditions", "name", "qualifiedName")
    if len(spec.get("matchConditions") or ()) > _MAX_MATCH_CONDITIONS:
        message = f"more than {_MAX_MATCH_CONDITIONS} matchConditions"
        yield Issue(here / "matchConditions", message)
    yield from _variable_issues(spec, here)
    if kind == "ValidatingAdmissionPolicy":
        yield from _name_issues(spec, here, "auditAnnotations", "key", "qualifiedName")
        if not spec.get("validations") and not spec.get("auditAnnotations"):
            message = "validations or auditAnnotations is required"
            yield Issue(here, message, (here / "validations", here / "auditAnnotations"))
    else:
        yield from _mutation_issues(spec, here)


def _name_issues(
    spec: dict[str, Any], here: Path, field: str, key: str, format_name: str
) -> Iterator[Issue]:
    seen: set[str] = set()
    for index, item in enumerate(spec.get(field) or ()):
        name, path = get_str(item, key), here / field / index / key
        if name in seen:
            yield Issue(path, f'duplicate {key} "{name}" in {field}')
        seen.add(name)
        for fault in FORMATS[format_name](name):
            yield Issue(path, f'{key} "{name}": {fault}')


def _variable_issues(spec: dict[str, Any], here: Path) -> Iterator[Issue]:
    seen: set[str] = set()
    for index, item in enumerate(spec.get("variables") or ()):
        name, path = get_str(item, "name"), here / "variables" / index / "name"
        if not _IDENTIFIER.fullmatch(name):
            yield Issue(path, f'"{name}" is not a CEL identifier')
        if name in seen:
            yield Issue(path, f'duplicate variable "{name}"')
        seen.add(name)


PATCH_FIELDS = {"JSONPatch": "jsonPatch", "ApplyConfiguration": "applyConfiguration"}
"""Which field of a mutation has the expression, by its patchType."""


def _mutation_issues(spec: dict[str, Any], here: Path) -> Iterator[Issue]:
    if not spec.get("mutations"):
        yield Issue(here, "mutations is missing", (here / "mutations",))
    if not spec.get("reinvocationPolicy"):
        message = "reinvocationPolicy is missing; allowed: Never, IfNeeded"
        yield Issue(here, message, (here / "reinvocationPolicy",))
    for index, mutation in enumerate(spec.get("mutations") or ()):
        path, patch_type = here / "mutations" / index, get_str(mutation, "patchType")
        field = PATCH_FIELDS.get(patch_type, "jsonPatch")
        if not (mutation.get(field) or {}).get("expression"):
            depends_on = (path / "patchType", path / field / "expression")
            yield Issue(path, f"{field}.expression is missing", depends_on)
        for other in PATCH_FIELDS.values():
            if other != field and mutation.get(other) is not None:
                message = f"{other} is not allowed with patchType {patch_type}"
                yield Issue(path / other, message, (path / "patchType",))


def _binding_issues(spec: dict[str, Any], here: Path, kind: str) -> Iterator[Issue]:
    if not spec.get("policyName"):
        yield Issue(here, "policyName is missing", (here / "policyName",))
    actions = spec.get("validationActions") or ()
    if kind == "ValidatingAdmissionPolicyBinding":
        path = here / "validationActions"
        if not actions:
            yield Issue(path, "validationActions must not be empty")
        if "Deny" in actions and "Warn" in actions:
            message = "Deny and Warn are not allowed together: every message would appear twice"
            yield Issue(path, message)
    reference = spec.get("paramRef")
    if reference is None:
        return
    path = here / "paramRef"
    if bool(reference.get("name")) is (reference.get("selector") is not None):
        message = "paramRef requires either name or selector"
        yield Issue(path, message, (path / "name", path / "selector"))
    if not reference.get("parameterNotFoundAction"):
        message = "paramRef.parameterNotFoundAction is missing; allowed: Allow, Deny"
        yield Issue(path, message, (path / "parameterNotFoundAction",))
