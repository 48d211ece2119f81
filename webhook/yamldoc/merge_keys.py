"""Which entry of a mapping counts: duplicates, and merges ("<<") as go-yaml v2 applies them.

Not here: what the entries become (`constructor`).
"""

from dataclasses import dataclass

from webhook.yamldoc.nodes import Mapping, Node, ParseError, Scalar, Sequence, resolve_alias
from webhook.yamldoc.resolver import json_key


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry of a mapping, as found by its key; `merged`: it came in through "<<"."""

    key: Scalar
    key_node: Node
    value: Node
    is_merged: bool = False


def is_merge(key: Node) -> bool:
    """Whether a key is YAML's "merge the following mapping in here"."""
    if not isinstance(key, Scalar) or key.text != "<<":
        return False
    return key.tag == "tag:yaml.org,2002:merge" or (key.tag is None and key.style == "")


def merged_mappings(value: Node) -> list[Mapping]:
    """Return what a "<<" brings in, the strongest first.

    go-yaml takes a mapping, an alias of one, or a list of these; anything else is a Fault.
    """
    nodes: list[Node] = value.items if isinstance(value, Sequence) else [value]
    mappings = [resolve_alias(node) for node in nodes]
    for node, mapping in zip(nodes, mappings, strict=True):
        if not isinstance(mapping, Mapping):
            raise ParseError('"<<" requires a mapping or a list of mappings', node.start)
    return mappings  # type: ignore[return-value]  # the loop above has seen to it


def find_entry(mapping: Mapping, key: str) -> Entry | None:
    """Return the entry that decides what kubectl reads for `key`: the last one that sets it.

    A merge counts at the place where it is: it overwrites what is above it (go-yaml v2).
    """
    if mapping.by_key is None:
        mapping.by_key = _entries_by_key(mapping)
    return mapping.by_key.get(key)


def _entries_by_key(mapping: Mapping) -> dict[str, Entry]:
    """Return the entries that count: found once, for a document has thousands of findings."""
    by_key: dict[str, Entry] = {}
    for key_node, value in mapping.entries:
        if is_merge(key_node):
            for other in reversed(merged_mappings(value)):
                if other.by_key is None:
                    other.by_key = _entries_by_key(other)
                for key, found in other.by_key.items():
                    by_key[key] = Entry(found.key, found.key_node, found.value, is_merged=True)
            continue
        key_scalar = resolve_alias(key_node)
        if isinstance(key_scalar, Scalar):
            by_key[json_key(key_scalar)] = Entry(key_scalar, key_node, value)
    return by_key
