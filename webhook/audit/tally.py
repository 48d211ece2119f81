"""Sums over the objects of an audit: by rule, by namespace, by team."""

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from webhook.audit.model import AuditedObject


@dataclass(slots=True)
class RuleCount:
    """How often a rule was found: by action, exempted, and in how many objects (exempt or not)."""

    deny: int = 0
    warn: int = 0
    audit: int = 0
    exempt: int = 0
    objects: int = 0


@dataclass(slots=True)
class GroupCount:
    """The objects of a namespace or team: how many, how many of them denied, or warned at most."""

    objects: int = 0
    denied: int = 0
    warned: int = 0
    findings: int = 0


@dataclass(slots=True)
class Tally:
    """The sums; `add` every object once."""

    verdicts: Counter[str] = field(default_factory=Counter)
    actions: Counter[str] = field(default_factory=Counter)
    exempt: int = 0
    warned: int = 0
    rules: dict[str, RuleCount] = field(default_factory=dict)
    namespaces: dict[str, GroupCount] = field(default_factory=dict)
    teams: dict[str, GroupCount] = field(default_factory=dict)

    def add(self, audited: AuditedObject) -> None:
        """Count an object."""
        result = audited.result
        self.verdicts[result.verdict] += 1
        found: set[str] = set()
        actions: Counter[str] = Counter(placed.action for placed in result.findings)
        for placed in result.findings:
            count = self.rules.setdefault(placed.finding.rule_id, RuleCount())
            setattr(count, placed.action, getattr(count, placed.action) + 1)
            found.add(placed.finding.rule_id)
        for each in result.suppressed:
            count = self.rules.setdefault(each.located.finding.rule_id, RuleCount())
            count.exempt += 1
            found.add(each.located.finding.rule_id)
        for rule_id in found:
            self.rules[rule_id].objects += 1
        self.actions.update(actions)
        self.exempt += len(result.suppressed)
        is_denied = result.verdict == "denied"
        is_warned = result.verdict == "allowed" and bool(actions["warn"])
        self.warned += is_warned
        groups = [self.namespaces.setdefault(audited.namespace, GroupCount())]
        if audited.team:
            groups.append(self.teams.setdefault(audited.team, GroupCount()))
        for group in groups:
            group.objects += 1
            group.denied += is_denied
            group.warned += is_warned
            group.findings += len(result.findings)

    @property
    def objects(self) -> int:
        """How many objects there are."""
        return self.verdicts.total()

    @property
    def exit_code(self) -> int:
        """0: all allowed, 1: one denied, 2: one could not be evaluated (wins over 1)."""
        if self.verdicts["error"]:
            return 2
        return 1 if self.verdicts["denied"] else 0

    def sorted_rules(self) -> list[tuple[str, RuleCount]]:
        """Return the rules, those that deny most first."""
        return sorted(self.rules.items(), key=lambda each: (-each[1].deny, -each[1].warn, each[0]))

    def to_value(self) -> dict[str, Any]:
        """Return the sums as a JSON value."""
        return {
            "objects": self.objects,
            "allowed": self.verdicts["allowed"],
            "denied": self.verdicts["denied"],
            "notEvaluated": self.verdicts["error"],
            "findings": {action: self.actions[action] for action in ("deny", "warn", "audit")},
            "exempt": self.exempt,
            "rules": {
                name: {
                    "deny": count.deny,
                    "warn": count.warn,
                    "audit": count.audit,
                    "exempt": count.exempt,
                    "objects": count.objects,
                }
                for name, count in self.sorted_rules()
            },
            "namespaces": _groups_value(self.namespaces),
            "teams": _groups_value(self.teams),
        }


def sorted_groups(groups: dict[str, GroupCount]) -> list[tuple[str, GroupCount]]:
    """Return namespaces or teams, those with most denied objects first."""
    return sorted(groups.items(), key=lambda each: (-each[1].denied, -each[1].warned, each[0]))


def _groups_value(groups: dict[str, GroupCount]) -> dict[str, Any]:
    return {
        name: {
            "objects": count.objects,
            "denied": count.denied,
            "warned": count.warned,
            "findings": count.findings,
        }
        for name, count in sorted_groups(groups)
    }
