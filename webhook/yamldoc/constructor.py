"""Nodes to plain data, as it arrives at the API server, with notes on what surprises.

Not here: what one scalar means (`resolver`), positions (`document`).
"""

from collections import Counter
from dataclasses import dataclass
from typing import Any

from webhook.graph.text import quote_value
from webhook.yamldoc.merge_keys import is_merge, merged_mappings
from webhook.yamldoc.nodes import (
    Alias,
    Mapping,
    Node,
    ParseError,
    Scalar,
    Sequence,
    resolve_alias,
    walk_nodes,
)
from webhook.yamldoc.resolver import is_known_tag, json_key, to_json_number

_INT64_LIMIT = 2**63


@dataclass(frozen=True, slots=True)
class Anomaly:
    """Something that kubectl ignores in silence, at a node; `earlier`: what it overrides."""

    kind: str
    message: str
    node: Node
    earlier: Node | None = None


def construct_value(node: Node) -> Any:
    """Return dicts, lists, strings, numbers, booleans and None; nothing is shared within.

    Recursive: the readers bound the depth, aliases included, and what aliases may add.
    Raises Fault for what JSON cannot hold: infinity, null as a key, a collection as a key.
    """
    if isinstance(node, Alias):
        return construct_value(node.target)
    if isinstance(node, Mapping):
        result: dict[str, Any] = {}
        _construct_mapping(result, node)
        return result
    if isinstance(node, Sequence):
        return [construct_value(item) for item in node.items]
    value = node.value
    if value.__class__ is float or (value.__class__ is int and value >= _INT64_LIMIT):
        try:
            return to_json_number(value)
        except ValueError as error:
            raise ParseError(f"{quote_value(node.text)} is {error}", node.start) from None
    return value


def _construct_mapping(result: dict[str, Any], mapping: Mapping) -> None:
    for key, value in mapping.entries:
        key_scalar = key.target if key.__class__ is Alias else key
        if key_scalar.__class__ is not Scalar:
            raise ParseError(_collection_as_key(key), key.start)
        name = key_scalar.value
        if name.__class__ is not str:
            try:
                name = json_key(key_scalar)
            except ValueError as error:
                raise ParseError(str(error), key.start) from None
        elif name == "<<" and is_merge(key):
            for other in reversed(merged_mappings(value)):
                _construct_mapping(result, other)
            continue
        result[name] = construct_value(value)


def _collection_as_key(key: Node) -> str:
    if isinstance(key, Mapping) and key.flow:
        return 'a mapping cannot be a key; if "{{" is a template, render it first'
    return "a list or mapping cannot be a key"


_TYPOGRAPHIC_QUOTES = frozenset("“”„‟‘’‚‛«»‹›")
"""What word processors and chat programs make of straight quotes."""
_MIN_QUOTED = 2


def find_anomalies(root: Node) -> list[Anomaly]:
    """Return what kubectl reads in silence: keys written twice, tags and quotes without meaning."""
    anomalies: list[Anomaly] = []
    for node in walk_nodes(root):
        if isinstance(node, Mapping):
            anomalies.extend(_duplicate_keys(node))
        if not isinstance(node, Alias) and node.tag is not None:
            anomalies.extend(_unknown_tag(node))
        if isinstance(node, Scalar) and not node.style:
            anomalies.extend(_typographic_quotes(node))
    anomalies.sort(key=lambda surprise: (surprise.node.start, surprise.message))
    return anomalies


def split_at_repeats(mapping: Mapping) -> list[list[tuple[Node, Node]]]:
    """Return the entries in parts: where a key comes again, a dash is missing before it."""
    parts: list[list[tuple[Node, Node]]] = [[]]
    names: set[str] = set()
    for key, value in mapping.entries:
        key_scalar = resolve_alias(key)
        name = json_key(key_scalar) if isinstance(key_scalar, Scalar) else ""
        if name in names:
            parts.append([])
            names.clear()
        names.add(name)
        parts[-1].append((key, value))
    return parts


def _duplicate_keys(mapping: Mapping) -> list[Anomaly]:
    anomalies = []
    last: dict[str, Node] = {}
    before: dict[str, Node] = {}
    counts: Counter[str] = Counter()
    for key, value in mapping.entries:
        if is_merge(key):
            merged: dict[str, Any] = {}
            for other in merged_mappings(value):
                _construct_mapping(merged, other)
            for name in last.keys() & merged.keys():
                message = f'"<<" overwrites the key {quote_value(name)} above it; put "<<" first'
                anomalies.append(Anomaly("overwritten-by-merge", message, key, last[name]))
            continue
        key_scalar = resolve_alias(key)
        name = json_key(key_scalar) if isinstance(key_scalar, Scalar) else ""
        if name in last:
            before[name] = last[name]
        last[name] = key
        counts[name] += 1
    for name, earlier in before.items():
        times = "twice" if counts[name] == 2 else f"{counts[name]} times"
        message = (
            f"the key {quote_value(name)} is written {times} in one mapping; kubectl keeps the last"
        )
        anomalies.append(Anomaly("duplicate-key", message, last[name], earlier))
    return anomalies


def _unknown_tag(node: Scalar | Mapping | Sequence) -> list[Anomaly]:
    tag = str(node.tag)
    if is_known_tag(tag, scalar=isinstance(node, Scalar)):
        return []
    short = tag.replace("tag:yaml.org,2002:", "!!")
    effect = "reads a string" if isinstance(node, Scalar) else "ignores it"
    message = f"the tag {quote_value(short)} is not known; kubectl {effect}"
    return [Anomaly("unknown-tag", message, node)]


def _typographic_quotes(node: Scalar) -> list[Anomaly]:
    first, last = node.text[:1], node.text[-1:]
    if len(node.text) < _MIN_QUOTED or {first, last} - _TYPOGRAPHIC_QUOTES:
        return []
    message = f"{first} and {last} are part of the value; YAML's quotes are \" and '"
    return [Anomaly("typographic-quotes", message, node)]
