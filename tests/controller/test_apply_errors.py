"""What an API server's sentences mean; the sentences are from a real one."""

import pytest

from tests.documents_of import minimal
from webhook.controller import apply_errors
from webhook.graph.parse import parse
from webhook.rendering.render import render

UNDECLARED = """failed to create typed patch object (t1/b; apps/v1, Kind=Deployment): errors:
  .spec.template.spec.containers[name="c"].env[name="A"].vaule: field not declared in schema
  .spec.template.spec.containers[name="c"].ports[containerPort=9000,protocol="TCP"].x: field \
not declared in schema
  .spec.template.spec.hostnam: field not declared in schema"""
ONE = (
    "failed to create typed patch object (t1/b; apps/v1, Kind=Deployment): .spec.templat: "
    "field not declared in schema"
)


def test_unknown_fields_are_read_from_the_answer():
    assert apply_errors.undeclared_fields(UNDECLARED) == [
        'spec.template.spec.containers[name="c"].env[name="A"].vaule',
        'spec.template.spec.containers[name="c"].ports[containerPort=9000,protocol="TCP"].x',
        "spec.template.spec.hostnam",
    ]
    assert apply_errors.undeclared_fields(ONE) == ["spec.templat"]
    assert apply_errors.undeclared_fields("spec.replicas: Invalid value: -1") == []


def test_exactly_the_unknown_fields_are_left_out():
    first = {
        "name": "c",
        "env": [{"name": "A", "vaule": "1"}, {"name": "B", "vaule": "2"}],
        "ports": [{"containerPort": 9000, "x": 1}],
    }
    pod = {"hostnam": "a", "containers": [first, {"name": "d", "x": 1}]}
    obj = {"spec": {"template": {"spec": pod}}}
    left = apply_errors.drop_fields(obj, apply_errors.undeclared_fields(UNDECLARED))
    assert left["spec"]["template"]["spec"] == {
        "containers": [
            {
                "name": "c",
                "env": [{"name": "A"}, {"name": "B", "vaule": "2"}],
                "ports": [{"containerPort": 9000}],
            },
            {"name": "d", "x": 1},
        ]
    }
    assert pod["hostnam"] == "a"


@pytest.mark.parametrize("place", ["spec.a.b", 'spec.a[name="x"].b', "spec[3].a", 'a[name="x"]'])
def test_a_place_that_is_not_there_changes_nothing(place):
    assert apply_errors.drop_fields({"spec": {"a": 1}}, [place]) == {"spec": {"a": 1}}


def test_a_refusal_names_the_place_in_the_document():
    view = parse(minimal(lambda d: d["spec"].update(replicas=-1)))
    deployment = next(r for r in render(view) if r.kind == "Deployment")
    message = (
        f'Deployment.apps "{deployment.name}" is invalid: spec.replicas: Invalid value: -1: no'
    )
    assert apply_errors.locate_message(deployment, message) == (
        f"spec.replicas: Deployment {deployment.name}: {message}"
    )
    assert apply_errors.locate_message(deployment, "denied the request") == (
        f"spec.predictors[0].componentSpecs[0]: Deployment {deployment.name}: denied the request"
    )


@pytest.mark.parametrize(
    ("status", "message", "passes"),
    [
        (409, "the object has been modified", True),
        (429, "too many requests", True),
        (500, "etcdserver: request timed out", True),
        (503, "apiserver is shutting down", True),
        (500, ONE, False),
        (422, "spec.replicas: Invalid value", False),
        (403, "exceeded quota", False),
        (400, "strict decoding error", False),
    ],
)
def test_what_passes_by_itself_is_distinguished_from_what_does_not(status, message, passes):
    assert apply_errors.is_retryable(status, message) is passes


def test_a_namespace_that_ends_is_recognized():
    message = (
        "forbidden: unable to create new content in namespace a because it is being terminated"
    )
    assert apply_errors.is_namespace_terminating(403, message)
    assert not apply_errors.is_namespace_terminating(403, "exceeded quota")
