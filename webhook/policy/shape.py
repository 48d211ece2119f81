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

from webhook.graph.path import ROOT, Path
from webhook.graph.words import nearest_word
from webhook.policy.cel.libraries.format import FORMATS
from webhook.policy.selectors import OPERATORS

GROUP = "admissionregistration.k8s.io"
VERSIONS = ("v1", "v1beta1")

Fault = tuple[Path, str]

_IDENTIFIER = re.compile(r"[A-Za-z_][A-Za-z0-9_]*", re.ASCII)
_WORDS: dict[str, tuple[str, ...]] = {
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
_MOST_CONDITIONS = 64


@functools.cache
def _validator(kind: str) -> Any:
    import jsonschema_rs  # 10 ms that only who has policies needs

    folder = pathlib.Path(__file__).parent / "schema"
    document = orjson.loads((folder / "admissionregistration.json").read_bytes())
    reference = f"#/$defs/io.k8s.api.{GROUP.partition('.')[0]}.v1.{kind}"
    return jsonschema_rs.Draft202012Validator({**document, "$ref": reference})


def faults(raw: dict[str, Any]) -> list[Fault]:
    """Return what is wrong with a raw policy or binding, with places."""
    version = str(raw.get("apiVersion")).rpartition("/")[2]
    if version not in VERSIONS:
        return [(ROOT / "apiVersion", f"apiVersion is {version}, not {' or '.join(VERSIONS)}")]
    kind = str(raw["kind"])
    found = [_departure(error) for error in _validator(kind).iter_errors(raw)]
    if found:
        return found
    if not (raw.get("metadata") or {}).get("name"):
        found.append((ROOT / "metadata", "metadata.name is missing"))
    spec = raw.get("spec")
    if not isinstance(spec, dict):
        return [*found, (ROOT / "spec", "spec is missing")]
    here = ROOT / "spec"
    found += _strange_words(spec, here)
    if kind.endswith("Binding"):
        return [*found, *_of_binding(spec, here, kind)]
    found += _of_policy(spec, here, kind)
    return found


def _departure(error: Any) -> Fault:
    path, kind = Path(error.instance_path), error.kind
    match kind.name:
        case "additionalProperties":
            name = kind.unexpected[0]
            known = _known(error)
            near = nearest_word(name, known)
            hint = f'; did you mean "{near}"?' if near else ""
            return path / name, f'unknown field "{name}"{hint}'
        case "required":
            return path, f'the field "{kind.property}" is missing'
        case "type":
            wanted = " or ".join(word for word in sorted(kind.types) if word != "null")
            return path, f"{path} is no {wanted}"
    return path, str(error.message)


def _known(error: Any) -> list[str]:
    folder = pathlib.Path(__file__).parent / "schema"
    document = orjson.loads((folder / "admissionregistration.json").read_bytes())
    here: Any = document
    for segment in list(error.schema_path)[:-1]:
        if isinstance(here, dict) and "$ref" in here and segment == "$ref":
            here = document["$defs"][here["$ref"].rpartition("/")[2]]
        elif isinstance(here, dict) and str(segment) in here:
            here = here[str(segment)]
        else:
            break
    return list(here.get("properties", {})) if isinstance(here, dict) else []


def _strange_words(value: Any, here: Path) -> Iterator[Fault]:
    """Yield each word that is none of the known ones, at any depth."""
    if isinstance(value, list):
        for index, item in enumerate(value):
            yield from _strange_words(item, here / index)
        return
    if not isinstance(value, dict):
        return
    for key, inner in value.items():
        place = here / key
        known = _WORDS.get(key)
        for at, word in (
            [(place / n, w) for n, w in enumerate(inner)]
            if isinstance(inner, list)
            else [(place, inner)]
        ):
            if known is not None and isinstance(word, str) and word not in known:
                yield at, f'{key} is "{word}", not {" or ".join(known)}'
        if key in ("namespaceSelector", "objectSelector", "selector"):
            yield from _selector(inner, place)
        elif key not in _WORDS:
            yield from _strange_words(inner, place)


def _selector(raw: Any, here: Path) -> Iterator[Fault]:
    for index, item in enumerate((raw or {}).get("matchExpressions") or ()):
        place, operator = here / "matchExpressions" / index, item.get("operator")
        if operator not in OPERATORS:
            yield place / "operator", f'operator is "{operator}", not {" or ".join(OPERATORS)}'
        elif bool(item.get("values")) is not (operator in ("In", "NotIn")):
            needs = "needs values" if operator in ("In", "NotIn") else "takes no values"
            yield place, f"{operator} {needs}"


def _of_policy(spec: dict[str, Any], here: Path, kind: str) -> Iterator[Fault]:
    constraints = spec.get("matchConstraints") or {}
    if not constraints.get("resourceRules"):
        yield here / "matchConstraints", "matchConstraints.resourceRules is missing"
    for index, rule in enumerate(constraints.get("resourceRules") or ()):
        for field in ("apiGroups", "apiVersions", "operations", "resources"):
            if not rule.get(field):
                place = here / "matchConstraints" / "resourceRules" / index
                yield place / field, f"{field} is missing"
    yield from _names(spec, here, "matchConditions", "name", "qualifiedName")
    if len(spec.get("matchConditions") or ()) > _MOST_CONDITIONS:
        yield here / "matchConditions", f"more than {_MOST_CONDITIONS} matchConditions"
    yield from _variables(spec, here)
    if kind == "ValidatingAdmissionPolicy":
        yield from _names(spec, here, "auditAnnotations", "key", "qualifiedName")
        if not spec.get("validations") and not spec.get("auditAnnotations"):
            yield here, "neither validations nor auditAnnotations: the policy says nothing"
    else:
        yield from _mutations(spec, here)


def _names(spec: dict[str, Any], here: Path, field: str, key: str, form: str) -> Iterator[Fault]:
    seen: set[str] = set()
    for index, item in enumerate(spec.get(field) or ()):
        name, place = item[key], here / field / index / key
        if name in seen:
            yield place, f'the {key} "{name}" stands twice in {field}'
        seen.add(name)
        for fault in FORMATS[form](name):
            yield place, f'{key} "{name}": {fault}'


def _variables(spec: dict[str, Any], here: Path) -> Iterator[Fault]:
    seen: set[str] = set()
    for index, item in enumerate(spec.get("variables") or ()):
        name, place = item["name"], here / "variables" / index / "name"
        if not _IDENTIFIER.fullmatch(name):
            yield place, f'the name "{name}" is no identifier of CEL'
        if name in seen:
            yield place, f'the variable "{name}" stands twice'
        seen.add(name)


def _mutations(spec: dict[str, Any], here: Path) -> Iterator[Fault]:
    if not spec.get("mutations"):
        yield here, "mutations is missing: the policy changes nothing"
    if not spec.get("reinvocationPolicy"):
        yield here, "reinvocationPolicy is missing: Never or IfNeeded"
    for index, mutation in enumerate(spec.get("mutations") or ()):
        place = here / "mutations" / index
        if mutation["patchType"] == "ApplyConfiguration":
            yield (
                place / "patchType",
                "patchType ApplyConfiguration is not supported: it merges by the types of every "
                "field, which only the API server has; write a JSONPatch",
            )
        elif not (mutation.get("jsonPatch") or {}).get("expression"):
            yield place, "jsonPatch.expression is missing"


def _of_binding(spec: dict[str, Any], here: Path, kind: str) -> Iterator[Fault]:
    if not spec.get("policyName"):
        yield here, "policyName is missing"
    actions = spec.get("validationActions") or ()
    if kind == "ValidatingAdmissionPolicyBinding":
        if not actions:
            yield here / "validationActions", "validationActions is empty"
        if "Deny" in actions and "Warn" in actions:
            yield here / "validationActions", "Deny and Warn together would say everything twice"
    reference = spec.get("paramRef")
    if reference is None:
        return
    place = here / "paramRef"
    if bool(reference.get("name")) is (reference.get("selector") is not None):
        yield place, "paramRef takes either name or selector"
    if not reference.get("parameterNotFoundAction"):
        yield place, "paramRef.parameterNotFoundAction is missing: Allow or Deny"
