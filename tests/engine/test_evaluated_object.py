"""What an object is evaluated by: what is read of it, its text, its own settings."""

from typing import Any

import pytest

from tests.documents_of import minimal
from webhook.engine.evaluate import evaluate, evaluate_object
from webhook.engine.evaluated_object import read_object
from webhook.engine.policy_context import PolicyContext
from webhook.graph.cluster_facts import NO_FACTS
from webhook.graph.limits import MAX_NESTING
from webhook.policy import load_policy_set
from webhook.settings.model import read_settings
from webhook.yamldoc import read

SETTINGS = read_settings()
ENFORCING = read_settings(
    {
        "apiVersion": "graphgate.io/v1alpha1",
        "kind": "Settings",
        "podSecurity": {"mode": "enforce", "level": "restricted"},
    }
)


def nested(levels: int) -> dict[str, Any]:
    value: dict[str, Any] = {}
    for _ in range(levels):
        value = {"a": value}
    return value


def too_deep() -> dict[str, Any]:
    return minimal(lambda d: d["metadata"].update(annotations=nested(MAX_NESTING + 100)))


def test_an_object_over_a_bound_stays_as_it_is() -> None:
    document = too_deep()
    evaluated = read_object(document, SETTINGS, NO_FACTS, policy_context=_policies())
    assert evaluated.document is document
    assert (evaluated.patch, evaluated.missing_defaults) == ((), ())
    assert evaluated.policy_context is None


def test_of_an_object_over_a_bound_nothing_else_is_asked() -> None:
    decision = evaluate(too_deep(), ENFORCING, NO_FACTS)
    assert {finding.rule_id for finding in decision.denials} == {"object-too-large", "wrong-type"}
    within = evaluate(minimal(), ENFORCING, NO_FACTS)
    assert any(finding.rule_id.startswith("pod-security/") for finding in within.denials)


def test_the_object_before_an_update_may_be_over_a_bound_that_the_new_one_keeps() -> None:
    evaluated = read_object(minimal(), SETTINGS, NO_FACTS, old_document=too_deep())
    assert evaluated.old is not None
    assert evaluated.old.view.is_incomplete
    assert not evaluated.view.is_incomplete
    assert not evaluate_object(evaluated).denied


def test_what_a_policy_makes_too_large_is_read_by_policies_as_far_as_it_is_read() -> None:
    evaluated = read_object(minimal(), SETTINGS, NO_FACTS, policy_context=_policies())
    assert evaluated.readable_document is evaluated.document
    mutated = read_object(minimal(), SETTINGS, NO_FACTS, policy_context=_policies())
    mutated.document = too_deep()
    assert mutated.readable_document is mutated.view.document
    assert mutated.readable_document != mutated.document


def test_the_text_is_that_of_the_new_object_only() -> None:
    (text,) = read(b"metadata: {name: 1.0}\n").documents
    evaluated = read_object(
        text.value, SETTINGS, NO_FACTS, old_document=minimal(), authored_text=text
    )
    assert evaluated.view.submitted.text is text
    assert evaluated.old is not None
    assert evaluated.old.view.submitted.text is None


def test_the_bounds_of_an_object_are_looked_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    from webhook.graph import parse

    def again(_: Any) -> Any:
        raise AssertionError

    monkeypatch.setattr(parse, "truncate_to_limits", again)
    assert read_object(minimal(), SETTINGS, NO_FACTS).view.predictors


def test_what_is_no_mapping_is_not_excused_by_what_was_none_before() -> None:
    deep = [nested(MAX_NESTING + 100)]
    decision = evaluate(deep, SETTINGS, NO_FACTS, old_document=[nested(MAX_NESTING + 100)])
    assert "object-too-large" in {finding.rule_id for finding in decision.denials}


@pytest.mark.parametrize("mode", ["enforce", "warn", "observe"])
def test_a_decision_tells_the_mode_whether_or_not_there_are_findings(mode: str) -> None:
    settings = read_settings(
        {"apiVersion": "graphgate.io/v1alpha1", "kind": "Settings", "mode": mode}
    )
    assert evaluate(minimal(), settings, NO_FACTS).mode == mode
    assert evaluate({}, settings, NO_FACTS).mode == mode


def _policies() -> PolicyContext:
    return PolicyContext(load_policy_set([]), 0)
