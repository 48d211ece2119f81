"""The language: every function of docs/policies.md with its values, and what is an error."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.cel.support import ENVIRONMENT, run, run_or_describe_error
from tests.cel.truths import TRUE_EXPRESSIONS
from webhook.cel.activation import CostLimitExceededError
from webhook.cel.environment import ExpressionError
from webhook.cel.time_values import civil_from_days, days_from_civil, parse_timestamp
from webhook.cel.values import EvaluationError, StructValue, equal


@pytest.mark.parametrize("text", TRUE_EXPRESSIONS.strip().splitlines())
def test_it_holds(text: str) -> None:
    assert run(text) is True


def test_every_function_is_tried() -> None:
    """No function of the compatibility table goes untested."""
    names = {name for library in ENVIRONMENT.libraries for name in library.signatures}
    untried = {
        name
        for name in names
        if f"{name}(" not in TRUE_EXPRESSIONS and not name.startswith(("graph.", "format."))
    }
    assert untried == set()


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("{'a': 1}.b", "no such key: b"),
        ("[1][3] == 1", "index out of bounds: 3"),
        ("1 / 0 == 1", "division by zero"),
        ("1 % 0 == 1", "modulus by zero"),
        ("9223372036854775807 + 1 == 0", "integer overflow"),
        ("1u - 2u == 0u", "unsigned integer overflow"),
        ("int(dyn(object)) == 1", "no such overload: int(null_type)"),
        ("quantity('1 Gi') == quantity('1')", '"1 Gi" is not a quantity such as "500m" or "2Gi"'),
        ("optional.none().value() == 1", "optional.none() dereference"),
        ("[].max() == 1", "max called on empty list"),
        ("dyn(1) + 'a' == 'b'", "no such overload: +(int, string)"),
        ("dyn(null).a == 1", "no such key: a"),
        ("dyn(1) && true", "no such overload: &&(int)"),
        (
            "timestamp(0).getHours('Europe/Berlim') == 1",
            "unknown time zone Europe/Berlim",
        ),
    ],
)
def test_it_has_no_value(text: str, sentence: str | None) -> None:
    found = run_or_describe_error(text)
    assert found.startswith("error: ")
    assert sentence is None or found == f"error: {sentence}"


@pytest.mark.parametrize(
    ("text", "sentence", "offset"),
    [
        ("object.foo()", "undeclared reference to 'foo'", 10),
        ("1 == '1'", "found no matching overload for '_==_' applied to '(int, string)'", 2),
        ("1 +\n  'a'", "found no matching overload for '_+_' applied to '(int, string)'", 2),
        ("unknown > 1", "undeclared reference to 'unknown'", 0),
        ("object.all(x, x >)", 'unexpected ")"', 17),
        ("object.a ==", "unexpected end of the expression", 11),
        ("'a'.matches('(')", 'invalid pattern "(": error parsing regexp: missing ): (', 12),
        (
            "[1, 'a'].size() == 2",
            "expected type 'int' but found 'string'",
            4,
        ),
        ("[JSONPatch{op: 'add', pth: '/a'}]", "undefined field 'pth'", 22),
        ("cel.bind(x, 1, x) == 1", "undeclared reference to 'x'", None),
        ("math.greatest(1, 2) == 2", "undeclared reference to 'math'", None),
        ("'abc'.reverse() == 'cba'", "found no matching overload for 'reverse'", None),
    ],
)
def test_it_does_not_pass_the_check(text: str, sentence: str, offset: int | None) -> None:
    with pytest.raises(ExpressionError) as caught:
        ENVIRONMENT.check(text)
    misuse = caught.value.issues[0]
    assert misuse.message.startswith(sentence)
    assert offset is None or misuse.offset == offset


@pytest.mark.parametrize(
    ("text", "since", "portable"),
    [
        ("object.a == 1", 1, True),
        ("object.?a.orValue(1) == 1", 28, True),
        ("sets.contains([1], [2])", 29, True),
        ("isIP('a')", 30, True),
        ("object.all(k, v, true)", 32, True),
        ("isSemver('1.0.0')", 33, True),
        ("[[1]].flatten() == [1]", 34, True),
        ("graph.nodes(object).size() == 1", 1, False),
    ],
)
def test_the_least_kubernetes_is_known(text: str, since: int, portable: bool) -> None:
    expression = ENVIRONMENT.check(text)
    assert (expression.since_minor, expression.portable) == (since, portable)


def test_struct_literals_have_a_type_and_fields() -> None:
    """JSONPatch{} and Object{} keep their values, and an offset is one of the author's text."""
    text = "[JSONPatch{op: 'add', path: '/a', value: Object.spec{a: 1, b: 'x'}}]"
    spec = StructValue("Object.spec", {"a": 1, "b": "x"})
    assert run(text) == [StructValue("JSONPatch", {"op": "add", "path": "/a", "value": spec})]
    with pytest.raises(ExpressionError) as caught:
        ENVIRONMENT.check("[JSONPatch{op: 'add', path: '/a', value: nonsense}]")
    assert [m.offset for m in caught.value.issues] == [41]


def test_a_loop_ends_with_its_budget() -> None:
    text = "lists.range(1000).all(x, lists.range(1000).all(y, x + y >= 0))"
    with pytest.raises(CostLimitExceededError, match="it takes more than 100,000 steps"):
        run(text)


def test_doubling_a_list_or_text_ends() -> None:
    many = "+".join(["object"] * 30)
    with pytest.raises(EvaluationError, match="more than 1,048,576 characters"):
        run(f"({many}) == ''", "a" * 100_000)
    with pytest.raises(CostLimitExceededError):
        run(f"({many}) == []", [1] * 10_000)


def test_time_that_is_up_ends_a_loop() -> None:
    from webhook.cel.activation import CostBudget

    asked: list[bool] = []

    def expired() -> bool:
        asked.append(True)
        return True

    budget = CostBudget(100_000, expired)
    with pytest.raises(CostLimitExceededError, match="the time limit of this review is exceeded"):
        budget.charge(6000)
    assert asked == [True]


@settings(deadline=None)
@given(st.integers(-719_162, 2_932_896))
def test_calendar_days_are_counted_both_ways(days: int) -> None:
    """From 0001-01-01 to 9999-12-31."""
    assert days_from_civil(*civil_from_days(days)) == days


@settings(deadline=None)
@given(st.datetimes())
def test_a_timestamp_is_written_as_it_is_read(moment: Any) -> None:
    text = moment.isoformat(timespec="microseconds") + "Z"
    assert parse_timestamp(str(parse_timestamp(text))) == parse_timestamp(text)


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-5, 5)
    | st.sampled_from([0.0, 1.0, 2.5])
    | st.text("ab"),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("ab"), inner, max_size=3),
    max_leaves=8,
)


@settings(deadline=None)
@given(JSON, JSON)
def test_equality_is_symmetric_and_reflexive(left: Any, right: Any) -> None:
    assert equal(left, left)
    assert equal(left, right) is equal(right, left)


def test_true_is_no_number() -> None:
    assert not equal(True, 1)
    assert not equal([0], [False])
    assert equal([1], [1.0])


def test_a_pattern_that_backtracks_elsewhere_is_linear_here() -> None:
    assert run("object.matches('^(a+)+$')", "a" * 5000 + "!") is False


@pytest.mark.parametrize("operator", ["&&", "||"])
def test_a_long_chain_is_not_nested(operator: str) -> None:
    text = operator.join(["true"] * 2000)
    assert run(text) is True
    assert run(operator.join(["false"] * 3)) is False
    assert run("true || false && false") is True


@pytest.mark.parametrize(
    ("text", "fact"),
    [
        ("(" * 200 + "1" + ")" * 200, "nested more than 100 levels deep"),
        ("[" * 200 + "]" * 200, "nested more than 100 levels deep"),
        ("1" + " + 1" * 3000, "nested too deeply"),
        ("object" + ".a" * 4000, "nested too deeply"),
    ],
)
def test_what_is_nested_too_deep_is_refused(text: str, fact: str) -> None:
    with pytest.raises(ExpressionError, match=fact):
        ENVIRONMENT.check(text)


def test_ninety_levels_are_read() -> None:
    assert run("(" * 90 + "1" + ")" * 90) == 1
    assert run("size(" * 1 + "[" * 90 + "]" * 90 + ")") == 1


def test_an_object_nested_thousands_of_levels_is_an_error_of_its_policy_only() -> None:
    deep: Any = 1
    for _ in range(3000):
        deep = [deep]
    with pytest.raises(RecursionError):
        run("object == [object]", [deep])
