"""Whether an object of a policy file is of a kind that exists.

An object of a misspelled kind would be taken for the parameter of a policy, and nobody would miss
the policy, exception or test that it was meant to be.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from webhook.graph.issue import Issue
from webhook.graph.model import get_str
from webhook.graph.path import ROOT
from webhook.graph.suggest import CERTAIN_SIMILARITY, hint_at_known, nearest_word
from webhook.graph.text import quote_value
from webhook.graph.well_known import (
    ADMISSION_REGISTRATION_API_VERSION,
    GRAPHGATE_API_VERSION,
    GRAPHGATE_PREFIX,
)
from webhook.policy.validation import ADMISSION_GROUP

POLICY_KINDS = (
    "ValidatingAdmissionPolicy",
    "ValidatingAdmissionPolicyBinding",
    "MutatingAdmissionPolicy",
    "MutatingAdmissionPolicyBinding",
)

_OWN_GROUP = GRAPHGATE_PREFIX.removesuffix("/")
_KINDS_BY_GROUP: Mapping[str, tuple[str, ...]] = {
    ADMISSION_GROUP: (
        *POLICY_KINDS,
        "ValidatingWebhookConfiguration",
        "MutatingWebhookConfiguration",
    ),
    _OWN_GROUP: ("PolicyException", "PolicyTest", "Settings", "Facts", "CheckConfig"),
}
_UNMISTAKABLE = (*POLICY_KINDS, "PolicyException", "PolicyTest")
"""Kinds that show what an object without a group is meant to be."""


def find_kind_issues(raw: Mapping[str, Any]) -> Iterator[Issue]:
    """Yield what is wrong with apiVersion and kind of an object that belongs to one of the groups.

    The version of a policy is not checked here (`validation.read_shape`).
    """
    version, kind = get_str(raw, "apiVersion"), get_str(raw, "kind")
    group = _group_meant(version, kind)
    if not group:
        return
    kinds = _KINDS_BY_GROUP[group]
    if not kind:
        yield Issue(ROOT / "kind", f"kind is missing; {hint_at_known('', kinds)}")
    elif kind not in kinds:
        hint = hint_at_known(nearest_word(kind, kinds), kinds)
        yield Issue(ROOT / "kind", f"unknown kind {quote_value(kind)}; {hint}")
    expected = GRAPHGATE_API_VERSION if group == _OWN_GROUP else ADMISSION_REGISTRATION_API_VERSION
    if not version:
        yield Issue(ROOT / "apiVersion", f"apiVersion is missing; it must be {expected}")
    elif version.partition("/")[0] != group or (group == _OWN_GROUP and version != expected):
        message = f"apiVersion must be {expected}, got {quote_value(version)}"
        yield Issue(ROOT / "apiVersion", message)


def _group_meant(version: str, kind: str) -> str:
    """Return the group that an object is meant to be of; "": none of these."""
    group, slash, _ = version.partition("/")
    if group in _KINDS_BY_GROUP:
        return group
    if slash:
        return nearest_word(group, _KINDS_BY_GROUP, CERTAIN_SIMILARITY)
    is_known = kind in _UNMISTAKABLE
    meant = kind if is_known else nearest_word(kind, _UNMISTAKABLE, CERTAIN_SIMILARITY)
    return next((group for group, kinds in _KINDS_BY_GROUP.items() if meant in kinds), "")
