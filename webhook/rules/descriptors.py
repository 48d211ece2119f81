"""Lookup and explanation of every id that a user can see, of a rule or not.

`graphgate explain`, the settings, SARIF and docs/rules read it; a test compares it with every
place of the code that makes an id.
"""

import re
from collections.abc import Mapping
from dataclasses import replace
from functools import cache
from textwrap import fill
from types import MappingProxyType

from webhook.rules import Rule, all_rules, docs, other_ids
from webhook.rules.other_ids import POLICY_DESCRIPTORS, Descriptor


def describe(rule_id: str) -> Descriptor | None:
    """Return what an id means, of a rule or not; None: there is no such id."""
    if rule_id in other_descriptors():
        return other_descriptors()[rule_id]
    rule = _rules_by_id().get(rule_id)
    if rule is not None:
        doc = docs.parse_docstring(rule.docstring)
        return Descriptor(rule.id, doc.title, doc.why, doc.fix, rule.action)
    for pattern, descriptor in _PATTERNS:
        if pattern.fullmatch(rule_id):
            return replace(descriptor, id=rule_id)
    return None


def known_ids() -> tuple[str, ...]:
    """Return every id, sorted: rules and others; "policy/NAME/N" for those of policies."""
    return tuple(sorted({*_rules_by_id(), *other_descriptors()}))


@cache
def other_descriptors() -> Mapping[str, Descriptor]:
    """Return the descriptors of the ids that are not rules with a module, by id."""
    return MappingProxyType(
        {descriptor.id: descriptor for descriptor in other_ids.all_descriptors()}
    )


@cache
def configurable_ids() -> frozenset[str]:
    """Return the ids, other than rules, whose action settings may set."""
    return frozenset(each.id for each in other_descriptors().values() if each.configurable)


def render_text(descriptor: Descriptor, width: int = docs.MAX_TEXT_WIDTH) -> str:
    """Return the explanation of an id that is not a rule, for a terminal; 80 columns at most."""
    columns = min(width, docs.MAX_TEXT_WIDTH)
    return (
        f"{descriptor.id} ({_default_sentence(descriptor)})\n\n{descriptor.title}.\n\n"
        f"{fill(f'Why: {descriptor.why}', columns)}\n\n{fill(f'Fix: {descriptor.fix}', columns)}\n"
    )


def render_markdown(descriptor: Descriptor) -> str:
    """Return the section of an id that is not a rule, for docs/rules."""
    changeable = (
        "The settings may change it." if descriptor.configurable else "No setting of it changes it."
    )
    return (
        f"## {descriptor.id}\n\n{descriptor.title}.\n\n"
        f"Action: **{descriptor.default}**. {changeable}\n\n"
        f"{descriptor.why}\n\nFix: {descriptor.fix}\n"
    )


def _default_sentence(descriptor: Descriptor) -> str:
    if descriptor.action is None:
        return f"decided by {descriptor.decided_by}"
    return f"{descriptor.action} by default" if descriptor.configurable else descriptor.action


@cache
def _rules_by_id() -> dict[str, Rule]:
    return {rule.id: rule for rule in all_rules()}


_PATTERNS = tuple(
    (re.compile(pattern), descriptor)
    for pattern, descriptor in zip(
        ("policy/[^/]+", "policy/[^/]+/[0-9]+"), POLICY_DESCRIPTORS, strict=True
    )
)
