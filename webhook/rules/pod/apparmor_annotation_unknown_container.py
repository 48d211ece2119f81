"""AppArmor annotation for an unknown container

Why: annotations of spec and of a predictor are copied to all of its pods. An AppArmor annotation is
for one container, and the API server refuses a Deployment whose pods do not have it.

Fix: Move it to the metadata of the componentSpec with the container, or set the container's
securityContext.appArmorProfile instead.

Bad:
    predictors:
    - name: main
      annotations:
        container.apparmor.security.beta.kubernetes.io/classifier: runtime/default

Good:
    componentSpecs:
    - metadata:
        annotations:
          container.apparmor.security.beta.kubernetes.io/classifier: runtime/default
"""

from collections.abc import Iterator, Mapping
from typing import Any

from webhook.graph.finding import Finding
from webhook.graph.model import Predictor, SeldonDeployment, get_mapping
from webhook.graph.path import ROOT, Path
from webhook.graph.well_known import APPARMOR_ANNOTATION_PREFIX
from webhook.rules._format import quote_value

ACTION = "deny"
SINCE = "0.1.0"
FIELDS = frozenset({"annotations"})

_PROFILES = ("", "runtime/default", "unconfined")
_LOCALHOST_PREFIX = "localhost/"


def check(deployment: SeldonDeployment) -> Iterator[Finding]:
    """Yield each such annotation (source: ValidateAppArmorPodAnnotations)."""
    spec_annotations = get_mapping(deployment.spec, "annotations")
    item_path = ROOT / "spec" / "annotations"
    yield from _check_annotations(spec_annotations, item_path, deployment.predictors)
    for predictor in deployment.predictors:
        predictor_annotations = get_mapping(predictor.raw, "annotations")
        yield from _check_annotations(
            predictor_annotations, predictor.path / "annotations", (predictor,)
        )


def _check_annotations(
    annotations: Mapping[str, Any], path: Path, predictors: tuple[Predictor, ...]
) -> Iterator[Finding]:
    for key in annotations:
        if not key.startswith(APPARMOR_ANNOTATION_PREFIX):
            continue
        name, profile = key.removeprefix(APPARMOR_ANNOTATION_PREFIX), annotations[key]
        is_known = (
            type(profile) is not str
            or profile in _PROFILES
            or profile.startswith(_LOCALHOST_PREFIX)
        )
        if not is_known:
            yield Finding(path / key, f"invalid AppArmor profile {quote_value(profile)}")
        for predictor in predictors:
            if any(name not in containers for containers in _pod_container_names(predictor)):
                message = f"no container named {quote_value(name)} in a pod of predictor"
                yield Finding(path / key, f"{message} {quote_value(predictor.name)}")
                break


def _pod_container_names(predictor: Predictor) -> Iterator[set[str]]:
    """Yield the container names of each pod, including those of model servers."""
    servers = {node.name for node in predictor.nodes if node.has_builtin_implementation}
    for component in predictor.components:
        if not component.containers:
            continue  # no pod is created from it
        containers = (*component.containers, *component.init_containers)
        yield {container.name for container in containers} | servers
    if not predictor.components:
        yield servers
    if get_mapping(predictor.raw, "explainer").get("type"):
        yield set()
