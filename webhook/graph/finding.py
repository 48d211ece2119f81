"""One fault at one place: the only shape in which graphgate reports."""

from dataclasses import dataclass
from typing import Any, Literal, NotRequired, TypedDict

from webhook.graph.path import Path

# The functional form, because "from" is a keyword of Python.
Operation = TypedDict(
    "Operation",
    {
        "op": Literal["add", "remove", "replace", "move", "test"],
        "path": str,
        "from": NotRequired[str],
        "value": NotRequired[Any],
    },
)
"""One operation of a JSON Patch (RFC 6902)."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One fault.

    path    where; resolves in the document that was submitted
    fact    what is wrong, with the values, lower case, no full stop:
            'traffic of the 2 live predictors sums to 90, not 100'
    remedy  what to do about it: 'rename it to "step-one"'; empty: the rule's own general remedy
    fix     a JSON Patch against the submitted document that mends it; empty where none is certain
    sure    False where a fact was missing that would have settled it; then it is at most a warning
    evidence  every place whose value makes it a fault, where `path` alone does not say: while
            they stay as they are, it is the same fault (`engine.ratchet`)
    incomplete  whether something was not read or not told, so that nobody knows what else is wrong:
            then it denies, whatever the settings say of the rule
    rule    who found it: "children-not-a-list", "pod-security/privileged", "policy/NAME/0";
            stamped by the engine, a rule leaves it empty
    """

    path: Path
    message: str
    remediation: str = ""
    fix: tuple[Operation, ...] = ()
    certain: bool = True
    evidence: tuple[Path, ...] = ()
    incomplete: bool = False
    rule_id: str = ""
