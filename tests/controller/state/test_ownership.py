"""Whose an object is, and what is taken over from Seldon's operator."""

import pytest

from webhook.controller.state.ownership import classify_owner, take_over_seldon_fields

SELDON = {"kind": "SeldonDeployment", "apiVersion": "machinelearning.seldon.io/v1"}
LABEL = {"seldon-deployment-id": "iris"}


def written_by(manager, **more):
    return {"manager": manager, "operation": "Update", "apiVersion": "apps/v1", **more}


OWNERS = {
    "its uid": ({"ownerReferences": [{**SELDON, "uid": "1", "controller": True}]}, "ours"),
    "another uid of its name": (
        {"ownerReferences": [{**SELDON, "uid": "2", "name": "iris", "controller": True}]},
        "predecessor",
    ),
    "another SeldonDeployment": (
        {"ownerReferences": [{**SELDON, "uid": "2", "name": "b", "controller": True}]},
        "other",
    ),
    "another controller, though we wrote it": (
        {
            "ownerReferences": [{"kind": "Rollout", "uid": "1", "controller": True}],
            "managedFields": [written_by("graphgate")],
        },
        "other",
    ),
    "another group's kind": (
        {
            "ownerReferences": [
                {"kind": "SeldonDeployment", "apiVersion": "x/v1", "uid": "1", "controller": True}
            ]
        },
        "other",
    ),
    "an owner that does not control, and we wrote it": (
        {"ownerReferences": [{**SELDON, "uid": "9"}], "managedFields": [written_by("graphgate")]},
        "ours",
    ),
    "nobody, and Seldon wrote it": (
        {"labels": LABEL, "managedFields": [written_by("manager")]},
        "ours",
    ),
    "nobody, and another operator of that name wrote it": (
        {"managedFields": [written_by("manager")]},
        "other",
    ),
    "nobody, but its labels": (
        {"labels": LABEL, "managedFields": [written_by("kubectl-create")]},
        "other",
    ),
    "nothing": ({}, "other"),
}


@pytest.mark.parametrize("case", OWNERS)
def test_an_object_belongs_to(case):
    metadata, expected = OWNERS[case]
    assert classify_owner({"metadata": metadata}, "1", "iris") == expected


def fields(*paths):
    return {f"f:{path}": {} for path in paths}


def test_what_seldon_wrote_becomes_ours_and_what_others_wrote_stays_theirs():
    kubectl = written_by("kubectl", fieldsV1={"f:spec": fields("paused")})
    status = written_by("manager", subresource="status", fieldsV1={"f:status": {}})
    older = written_by("manager", fieldsV1={"f:spec": fields("old")}) | {"apiVersion": "apps/v1b"}
    entries = [
        written_by("manager", fieldsV1={"f:spec": fields("replicas", "template")}),
        kubectl,
        status,
        older,
        {
            "manager": "graphgate",
            "operation": "Apply",
            "apiVersion": "apps/v1",
            "fieldsV1": {"f:spec": fields("selector")},
        },
    ]
    obj = {"apiVersion": "apps/v1", "metadata": {"managedFields": entries}}
    own, *rest = take_over_seldon_fields(obj, keep_replicas=False) or []
    assert own["fieldsV1"] == {"f:spec": fields("selector", "replicas", "template")}
    assert (own["manager"], own["operation"]) == ("graphgate", "Apply")
    assert rest == [kubectl, status]
    own, left, *rest = take_over_seldon_fields(obj, keep_replicas=True) or []
    assert own["fieldsV1"] == {"f:spec": fields("selector", "template")}
    assert (left["manager"], left["fieldsV1"]) == ("manager", {"f:spec": fields("replicas")})
    assert rest == [kubectl, status]


def test_an_object_that_seldon_did_not_write_is_left_as_it_is():
    obj = {"apiVersion": "v1", "metadata": {"managedFields": [written_by("kubectl")]}}
    assert take_over_seldon_fields(obj, keep_replicas=False) is None
