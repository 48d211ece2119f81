"""Unknown downward API field

Why: fieldRef and resourceFieldRef expose fields of the pod in variables or in a downwardAPI volume.
Only some fields are supported; all labels or annotations together are only supported in files. The
API server refuses the Deployment.

Fix: Use one of the allowed values. For one label or annotation use metadata.labels['KEY'] or
metadata.annotations['KEY'].

Bad:
    env:
    - name: NODE
      valueFrom:
        fieldRef:
          fieldPath: spec.node

Good:
    env:
    - name: NODE
      valueFrom:
        fieldRef:
          fieldPath: spec.nodeName
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from webhook.graph.finding import Finding, FixSafety, Operation
from webhook.graph.k8s_syntax import (
    is_annotation_key,
    is_qualified_name,
    is_quantity,
    parse_quantity,
)
from webhook.graph.model import ComponentSpec, Predictor, get_mapping, get_str, iter_mappings
from webhook.graph.path import Path, Segment
from webhook.rules._format import quote_value
from webhook.rules._suggest import unknown_value_finding
from webhook.rules.constraints.formats import ANNOTATION_KEY, QUALIFIED_NAME

ACTION = "deny"
SINCE = "0.1.0"
WORDS = frozenset({"downwardAPI", "fieldRef", "resourceFieldRef"})

_COMMON_FIELDS = ("metadata.name", "metadata.namespace", "metadata.uid")
_ENV_FIELDS = (
    *_COMMON_FIELDS,
    *("spec.nodeName", "spec.serviceAccountName"),
    *("status.hostIP", "status.hostIPs", "status.podIP", "status.podIPs"),
)
_OLD_FIELDS = "spec.host"
"""The old name of spec.nodeName, still supported in variables."""
_FILE_FIELDS = (*_COMMON_FIELDS, "metadata.labels", "metadata.annotations")
_MAP_KEY_FIELD = re.compile(r"metadata\.(labels|annotations)\['(.*)'\]\Z", re.DOTALL)
_MAP_FIELD = re.compile(
    r"\s*(?:metadata\.)?(?P<name>label|annotation)s?(?P<key>[\s.\[({].*)\Z",
    re.DOTALL | re.IGNORECASE,
)
"""The same in other spellings: metadata.labels.KEY, labels["KEY"], metadata.Label['KEY']."""
_AROUND_KEY = " \t\r\n.[](){}\"'"
_RESOURCES = tuple(
    f"{kind}.{name}"
    for kind in ("limits", "requests")
    for name in ("cpu", "memory", "ephemeral-storage")
)
_HUGE_PAGES_PREFIX = ("limits.hugepages-", "requests.hugepages-")
_EXPONENT = re.compile(r"[eE][-+]?[0-9]+\Z")
_QUANTITY_PARTS = re.compile(
    r"[-+]?0*(?P<whole>[0-9]*)(?:\.(?P<fraction>[0-9]*))?"
    r"(?P<suffix>[KMGTPE]i|[numkMGTPE]?|[eE][-+]?[0-9]+)\Z"
)
_EXPONENTS = {suffix: 3 * power for power, suffix in enumerate(("n", "u", "m", "", *"kMGTPE"), -3)}
_MAX_DIGITS, _MAX_BINARY_DIGITS = 18, 14
"""Of the number, and with those of its unit: beyond, Kubernetes computes with decimals at once."""
_CPU_UNITS = ("1", "1m")
_BYTE_UNITS = (
    "1",
    *("1k", "1M", "1G", "1T", "1P", "1E"),
    *("1Ki", "1Mi", "1Gi", "1Ti", "1Pi", "1Ei"),
)


def check(predictor: Predictor) -> Iterator[Finding]:
    """Yield each such field.

    Source: validateObjectFieldSelector, validateContainerResourceFieldSelector and …Divisor.
    """
    for container, _, index, variable in predictor.env_sources:
        source = get_mapping(variable, "valueFrom")
        if "fieldRef" in source or "resourceFieldRef" in source:
            path = container.path.join(("env", index, "valueFrom"))
            yield from _check_source(path, source, _ENV_FIELDS)
    for component in predictor.components:
        if "volumes" in component.pod:
            for steps, items in _downward_files(component):
                yield from _check_files(component.path.join(("spec", "volumes", *steps)), items)


def _downward_files(
    component: ComponentSpec,
) -> Iterator[tuple[tuple[Segment, ...], Mapping[str, Any]]]:
    """Yield path and value of each downwardAPI in the volumes, also projected ones."""
    for index, volume in iter_mappings(component.pod, "volumes"):
        if "downwardAPI" in volume:
            yield (index, "downwardAPI"), get_mapping(volume, "downwardAPI")
        for number, source in iter_mappings(get_mapping(volume, "projected"), "sources"):
            if "downwardAPI" in source:
                path = (index, "projected", "sources", number, "downwardAPI")
                yield path, get_mapping(source, "downwardAPI")


def _check_files(path: Path, downward: Mapping[str, Any]) -> Iterator[Finding]:
    for index, item in iter_mappings(downward, "items"):
        field_path = path / "items" / index
        if not get_mapping(item, "fieldRef") and not get_mapping(item, "resourceFieldRef"):
            if item.get("fieldRef") is None and item.get("resourceFieldRef") is None:
                yield Finding(field_path, "fieldRef or resourceFieldRef is required")
            continue
        yield from _check_source(field_path, item, _FILE_FIELDS)
        if (
            not get_str(get_mapping(item, "resourceFieldRef"), "containerName")
            and "resourceFieldRef" in item
        ):
            item_path = field_path / "resourceFieldRef" / "containerName"
            yield Finding(item_path, "containerName is required", "add containerName")


def _check_source(
    path: Path, source: Mapping[str, Any], known: tuple[str, ...]
) -> Iterator[Finding]:
    field = get_mapping(source, "fieldRef").get("fieldPath")
    if type(field) is str and field not in known and not _is_known_field(field, known):
        item_path = path / "fieldRef" / "fieldPath"
        if field in _FILE_FIELDS:
            message = f"{field} without a key is allowed in volumes only"
            yield Finding(item_path, message, f"use {field}['KEY']")
        elif map_field := _MAP_FIELD.match(field):
            yield _explain_map_field(item_path, field, map_field)
        else:
            yield unknown_value_finding(item_path, "field", field, known)
    version = get_mapping(source, "fieldRef").get("apiVersion")
    if type(version) is str and version not in ("", "v1"):
        yield unknown_value_finding(
            path / "fieldRef" / "apiVersion", "apiVersion", version, ("v1",)
        )
    reference = get_mapping(source, "resourceFieldRef")
    resource = reference.get("resource")
    if type(resource) is not str:
        return
    if resource not in _RESOURCES and not resource.startswith(_HUGE_PAGES_PREFIX):
        item_path = path / "resourceFieldRef" / "resource"
        # A gpu, which nothing exposes, is one letter from a cpu, and another thing.
        safety: FixSafety | None = "unsafe" if resource.endswith(".gpu") else None
        yield unknown_value_finding(item_path, "resource", resource, _RESOURCES, fix_safety=safety)
        return
    divisor = reference.get("divisor")
    if divisor is None or not is_quantity(divisor) or not parse_quantity(divisor):
        return  # malformed-quantity reports it; 0 means absent
    units = _CPU_UNITS if resource.endswith(".cpu") else _BYTE_UNITS
    if not _is_unit(divisor, units):
        yield _explain_divisor(path / "resourceFieldRef" / "divisor", divisor, resource, units)


def _explain_divisor(path: Path, divisor: Any, resource: str, units: tuple[str, ...]) -> Finding:
    """Return the finding for a divisor that is not a unit, or one in another spelling."""
    message = f"unknown divisor {divisor} for {resource}; allowed: {', '.join(units)}"
    value = parse_quantity(divisor)
    unit = next((unit for unit in units if parse_quantity(unit) == value), None)
    if unit is None:
        return Finding(path, message)
    fix: Operation = {"op": "replace", "path": path.pointer, "value": unit}
    return Finding(path, message, f"use {unit}", (fix,), fix_safety="safe")


def _explain_map_field(path: Path, field: str, map_field: re.Match[str]) -> Finding:
    """Return the finding for one label or annotation that is not written as the API has it."""
    name, key = f"{map_field['name'].lower()}s", map_field["key"].strip(_AROUND_KEY)
    form = QUALIFIED_NAME if name == "labels" else ANNOTATION_KEY
    if not form.accepts(key):
        message = f"invalid {form.name} {quote_value(key)} in {quote_value(field)}"
        return Finding(path, f"{message}: {form.explain(key)}", f"use metadata.{name}['KEY']")
    new = f"metadata.{name}['{key}']"
    fix: Operation = {"op": "replace", "path": path.pointer, "value": new}
    return Finding(
        path,
        f"unknown field {quote_value(field)}; one {map_field['name'].lower()} is "
        f"metadata.{name}['KEY']",
        f"use {new}",
        (fix,),
        fix_safety="safe",
    )


def _is_unit(divisor: Any, units: tuple[str, ...]) -> bool:
    # The API server compares spellings: 1024Ki is 1Mi to it, but 1024 is not 1Ki, nor 1e3 1k.
    text = str(divisor).strip()
    if _keeps_spelling(text):
        return text in units
    if _EXPONENT.search(text):
        units = ("1",)
    binary = text.endswith("i")
    return parse_quantity(divisor) in {
        parse_quantity(u) for u in units if u.endswith("i") is binary
    }


def _keeps_spelling(quantity: str) -> bool:
    """Return whether the API server compares a quantity as it is written: +1, 01 and 1e0, too.

    Source: ParseQuantity (apimachinery, v0.36.4), which takes what looks canonical for that.
    """
    parts = _QUANTITY_PARTS.match(quantity)
    if parts is None:
        return False
    digits = (parts["whole"] or "0") + (parts["fraction"] or "")
    places, suffix = len(parts["fraction"] or ""), parts["suffix"]
    if suffix.endswith("i"):
        size = 10 * (1 + "KMGTPE".index(suffix[0]))
        is_short = not places and len(digits) + 3 * size // 10 <= _MAX_BINARY_DIGITS
        return is_short and int(digits) % 8 != 0
    exponent = int(suffix[1:]) if suffix[1:] else _EXPONENTS[suffix]
    scale = exponent - places
    is_short = len(digits) <= _MAX_DIGITS and scale >= _EXPONENTS["n"]
    return is_short and scale % 3 == 0 and not digits.endswith("000") and digits[0] != "0"


def _is_known_field(field: str, known: tuple[str, ...]) -> bool:
    if field == _OLD_FIELDS:
        return known is _ENV_FIELDS
    field_match = _MAP_KEY_FIELD.match(field)
    if field_match is None:
        return False
    return (
        is_qualified_name(field_match[2])
        if field_match[1] == "labels"
        else is_annotation_key(field_match[2])
    )
