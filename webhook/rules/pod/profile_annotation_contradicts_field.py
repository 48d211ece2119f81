"""Profile annotation that contradicts the field

Why: the old seccomp and AppArmor annotations of pods and containers have no effect beside
securityContext.seccompProfile and appArmorProfile, but the API server compares them and refuses a
Deployment in which they differ. An annotation of spec or predictor is on every pod, also that of
the orchestrator.

Fix: Remove the annotation, and set the field.

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
from typing import Any, NamedTuple

from webhook.graph.cluster_facts import Facts
from webhook.graph.finding import Finding
from webhook.graph.model import SeldonDeployment, get_mapping, get_str, iter_mappings
from webhook.graph.path import Path
from webhook.graph.well_known import (
    APPARMOR_ANNOTATION_PREFIX,
    SECCOMP_CONTAINER_ANNOTATION_PREFIX,
    SECCOMP_POD_ANNOTATION,
)
from webhook.rules._format import quote_value
from webhook.rules._rendered import rendered_pods

ACTION = "deny"
SINCE = "0.1.0"
WORDS = frozenset({"deployment.annotations", "metadata.annotations"})

_LOCALHOST_PREFIX = "localhost/"
_PROFILE_KEY = re.compile(
    f"{re.escape(SECCOMP_CONTAINER_ANNOTATION_PREFIX)}|{re.escape(SECCOMP_POD_ANNOTATION)}\\Z"
    f"|{re.escape(APPARMOR_ANNOTATION_PREFIX)}"
).match
_SECCOMP, _APPARMOR = "seccompProfile", "appArmorProfile"
_ANNOTATED: Mapping[str, Mapping[str, tuple[str, ...]]] = {
    _SECCOMP: {
        "Unconfined": ("unconfined",),
        "RuntimeDefault": ("runtime/default", "docker/default"),
    },
    _APPARMOR: {"Unconfined": ("unconfined",), "RuntimeDefault": ("runtime/default",)},
}
"""By the field and the type of a profile: the annotations that mean the same."""


class _Profile(NamedTuple):
    """A profile of a pod or container: its field, its value, and whose it is."""

    field: str
    value: Mapping[str, Any]
    owner: str


def check(deployment: SeldonDeployment, facts: Facts) -> Iterator[Finding]:
    """Yield each annotation once.

    Source: validateSeccompAnnotationsAndFields, validateAppArmorAnnotationsAndFieldsMatchOnCreate.
    """
    if not any(map(_PROFILE_KEY, deployment.pod_annotation_keys)):
        return
    reported: set[Path] = set()
    for rendered, template in rendered_pods(deployment, facts):
        annotations = get_mapping(template["metadata"], "annotations")
        for key, profile in _profiles(template["spec"]):
            text = annotations.get(key)
            if type(text) is not str or _means(text, profile):
                continue
            path = rendered.trace(("spec", "template", "metadata", "annotations", key))
            if path not in reported:
                reported.add(path)
                shown = f"{profile.field} {get_str(profile.value, 'type')}"
                message = f"{quote_value(text)} contradicts the {shown} of {profile.owner}"
                yield Finding(path, message, "remove the annotation")


def _profiles(spec: Mapping[str, Any]) -> Iterator[tuple[str, _Profile]]:
    """Yield each profile of a pod, with the annotation about the same.

    A container without an AppArmor profile has the pod's. A Windows pod has neither.
    """
    context = get_mapping(spec, "securityContext")
    if profile := get_mapping(context, _SECCOMP):
        yield SECCOMP_POD_ANNOTATION, _Profile(_SECCOMP, profile, "the pod")
    reads_apparmor = get_mapping(spec, "os").get("name") != "windows"
    for list_field in ("initContainers", "containers"):
        for _, container in iter_mappings(spec, list_field):
            name = get_str(container, "name")
            owner = f"container {quote_value(name)}"
            own = get_mapping(container, "securityContext")
            if profile := get_mapping(own, _SECCOMP):
                key = f"{SECCOMP_CONTAINER_ANNOTATION_PREFIX}{name}"
                yield key, _Profile(_SECCOMP, profile, owner)
            profile = get_mapping(own, _APPARMOR) or get_mapping(context, _APPARMOR)
            if profile and reads_apparmor:
                key = f"{APPARMOR_ANNOTATION_PREFIX}{name}"
                yield key, _Profile(_APPARMOR, profile, owner)


def _means(annotation: str, profile: _Profile) -> bool:
    kind = get_str(profile.value, "type")
    if kind == "Localhost":
        return annotation == f"{_LOCALHOST_PREFIX}{get_str(profile.value, 'localhostProfile')}"
    return annotation in _ANNOTATED[profile.field].get(kind, (annotation,))
