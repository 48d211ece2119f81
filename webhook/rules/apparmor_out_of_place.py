"""An AppArmor annotation names a container that a pod has not

Why: annotations of the object's spec and of its predictors are written on all of their pods. One
for AppArmor is for one container, and the API server refuses a Deployment whose pods have no
container of that name.

Fix: Move it to the metadata of the componentSpec with the container, or write the container's
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
from webhook.graph.model import Deployment, Predictor, mapping
from webhook.graph.path import ROOT, Path
from webhook.rules._text import quoted

ACTION = "deny"
SINCE = "0.1.0"
NEEDS = frozenset({"annotations"})

_PROFILES = ("", "runtime/default", "unconfined")
_LOCAL = "localhost/"
_PREFIX = "container.apparmor.security.beta.kubernetes.io/"


def check(deployment: Deployment) -> Iterator[Finding]:
    """Yield each such annotation (source: ValidateAppArmorPodAnnotations)."""
    of_all = mapping(deployment.spec, "annotations")
    where = ROOT / "spec" / "annotations"
    yield from _judge(of_all, where, deployment.predictors)
    for predictor in deployment.predictors:
        own = mapping(predictor.raw, "annotations")
        yield from _judge(own, predictor.path / "annotations", (predictor,))


def _judge(
    annotations: Mapping[str, Any], path: Path, predictors: tuple[Predictor, ...]
) -> Iterator[Finding]:
    for key in annotations:
        if not key.startswith(_PREFIX):
            continue
        name, profile = key.removeprefix(_PREFIX), annotations[key]
        known = type(profile) is not str or profile in _PROFILES or profile.startswith(_LOCAL)
        if not known:
            yield Finding(path / key, f"{quoted(profile)} is no AppArmor profile")
        for predictor in predictors:
            if any(name not in containers for containers in _pods(predictor)):
                fact = f"a pod of the predictor {quoted(predictor.name)} has no container"
                yield Finding(path / key, f"{fact} {quoted(name)}")
                break


def _pods(predictor: Predictor) -> Iterator[set[str]]:
    """Yield the names of the containers of each pod, those that a server brings included."""
    servers = {node.name for node in predictor.nodes if node.has_server}
    for component in predictor.components:
        if not component.containers:
            continue  # no pod is made of it
        containers = (*component.containers, *component.init_containers)
        yield {container.name for container in containers} | servers
    if not predictor.components:
        yield servers
    if mapping(predictor.raw, "explainer").get("type"):
        yield set()
