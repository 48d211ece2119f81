"""Which rules a plan calls for."""

from webhook.settings.rule_set import EnabledRule, RuleSet


def rule(name, *needs):
    return EnabledRule(name, "deny", lambda: lambda _: iter(()), (), frozenset(needs))


ALWAYS, SHADOWS, SCALERS = rule("a"), rule("b", "shadow"), rule("c", "hpaSpec", "kedaSpec")
PLAN = RuleSet((ALWAYS, SHADOWS, SCALERS))


def test_a_rule_that_needs_nothing_is_always_selected():
    assert PLAN.applicable({"replicas"}) == (ALWAYS,)


def test_a_rule_is_selected_where_one_of_its_needs_is():
    assert PLAN.applicable({"kedaSpec", "replicas"}) == (ALWAYS, SCALERS)


def test_rules_about_updates_are_left_out_where_there_is_no_old_object():
    update = EnabledRule("u", "warn", lambda: _nothing, ("old",))
    plan = RuleSet((ALWAYS, update))
    assert plan.applicable(set(), update=True) == (ALWAYS, update)
    assert plan.applicable(set(), update=False) == (ALWAYS,)


def test_rules_are_selected_in_their_order():
    assert PLAN.applicable({"hpaSpec", "shadow"}) == (ALWAYS, SHADOWS, SCALERS) == tuple(PLAN)


def test_a_rule_is_loaded_when_it_is_first_asked_for_and_once():
    loaded = []

    def load():
        loaded.append("late")
        return _nothing

    rule = EnabledRule("late", "deny", load)
    plan = RuleSet((rule,))
    plan.applicable(set())
    assert not loaded
    plan.preload()
    assert rule.check is _nothing
    assert loaded == ["late"]


def _nothing(_):
    return iter(())
