"""What holds for every document, whatever it is."""

import json
from collections import Counter
from copy import deepcopy
from typing import Any

from hypothesis import example, given, settings

from tests.rendering import documents
from tests.rendering.cases import load_case
from tests.rendering.kubernetes_types import NAMES, type_errors
from tests.rendering.test_render import duplicate_keys
from webhook.graph.cluster_facts import Facts
from webhook.graph.names import is_dns_label
from webhook.graph.parse import parse
from webhook.graph.path import Path, resolve_path
from webhook.rendering import metadata, names
from webhook.rendering.options import RenderOptions
from webhook.rendering.render import Rendered, render

valid = given(documents.documents(), documents.options, documents.facts)
broken = given(documents.broken_documents(), documents.options, documents.facts)


def of_kind(objects: tuple[Rendered, ...], kind: str) -> list[dict[str, Any]]:
    return [rendered.object for rendered in objects if rendered.kind == kind]


def matches(selector: dict[str, str], deployment: dict[str, Any]) -> bool:
    labels: dict[str, str] = deployment["spec"]["template"]["metadata"]["labels"]
    return selector.items() <= labels.items()


def places(value: Any, path: tuple[str | int, ...] = ()) -> list[tuple[tuple[str | int, ...], Any]]:
    """Return every place in a value, with what stands there."""
    found = [(path, value)]
    if isinstance(value, dict):
        for key, item in value.items():
            found += places(item, (*path, key))
    if isinstance(value, list):
        for index, item in enumerate(value):
            found += places(item, (*path, index))
    return found


NAME_OF_ANOTHER_TYPE: dict[str, Any] = {
    "spec": {"predictors": [{"explainer": {"type": "AnchorText", "containerSpec": {"name": []}}}]}
}


@settings(deadline=None, max_examples=300)
@example(NAME_OF_ANOTHER_TYPE, RenderOptions(), Facts())
@broken
def test_no_document_makes_render_raise(
    document: Any, options: RenderOptions, facts: Facts
) -> None:
    """And the objects are JSON, whose origins exist in the document."""
    view = parse(document)
    for rendered in render(view, options, facts):
        json.dumps(rendered.object, allow_nan=False)
        for path, _ in places(rendered.object):
            resolve_path(document, rendered.trace(path))


@settings(deadline=None, max_examples=60)
@broken
def test_generated_names_are_those_of_the_rendered_objects(
    document: Any, options: RenderOptions, facts: Facts
) -> None:
    view = parse(document)
    assert list(names.generated_names(view, options)) == [
        names.GeneratedName(rendered.kind, rendered.name, rendered.trace(()))
        for rendered in render(view, options, facts)
    ]


@settings(deadline=None, max_examples=50)
@valid
def test_the_same_input_gives_the_same_bytes_and_stays_as_it_was(
    document: dict[str, Any], options: RenderOptions, facts: Facts
) -> None:
    before = deepcopy(document)
    first, second = (
        json.dumps([rendered.object for rendered in render(parse(document), options, facts)])
        for _ in range(2)
    )
    assert first == second
    assert document == before


@settings(deadline=None, max_examples=60)
@valid
def test_names_are_dns_labels_that_services_may_have_and_stand_once_per_kind(
    document: dict[str, Any], options: RenderOptions, facts: Facts
) -> None:
    objects = render(parse(document), options, facts)
    every = [(rendered.kind, rendered.name) for rendered in objects]
    assert [name for _, name in every if not is_dns_label(name) or name[0].isdigit()] == []
    assert [entry for entry, count in Counter(every).items() if count > 1] == []


@settings(deadline=None, max_examples=60)
@valid
def test_every_selector_matches_the_pods_of_one_deployment(
    document: dict[str, Any], options: RenderOptions, facts: Facts
) -> None:
    """A Deployment's and a budget's their own; a Service's those of one."""
    objects = render(parse(document), options, facts)
    deployments = of_kind(objects, "Deployment")
    for deployment in deployments:
        selector = deployment["spec"]["selector"]["matchLabels"]
        assert [d for d in deployments if matches(selector, d)] == [deployment]
    for budget in of_kind(objects, "PodDisruptionBudget"):
        selector = budget["spec"]["selector"]["matchLabels"]
        found = [d["metadata"]["name"] for d in deployments if matches(selector, d)]
        assert found == [budget["metadata"]["name"]]
    for service in of_kind(objects, "Service"):
        assert len([d for d in deployments if matches(service["spec"]["selector"], d)]) == 1


@settings(deadline=None, max_examples=60)
@valid
def test_a_service_leads_to_ports_that_a_container_has(
    document: dict[str, Any], options: RenderOptions, facts: Facts
) -> None:
    objects = render(parse(document), options, facts)
    deployments = of_kind(objects, "Deployment")
    for service in of_kind(objects, "Service"):
        (target,) = [d for d in deployments if matches(service["spec"]["selector"], d)]
        listening = {
            port["containerPort"]
            for container in target["spec"]["template"]["spec"]["containers"]
            for port in container.get("ports", [])
        }
        assert {port["targetPort"] for port in service["spec"]["ports"]} <= listening


@settings(deadline=None, max_examples=60)
@valid
def test_objects_have_the_shape_that_kubernetes_publishes_and_can_be_applied(
    document: dict[str, Any], options: RenderOptions, facts: Facts
) -> None:
    for rendered in render(parse(document), options, facts):
        if rendered.kind in NAMES:
            assert type_errors(rendered.object) == []
        assert duplicate_keys(rendered.object) == []


@settings(deadline=None, max_examples=60)
@valid
def test_what_an_author_wrote_about_a_pod_is_kept(
    document: dict[str, Any], options: RenderOptions, facts: Facts
) -> None:
    """Every text and number in a pod leads to an equal one, or to something that is none."""
    for rendered in render(parse(document), options, facts):
        if rendered.kind != "Deployment":
            continue
        for path, value in places(rendered.object["spec"]["template"]["spec"]):
            origin = resolve_path(document, rendered.trace(("spec", "template", "spec", *path)))
            if type(value) in (str, int) and type(origin) in (str, int):
                fetched = type(origin) is str and origin.startswith("pvc://")
                assert fetched or value == origin


@settings(deadline=None, max_examples=60)
@valid
def test_replicas_are_left_to_an_autoscaler(
    document: dict[str, Any], options: RenderOptions, facts: Facts
) -> None:
    objects = render(parse(document), options, facts)
    scaled = {
        scaler["spec"]["scaleTargetRef"]["name"]
        for kind in ("HorizontalPodAutoscaler", "ScaledObject")
        for scaler in of_kind(objects, kind)
    }
    assert [
        deployment["metadata"]["name"]
        for deployment in of_kind(objects, "Deployment")
        if deployment["metadata"]["name"] in scaled and "replicas" in deployment["spec"]
    ] == []


def test_labels_that_selectors_read_are_reserved() -> None:
    keys = ["app", "seldon-app", "seldon-app-svc-x", "seldon-deployment-id", "version", "fluentd"]
    assert [key for key in keys if metadata.is_reserved_label(key)] == keys[:4]


def test_a_path_of_nothing_is_the_whole_object() -> None:
    (deployment, *_) = render(parse(load_case("one-node").document))
    assert deployment.trace(()) == Path(("spec", "predictors", 0, "componentSpecs", 0))
