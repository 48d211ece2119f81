"""Which rules of a set look at a thing."""

from webhook.settings.rule_set import EnabledRule, RuleSet


def rule(name, subject, *fields, inputs=()):
    return EnabledRule(name, "deny", lambda: _nothing, subject, frozenset(fields), inputs)


ALWAYS = rule("a", "predictor")
SHADOWS = rule("b", "predictor", "shadow")
SCALERS = rule("c", "component", "hpaSpec", "kedaSpec")
RULES = RuleSet((ALWAYS, SHADOWS, SCALERS))


def select(rules, subject, keys, *, update=True):
    found = rules.by_subject.get(subject)
    if found is None:
        return ()
    fields = found.fields.intersection(keys)
    return found.plan(fields, fields, update).called


def test_a_rule_without_fields_looks_at_each_of_its_things():
    assert select(RULES, "predictor", {"replicas"}) == (ALWAYS,)


def test_a_rule_looks_at_a_thing_that_has_one_of_its_fields():
    assert select(RULES, "component", {"kedaSpec", "replicas"}) == (SCALERS,)


def test_a_rule_does_not_look_at_things_of_another_kind():
    assert select(RULES, "node", {"hpaSpec", "shadow"}) == ()


def test_rules_about_updates_are_left_out_where_there_is_no_old_object():
    update = rule("u", "predictor", inputs=("old",))
    rules = RuleSet((ALWAYS, update))
    assert select(rules, "predictor", set(), update=True) == (ALWAYS, update)
    assert select(rules, "predictor", set(), update=False) == (ALWAYS,)


def test_rules_are_selected_in_their_order():
    assert select(RULES, "predictor", {"shadow"}) == (ALWAYS, SHADOWS)
    assert tuple(RULES) == (ALWAYS, SHADOWS, SCALERS)


def test_a_rule_on_containers_looks_at_those_that_end_too():
    containers = rule("c", "container")
    rules = RuleSet((containers,))
    assert select(rules, "container", ()) == select(rules, "init container", ()) == (containers,)


def test_a_rule_is_loaded_when_it_is_first_asked_for_and_once():
    loaded = []

    def load():
        loaded.append("late")
        return _nothing

    late = EnabledRule("late", "deny", load, "deployment")
    rules = RuleSet((late,))
    select(rules, "deployment", set())
    assert not loaded
    rules.preload()
    assert late.check is _nothing
    assert loaded == ["late"]


def _nothing(_):
    return iter(())
