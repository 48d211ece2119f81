"""Seccomp annotation that contradicts the field

Why: the old seccomp annotations of pods and containers have no effect, but the API server compares
them with securityContext.seccompProfile and refuses a Deployment in which they differ. An
annotation of spec or predictor is on every pod, also that of the orchestrator.

Fix: Remove the annotation, and set seccompProfile.

Bad:
    componentSpecs:
    - metadata:
        annotations:
          container.seccomp.security.alpha.kubernetes.io/classifier: unconfined
      spec:
        containers:
        - name: classifier
          securityContext:
            seccompProfile:
              type: RuntimeDefault

Good:
    componentSpecs:
    - spec:
        containers:
        - name: classifier
          securityContext:
            seccompProfile:
              type: RuntimeDefault
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from webhook.graph.cluster_facts import Facts
from webhook.graph.finding import Finding
from webhook.graph.model import SeldonDeployment, get_mapping, get_str, iter_mappings
from webhook.graph.path import Path
from webhook.graph.well_known import SECCOMP_CONTAINER_ANNOTATION_PREFIX, SECCOMP_POD_ANNOTATION
from webhook.rules._format import quote_value
from webhook.rules._rendered import render_objects

ACTION = "deny"
SINCE = "0.1.0"
WORDS = frozenset({"deployment.annotations", "metadata.annotations"})

_LOCALHOST_PREFIX = "localhost/"
_SECCOMP_KEY = re.compile(
    f"{re.escape(SECCOMP_CONTAINER_ANNOTATION_PREFIX)}|{re.escape(SECCOMP_POD_ANNOTATION)}\\Z"
).match
_ANNOTATED = {
    "Unconfined": ("unconfined",),
    "RuntimeDefault": ("runtime/default", "docker/default"),
}
"""By the type of a profile: the annotations that mean the same."""


def check(deployment: SeldonDeployment, facts: Facts) -> Iterator[Finding]:
    """Yield each annotation once (source: validateSeccompAnnotationsAndFields)."""
    if not any(map(_SECCOMP_KEY, deployment.pod_annotation_keys)):
        return
    reported: set[Path] = set()
    for rendered in render_objects(deployment, facts):
        if rendered.kind != "Deployment":
            continue
        template = rendered.object["spec"]["template"]
        annotations = get_mapping(template["metadata"], "annotations")
        for key, profile, where in _profiles(template["spec"]):
            text = annotations.get(key)
            if type(text) is not str or _means(text, profile):
                continue
            path = rendered.trace(("spec", "template", "metadata", "annotations", key))
            if path not in reported:
                reported.add(path)
                shown = get_str(profile, "type")
                message = f"{quote_value(text)} contradicts the seccompProfile {shown} of {where}"
                yield Finding(path, message, "remove the annotation")


def _profiles(spec: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any], str]]:
    """Yield each profile of a pod, with the annotation about the same and whose it is."""
    profile = get_mapping(get_mapping(spec, "securityContext"), "seccompProfile")
    if profile:
        yield SECCOMP_POD_ANNOTATION, profile, "the pod"
    for field in ("initContainers", "containers"):
        for _, container in iter_mappings(spec, field):
            profile = get_mapping(get_mapping(container, "securityContext"), "seccompProfile")
            if profile:
                name = get_str(container, "name")
                key = f"{SECCOMP_CONTAINER_ANNOTATION_PREFIX}{name}"
                yield key, profile, f"container {quote_value(name)}"


def _means(annotation: str, profile: Mapping[str, Any]) -> bool:
    kind = get_str(profile, "type")
    if kind == "Localhost":
        return annotation == f"{_LOCALHOST_PREFIX}{get_str(profile, 'localhostProfile')}"
    return annotation in _ANNOTATED.get(kind, (annotation,))
