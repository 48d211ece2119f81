"""Signatures of functions, written as text, and the checker's declarations made from them.

"quantity(string) -> kubernetes.Quantity"
"kubernetes.Quantity.add(int) -> kubernetes.Quantity"      a method
"list<A>.indexOf(A) -> int"                                A and B stand for any type
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from webhook.cel.values import Function

_SIGNATURE = re.compile(r"(?P<head>.+?)\((?P<arguments>.*)\) -> (?P<returns>.+)")


@dataclass(frozen=True, slots=True, eq=False)
class Library:
    """A set of functions.

    since         the Kubernetes minor that brought it; 0: graphgate's own, unknown to Kubernetes
    signatures    by the function's name
    functions     the implementations by the same names; the target of a method comes first
    takes         the type of the first argument that the implementations are for; None: any.
                  Two libraries may share a name (`contains`) if their types differ
    """

    name: str
    since_minor: int
    signatures: Mapping[str, tuple[str, ...]]
    functions: Mapping[str, Function]
    receiver_type: type | None = None
    extension: Mapping[str, Any] | None = None
    """Where the checker brings declarations of its own: its name for them. Then `signatures`
    only tells people what there is."""


def function_declarations(libraries: Iterable[Library]) -> list[dict[str, Any]]:
    """Return what the checker's configuration lists under `functions`."""
    overloads: dict[str, list[dict[str, Any]]] = {}
    for library in libraries:
        if library.extension is not None:
            continue
        for name, signatures in library.signatures.items():
            overloads.setdefault(name, []).extend(parse_overload(name, text) for text in signatures)
    return [{"name": name, "overloads": several} for name, several in overloads.items()]


def parse_overload(name: str, signature: str) -> dict[str, Any]:
    """Return one overload of the checker's configuration."""
    match = _SIGNATURE.fullmatch(signature)
    if match is None:
        raise ValueError(signature)
    target = match["head"].removesuffix(name).removesuffix(".")
    declaration: dict[str, Any] = {
        "id": re.sub(r"\W+", "_", signature),
        "args": [_type_declaration(text) for text in _split_arguments(match["arguments"])],
        "return": _type_declaration(match["returns"]),
    }
    return declaration | ({"target": _type_declaration(target)} if target else {})


def _split_arguments(text: str) -> list[str]:
    parts, depth, start = [], 0, 0
    for position, character in enumerate(text):
        depth += {"<": 1, ">": -1}.get(character, 0)
        if character == "," and depth == 0:
            parts.append(text[start:position].strip())
            start = position + 1
    return [*parts, text[start:].strip()] if text.strip() else []


def _type_declaration(text: str) -> dict[str, Any]:
    name, _, rest = text.partition("<")
    if not rest:
        generic = len(name) == 1
        return {"type_name": name, "is_type_param": True} if generic else {"type_name": name}
    name = {"optional": "optional_type"}.get(name, name)
    return {
        "type_name": name,
        "params": [_type_declaration(part) for part in _split_arguments(rest.removesuffix(">"))],
    }
