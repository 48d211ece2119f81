"""The action that settings give to findings whose id is not a rule: `rules.ID.action`."""

from collections.abc import Iterable, Iterator, Mapping

from webhook.engine.rule_runner import ActionFinding
from webhook.rules import Action


def override_actions(
    findings: Iterable[ActionFinding], overrides: Mapping[str, Action]
) -> Iterator[ActionFinding]:
    """Yield the findings with the actions of `overrides`; those that are off are left out.

    As with rules, what is not certain never denies.
    """
    for action, finding in findings:
        chosen = overrides.get(finding.rule_id, action)
        if chosen == "deny" and not finding.certain:
            chosen = "warn"
        if chosen != "off":
            yield chosen, finding
