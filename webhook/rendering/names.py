"""Every derived name. Belongs here: names of objects, label values, and their hashing.

The names are Seldon Core v1's, letter for letter (seldondeployment_types.go), so that objects,
dashboards and Services made by either find each other. They are pure text: a name that Kubernetes
refuses comes out as refused, and a rule says so.
"""

import hashlib
from collections.abc import Iterator
from typing import NamedTuple

from webhook.graph.model import SeldonDeployment, get_mapping, get_str
from webhook.graph.names import MAX_LABEL_LENGTH
from webhook.graph.path import Path
from webhook.graph.well_known import SERVICE_LABEL_PREFIX, SERVICE_NAME_ANNOTATION
from webhook.rendering.layout import ContainerSlot, PodLayout, PredictorLayout, layout_predictors
from webhook.rendering.options import DEFAULT_OPTIONS, RenderOptions

MAX_NAME_LENGTH = MAX_LABEL_LENGTH
"""Seldon keeps all names to that of a label's value and a Service."""

MAX_CONTAINER_NAME_LENGTH = MAX_NAME_LENGTH - len(SERVICE_LABEL_PREFIX)
"""The most characters of the name of a container that serves a node."""


AUTOSCALER_KINDS = {"kedaSpec": "ScaledObject", "hpaSpec": "HorizontalPodAutoscaler"}
"""The kind of object that a componentSpec's field configures."""


class GeneratedName(NamedTuple):
    """The name of a rendered object, and what it is generated from."""

    kind: str
    name: str
    source_path: Path


def shorten(name: str, prefix: str = "seldon") -> str:
    """Return `name`, or "PREFIX-" and its md5 (32 hex digits) where it has over 63 characters."""
    encoded = name.encode(errors="surrogatepass")
    if len(encoded) <= MAX_NAME_LENGTH:
        return name
    digest = hashlib.md5(encoded, usedforsecurity=False)
    hashed = f"{prefix}-{digest.hexdigest()}"
    return hashed if len(hashed) <= MAX_NAME_LENGTH else f"seldon-{digest.hexdigest()}"


def deployment_id_label(sdep: str) -> str:
    """Return the value of the label seldon-deployment-id."""
    return shorten(sdep)


def build_component_name(
    sdep: str, predictor: str, index: int, own_name: str, *, as_prefix: bool
) -> str:
    """Return the name of a component's Deployment, HPA, PDB and ScaledObject.

    `own` is the name in the component's metadata, or its containers' names joined by "-".
    """
    prefix = sdep if as_prefix else "seldon"
    return shorten(f"{sdep}-{predictor}-{index}-{own_name}", prefix)


def build_predictor_service_name(sdep: str, predictor: str) -> str:
    """Return the name of a predictor's Service that has none by annotation."""
    return shorten(f"{sdep}-{predictor}")


def build_container_service_name(sdep: str, predictor: str, container: str) -> str:
    """Return the name of the Service of one node's container."""
    return shorten(f"{sdep}-{predictor}-{container}")


def build_explainer_name(sdep: str, predictor: str) -> str:
    """Return the name of an explainer's Deployment and Service."""
    return shorten(f"{sdep}-{predictor}-explainer")


def build_orchestrator_name(sdep: str, predictor: str) -> str:
    """Return the name of the Deployment of an orchestrator that has a pod of its own."""
    return shorten(f"{sdep}-{predictor}-svc-orch")


def initializer_name(container: str, *, is_cut: bool = False) -> str:
    """Return the name of the init container that fetches a container's model.

    is_cut  whether Seldon's operator makes it, which cuts each name
    """
    return _name_in_pod(container, "model-initializer", is_cut=is_cut)


def model_volume_name(container: str, *, is_cut: bool = False) -> str:
    """Return the name of the volume that the fetched model lies in."""
    return _name_in_pod(container, "provision-location", is_cut=is_cut)


def claim_volume_name(container: str) -> str:
    """Return the name of the volume of a second claim in one pod (Seldon names all alike)."""
    return _name_in_pod(container, "pvc-source")


def _name_in_pod(container: str, suffix: str, *, is_cut: bool = False) -> str:
    """Return a name inside a pod: cut at 63 characters, as Seldon does, or hashed.

    A node's container has at most 48 characters (a label's key holds its name), of which a cut
    keeps all. Others, an explainer's for one, would lose the suffix and with it the difference
    from the container's own name; Kubernetes refuses such a pod.
    """
    name = f"{container}-{suffix}"
    return (
        name[:MAX_NAME_LENGTH].removesuffix("-")
        if is_cut or len(container) <= MAX_CONTAINER_NAME_LENGTH
        else shorten(name)
    )


def component_name(layout: PredictorLayout, pod: PodLayout) -> str:
    """Return the name of the pod's Deployment, HPA, PDB and ScaledObject."""
    own_name = get_str(get_mapping(pod.raw, "metadata"), "name") or "-".join(
        slot.name for slot in pod.slots
    )
    return build_component_name(
        layout.deployment.name,
        layout.predictor.name,
        pod.index,
        own_name,
        as_prefix=layout.options.deployment_name_as_prefix,
    )


def container_service_name(layout: PredictorLayout, slot: ContainerSlot) -> str:
    """Return the name of the slot's Service."""
    return build_container_service_name(layout.deployment.name, layout.predictor.name, slot.name)


def predictor_service_name(layout: PredictorLayout) -> str:
    """Return the name of the predictor's Service."""
    name = get_str(layout.annotations, SERVICE_NAME_ANNOTATION)
    # An empty one is a name to Seldon's operator, and to nobody else.
    if name or (layout.is_seldon and layout.annotations.get(SERVICE_NAME_ANNOTATION) == ""):
        return name
    return build_predictor_service_name(layout.deployment.name, layout.predictor.name)


def explainer_name(layout: PredictorLayout) -> str:
    """Return the name of the explainer's Deployment and Service."""
    return build_explainer_name(layout.deployment.name, layout.predictor.name)


def orchestrator_name(layout: PredictorLayout) -> str:
    """Return the name of the orchestrator's own Deployment."""
    return build_orchestrator_name(layout.deployment.name, layout.predictor.name)


def service_name_source(layout: PredictorLayout) -> Path:
    """Return what the name of the predictor's Service is made from."""
    path = layout.predictor.path
    if get_str(layout.annotations, SERVICE_NAME_ANNOTATION):
        return path / "annotations" / SERVICE_NAME_ANNOTATION
    return path / "name" if layout.predictor.name else path


def generated_names(
    deployment: SeldonDeployment, options: RenderOptions = DEFAULT_OPTIONS
) -> Iterator[GeneratedName]:
    """Yield the name of every object that `render` gives, in its order, colliding ones too."""
    for layout in layout_predictors(deployment, options):
        predictor = layout.predictor.path
        for pod in layout.pods:
            name = component_name(layout, pod)
            yield GeneratedName("Deployment", name, pod.path)
            if pod.autoscaler_field:
                yield GeneratedName(
                    AUTOSCALER_KINDS[pod.autoscaler_field], name, pod.path / pod.autoscaler_field
                )
            if pod.has_pdb:
                yield GeneratedName("PodDisruptionBudget", name, pod.path / "pdbSpec")
            for slot in pod.slots:
                if slot.has_service:
                    yield GeneratedName(
                        "Service", container_service_name(layout, slot), slot.path / "name"
                    )
        if layout.orchestrator_in_own_pod:
            yield GeneratedName("Deployment", orchestrator_name(layout), predictor)
        if layout.entrypoint is not None:
            yield GeneratedName(
                "Service", predictor_service_name(layout), service_name_source(layout)
            )
        if layout.explainer:
            yield GeneratedName("Deployment", explainer_name(layout), predictor / "explainer")
            yield GeneratedName("Service", explainer_name(layout), predictor / "explainer")
