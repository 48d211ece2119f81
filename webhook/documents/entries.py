"""Which entry of a mapping counts: duplicates, and merges ("<<") as go-yaml v2 applies them.

Not here: what the entries become (`values`).
"""

from dataclasses import dataclass

from webhook.documents.nodes import Fault, Mapping, Node, Scalar, Sequence, target
from webhook.documents.scalars import key_text


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry of a mapping, as found by its key; `merged`: it came in through "<<"."""

    key: Scalar
    key_node: Node
    value: Node
    merged: bool = False


def is_merge(key: Node) -> bool:
    """Whether a key is YAML's "merge the following mapping in here"."""
    if not isinstance(key, Scalar) or key.text != "<<":
        return False
    return key.tag == "tag:yaml.org,2002:merge" or (key.tag is None and key.style == "")


def merged_mappings(value: Node) -> list[Mapping]:
    """Return what a "<<" brings in, the strongest first.

    go-yaml takes a mapping, an alias of one, or a list of these; anything else is a Fault.
    """
    listed: list[Node] = value.items if isinstance(value, Sequence) else [value]
    mappings = [target(node) for node in listed]
    for node, mapping in zip(listed, mappings, strict=True):
        if not isinstance(mapping, Mapping):
            raise Fault('"<<" takes a mapping or a list of mappings', node.start)
    return mappings  # type: ignore[return-value]  # the loop above has seen to it


def entry(mapping: Mapping, key: str) -> Entry | None:
    """Return the entry that decides what kubectl reads for `key`: the last one that sets it.

    A merge counts at the place where it stands: it overwrites what is above it (go-yaml v2).
    """
    for key_node, value in reversed(mapping.entries):
        if is_merge(key_node):
            for other in merged_mappings(value):
                found = entry(other, key)
                if found is not None:
                    return Entry(found.key, found.key_node, found.value, merged=True)
            continue
        word = target(key_node)
        if isinstance(word, Scalar) and key_text(word) == key:
            return Entry(word, key_node, value)
    return None
