"""What the status says, compared whole where it matters."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.controller.state.lives import observed_object
from tests.documents_of import minimal, with_predictor
from tests.rendering.cases import CASES, load_case
from webhook.controller.state.plan import OwnerRef, to_desired
from webhook.controller.state.status import (
    ReconcileError,
    ReconcileState,
    build_status,
    merge_patch,
)
from webhook.graph.parse import parse
from webhook.rendering.render import render

OWNER = OwnerRef("machinelearning.seldon.io/v1", "iris", "1111")
NOW, LATER = "2026-01-01T00:00:00Z", "2026-01-01T00:05:00Z"
NAME = "iris-main-0-classifier"


def observe(document, *, without=(), trouble=None, notes=None, has_engine=False, **status):
    """Return the view and what a pass sees of it, with this status of its Deployments."""
    view = parse(document)
    desired = [to_desired(one, OWNER, "models") for one in render(view)]
    children = {w.key: observed_object(w, **status) for w in desired if w.key[0] not in without}
    seen = ReconcileState(
        generation=4,
        desired=desired,
        observed=children,
        error=trouble,
        notes=notes or {},
        has_orchestrator=has_engine,
    )
    return view, seen


def status_of(document, previous=None, now=NOW, **seen):
    view, found = observe(document, **seen)
    return build_status(view, found, previous or {}, now)


def condition(status, kind):
    return next((c for c in status["conditions"] if c["type"] == kind), None)


STARTING = {"updatedReplicas": 1, "availableReplicas": 0, "conditions": []}


def test_everything_that_runs_is_available():
    assert status_of(minimal()) == {
        "state": "Available",
        "observedGeneration": 4,
        "replicas": 1,
        "deploymentStatus": {NAME: {"replicas": 1, "availableReplicas": 1}},
        "serviceStatus": {
            "iris-main": {
                "svcName": "iris-main",
                "httpEndpoint": "iris-main.models:8000",
                "grpcEndpoint": "iris-main.models:5001",
            },
            "iris-main-classifier": {
                "svcName": "iris-main-classifier",
                "httpEndpoint": "iris-main-classifier.models:9000",
                "grpcEndpoint": "iris-main-classifier.models:9500",
            },
        },
        "address": {"url": "http://iris-main.models.svc.cluster.local:8000/api/v1.0/predictions"},
        "conditions": [
            {"type": "DeploymentsReady", "status": "True", "lastTransitionTime": NOW},
            {"type": "ServicesReady", "status": "True", "lastTransitionTime": NOW},
            {"type": "Ready", "status": "True", "lastTransitionTime": NOW},
        ],
    }


@pytest.mark.parametrize(
    ("seen", "description"),
    [
        ({"without": ("Deployment",)}, f"Deployment {NAME}: it does not exist yet"),
        (
            {"without": ("Service",)},
            "Service iris-main-classifier: it does not exist yet; Service "
            "iris-main: it does not exist yet",
        ),
        (STARTING, f"Deployment {NAME}: 0 of 1 pods are available"),
        (
            STARTING | {"notes": {NAME: "pod x: classifier: ImagePullBackOff: no such image"}},
            f"Deployment {NAME}: 0 of 1 pods are available; "
            "pod x: classifier: ImagePullBackOff: no such image",
        ),
        ({"updatedReplicas": 0}, f"Deployment {NAME}: 0 of 1 pods are updated"),
        ({"replicas": 3}, f"Deployment {NAME}: 2 old pods are still running"),
        ({"observedGeneration": 0}, f"Deployment {NAME}: Kubernetes has not observed it yet"),
    ],
    ids=["nothing", "no service", "starting", "pulling", "not updated", "old pods", "stale"],
)
def test_what_is_still_missing_is_creating_and_says_what(seen, description):
    status = status_of(minimal(), **seen)
    assert (status["state"], status["description"]) == ("Creating", description)
    assert condition(status, "Ready") == {
        "type": "Ready",
        "status": "False",
        "reason": "Creating",
        "message": description,
        "lastTransitionTime": NOW,
    }


def failing_condition(kind, status, message):
    return {"type": kind, "status": status, "message": message}


@pytest.mark.parametrize(
    "message",
    [
        'pods "iris-1" is forbidden: exceeded quota: few, requested: pods=1, used: pods=2',
        'pods "iris-1" is forbidden: violates PodSecurity "restricted:latest": runAsNonRoot',
    ],
    ids=["quota", "pod security"],
)
def test_what_keeps_pods_from_being_created_is_quoted(message):
    conditions = [failing_condition("ReplicaFailure", "True", message)]
    status = status_of(minimal(), updatedReplicas=0, availableReplicas=0, conditions=conditions)
    assert (status["state"], status["description"]) == ("Failed", f"Deployment {NAME}: {message}")
    assert status["deploymentStatus"][NAME]["description"] == f"Deployment {NAME}: {message}"


def test_a_rollout_past_its_deadline_has_failed():
    late = failing_condition(
        "Progressing", "False", f'ReplicaSet "{NAME}-1" has timed out progressing.'
    )
    status = status_of(minimal(), availableReplicas=0, conditions=[late])
    assert (status["state"], status["description"]) == (
        "Failed",
        f'Deployment {NAME}: ReplicaSet "{NAME}-1" has timed out progressing.',
    )


def test_the_failure_of_an_earlier_generation_is_not_quoted():
    late = failing_condition("Progressing", "False", "timed out")
    status = status_of(minimal(), observedGeneration=0, conditions=[late])
    assert status["state"] == "Creating"


def test_an_older_generation_of_a_child_is_never_available():
    view, seen = observe(minimal())
    _, other = observe(with_predictor(replicas=2))
    mixed = ReconcileState(generation=5, desired=other.desired, observed=seen.observed)
    status = build_status(view, mixed, {}, NOW)
    assert (status["state"], status["description"], status["observedGeneration"]) == (
        "Creating",
        f"Deployment {NAME}: it is not up to date yet",
        5,
    )


def test_no_pods_where_none_are_desired_is_available():
    status = status_of(with_predictor(replicas=0))
    assert (status["state"], status["replicas"]) == ("Available", 0)


def test_a_refused_document_says_why_and_still_tells_what_runs():
    words = "spec.predictors is empty, so nothing would be left running"
    view, running = observe(minimal())
    seen = ReconcileState(
        generation=5,
        desired=(),
        observed=running.observed,
        error=ReconcileError("ValidationFailed", words),
    )
    status = build_status(view, seen, {}, NOW)
    assert (status["state"], status["description"]) == ("Failed", words)
    assert status["deploymentStatus"] == {NAME: {"replicas": 1, "availableReplicas": 1}}
    assert condition(status, "DeploymentsReady") == {
        "type": "DeploymentsReady",
        "status": "Unknown",
        "reason": "ValidationFailed",
        "lastTransitionTime": NOW,
    }
    assert condition(status, "Ready")["reason"] == "ValidationFailed"


def test_what_is_left_over_is_listed_until_it_goes():
    view, new = observe(with_predictor(name="green"))
    _, old = observe(minimal())
    seen = ReconcileState(
        generation=5, desired=new.desired, observed={**new.observed, **old.observed}
    )
    status = build_status(view, seen, {}, NOW)
    assert status["deploymentStatus"] == {
        "iris-green-0-classifier": {"replicas": 1, "availableReplicas": 1},
        NAME: {
            "replicas": 1,
            "availableReplicas": 1,
            "description": "it is deleted when its replacement runs",
        },
    }


def chain(**options):
    graph = {"name": "scale", "type": "TRANSFORMER", "children": [{"name": "classifier"}]}
    return status_of(with_predictor(graph=graph), **options)


def test_a_graph_that_nobody_walks_is_a_condition():
    assert condition(chain(), "OrchestratorMissing") == {
        "type": "OrchestratorMissing",
        "status": "True",
        "reason": "NoExecutorImage",
        "message": "spec.predictors[0]: the graph has 2 nodes, but without an orchestrator only "
        "scale is called; start the reconciler with --executor-image",
        "lastTransitionTime": NOW,
    }
    assert condition(chain(has_engine=True), "OrchestratorMissing") is None
    assert condition(status_of(minimal()), "OrchestratorMissing") is None


def test_a_graph_that_nobody_walks_is_not_available_though_its_pods_run():
    status = chain()
    assert (status["state"], status["description"][:32]) == (
        "Failed",
        "spec.predictors[0]: the graph ha",
    )
    ready = condition(status, "Ready")
    assert (ready["status"], ready["reason"]) == ("False", "OrchestratorMissing")
    assert chain(has_engine=True)["state"] == "Available"


def test_what_waits_for_its_turn_is_available_and_says_so():
    view, seen = observe(minimal())
    outdated = {
        key: replace(child, digest="old") if key[0] == "Deployment" else child
        for key, child in seen.observed.items()
    }
    seen = replace(seen, observed=outdated, held={NAME: "its update waits for others"})
    status = build_status(view, seen, {}, NOW)
    said = f"Deployment {NAME}: its update waits for others"
    assert (status["state"], status["description"]) == ("Available", said)
    assert condition(status, "Ready")["status"] == "True"
    outdated[("Deployment", NAME)] = observed_object(seen.desired[0], **STARTING)
    status = build_status(view, replace(seen, held={}), {}, NOW)
    assert status["state"] == "Creating"


def test_the_address_is_that_of_the_first_predictor_that_answers():
    document = minimal()
    main = document["spec"]["predictors"][0]
    document["spec"]["predictors"] = [{**main, "name": "copy", "shadow": True}, main]
    assert status_of(document)["address"]["url"].startswith("http://iris-main.models.svc")


@pytest.mark.parametrize(
    ("protocol", "path"),
    [
        ("seldon", "/api/v1.0/predictions"),
        ("tensorflow", "/v1/models/classifier:predict"),
        ("v2", "/v2/models/classifier/infer"),
        ("kfserving", "/v2/models/classifier/infer"),
    ],
)
def test_the_address_has_the_protocol_s_path(protocol, path):
    status = status_of(minimal(lambda d: d["spec"].update(protocol=protocol)))
    assert status["address"]["url"].endswith(f":8000{path}")


def test_an_explainer_says_whose_it_is_and_is_no_replica():
    status = status_of(load_case("explained").document)
    explainers = {n: s for n, s in status["deploymentStatus"].items() if "explainerFor" in s}
    assert {s["explainerFor"] for s in explainers.values()} <= set(status["serviceStatus"])
    assert sorted(explainers) == ["iris-main-explainer", "iris-next-explainer"]
    serving = [
        s["replicas"] for s in status["deploymentStatus"].values() if s not in explainers.values()
    ]
    assert status["replicas"] == sum(serving)


def test_a_condition_that_holds_on_keeps_its_time():
    first = status_of(minimal(), **STARTING)
    second = status_of(minimal(), previous=first, now=LATER)
    assert condition(second, "ServicesReady")["lastTransitionTime"] == NOW
    assert condition(second, "DeploymentsReady")["lastTransitionTime"] == LATER


@pytest.mark.parametrize("name", CASES)
def test_a_second_pass_over_the_same_has_nothing_to_write(name):
    document = load_case(name).document
    first = status_of(document)
    assert merge_patch(first, status_of(document, first, LATER)) == {}


def merged(before, patch):
    """RFC 7396, in the words of its appendix."""
    if not isinstance(patch, dict):
        return patch
    result = dict(before) if isinstance(before, dict) else {}
    for key, value in patch.items():
        if value is None:
            result.pop(key, None)
        else:
            result[key] = merged(result.get(key), value)
    return result


values = st.recursive(
    st.one_of(st.booleans(), st.integers(0, 2), st.sampled_from(["", "a"])),
    lambda inner: st.one_of(
        st.lists(inner, max_size=2), st.dictionaries(st.sampled_from("abc"), inner, max_size=3)
    ),
    max_leaves=8,
)
statuses = st.dictionaries(st.sampled_from("abcd"), values, max_size=4)


@settings(deadline=None)
@given(statuses, statuses)
def test_the_patch_leads_from_any_status_to_any_other(before, after):
    assert merged(before, merge_patch(before, after)) == after
    assert merge_patch(after, after) == {}


def test_what_another_operator_left_in_the_status_goes():
    left = {"deploymentStatus": {"old": {"replicas": 1}}, "annotations": {"a": "b"}}
    patch = merge_patch(left, status_of(minimal()))
    assert patch["deploymentStatus"]["old"] is None
    assert patch["annotations"] is None


def test_a_long_description_is_cut():
    status = status_of(minimal(), trouble=ReconcileError("ApplyFailed", "x" * 5_000))
    assert len(status["description"]) == 2_000
