"""Signatures of functions, written as text, and the checker's overloads made from them.

"quantity(string) -> kubernetes.Quantity"
"kubernetes.Quantity.add(int) -> kubernetes.Quantity"      a method
"list<A>.indexOf(A) -> int"                                A and B are any types
"list<T>.sum() -> T (T: int, uint)"                        one overload for each of these types
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache

from webhook.cel.types import CelType, parse_type, split_arguments
from webhook.cel.values import Function

_SIGNATURE = re.compile(r"(?P<head>.+?)\((?P<arguments>.*)\) -> (?P<returns>.+)")
_ALTERNATIVES = re.compile(r"(?P<signature>.*) \((?P<letter>[A-Z]): (?P<types>[^()]*)\)")


@dataclass(frozen=True, slots=True, eq=False)
class Library:
    """A set of functions.

    since_minor    the Kubernetes minor that brought it; 0: graphgate's own, unknown to Kubernetes
    signatures     by the function's name
    functions      the implementations by the same names; the target of a method comes first.
                   ".name" is the method where the function of that name is another one
    receiver_type  the type of the first argument that the implementations are for; None: any.
                   Two libraries may share a name (`contains`) if their types differ
    macros         names of `signatures` that are macros: shown to people, unknown to the checker
    hidden         signatures of what macros are written out as
    type_names     names of its types that an expression may write: type(x) == net.IP
    """

    name: str
    since_minor: int
    signatures: Mapping[str, tuple[str, ...]]
    functions: Mapping[str, Function]
    receiver_type: type | None = None
    macros: frozenset[str] = frozenset()
    hidden: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    type_names: tuple[str, ...] = ()

    def declarations(self) -> Iterator[tuple[str, str]]:
        """Yield name and signature of each function that the checker is to know."""
        for signatures in (self.signatures, self.hidden):
            for name, texts in signatures.items():
                if name not in self.macros:
                    yield from ((name, text) for text in texts)


@dataclass(frozen=True, slots=True)
class Overload:
    """One signature of a function. `parameters`: the target of a method comes first."""

    signature: str
    is_method: bool
    parameters: tuple[CelType, ...]
    result: CelType


@lru_cache(4096)
def parse_overloads(name: str, text: str) -> tuple[Overload, ...]:
    """Return the overloads of a function's signature."""
    alternatives = _ALTERNATIVES.fullmatch(text)
    if alternatives is None:
        return (_parse_overload(name, text),)
    letter = re.compile(rf"\b{alternatives['letter']}\b")
    types = alternatives["types"].split(", ")
    return tuple(_parse_overload(name, letter.sub(t, alternatives["signature"])) for t in types)


def _parse_overload(name: str, text: str) -> Overload:
    match = _SIGNATURE.fullmatch(text)
    if match is None:
        raise ValueError(text)
    target = match["head"].removesuffix(name).removesuffix(".")
    arguments = tuple(map(parse_type, split_arguments(match["arguments"])))
    parameters = (parse_type(target), *arguments) if target else arguments
    return Overload(text, bool(target), parameters, parse_type(match["returns"]))
