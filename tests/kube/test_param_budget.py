"""What is kept of parameters is bounded, whoever writes them."""

import pytest

from webhook.kube.param_budget import (
    MAX_NAMESPACE_BYTES,
    MAX_OBJECT_BYTES,
    MAX_TOTAL_BYTES,
    ParamBudget,
    ParamKey,
    memory_size,
)

MIB = 2**20


@pytest.fixture
def budget() -> ParamBudget:
    return ParamBudget()


def test_many_small_keys_cost_more_than_their_characters() -> None:
    assert memory_size({"data": {f"key-{n}": "x" for n in range(60_000)}}) > MAX_OBJECT_BYTES


def test_one_object_is_bounded(budget: ParamBudget) -> None:
    assert budget.admit(ParamKey("shop", "a"), MAX_OBJECT_BYTES)
    assert not budget.admit(ParamKey("shop", "b"), MAX_OBJECT_BYTES + 1)
    assert list(budget.omitted) == [ParamKey("shop", "b")]


def test_one_namespace_does_not_use_up_the_share_of_another(budget: ParamBudget) -> None:
    admitted = [budget.admit(ParamKey("mallory", f"c{number}"), MIB) for number in range(50)]
    assert admitted.count(True) == MAX_NAMESPACE_BYTES // MIB
    assert budget.admit(ParamKey("shop", "a"), MIB)


def test_all_together_are_bounded(budget: ParamBudget) -> None:
    admitted = [budget.admit(ParamKey(f"n{number}", "c"), MIB) for number in range(59)]
    assert admitted.count(True) == MAX_TOTAL_BYTES // MIB
    assert len(budget.omitted) == 59 - MAX_TOTAL_BYTES // MIB


def test_an_object_that_changes_counts_once(budget: ParamBudget) -> None:
    assert all(budget.admit(ParamKey("shop", "a"), MIB) for _ in range(50))


def test_one_that_grows_too_large_is_left_out_and_gives_its_room_back(budget: ParamBudget) -> None:
    assert budget.admit(ParamKey("shop", "a"), MIB)
    assert not budget.admit(ParamKey("shop", "a"), MAX_OBJECT_BYTES + 1)
    assert budget.admit(ParamKey("shop", "b"), MIB)
    assert budget.admit(ParamKey("shop", "c"), MIB)


def test_release_tells_whether_others_may_fit_now(budget: ParamBudget) -> None:
    for name in ("a", "b", "c"):
        budget.admit(ParamKey("shop", name), MIB)
    assert list(budget.omitted) == [ParamKey("shop", "c")]
    assert budget.release(ParamKey("shop", "a"))
    assert budget.admit(ParamKey("shop", "c"), MIB)
    assert not budget.release(ParamKey("shop", "c"))
