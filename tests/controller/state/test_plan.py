"""What has to be done, and that nothing has to be done for what is as it should be."""

from dataclasses import replace

import pytest
from hypothesis import given, settings

from tests.controller.state.lives import observed_object
from tests.documents_of import minimal, with_pod, with_predictor
from tests.rendering.cases import CASES, load_case
from tests.rendering.documents import documents
from webhook.controller.state.observed import ObservedObject
from webhook.controller.state.plan import (
    Apply,
    Delete,
    OwnerRef,
    find_blocking_error,
    plan_actions,
    to_desired,
)
from webhook.graph.parse import parse
from webhook.rendering.render import render

OWNER = OwnerRef("machinelearning.seldon.io/v1", "iris", "1111")


def desired_objects(document):
    return [to_desired(one, OWNER, "models") for one in render(parse(document))]


def observed_objects(objects, change=None, **status):
    return {
        w.key: observed_object(w, change if w.key[0] == "Deployment" else None, **status)
        for w in objects
    }


def describe_actions(actions):
    """Return actions in words: ("create Service iris-main", …)."""
    return [
        f"{a.reason} {' '.join(a.desired.key)}"
        if isinstance(a, Apply)
        else f"delete {' '.join(a.observed.key)}{' but its pods' if a.keep_pods else ''}"
        for a in actions
    ]


def test_what_is_not_there_is_applied_services_first():
    assert describe_actions(plan_actions(desired_objects(minimal()), {}, {})) == [
        "missing Service iris-main-classifier",
        "missing Service iris-main",
        "missing Deployment iris-main-0-classifier",
    ]


def test_every_object_carries_its_owner_as_controller_and_its_digest():
    one = desired_objects(minimal())[0]
    assert one.object["metadata"]["ownerReferences"] == [
        {
            "apiVersion": "machinelearning.seldon.io/v1",
            "kind": "SeldonDeployment",
            "name": "iris",
            "uid": "1111",
            "controller": True,
            "blockOwnerDeletion": False,
        }
    ]
    assert one.object["metadata"]["annotations"]["graphgate.io/applied-hash"] == one.digest
    assert "finalizers" not in one.object["metadata"]


@pytest.mark.parametrize("name", CASES)
def test_what_was_applied_needs_nothing(name):
    given_case = load_case(name)
    objects = [to_desired(one, OWNER, "models") for one in given_case.rendered()]
    children = {w.key: observed_object(w) for w in objects}
    assert plan_actions(objects, children, {}) == ()


@settings(max_examples=60, deadline=None)
@given(documents())
def test_applying_once_is_enough_whatever_the_document(document):
    objects = desired_objects(document)
    assert plan_actions(objects, {w.key: observed_object(w) for w in objects}, {}) == ()


def test_another_document_updates_only_what_it_changes():
    before, after = minimal(), with_pod(containers=[{"name": "classifier", "image": "i:2"}])
    assert describe_actions(
        plan_actions(desired_objects(after), observed_objects(desired_objects(before)), {})
    ) == ["changed Deployment iris-main-0-classifier"]


def disown(*way):
    """Return a change: somebody else has taken the field at the end of `way`."""

    def change(obj):
        here = obj["metadata"]["managedFields"][0]["fieldsV1"]
        parents = []
        for step in way[:-1]:
            parents.append((here, step))
            here = here[step]
        del here[way[-1]]
        for parent, step in reversed(parents):
            if not parent[step]:  # the API server writes no empty sets
                del parent[step]

    return change


CONTAINER = ("f:spec", "f:template", "f:spec", "f:containers", 'k:{"name":"classifier"}')


@pytest.mark.parametrize(
    "way",
    [
        (*CONTAINER, "f:image"),
        (*CONTAINER, "f:env", 'k:{"name":"PREDICTOR_ID"}', "f:value"),
        (*CONTAINER, "f:env", 'k:{"name":"PREDICTOR_ID"}'),
        (*CONTAINER, "f:ports", 'k:{"containerPort":9000,"protocol":"TCP"}'),
        ("f:metadata", "f:labels", "f:app"),
        ("f:metadata", "f:annotations", "f:graphgate.io/applied-hash"),
        ("f:metadata", "f:ownerReferences", 'k:{"uid":"1111"}'),
        ("f:spec", "f:selector"),
    ],
    ids=lambda way: way[-1],
)
def test_a_field_that_somebody_took_is_taken_back(way):
    objects = desired_objects(minimal())
    assert describe_actions(plan_actions(objects, observed_objects(objects, disown(*way)), {})) == [
        "taken Deployment iris-main-0-classifier"
    ]


def test_fields_that_we_never_sent_are_nobody_s_business():
    def restart_and_inject(obj):
        template = obj["spec"]["template"]
        template["metadata"]["annotations"]["kubectl.kubernetes.io/restartedAt"] = "now"
        template["spec"]["containers"].append({"name": "istio-proxy", "image": "proxy:1"})
        obj["spec"]["replicas"] = 7
        obj["metadata"]["managedFields"].append(
            {"manager": "kubectl", "operation": "Update", "fieldsV1": {"f:spec": {}}}
        )

    objects = desired_objects(minimal())
    assert plan_actions(objects, observed_objects(objects, restart_and_inject), {}) == ()


def test_an_object_that_we_did_not_apply_is_applied():
    def made_by_seldon(obj):
        obj["metadata"]["managedFields"] = []
        del obj["metadata"]["annotations"]["graphgate.io/applied-hash"]

    objects = desired_objects(minimal())
    assert describe_actions(
        plan_actions(objects, observed_objects(objects, made_by_seldon), {})
    ) == ["changed Deployment iris-main-0-classifier"]


def test_fields_that_the_api_server_dropped_from_our_apply_are_not_sent_again():
    objects = desired_objects(minimal())
    children = observed_objects(objects, disown(*CONTAINER, "f:lifecycle"))
    deployment = children["Deployment", "iris-main-0-classifier"]
    settled = {deployment.uid: (deployment.digest, deployment.managed_fields)}
    assert plan_actions(objects, children, settled) == ()
    further = {**children, deployment.key: child_without(objects, "f:image")}
    assert describe_actions(plan_actions(objects, further, settled)) == [
        "taken Deployment iris-main-0-classifier"
    ]


def child_without(objects, field):
    one = next(w for w in objects if w.key[0] == "Deployment")
    return observed_object(one, disown(*CONTAINER, field))


def test_a_deployment_with_another_selector_is_made_again_and_its_pods_stay():
    def of_seldon(obj):
        obj["spec"]["selector"]["matchLabels"]["seldon-app"] = "iris-main"

    objects = desired_objects(minimal())
    assert describe_actions(plan_actions(objects, observed_objects(objects, of_seldon), {})) == [
        "delete Deployment iris-main-0-classifier but its pods"
    ]


def test_an_object_on_its_way_out_is_waited_for():
    def ending(obj):
        obj["metadata"]["deletionTimestamp"] = "2026-01-01T00:00:00Z"

    objects = desired_objects(minimal())
    assert plan_actions(objects, observed_objects(objects, ending), {}) == ()


def renamed():
    """A predictor renamed: what is wanted, and what is left of the old one."""
    return desired_objects(with_predictor(name="green")), observed_objects(
        desired_objects(minimal())
    )


def test_a_renamed_predictor_s_old_objects_stay_until_the_new_ones_run():
    new, old = renamed()
    assert all(isinstance(action, Apply) for action in plan_actions(new, old, {}))
    starting = observed_objects(new, availableReplicas=0, conditions=[])
    assert plan_actions(new, old | starting, {}) == ()
    assert sorted(describe_actions(plan_actions(new, old | observed_objects(new), {}))) == [
        "delete Deployment iris-main-0-classifier",
        "delete Service iris-main",
        "delete Service iris-main-classifier",
    ]


def test_a_deletion_names_the_uid_of_what_was_seen():
    new, old = renamed()
    deletions = [
        a for a in plan_actions(new, old | observed_objects(new), {}) if isinstance(a, Delete)
    ]
    assert {a.observed.uid for a in deletions} == {c.uid for c in old.values()}


def test_a_stale_status_counts_as_not_running():
    new, old = renamed()
    stale = observed_objects(new, observedGeneration=0)
    assert plan_actions(new, old | stale, {}) == ()


HPA = {"minReplicas": 2, "maxReplicas": 5}


def scaled(document):
    document["spec"]["predictors"][0]["componentSpecs"][0]["hpaSpec"] = HPA
    return document


def test_an_autoscaler_that_nobody_wants_goes_at_once_although_pods_are_starting():
    before, after = desired_objects(scaled(minimal())), desired_objects(minimal())
    children = observed_objects(before) | observed_objects(
        after, availableReplicas=0, conditions=[]
    )
    assert describe_actions(plan_actions(after, children, {})) == [
        "delete HorizontalPodAutoscaler iris-main-0-classifier"
    ]


def test_an_autoscaler_that_nobody_wants_goes_before_another_one_is_applied():
    """KEDA's webhook refuses a ScaledObject as long as another autoscaler scales the Deployment."""

    def scaled_by_keda(document):
        component = document["spec"]["predictors"][0]["componentSpecs"][0]
        triggers = [{"type": "cron", "metadata": {"timezone": "UTC"}}]
        component.update(kedaSpec={"triggers": triggers}, pdbSpec={"minAvailable": 1})
        component["spec"]["hostname"] = "a"
        return document

    name = "iris-main-0-classifier"
    before, after = desired_objects(scaled(minimal())), desired_objects(scaled_by_keda(minimal()))
    actions = describe_actions(plan_actions(after, observed_objects(before), {}))
    assert actions == [
        f"changed Deployment {name}",
        f"delete HorizontalPodAutoscaler {name}",
        f"missing ScaledObject {name}",
        f"missing PodDisruptionBudget {name}",
    ]


@pytest.mark.parametrize("change", [scaled, lambda document: document])
def test_replicas_that_we_let_go_of_are_handed_over_first(change):
    before, after = with_predictor(replicas=3), change(minimal())
    actions = plan_actions(desired_objects(after), observed_objects(desired_objects(before)), {})
    assert [a.replicas for a in actions if isinstance(a, Apply) and a.observed] == [3]


def test_replicas_that_were_never_ours_are_not_handed_over():
    def of_seldon(obj):
        obj["metadata"]["managedFields"] = []

    objects = desired_objects(minimal())
    actions = plan_actions(objects, observed_objects(objects, of_seldon), {})
    assert [a.replicas for a in actions if isinstance(a, Apply)] == [None]


def test_zero_pods_are_ready_when_none_are_desired():
    objects = desired_objects(with_predictor(replicas=0))
    pods = observed_objects(objects)["Deployment", "iris-main-0-classifier"].rollout
    assert pods is not None
    assert pods.rolled_out


@pytest.mark.parametrize(
    "status",
    [
        {"observedGeneration": 0},
        {"replicas": 2},
        {"conditions": [{"type": "Available", "status": "False"}]},
        {"availableReplicas": 0, "conditions": [{"type": "Available", "status": "True"}]},
    ],
    ids=["stale", "old pods left", "not enough", "none answers"],
)
def test_a_deployment_is_not_rolled_out_before_all_of_it_is(status):
    pods = observed_objects(desired_objects(minimal()), **status)[
        "Deployment", "iris-main-0-classifier"
    ].rollout
    assert pods is not None
    assert not pods.rolled_out


def test_scaling_up_does_not_undo_a_finished_rollout():
    objects = desired_objects(minimal())
    pods = observed_objects(objects)["Deployment", "iris-main-0-classifier"].rollout
    assert pods is not None
    assert replace(pods, desired=5).rolled_out


def blocking_error(document):
    view = parse(document)
    return find_blocking_error(view, render(view))


def test_a_valid_document_has_no_obstacle():
    assert blocking_error(minimal()) == ""
    assert [blocking_error(load_case(name).document) for name in CASES if name != "odd-items"] == [
        ""
    ] * (len(CASES) - 1)


@pytest.mark.parametrize(
    ("document", "said"),
    [
        (
            minimal(lambda d: d["spec"].update(predictors=[])),
            "spec.predictors is empty, so nothing would be left running",
        ),
        (
            minimal(lambda d: d["spec"].update(predictors="main")),
            "spec.predictors: the object cannot be read here",
        ),
        (
            with_predictor(componentSpecs=[]),
            "spec.predictors[0]: the predictor has no container, so nothing of it would run",
        ),
        (
            with_predictor(graph={"name": "classifier", "children": ["x"]}),
            "spec.predictors[0].graph.children[0]: the object cannot be read here",
        ),
        (None, "spec.predictors is empty, so nothing would be left running"),
    ],
    ids=["no predictor", "a text", "no container", "a child that is a text", "null"],
)
def test_a_document_that_renders_to_too_little_is_not_applied(document, said):
    assert blocking_error(document) == said


def test_two_objects_of_one_name_are_not_applied():
    document = minimal()
    document["spec"]["predictors"].append(document["spec"]["predictors"][0])
    assert blocking_error(document) == (
        "spec.predictors[1].componentSpecs[0]: the Deployment iris-main-0-classifier rendered "
        "from this path has the same name as the one rendered from "
        "spec.predictors[0].componentSpecs[0]"
    )


def test_what_is_wrong_inside_of_a_pod_is_left_to_the_api_server():
    assert blocking_error(with_pod(terminationGracePeriodSeconds="soon")) == ""


def test_a_summary_of_a_strange_object_is_made_without_a_crash():
    for obj in ({}, {"metadata": {"managedFields": [None, {}], "ownerReferences": [7]}}):
        assert ObservedObject.from_object(obj, "Deployment").owner_uid == ""
