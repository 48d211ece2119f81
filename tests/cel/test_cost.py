"""What is counted, and where an expression or a policy ends for it."""

from typing import Any

import pytest

from tools.cel_oracle.ours import answer
from webhook.cel.activation import (
    MAX_EXPRESSION_UNITS,
    MAX_POLICY_UNITS,
    CostBudget,
    CostLimitExceededError,
)


def units(expression: str, **variables: str) -> Any:
    """Return the units of an expression about an object of five maps with long texts."""
    items = [{"name": f"item-{number}", "text": "x" * 100} for number in range(5)]
    named = [{"name": name, "expression": text} for name, text in variables.items()]
    case: dict[str, Any] = {"kind": "value", "expression": expression, "variables": named}
    return answer({**case, "object": {"items": items, "text": "x" * 1000}, "request": None})[
        "units"
    ]


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("1 + 1", 1),
        ("object.text", 2),
        ("has(object.text)", 1),
        ("object.text == object.text", 2 + 2 + 100),
        ("object.text == 'short'", 2 + 1),
        ("object.text.matches('^x{4}$')", 2 + 101 * 2),
        ("object.items.all(i, has(i.name))", 2 + 5 * (2 + 1 + 1) + 1),
        ("object.items.all(i, !has(i.name))", 2 + (2 + 1 + 1 + 1) + 2 + 1),
        ("object.items.map(i, i.name).size()", 2 + 5 * (1 + 10 + 1 + 2) + 1 + 1),
        ("sets.contains(object.items, object.items)", 2 + 2 + 1 + 25),
        ("true || object.items.all(i, has(i.name))", 0),
    ],
)
def test_work_is_counted_as_kubernetes_does(expression: str, expected: int) -> None:
    """The figures are those of cel-go's own counting (python -m tools.cel_oracle ask)."""
    assert units(expression) == expected


def test_a_variable_is_counted_once_and_beside_the_expression() -> None:
    once, twice = (units(f"variables.v{more}", v="object.text") for more in ("", " == variables.v"))
    assert (once, twice) == (2 + 2, 2 + 2 + 2 + 100)


def test_an_expression_ends_where_the_api_server_ends_it() -> None:
    budget = CostBudget(1000)
    outer = budget.start_expression(1)
    budget.charge_units(MAX_EXPRESSION_UNITS - 1)
    with pytest.raises(CostLimitExceededError, match="cost limit of 1,000,000 units"):
        budget.charge_units(1)
    budget.end_expression(outer)
    assert budget.start_expression(1)[1] == MAX_EXPRESSION_UNITS + 1


def test_and_a_policy_after_ten_of_them() -> None:
    budget = CostBudget(1000)
    for _ in range(MAX_POLICY_UNITS // MAX_EXPRESSION_UNITS):
        outer = budget.start_expression(0)
        budget.charge_units(MAX_EXPRESSION_UNITS)
        budget.end_expression(outer)
    with pytest.raises(CostLimitExceededError):
        budget.start_expression(1)


def test_a_variable_does_not_use_up_what_the_expression_around_it_may_cost() -> None:
    budget = CostBudget(1000)
    budget.start_expression(1)
    inner = budget.start_expression(MAX_EXPRESSION_UNITS)
    budget.end_expression(inner)
    budget.charge_units(MAX_EXPRESSION_UNITS - 1)
