"""Update of an immutable field

Why: some fields of the rendered objects cannot change: the selector of a Deployment, and whether a
Service is headless. An update that would make a Service headless (seldon.io/headless-svc) is
admitted and can never be applied. If a selector changes, Seldon's operator deletes the Deployment
and creates it again: until its pods are ready, requests fail.

Fix: Keep the names and labels of the pods, or delete the object and create it again.

Bad:
    # before: no annotation
    spec:
      annotations:
        seldon.io/headless-svc: "true"

Good:
    # before: seldon.io/headless-svc: "true"
    spec:
      annotations:
        seldon.io/headless-svc: "true"
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from webhook.graph.cluster_facts import Facts
from webhook.graph.finding import Finding
from webhook.graph.model import Predictor, SeldonDeployment, get_mapping
from webhook.graph.path import Path
from webhook.graph.well_known import HEADLESS_SERVICE_ANNOTATION, SERVICE_NAME_ANNOTATION
from webhook.rules._rendered import render_objects

if TYPE_CHECKING:
    from webhook.rendering.render import Rendered

ACTION = "deny"
SINCE = "0.1.0"


def check(deployment: SeldonDeployment, old: SeldonDeployment, facts: Facts) -> Iterator[Finding]:
    """Yield each change of an immutable field in a rendered object that stays.

    Sources: ValidateServiceClusterIPsRelatedFields and ValidateDeploymentUpdate of the API server;
    createDeployments of Seldon's controller (v1.17.1).
    """
    if _naming(deployment) == _naming(old):
        return  # most updates: images, models, replicas, traffic
    before = {(one.kind, one.name): one for one in render_objects(old, facts)}
    renamed = _predictors_with_another_service(deployment, old)
    headless_told = False
    for one in render_objects(deployment, facts):
        earlier = before.get((one.kind, one.name))
        if earlier is None:
            continue
        if one.kind == "Service" and not headless_told:
            found = list(_compare_services(earlier, one, deployment))
            headless_told = bool(found)
            yield from found
        elif one.kind == "Deployment":
            path = one.trace(("spec", "selector"))
            if tuple(path)[:3] not in renamed:  # service-name-changed
                yield from _compare_deployments(earlier, one, path)


def _compare_services(
    earlier: "Rendered", one: "Rendered", deployment: SeldonDeployment
) -> Iterator[Finding]:
    was_headless, is_headless = (
        get_mapping(each.object, "spec").get("clusterIP") == "None" for each in (earlier, one)
    )
    if was_headless == is_headless:
        return
    path = _place_of_annotation(deployment)
    if is_headless:
        message = "the clusterIP of a Service cannot change: it cannot become headless"
        yield Finding(path, message, "remove it, or delete the object and create it again")
    else:
        message = "the Services stay headless: their clusterIP cannot change"
        yield Finding(path, message, "delete the object and create it again", certain=False)


def _compare_deployments(earlier: "Rendered", one: "Rendered", path: Path) -> Iterator[Finding]:
    was, now = (each.object["spec"]["selector"]["matchLabels"] for each in (earlier, one))
    if was == now:
        return
    changed = sorted(key for key in was.keys() | now.keys() if was.get(key) != now.get(key))
    yield Finding(
        path,
        f"the update changes the selector of Deployment {one.name} ({', '.join(changed)}): it is "
        "deleted and created again, and has no pods meanwhile",
        "add a predictor with the change, and remove this one when the new one is ready",
        certain=False,
    )


def _naming(deployment: SeldonDeployment) -> list[Any]:
    """Return the values that names and selectors of the rendered objects depend on."""
    metadata = get_mapping(deployment.raw, "metadata")
    naming: list[Any] = [metadata.get("annotations"), deployment.spec.get("annotations")]
    for predictor in deployment.predictors:
        raw = predictor.raw
        naming += [predictor.name, raw.get("annotations")]
        naming.append(
            [(node.name, node.implementation, node.raw.get("endpoint")) for node in predictor.nodes]
        )
        naming += [
            (component.raw.get("metadata"), [container.name for container in component.containers])
            for component in predictor.components
        ]
    return naming


def _predictors_with_another_service(
    deployment: SeldonDeployment, old: SeldonDeployment
) -> frozenset[tuple[Any, ...]]:
    before = {predictor.name: _service_name(predictor) for predictor in old.predictors}
    return frozenset(
        tuple(predictor.path)
        for predictor in deployment.predictors
        if before.get(predictor.name) != _service_name(predictor)
    )


def _service_name(predictor: Predictor) -> Any:
    return get_mapping(predictor.raw, "annotations").get(SERVICE_NAME_ANNOTATION)


def _place_of_annotation(deployment: SeldonDeployment) -> Path:
    metadata = get_mapping(deployment.raw, "metadata")
    in_spec = HEADLESS_SERVICE_ANNOTATION in get_mapping(deployment.spec, "annotations")
    in_metadata = HEADLESS_SERVICE_ANNOTATION in get_mapping(metadata, "annotations")
    holder = "metadata" if in_metadata and not in_spec else "spec"
    return Path((holder, "annotations", HEADLESS_SERVICE_ANNOTATION))
