"""Fields that only newer versions of Kubernetes have."""

import functools
import pathlib
from collections.abc import Mapping
from typing import Any

import orjson

from webhook.graph.path import Path, Segment
from webhook.graph.schema.document import load_schema
from webhook.graph.schema.lookup import DEFINITIONS_PREFIX

_Plan = Mapping[str, Any]
"""By field: the first minor version with it, or the plan of what is below it."""


_Link = tuple[Any, Segment] | None
"""A path as its last segment behind the link of its parent: built without copying the parent."""


def fields_newer_than(document: Any, kubernetes_minor: int) -> list[tuple[Path, int]]:
    """Return each field that Kubernetes 1.`minor` does not have, and the first minor with it.

    They are in the order of their paths. Only what may contain such a field is searched, and not
    its own content.
    """
    plan = _plan(kubernetes_minor)
    if not plan or type(document) is not dict:
        return []
    found: list[tuple[tuple[Segment, ...], int]] = []
    pending: list[tuple[Mapping[str, Any], _Plan, _Link]] = [(document, plan, None)]
    # One loop without calls, and sets where possible: large objects have thousands of variables.
    while pending:
        value, plan, link = pending.pop()
        for key in plan.keys() & value.keys():
            child, below = value[key], plan[key]
            if type(below) is int:
                found.append((_segments((link, key)), below))
            elif type(child) is dict:
                if not below.keys().isdisjoint(child):
                    pending.append((child, below, (link, key)))
            elif type(child) is list:
                below_keys = below.keys()
                for index, item in enumerate(child):
                    if type(item) is dict and not below_keys.isdisjoint(item):
                        pending.append((item, below, ((link, key), index)))
    return [(Path(segments), since) for segments, since in sorted(found)]


@functools.cache
def newer_field_words() -> frozenset[str]:
    """Return the fields that `fields_newer_than` knows, each behind the field that it is in.

    "resources.claims"; of containers and pods "container.resizePolicy" and "pod.resources".
    """
    words: set[str] = set()
    pending: list[tuple[str, str, _Plan]] = [("", "", _plan(0))]
    while pending:
        parent, field, plan = pending.pop()
        owner = field
        if field in ("containers", "initContainers"):
            owner = "container"
        elif (parent, field) == ("componentSpecs", "spec"):
            owner = "pod"
        for key, below in plan.items():
            if type(below) is int:
                words.add(f"{owner}.{key}")
            else:
                pending.append((field, key, below))
    return frozenset(words)


def _segments(link: _Link) -> tuple[Segment, ...]:
    segments: list[Segment] = []
    while link is not None:
        link, segment = link
        segments.append(segment)
    return tuple(reversed(segments))


@functools.lru_cache(maxsize=8)
def _plan(kubernetes_minor: int) -> _Plan:
    """Return the plan of a whole document; empty: that version has all that is known."""
    table: Mapping[str, Mapping[str, int]] = orjson.loads(
        pathlib.Path(__file__).with_name("since.json").read_bytes()
    )
    plans: dict[str, dict[str, Any]] = {}

    def plan_of(field_schema: Mapping[str, Any]) -> _Plan:
        name = field_schema.get("$ref", "").removeprefix(DEFINITIONS_PREFIX)
        if name not in plans:
            # Of a definition that contains itself, a node of a graph, the inner one is still empty
            # here, and left out: no type of Kubernetes is below it.
            plans[name] = {}
            since = {k: n for k, n in table.get(name, {}).items() if n > kubernetes_minor}
            for key, child in load_schema()["$defs"][name].get("properties", {}).items():
                if below := since.get(key) or plan_of(child.get("items", child)):
                    plans[name][key] = below
        return plans[name]

    plans[""] = {}
    return plan_of(load_schema())
