"""What a subPathExpr becomes: hostile ones take no longer than they are, and say no more."""

import pytest

from tests.documents_of import with_pod
from webhook.engine.evaluate import evaluate
from webhook.graph.cluster_facts import NO_FACTS
from webhook.settings.model import read_settings

SETTINGS = read_settings()
RULE_ID = "unknown-variable-in-sub-path"


def find(expression, **container):
    mount = {"name": "logs", "mountPath": "/logs", "subPathExpr": expression}
    document = with_pod(
        containers=[
            {"name": "classifier", "image": "i", "volumeMounts": [mount], **container},
        ],
        volumes=[{"name": "logs", "emptyDir": {}}],
    )
    decision = evaluate(document, SETTINGS, NO_FACTS)
    return [each for each in decision.denials if each.rule_id == RULE_ID]


@pytest.mark.parametrize(
    "expression",
    ["$(" * 60_000, "$(" * 60_000 + ")", "$($$" * 30_000, "$(A_SERVICE_PORT" * 10_000 + "!)"],
)
def test_references_without_an_end_take_linear_time(expression):
    assert len(find(expression)) <= 1


def test_a_long_name_is_compared_in_linear_time():
    (finding,) = find(f"$({'A_SERVICE_PORT_' * 10_000}!)")
    assert "does not have" in finding.message


def test_values_that_name_each_other_do_not_grow():
    env = [{"name": "A0", "value": "x" * 50}]
    env += [{"name": f"A{n}", "value": f"$(A{n - 1})$(A{n - 1})"} for n in range(1, 200)]
    assert find("$(A199)", env=env) == []


@pytest.mark.parametrize(("length", "found"), [(4096, 1), (4097, 0)])
def test_a_path_is_not_looked_at_if_it_is_longer_than_the_system_s(length, found):
    env = [{"name": "A", "value": "/" + "a" * (length - len("$(A)") - 1)}]
    assert len(find("$(A)", env=env)) == found


def test_few_of_many_names_are_shown():
    (finding,) = find("".join(f"$(NAME{number})" for number in range(2000)))
    assert finding.message == (
        'subPathExpr takes "NAME0", "NAME1", "NAME2", "NAME3", "NAME4" and 1995 more, '
        'which container "classifier" does not have'
    )


def test_one_of_many_sources_may_hold_any_variable():
    env_from = [{"prefix": f"P{n}_", "configMapRef": {"name": "a"}} for n in range(101)]
    assert find("$(ANY)", envFrom=env_from) == []
    assert len(find("$(ANY)", envFrom=env_from[1:])) == 1


@pytest.mark.parametrize(("value", "becomes"), [("$$(B)/..", "$(B)/.."), ("a$$/..", "a$/..")])
def test_two_dollars_are_one(value, becomes):
    (finding,) = find("$(A)", env=[{"name": "A", "value": value}])
    assert becomes in finding.message
