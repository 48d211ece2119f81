"""A pod asks for a field of itself that Kubernetes does not give

Why: a container learns of its pod by fieldRef and resourceFieldRef, in variables or in a
downwardAPI volume. Only some fields are given, labels and annotations as a whole only in files. The
API server refuses the Deployment.

Fix: Name one of the fields that are given. One label or annotation is spelt
metadata.labels['KEY'] and metadata.annotations['KEY'].

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

from webhook.graph.finding import Finding
from webhook.graph.kubernetes import amount, is_annotation_key, is_key, is_quantity
from webhook.graph.model import Component, Container, Deployment, mapping, mappings, text
from webhook.graph.path import Path, Segment
from webhook.graph.signs import unusual
from webhook.graph.words import enumerate_words
from webhook.rules._words import unknown_word

ACTION = "deny"
SINCE = "0.1.0"
NEEDS = frozenset({unusual("env"), "downwardAPI", "projected"})

_OF_BOTH = ("metadata.name", "metadata.namespace", "metadata.uid")
_IN_VARIABLES = (
    *_OF_BOTH,
    *("spec.nodeName", "spec.serviceAccountName"),
    *("status.hostIP", "status.hostIPs", "status.podIP", "status.podIPs"),
)
_OLD_NAME = "spec.host"
"""What spec.nodeName was called once; still read in variables."""
_IN_FILES = (*_OF_BOTH, "metadata.labels", "metadata.annotations")
_ONE_OF_MANY = re.compile(r"metadata\.(labels|annotations)\['(.*)'\]\Z", re.DOTALL)
_RESOURCES = tuple(
    f"{kind}.{name}"
    for kind in ("limits", "requests")
    for name in ("cpu", "memory", "ephemeral-storage")
)
_HUGE = ("limits.hugepages-", "requests.hugepages-")
_OF_CPU = ("1", "1m")
_OF_BYTES = (
    "1",
    *("1k", "1M", "1G", "1T", "1P", "1E"),
    *("1Ki", "1Mi", "1Gi", "1Ti", "1Pi", "1Ei"),
)


def check(deployment: Deployment) -> Iterator[Finding]:
    """Yield each such field.

    Source: validateObjectFieldSelector, validateContainerResourceFieldSelector and …Divisor.
    """
    for container in deployment.in_need("env"):
        yield from _in_variables(container)
    for component in deployment.components:
        if "volumes" in component.pod:
            for place, items in _files(component):
                yield from _in_files(component.path.join(("spec", "volumes", *place)), items)


def _in_variables(container: Container) -> Iterator[Finding]:
    for index, variable in mappings(container.raw, "env"):
        if "valueFrom" not in variable:
            continue
        source = mapping(variable, "valueFrom")
        if "fieldRef" in source or "resourceFieldRef" in source:
            path = container.path.join(("env", index, "valueFrom"))
            yield from _judge(path, source, _IN_VARIABLES)


def _files(component: Component) -> Iterator[tuple[tuple[Segment, ...], Mapping[str, Any]]]:
    """Yield place and value of each downwardAPI in the volumes, projected ones included."""
    for index, volume in mappings(component.pod, "volumes"):
        if "downwardAPI" in volume:
            yield (index, "downwardAPI"), mapping(volume, "downwardAPI")
        for number, source in mappings(mapping(volume, "projected"), "sources"):
            if "downwardAPI" in source:
                place = (index, "projected", "sources", number, "downwardAPI")
                yield place, mapping(source, "downwardAPI")


def _in_files(path: Path, downward: Mapping[str, Any]) -> Iterator[Finding]:
    for index, item in mappings(downward, "items"):
        place = path / "items" / index
        if not mapping(item, "fieldRef") and not mapping(item, "resourceFieldRef"):
            if item.get("fieldRef") is None and item.get("resourceFieldRef") is None:
                yield Finding(place, "there is neither a fieldRef nor a resourceFieldRef")
            continue
        yield from _judge(place, item, _IN_FILES)
        if (
            not text(mapping(item, "resourceFieldRef"), "containerName")
            and "resourceFieldRef" in item
        ):
            where = place / "resourceFieldRef" / "containerName"
            yield Finding(where, "it does not say of which container", "add containerName")


def _judge(path: Path, source: Mapping[str, Any], known: tuple[str, ...]) -> Iterator[Finding]:
    field = mapping(source, "fieldRef").get("fieldPath")
    if type(field) is str and field not in known and not _is_given(field, known):
        where = path / "fieldRef" / "fieldPath"
        if field in _IN_FILES:
            fact = f"{field} as a whole is given in files only, not in variables"
            yield Finding(where, fact, f"write {field}['KEY'] for one of them")
        else:
            yield unknown_word(where, "field that is given here", field, known)
    version = mapping(source, "fieldRef").get("apiVersion")
    if type(version) is str and version not in ("", "v1"):
        yield unknown_word(path / "fieldRef" / "apiVersion", "version of a pod", version, ("v1",))
    reference = mapping(source, "resourceFieldRef")
    resource = reference.get("resource")
    if type(resource) is not str:
        return
    if resource not in _RESOURCES and not resource.startswith(_HUGE):
        where = path / "resourceFieldRef" / "resource"
        yield unknown_word(where, "resource that is given", resource, _RESOURCES)
        return
    divisor = reference.get("divisor")
    if divisor is None or not is_quantity(divisor) or not amount(divisor):
        return  # quantity-syntax speaks of it; 0 reads as absent
    units = _OF_CPU if resource.endswith(".cpu") else _OF_BYTES
    if not _is_unit(divisor, units):
        fact = f"{divisor} is no unit of {resource}; known are {enumerate_words(units)}"
        yield Finding(path / "resourceFieldRef" / "divisor", fact)


def _is_unit(divisor: Any, units: tuple[str, ...]) -> bool:
    # The API server compares spellings: 1024Ki is 1Mi to it, but 1024 is not 1Ki.
    binary = str(divisor).strip().endswith("i")
    return amount(divisor) in {amount(u) for u in units if u.endswith("i") is binary}


def _is_given(field: str, known: tuple[str, ...]) -> bool:
    if field == _OLD_NAME:
        return known is _IN_VARIABLES
    one = _ONE_OF_MANY.match(field)
    if one is None:
        return False
    return is_key(one[2]) if one[1] == "labels" else is_annotation_key(one[2])
