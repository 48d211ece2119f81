"""Answers of the API server are compared by what they say, not of whom."""

from tests.soundness.answers import ApiRejection, Cause, field_to_path, origins, to_rejection
from webhook.graph.path import Path


def invalid(name, field, message):
    status = {
        "message": f'Deployment.apps "{name}" is invalid: {field}: {message}',
        "details": {"causes": [{"field": field, "message": message}]},
    }
    return to_rejection("Deployment", "create", 422, status)


def shapes(how, reported):
    rejected = to_rejection("Deployment", how, 500, {"message": reported})
    assert rejected is not None
    return rejected.shapes


def test_what_is_taken_is_no_refusal():
    assert to_rejection("Service", "create", 201, {"kind": "Service"}) is None


def test_two_answers_to_one_fault_have_one_shape():
    first = invalid("a", "spec.x[0].y", 'Invalid value: "b": must be 1 of 2')
    second = invalid("c", "spec.x[12].y", 'Invalid value: "d\\"e": must be 3 of 4')
    assert first.shapes == second.shapes
    assert first.shapes == ('create Deployment: spec.x[].y: Invalid value: "…": must be N of N',)


def test_two_faults_have_two_shapes():
    rejected = ApiRejection("Pod", "create", 422, "", (Cause("a", "no"), Cause("b", "no")))
    assert rejected.shapes == ("create Pod: a: no", "create Pod: b: no")


def test_an_answer_without_causes_has_the_shape_of_its_message():
    reported = (
        "failed to create typed patch object (a; apps/v1): .spec.foo: field not declared in schema"
    )
    assert shapes("apply", reported) == shapes("apply", reported.replace("foo", "bar"))
    assert shapes("apply", reported) != shapes("create", reported)


def test_what_depends_on_the_cluster_is_no_refusal():
    for reported in (
        "pods is forbidden: error looking up service account ns/a: serviceaccount not found",
        "pods is forbidden: no PriorityClass with name x was found",
    ):
        assert to_rejection("Pod", "create", 403, {"message": reported}) is None


def test_a_field_leads_to_its_place_as_far_as_it_is_plain():
    assert field_to_path("spec.ports[0].name") == ("spec", "ports", 0, "name")
    assert field_to_path("metadata.labels[a.b/c].d") == ("metadata", "labels")
    assert field_to_path("<nil>") == ("nil",)


def test_the_origins_of_a_refusal_are_where_its_faults_come_from_each_once():
    rejected = ApiRejection("Pod", "create", 422, "", (Cause("a.b", "x"), Cause("a.b", "y")))
    assert origins(rejected, Path) == (Path(("a", "b")),)
