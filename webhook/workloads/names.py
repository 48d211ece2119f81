"""Every derived name. Belongs here: names of objects, label values, and their hashing.

The names are Seldon Core v1's, letter for letter (seldondeployment_types.go), so that objects,
dashboards and Services made by either find each other. They are pure text: a name that Kubernetes
refuses comes out as refused, and a rule says so.
"""

import hashlib
from collections.abc import Iterator
from typing import NamedTuple

from webhook.graph.model import Deployment, mapping, text
from webhook.graph.path import Path
from webhook.workloads.options import DEFAULT, Options
from webhook.workloads.placement import Placement, Pod, Slot, place

LONGEST = 63
"""The most characters of a label value and of a Service's name; Seldon keeps all names to it."""

CUT = LONGEST - len("seldon-app-svc-")
"""The most characters of the name of a container that serves a node."""

SERVICE_NAME = "seldon.io/svc-name"
"""Annotation of a predictor: the name of its Service, used as written."""

SCALERS = {"kedaSpec": "ScaledObject", "hpaSpec": "HorizontalPodAutoscaler"}
"""The kind of object that a componentSpec's field stands for."""


class Generated(NamedTuple):
    """The name of an object that a SeldonDeployment stands for, and what it is made from."""

    kind: str
    name: str
    origin: Path


def shorten(name: str, prefix: str = "seldon") -> str:
    """Return `name`, or "PREFIX-" and its md5 (32 hex digits) where it has over 63 characters."""
    if len(name.encode("utf-8", "surrogatepass")) <= LONGEST:
        return name
    digest = hashlib.md5(name.encode("utf-8", "surrogatepass"), usedforsecurity=False)
    hashed = f"{prefix}-{digest.hexdigest()}"
    return hashed if len(hashed) <= LONGEST else f"seldon-{digest.hexdigest()}"


def identity(sdep: str) -> str:
    """Return the value of the label seldon-deployment-id."""
    return shorten(sdep)


def component(sdep: str, predictor: str, index: int, own: str, *, as_prefix: bool = False) -> str:
    """Return the name of a component's Deployment, HPA, PDB and ScaledObject.

    `own` is the name in the component's metadata, or its containers' names joined by "-".
    """
    prefix = sdep if as_prefix else "seldon"
    return shorten(f"{sdep}-{predictor}-{index}-{own}", prefix)


def predictor_service(sdep: str, predictor: str) -> str:
    """Return the name of a predictor's Service that has none by annotation."""
    return shorten(f"{sdep}-{predictor}")


def container_service(sdep: str, predictor: str, container: str) -> str:
    """Return the name of the Service of one node's container."""
    return shorten(f"{sdep}-{predictor}-{container}")


def explainer(sdep: str, predictor: str) -> str:
    """Return the name of an explainer's Deployment and Service."""
    return shorten(f"{sdep}-{predictor}-explainer")


def orchestrator(sdep: str, predictor: str) -> str:
    """Return the name of the Deployment of an orchestrator that has a pod of its own."""
    return shorten(f"{sdep}-{predictor}-svc-orch")


def initializer(container: str) -> str:
    """Return the name of the init container that fetches a container's model."""
    return _cut(container, "model-initializer")


def model_volume(container: str) -> str:
    """Return the name of the volume that the fetched model lies in."""
    return _cut(container, "provision-location")


def claim_volume(container: str) -> str:
    """Return the name of the volume of a second claim in one pod (Seldon names all alike)."""
    return _cut(container, "pvc-source")


def _cut(container: str, suffix: str) -> str:
    """Return a name inside a pod: cut at 63 characters, as Seldon does, or hashed.

    A node's container has at most 48 characters (a label's key holds its name), of which a cut
    keeps all. Others, an explainer's for one, would lose the suffix and with it the difference
    from the container's own name; Kubernetes refuses such a pod.
    """
    name = f"{container}-{suffix}"
    return name[:LONGEST].removesuffix("-") if len(container) <= CUT else shorten(name)


def of_pod(placement: Placement, pod: Pod) -> str:
    """Return the name of the pod's Deployment, HPA, PDB and ScaledObject."""
    own = text(mapping(pod.raw, "metadata"), "name") or "-".join(slot.name for slot in pod.slots)
    return component(
        placement.deployment.name,
        placement.predictor.name,
        pod.index,
        own,
        as_prefix=placement.options.deployment_name_as_prefix,
    )


def of_slot(placement: Placement, slot: Slot) -> str:
    """Return the name of the slot's Service."""
    return container_service(placement.deployment.name, placement.predictor.name, slot.name)


def of_service(placement: Placement) -> str:
    """Return the name of the predictor's Service."""
    return text(placement.annotations, SERVICE_NAME) or predictor_service(
        placement.deployment.name, placement.predictor.name
    )


def of_explainer(placement: Placement) -> str:
    """Return the name of the explainer's Deployment and Service."""
    return explainer(placement.deployment.name, placement.predictor.name)


def of_orchestrator(placement: Placement) -> str:
    """Return the name of the orchestrator's own Deployment."""
    return orchestrator(placement.deployment.name, placement.predictor.name)


def service_origin(placement: Placement) -> Path:
    """Return what the name of the predictor's Service is made from."""
    path = placement.predictor.path
    if text(placement.annotations, SERVICE_NAME):
        return path / "annotations" / SERVICE_NAME
    return path / "name" if placement.predictor.name else path


def generated(deployment: Deployment, options: Options = DEFAULT) -> Iterator[Generated]:
    """Yield the name of every object that `render` gives, in its order, colliding ones too."""
    for placement in place(deployment, options):
        predictor = placement.predictor.path
        for pod in placement.pods:
            name = of_pod(placement, pod)
            yield Generated("Deployment", name, pod.path)
            if pod.scaler:
                yield Generated(SCALERS[pod.scaler], name, pod.path / pod.scaler)
            if pod.has_budget:
                yield Generated("PodDisruptionBudget", name, pod.path / "pdbSpec")
            for slot in pod.slots:
                if slot.has_service:
                    yield Generated("Service", of_slot(placement, slot), slot.path / "name")
        if placement.engine_apart:
            yield Generated("Deployment", of_orchestrator(placement), predictor)
        if placement.front is not None:
            yield Generated("Service", of_service(placement), service_origin(placement))
        if placement.explainer:
            yield Generated("Deployment", of_explainer(placement), predictor / "explainer")
            yield Generated("Service", of_explainer(placement), predictor / "explainer")
