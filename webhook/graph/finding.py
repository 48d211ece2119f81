"""One error at one place: the only shape in which graphgate reports."""

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

FixSafety = Literal["safe", "unsafe"]
"""Whether a fix is what the author evidently meant, or a guess to be confirmed."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One error.

    path         where; resolves in the document that was submitted
    message      what is wrong, with the values, lower case, no full stop:
                 'traffic of the 2 live predictors sums to 90, not 100'
    remediation  what to do about it: 'rename it to "step-one"'; empty: the rule's own general one
    fix          a JSON Patch against the submitted document; empty where there is none
    at_key       whether the name of the field at `path` is wrong, and not its value: it is marked
    fix_safety   "safe": `graphgate fix` applies it; "unsafe": only with --unsafe-fixes
    certain      False where a fact was missing to decide it; then it is at most a
                 warning
    evidence     every place whose value makes it an error, where `path` alone does not say: while
                 they stay as they are, it is the same error (`engine.ratchet`)
    incomplete   whether something was not read or not reported, so that there may be further
                 errors: then it denies, whatever action the settings give the rule
    rule_id      the id of the rule: "children-not-a-list", "pod-security/privileged",
                 "policy/NAME/0"; stamped by the engine, a rule leaves it empty
    """

    path: Path
    message: str
    remediation: str = ""
    fix: tuple[Operation, ...] = ()
    certain: bool = True
    evidence: tuple[Path, ...] = ()
    incomplete: bool = False
    rule_id: str = ""
    fix_safety: FixSafety = "unsafe"
    at_key: bool = False

    def has_fix(self, *, unsafe: bool = True) -> bool:
        """Return whether there is a fix; without `unsafe`, whether there is a safe one."""
        return bool(self.fix) and (unsafe or self.fix_safety == "safe")
