"""A Deployment keeps its selector, where Services and budgets find the same pods then."""

from dataclasses import replace

import orjson
import pytest

from tests.controller.state.lives import observed_object
from tests.documents_of import minimal
from webhook.controller.state.plan import Delete, OwnerRef, plan_actions, to_desired
from webhook.controller.state.selectors import keep_live_selectors
from webhook.graph.parse import parse
from webhook.rendering.render import render

OWNER = OwnerRef("machinelearning.seldon.io/v1", "iris", "1111")
KEY = ("Deployment", "iris-main-0-classifier")


def objects():
    return [to_desired(one, OWNER, "models") for one in render(parse(minimal()))]


def live(selector, pod_labels=None):
    """The objects as they are in the cluster, the Deployment with another selector."""
    observed = {one.key: observed_object(one) for one in objects()}
    labels = orjson.dumps(pod_labels or {}).decode()
    observed[KEY] = replace(
        observed[KEY], selector=orjson.dumps(selector).decode(), pod_labels=labels
    )
    return observed


def kept(selector):
    return {one.key: one for one in keep_live_selectors(objects(), live(selector))}[KEY]


SELDON = {"seldon-app": "iris-main", "seldon-deployment-id": "iris"}


@pytest.mark.parametrize(
    "labels",
    [SELDON, {"seldon-deployment-id": "iris-main"}, {"app": "other"}],
    ids=["that the pods have", "of a separate orchestrator", "of the author"],
)
def test_a_selector_that_the_pods_can_match_is_kept(labels):
    one = kept({"matchLabels": labels})
    template = one.object["spec"]["template"]["metadata"]["labels"]
    assert one.object["spec"]["selector"] == {"matchLabels": labels}
    assert template.items() >= labels.items()
    assert one.digest != {o.key: o for o in objects()}[KEY].digest
    assert one.object["metadata"]["annotations"]["graphgate.io/applied-hash"] == one.digest


@pytest.mark.parametrize(
    "selector",
    [
        {"matchLabels": {"seldon-app": "other"}},
        {"matchLabels": SELDON, "matchExpressions": []},
        {},
    ],
    ids=["a Service would lose the pods", "expressions", "empty"],
)
def test_a_selector_that_cannot_be_kept_is_not(selector):
    assert kept(selector) == {one.key: one for one in objects()}[KEY]


@pytest.mark.parametrize(
    ("pod_labels", "keep_pods"),
    [({"app": KEY[1], "seldon-deployment-id": "iris"}, True), ({"app": "other"}, False)],
    ids=["found by the new selector", "never found again"],
)
def test_pods_that_the_new_deployment_would_not_find_go_with_the_old_one(pod_labels, keep_pods):
    observed = live({"matchLabels": {"seldon-app": "other"}}, pod_labels)
    actions = plan_actions(keep_live_selectors(objects(), observed), observed, {})
    assert actions == (Delete(observed[KEY], replaced=True, keep_pods=keep_pods),)


def test_what_has_the_selector_already_is_the_same_object():
    observed = {one.key: observed_object(one) for one in objects()}
    assert keep_live_selectors(objects(), observed) == tuple(objects())
