"""Annotations too large

Why: the annotations of an object have at most 256 KiB, keys and values together. This holds for the
SeldonDeployment and for its Deployments and pods, which get the annotations of spec, of their
predictor and of their componentSpec. The API server refuses larger ones. Kubernetes makes a
ReplicaSet of each Deployment with three annotations of its own beside these, which are counted: a
Deployment without room for them is taken, and never gets a pod.

Fix: Move large values into a ConfigMap.

Bad:
    predictors:
    - name: main
      annotations:
        training-data: … 300 KiB …

Good:
    predictors:
    - name: main
      annotations:
        training-data: configmap/iris-training-data
"""

from collections.abc import Iterator, Mapping
from typing import Any

from webhook.graph.finding import Finding
from webhook.graph.k8s_syntax import MAX_ANNOTATIONS_SIZE, count_bytes
from webhook.graph.model import SeldonDeployment, get_mapping
from webhook.graph.path import ROOT
from webhook.graph.well_known import REVISION_ANNOTATION

ACTION = "deny"
SINCE = "0.1.0"
FIELDS = frozenset({"annotations", "metadata"})

_INJECTED = {
    "deployment.kubernetes.io/desired-replicas": "1",
    "deployment.kubernetes.io/max-replicas": "2",
    REVISION_ANNOTATION: "1",
}
"""What each ReplicaSet has at least, beside the annotations of its Deployment (SetNewReplicaSet-
Annotations, SetReplicasAnnotations). It is more than what pods have that are scraped."""

_Layers = tuple[Mapping[str, Any], ...]


def check(deployment: SeldonDeployment) -> Iterator[Finding]:
    """Yield each object whose annotations are too large (source: ValidateAnnotationsSize)."""
    own = get_mapping(get_mapping(deployment.raw, "metadata"), "annotations")
    if (size := _added_size(own, ())) > MAX_ANNOTATIONS_SIZE:
        yield Finding(ROOT / "metadata" / "annotations", _message("the object", size))
    of_spec: _Layers = (get_mapping(deployment.spec, "annotations"), _INJECTED)
    spec_size = _added_size(_INJECTED, ()) + _added_size(of_spec[0], of_spec[1:])
    if spec_size > MAX_ANNOTATIONS_SIZE:
        yield Finding(ROOT / "spec" / "annotations", _message("the pods", spec_size))
        return
    for predictor in deployment.predictors:
        of_predictor: _Layers = (get_mapping(predictor.raw, "annotations"), *of_spec)
        predictor_size = spec_size + _added_size(of_predictor[0], of_predictor[1:])
        if predictor_size > MAX_ANNOTATIONS_SIZE:
            message = _message("the predictor's pods", predictor_size)
            yield Finding(predictor.path / "annotations", message)
            continue
        for component in predictor.components:
            metadata = get_mapping(component.raw, "metadata")
            size = predictor_size + _added_size(get_mapping(metadata, "annotations"), of_predictor)
            if size > MAX_ANNOTATIONS_SIZE:
                path = component.path.join(("metadata", "annotations"))
                yield Finding(path, _message("the pods", size))


def _added_size(annotations: Mapping[str, Any], below: _Layers) -> int:
    """Return by how many bytes the annotations enlarge those that they are merged into."""
    size = 0
    for key, value in annotations.items():
        if type(value) is str:
            replaced = next((v for layer in below if type(v := layer.get(key)) is str), None)
            size += count_bytes(value) + count_bytes(key)
            if replaced is not None:
                size -= count_bytes(replaced) + count_bytes(key)
    return size


def _message(owner: str, size: int) -> str:
    return f"annotations of {owner}: {MAX_ANNOTATIONS_SIZE} bytes (256 KiB) at most, has {size}"
