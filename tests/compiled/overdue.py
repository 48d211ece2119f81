"""Judges a document under a deadline, with a rule that never ends.

Prints the rules that failed with what they raised, and how many rules came to an end.
"""

from collections.abc import Iterator
from functools import partial
from typing import Any

from tests.documents_of import minimal
from webhook.decisions.decide import decide
from webhook.decisions.plan import BoundRule, Plan
from webhook.decisions.settings import Settings
from webhook.graph.facts import NOTHING_KNOWN
from webhook.graph.finding import Finding
from webhook.graph.path import ROOT
from webhook.rules import all_rules
from webhook.server.deadline import Deadline

ENDED: list[str] = []


def _endless(deployment: Any) -> Iterator[Finding]:
    while deployment:
        pass
    yield Finding(ROOT, "never reached")


def _noted(name: str, check: Any, *arguments: Any, **named: Any) -> Iterator[Finding]:
    yield from check(*arguments, **named)
    ENDED.append(name)


def main() -> None:
    """Judge, and print."""
    settings = Settings()
    settings.plan.load()
    rules = [
        BoundRule(rule.id, rule.action, partial(partial, _noted, rule.id, rule.check), rule.wants)
        for rule in all_rules()
    ]
    middle = len(rules) // 2
    rules.insert(middle, BoundRule("endless", "deny", lambda: _endless))
    settings.__dict__["plan"] = Plan(tuple(rules))  # instead of the one that is computed
    decision = Deadline(0.3).within(lambda: decide(minimal(), settings, NOTHING_KNOWN))
    for failure in decision.failures:
        print(failure.rule, type(failure.error).__name__)
    asked = [rule.id for rule in rules if "old" not in rule.wants and rule.id != "endless"]
    print("all others ended" if asked == ENDED else sorted(set(asked) ^ set(ENDED)))


if __name__ == "__main__":
    main()
