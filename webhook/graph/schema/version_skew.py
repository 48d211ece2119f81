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


def fields_newer_than(document: Any, kubernetes_minor: int) -> list[tuple[Path, int]]:
    """Return each field that Kubernetes 1.`minor` does not have, and the first minor with it.

    Only what may contain such a field is searched, and not its own content. A document is nested at
    most as deep as `bounds` lets through.
    """
    found: list[tuple[Path, int]] = []
    plan = _plan(kubernetes_minor)
    if plan:
        _walk(document, plan, (), found)
    return found


def _walk(
    value: Any, plan: _Plan, path: tuple[Segment, ...], found: list[tuple[Path, int]]
) -> None:
    if type(value) is list:
        for index, item in enumerate(value):
            _walk(item, plan, (*path, index), found)
    elif type(value) is dict:
        for key, child in value.items():
            below = plan.get(key)
            if type(below) is int:
                found.append((Path((*path, key)), below))
            elif below is not None:
                _walk(child, below, (*path, key), found)


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
