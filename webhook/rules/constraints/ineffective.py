"""The rows on what Kubernetes takes with a warning, which only the operator that asks sees.

Source: GetWarningsForPodTemplate (pkg/api/pod/warnings.go).
"""

from collections.abc import Iterable, Mapping
from typing import Any

from webhook.graph.finding import Finding
from webhook.graph.model import get_mapping, get_str, iter_mappings
from webhook.graph.well_known import (
    KUBERNETES_PREFIX,
    OS_LABEL,
    SECCOMP_CONTAINER_ANNOTATION_PREFIX,
    SECCOMP_POD_ANNOTATION,
    TOLERATIONS_ANNOTATION,
)
from webhook.rules._format import name_container, quote_value
from webhook.rules.constraints.checks import (
    Check,
    ConstraintRule,
    Location,
    ValueCheck,
    components_below,
    row,
    rows,
)
from webhook.rules.constraints.scheduling import (
    LABEL_KEYS,
    NODE_AFFINITY,
    POD_AFFINITIES,
    PREFERRED,
    REQUIRED,
)

_NODE_LABELS = {
    "beta.kubernetes.io/arch": "kubernetes.io/arch",
    "beta.kubernetes.io/os": OS_LABEL,
    "beta.kubernetes.io/instance-type": "node.kubernetes.io/instance-type",
    "failure-domain.beta.kubernetes.io/region": "topology.kubernetes.io/region",
    "failure-domain.beta.kubernetes.io/zone": "topology.kubernetes.io/zone",
    "node-role.kubernetes.io/master": "node-role.kubernetes.io/control-plane",
}
"""Deprecated labels of nodes, and what replaced each (deprecatedNodeLabels)."""
_SYSCTLS = "securityContext.sysctls"
_SECCOMP_PROFILE = "securityContext.seccompProfile"
_LOCALHOST = "localhost/"
_PROFILE_TYPES = {
    "runtime/default": "RuntimeDefault",
    "docker/default": "RuntimeDefault",
    "unconfined": "Unconfined",
}
_ANNOTATIONS = {
    "scheduler.alpha.kubernetes.io/critical-pod": "priorityClassName",
    "scheduler.alpha.kubernetes.io/affinity": "affinity",
    TOLERATIONS_ANNOTATION: "tolerations",
    "security.alpha.kubernetes.io/sysctls": _SYSCTLS,
    "security.alpha.kubernetes.io/unsafe-sysctls": _SYSCTLS,
}
"""Annotations that were settings of pods, and the field that replaced each."""


def _check_node_labels(value: Any, location: Location) -> Iterable[Finding]:
    """Check the keys of a nodeSelector."""
    if type(value) is not dict:
        return
    for label in value:
        newer = _NODE_LABELS.get(label)
        if newer is not None:
            path = location.at(label)
            move = {"op": "move", "from": path.pointer, "path": location.at(newer).pointer}
            fix = () if newer in value else (move,)
            message = f"node label {quote_value(label)} is deprecated"
            yield Finding(path, message, f"use {newer}", fix, at_key=True)  # type: ignore[arg-type]


def _report_node_label(value: str, location: Location) -> Iterable[Finding]:
    path, newer = location.at(), _NODE_LABELS[value]
    message = f"node label {quote_value(value)} is deprecated"
    fix = ({"op": "replace", "path": path.pointer, "value": newer},)
    return (Finding(path, message, f"use {newer}", fix),)  # type: ignore[arg-type]


_check_node_label = ValueCheck(
    lambda value: type(value) is not str or value not in _NODE_LABELS, _report_node_label
)


def _check_annotations(holder: str) -> Check:
    def check(value: Any, location: Location) -> Iterable[Finding]:
        if type(value) is not dict:
            return
        for key, text in value.items():
            if KUBERNETES_PREFIX in key and (hint := _remedy(key, text, holder, location)):
                message = f"Kubernetes no longer reads the annotation {key}"
                yield Finding(location.at(key), message, hint, at_key=True)

    return check


def _remedy(key: str, text: Any, holder: str, location: Location) -> str:
    """Return what to set in place of an annotation; "" if it is read, or the field is set.

    "" also for a profile that is none, of which malformed-kubernetes-annotation speaks.
    """
    if key in _ANNOTATIONS:
        return f"use {_ANNOTATIONS[key]}"
    components = components_below(location.subject, holder)
    if key == SECCOMP_POD_ANNOTATION:
        have = all(_has_profile(component.pod) for component in components)
        return "" if have else _set_profile(text, "")
    if key.startswith(SECCOMP_CONTAINER_ANNOTATION_PREFIX):
        name = key.removeprefix(SECCOMP_CONTAINER_ANNOTATION_PREFIX)
        named = [
            container.raw
            for component in components
            for container in component.all_containers
            if container.name == name
        ]
        have = all(map(_has_profile, named))
        return "" if have else _set_profile(text, f" of {name_container(name)}")
    return ""


def _set_profile(annotation: Any, owner: str) -> str:
    """Return how to set the profile that a seccomp annotation asks for; "": it asks for none."""
    if type(annotation) is not str:
        return ""
    local = annotation.removeprefix(_LOCALHOST)
    if local != annotation:
        profile = f"{{type: Localhost, localhostProfile: {quote_value(local)}}}"
    elif annotation in _PROFILE_TYPES:
        profile = f"{{type: {_PROFILE_TYPES[annotation]}}}"
    else:
        return ""
    return f"set {_SECCOMP_PROFILE}{owner} to {profile}"


def _has_profile(owner: Mapping[str, Any]) -> bool:
    """Return whether a pod or a container has a seccomp profile of its own."""
    return bool(get_mapping(owner, "securityContext").get("seccompProfile"))


def _check_selector(value: Any, location: Location) -> Iterable[Finding]:
    if type(value) is not dict or value.get("labelSelector") is not None:
        return ()
    if any(value.get(keys) for keys in LABEL_KEYS):
        return ()  # which the API server refuses
    message = "without labelSelector it matches no pod, and has no effect"
    return (Finding(location.at("labelSelector"), message, "add one; {} matches every pod"),)


def _check_host_ip(value: Any, location: Location) -> Iterable[Finding]:
    if type(value) is not dict or not get_str(value, "hostIP") or value.get("hostPort"):
        return ()
    return (Finding(location.at("hostIP"), "hostIP has no effect without hostPort"),)


def _check_pull_secrets(value: Any, location: Location) -> Iterable[Finding]:
    for index, secret in iter_mappings({"": value}, ""):
        if secret.get("name") in (None, ""):
            path = location.at(index, "name")
            yield Finding(path, "an imagePullSecret without a name has no effect", "name a Secret")


def _check_grace_period(value: Any, location: Location) -> Iterable[Finding]:
    if type(value) is not int or value >= 0:
        return ()
    message = f"terminationGracePeriodSeconds {value} is treated as 1"
    return (Finding(location.at(), message, "use 0 or more"),)


_POD_TERMS = tuple(
    f"{kind}.{place}"
    for kind in POD_AFFINITIES
    for place in (f"{REQUIRED}[]", f"{PREFERRED}[].podAffinityTerm")
)

RULES = (
    ConstraintRule(
        "obsolete-node-label",
        """Obsolete label of nodes

    Why: Kubernetes renamed some labels of nodes. The old ones are deprecated, and a new node or
    cluster may not have them: its pods are never scheduled, or are not spread.

    Fix: Use the new label.

    Bad:
        nodeSelector:
          beta.kubernetes.io/arch: amd64

    Good:
        nodeSelector:
          kubernetes.io/arch: amd64
    """,
        (
            row("pod", "nodeSelector", _check_node_labels),
            *rows(
                "pod",
                (
                    f"{NODE_AFFINITY}.{REQUIRED}.nodeSelectorTerms[].matchExpressions[].key",
                    f"{NODE_AFFINITY}.{PREFERRED}[].preference.matchExpressions[].key",
                    "topologySpreadConstraints[].topologyKey",
                    *(f"{term}.topologyKey" for term in _POD_TERMS),
                ),
                _check_node_label,
            ),
        ),
        action="warn",
    ),
    ConstraintRule(
        "obsolete-pod-annotation",
        """Obsolete annotation of pods

    Why: some settings of pods were annotations before they were fields. Kubernetes no longer reads
    them: a pod that is annotated as critical has no priority, and one with a seccomp annotation
    has no seccomp profile (since 1.27). The annotations of AppArmor are deprecated since 1.30, and
    still read in 1.37.

    Fix: Set the field that replaced the annotation.

    Bad:
        componentSpecs:
        - metadata:
            annotations:
              seccomp.security.alpha.kubernetes.io/pod: runtime/default
          spec:
            containers:
            - name: classifier

    Good:
        componentSpecs:
        - spec:
            securityContext:
              seccompProfile:
                type: RuntimeDefault
            containers:
            - name: classifier
    """,
        (
            row("deployment", "annotations", _check_annotations("deployment")),
            row("predictor", "annotations", _check_annotations("predictor")),
            row("component", "metadata.annotations", _check_annotations("component")),
        ),
        action="warn",
    ),
    ConstraintRule(
        "selector-of-no-pod",
        """Constraint that counts no pod

    Why: affinity and topology spread constraints count the pods that their labelSelector selects.
    Without a labelSelector they count none, and have no effect: pods that must not share a node
    do.

    Fix: Add a labelSelector with a label of the pods. An empty one selects every pod.

    Bad:
        topologySpreadConstraints:
        - maxSkew: 1
          topologyKey: topology.kubernetes.io/zone
          whenUnsatisfiable: DoNotSchedule

    Good:
        topologySpreadConstraints:
        - maxSkew: 1
          topologyKey: topology.kubernetes.io/zone
          whenUnsatisfiable: DoNotSchedule
          labelSelector:
            matchLabels:
              seldon-deployment-id: iris
    """,
        (
            row("pod", "topologySpreadConstraints[]", _check_selector),
            *rows("pod", _POD_TERMS[1:], _check_selector),
        ),
        action="warn",
    ),
    ConstraintRule(
        "ineffective-pod-setting",
        """Setting without effect

    Why: Kubernetes accepts some settings, and ignores them or uses another value: a hostIP without
    a hostPort, an imagePullSecret without a name, and a negative terminationGracePeriodSeconds,
    which is treated as 1.

    Fix: Complete the setting, or remove it.

    Bad:
        ports:
        - containerPort: 9000
          hostIP: 127.0.0.1

    Good:
        ports:
        - containerPort: 9000
          hostPort: 9000
          hostIP: 127.0.0.1
    """,
        (
            row("container", "ports[]", _check_host_ip),
            row("pod", "imagePullSecrets", _check_pull_secrets),
            row("pod", "terminationGracePeriodSeconds", _check_grace_period),
        ),
        action="warn",
    ),
)
