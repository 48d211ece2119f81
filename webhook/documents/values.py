"""Nodes to plain data, as it arrives at the API server, with notes on what surprises.

Not here: what one scalar means (`scalars`), positions (`document`).
"""

from dataclasses import dataclass
from typing import Any

from webhook.documents.entries import is_merge, merged_mappings
from webhook.documents.nodes import (
    Alias,
    Fault,
    Mapping,
    Node,
    Scalar,
    Sequence,
    shown,
    target,
    walk,
)
from webhook.documents.scalars import is_known_tag, key_text, number

_LARGEST = 2**63


@dataclass(frozen=True, slots=True)
class Surprise:
    """Something that kubectl passes over in silence, at a node; `earlier`: what it overrides."""

    kind: str
    fact: str
    node: Node
    earlier: Node | None = None


def value_of(node: Node) -> Any:
    """Return dicts, lists, strings, numbers, booleans and None; nothing is shared within.

    Recursive: the readers bound the depth, aliases included, and what aliases may add.
    Raises Fault for what JSON cannot hold: infinity, null as a key, a collection as a key.
    """
    if isinstance(node, Alias):
        return value_of(node.target)
    if isinstance(node, Mapping):
        result: dict[str, Any] = {}
        _fill(result, node)
        return result
    if isinstance(node, Sequence):
        return [value_of(item) for item in node.items]
    value = node.value
    if value.__class__ is float or (value.__class__ is int and value >= _LARGEST):
        try:
            return number(value)
        except ValueError as error:
            raise Fault(f"{shown(node.text)} is {error}", node.start) from None
    return value


def _fill(result: dict[str, Any], mapping: Mapping) -> None:
    for key, value in mapping.entries:
        word = key.target if key.__class__ is Alias else key
        if word.__class__ is not Scalar:
            raise Fault(_collection_as_key(key), key.start)
        name = word.value
        if name.__class__ is not str:
            try:
                name = key_text(word)
            except ValueError as error:
                raise Fault(str(error), key.start) from None
        elif name == "<<" and is_merge(key):
            for other in reversed(merged_mappings(value)):
                _fill(result, other)
            continue
        result[name] = value_of(value)


def _collection_as_key(key: Node) -> str:
    if isinstance(key, Mapping) and key.flow:
        return 'a mapping cannot be a key; if "{{" is a template, render it first'
    return "a list or mapping cannot be a key"


def surprises(root: Node) -> list[Surprise]:
    """Return what kubectl passes over in silence: keys written twice, tags that mean nothing."""
    found: list[Surprise] = []
    for node in walk(root):
        if isinstance(node, Mapping):
            found.extend(_repeated_keys(node))
        if not isinstance(node, Alias) and node.tag is not None:
            found.extend(_idle_tag(node))
    found.sort(key=lambda surprise: (surprise.node.start, surprise.fact))
    return found


def _repeated_keys(mapping: Mapping) -> list[Surprise]:
    found = []
    last: dict[str, Node] = {}
    for key, value in mapping.entries:
        if is_merge(key):
            merged: dict[str, Any] = {}
            for other in merged_mappings(value):
                _fill(merged, other)
            for name in last.keys() & merged.keys():
                fact = f'"<<" overwrites the key {shown(name)} above it; put "<<" first'
                found.append(Surprise("overwritten-by-merge", fact, key, last[name]))
            continue
        word = target(key)
        name = key_text(word) if isinstance(word, Scalar) else ""
        if name in last:
            fact = f"the key {shown(name)} is written twice in one mapping; kubectl keeps the last"
            found.append(Surprise("duplicate-key", fact, key, last[name]))
        last[name] = key
    return found


def _idle_tag(node: Scalar | Mapping | Sequence) -> list[Surprise]:
    tag = str(node.tag)
    if is_known_tag(tag, scalar=isinstance(node, Scalar)):
        return []
    short = tag.replace("tag:yaml.org,2002:", "!!")
    meant = "reads a string" if isinstance(node, Scalar) else "passes over it"
    fact = f"the tag {shown(short)} means nothing here; kubectl {meant}"
    return [Surprise("unknown-tag", fact, node)]
