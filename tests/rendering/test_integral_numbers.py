"""A whole number that was written as 1.0 is rendered as 1: Kubernetes refuses the other."""

from tests.documents_of import with_pod
from webhook.graph.parse import parse
from webhook.rendering.integral_numbers import write_integers
from webhook.rendering.render import render


def rendered_pod(**fields):
    deployment = next(one for one in render(parse(with_pod(**fields))) if one.kind == "Deployment")
    return deployment.object["spec"]["template"]["spec"]


def test_whole_numbers_are_rendered_as_integers():
    pod = rendered_pod(
        terminationGracePeriodSeconds=30.0,
        tolerations=[{"key": "a", "effect": "NoExecute", "tolerationSeconds": 1e3}],
    )
    found = pod["terminationGracePeriodSeconds"], pod["tolerations"][0]["tolerationSeconds"]
    assert found == (30, 1000)
    assert [type(number) for number in found] == [int, int]


def test_other_numbers_stay():
    pod = rendered_pod(overhead={"cpu": 0.5, "memory": 1e300})
    assert pod["overhead"] == {"cpu": 0.5, "memory": 1e300}
    assert type(pod["overhead"]["memory"]) is float


def test_a_document_without_such_numbers_is_not_read_again():
    view = parse(with_pod(priority=1))
    assert write_integers(view) is view


def test_replicas_of_1_0_are_one():
    document = with_pod()
    document["spec"]["replicas"] = 2.0
    deployment = next(one for one in render(parse(document)) if one.kind == "Deployment")
    assert deployment.object["spec"]["replicas"] == 2
