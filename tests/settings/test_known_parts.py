"""What is remembered of fields holds under the facts that it was found under, and no others."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.documents_of import minimal, with_pod
from webhook.engine.decision import RuleError
from webhook.engine.rule_runner import run_rules
from webhook.errors import ReviewTimeoutError
from webhook.graph.cluster_facts import Facts
from webhook.graph.finding import Finding
from webhook.graph.model import Container
from webhook.graph.parse import parse
from webhook.settings.known_parts import KnownParts, Part, Words
from webhook.settings.rule_set import EnabledRule, RuleSet

OLD, NEW = Facts(kubernetes_minor=30), Facts(kubernetes_minor=31)


class Rules:
    """Local rules on `env` and on `ports`, which find something under some facts alone.

    meanwhile  is called while the one on `env` is: as another thread may run then
    """

    def __init__(self, wrong_under: Facts) -> None:
        self.meanwhile: Callable[[], object] = lambda: None
        self._wrong_under = wrong_under
        self.rules = RuleSet(tuple(self._rule(field) for field in ("env", "ports")))

    def _rule(self, field: str) -> EnabledRule:
        def check(container: Container, facts: Facts) -> Iterator[Finding]:
            if field == "env":
                meanwhile, self.meanwhile = self.meanwhile, lambda: None
                meanwhile()
            if facts is self._wrong_under:
                yield Finding(container.path / field, "wrong", "change it")

        return EnabledRule(
            field, "deny", lambda: check, "container", frozenset({field}), ("facts",), local=True
        )

    def find(self, facts: Facts) -> list[str]:
        """Return which of the rules find something."""
        errors: list[RuleError] = []
        found = run_rules(self.rules, parse(document()), None, facts, errors)
        assert errors == []
        return [finding.rule_id for _, finding in found]


def document() -> Any:
    value = minimal()
    container = value["spec"]["predictors"][0]["componentSpecs"][0]["spec"]["containers"][0]
    container |= {"env": [{"name": "A", "value": "b"}], "ports": [{"containerPort": 9000}]}
    return value


def test_what_was_found_under_old_facts_is_not_remembered_under_new_ones():
    rules = Rules(wrong_under=NEW)
    rules.meanwhile = lambda: rules.find(NEW)
    assert rules.find(OLD) == []
    assert rules.find(NEW) == ["env", "ports"]


def test_what_another_thread_remembers_under_new_facts_is_not_recalled_under_old_ones():
    rules = Rules(wrong_under=OLD)
    rules.meanwhile = lambda: rules.find(NEW)
    assert rules.find(OLD) == ["env", "ports"]


def test_a_review_that_ends_while_old_facts_are_forgotten_leaves_none_of_them():
    rule = EnabledRule("a", "deny", lambda: iter, "container", frozenset(), ("facts",), local=True)
    parts = [Part((name,), (rule,), (), Words()) for name in ("env", "ports")]
    known = KnownParts(parts)
    epoch = known.expect(OLD)
    present = [part.of_fields(frozenset(part.names)) for part in parts]
    for part in present:
        known.remember(part, {"env": [], "ports": []}, frozenset(), epoch)
    assert all(part.known for part in present)

    class OutOfTime(dict[bytes, frozenset[str]]):
        def clear(self) -> None:
            raise ReviewTimeoutError("the time is over")

    first, parts[0]._known = parts[0]._known, {("env",): OutOfTime()}
    with pytest.raises(ReviewTimeoutError):
        known.expect(NEW)
    parts[0]._known = first
    known.expect(NEW)
    assert not any(part.known for part in present)


def test_a_container_in_which_nothing_was_found_is_not_asked_about_again():
    asked: list[str] = []

    def check(container: Container) -> Iterator[Finding]:
        asked.append(container.name)
        return iter(())

    rules = RuleSet(
        (EnabledRule("a", "deny", lambda: check, "container", frozenset({"env"}), local=True),)
    )
    first, second = ({"name": n, "image": "i", "env": [{"name": n.upper()}]} for n in "ab")
    for containers in ([first], [first], [first, second], [second, first]):
        assert run_rules(rules, parse(with_pod(containers=containers)), None, OLD, []) == []
    assert asked == ["a", "b"]
