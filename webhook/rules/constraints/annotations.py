"""The rows on annotations of pods that Kubernetes reads: they are settings, not free text."""

import re
from collections.abc import Iterable
from typing import Any

import orjson

from webhook.graph.finding import Finding
from webhook.graph.k8s_syntax import is_label_value, is_qualified_name
from webhook.graph.text import join_words
from webhook.graph.well_known import (
    APPARMOR_ANNOTATION_PREFIX,
    KUBERNETES_PREFIX,
    SECCOMP_CONTAINER_ANNOTATION_PREFIX,
    SECCOMP_POD_ANNOTATION,
    TOLERATIONS_ANNOTATION,
)
from webhook.rules._format import quote_value
from webhook.rules.constraints.checks import (
    ConstraintRule,
    Location,
    row,
)
from webhook.rules.constraints.formats import RELATIVE_PATH

_DELETION_COST = "controller.kubernetes.io/pod-deletion-cost"
_SOURCE_RANGES = "service.beta.kubernetes.io/load-balancer-source-ranges"
_TOPOLOGIES = (
    "service.kubernetes.io/topology-mode",
    "service.kubernetes.io/topology-aware-hints",
)
_MIRROR = "kubernetes.io/config.mirror"
_TAINT_EFFECTS = ("NoSchedule", "PreferNoSchedule", "NoExecute")
_LOCALHOST = "localhost/"
_SECCOMP_PROFILES = ("runtime/default", "docker/default", "unconfined")
_APPARMOR_PROFILES = ("runtime/default", "unconfined")
_DECIMAL = re.compile(r"(?:0|[1-9][0-9]*|-[0-9]+)\Z")
_MAX_INT32 = 2**31 - 1
_MAX_INT32_DIGITS = 10


def _explain_deletion_cost(value: str) -> str:
    # Go's ParseInt, and no leading "+" or zeros (validFirstDigit).
    is_short = len(value.lstrip("-0")) <= _MAX_INT32_DIGITS
    if _DECIMAL.match(value) and is_short and -_MAX_INT32 - 1 <= int(value) <= _MAX_INT32:
        return ""
    return "a 32-bit integer is expected"


def _explain_tolerations(value: str) -> str:
    if value == "":
        return ""
    try:
        tolerations = orjson.loads(value)
    except orjson.JSONDecodeError:
        return "a JSON list of tolerations is expected"
    if tolerations is None or (type(tolerations) is list and all(map(_is_toleration, tolerations))):
        return ""
    return "a JSON list of valid tolerations is expected"


def _is_toleration(value: Any) -> bool:
    """Return whether a toleration in an annotation is valid (source: ValidateTolerations)."""
    if type(value) is not dict:
        return False
    # The API server reads the names of the fields in any case.
    fields = {name.lower(): content for name, content in value.items() if content is not None}
    texts = [fields.get(name, "") for name in ("key", "operator", "value", "effect")]
    if any(type(text) is not str for text in texts):
        return False
    key, operator, compared, effect = texts
    if operator == "Exists":
        if compared:
            return False
    elif not key or operator not in ("", "Equal") or not is_label_value(compared):
        return False
    seconds = fields.get("tolerationseconds")
    return (
        (not key or is_qualified_name(key))
        and effect in ("", *_TAINT_EFFECTS)
        and (seconds is None or (_is_int64(seconds) and effect == "NoExecute"))
    )


def _is_int64(value: Any) -> bool:
    return type(value) is int and -(2**63) <= value < 2**63


def _explain_seccomp(value: str) -> str:
    if value in _SECCOMP_PROFILES:
        return ""
    if not value.startswith(_LOCALHOST):
        return f"allowed: {', '.join(_SECCOMP_PROFILES)}, {_LOCALHOST}<path>"
    path = value.removeprefix(_LOCALHOST)
    return "" if RELATIVE_PATH.accepts(path) else RELATIVE_PATH.explain(path)


def _explain_apparmor(value: str) -> str:
    """Return what is wrong with an AppArmor profile; "" is one.

    Source: ValidateAppArmorProfileFormat; the kubelet's Validate (pkg/security/apparmor, v1.37.2)
    refuses a name that is blank.
    """
    if value in ("", *_APPARMOR_PROFILES):
        return ""
    if value.startswith(_LOCALHOST) and value.removeprefix(_LOCALHOST).strip():
        return ""
    return f"allowed: {', '.join(_APPARMOR_PROFILES)}, {_LOCALHOST}<name>"


def _explain(key: str, value: str) -> str:
    """Return what is wrong with an annotation's value; "" if nothing is."""
    if key == _DELETION_COST:
        return _explain_deletion_cost(value)
    if key == TOLERATIONS_ANNOTATION:
        return _explain_tolerations(value)
    if key == SECCOMP_POD_ANNOTATION or key.startswith(SECCOMP_CONTAINER_ANNOTATION_PREFIX):
        return _explain_seccomp(value)
    if key.startswith(APPARMOR_ANNOTATION_PREFIX):
        return _explain_apparmor(value)
    return ""


def _check_annotations(value: Any, location: Location) -> Iterable[Finding]:
    if type(value) is not dict:
        return ()
    return [
        Finding(
            location.at(key), f"invalid value {quote_value(text)} of annotation {key}: {reason}"
        )
        for key, text in value.items()
        if KUBERNETES_PREFIX in key and type(text) is str and (reason := _explain(key, text))
    ]


def _check_service(value: Any, location: Location) -> Iterable[Finding]:
    """Check the annotations of Services, which are a predictor's (source: ValidateService)."""
    if type(value) is not dict:
        return
    if type(value.get(_SOURCE_RANGES)) is str:
        message = f"annotation {_SOURCE_RANGES} is for Services of type LoadBalancer only"
        yield Finding(location.at(_SOURCE_RANGES), message, "remove it")
    mode, hints = (value.get(key) for key in _TOPOLOGIES)
    if type(mode) is str and type(hints) is str and mode != hints:
        message = f"annotations {join_words(_TOPOLOGIES)} differ"
        yield Finding(location.at(_TOPOLOGIES[0]), message, f"remove {_TOPOLOGIES[1]}")


def _check_mirror(value: Any, location: Location) -> Iterable[Finding]:
    """Report a pod that claims to mirror a static one.

    Without nodeName the API server refuses it, with a serviceAccountName it refuses its pods, and a
    kubelet deletes it (deleteOrphanedMirrorPods, HandlePodAdditions).
    """
    if type(value) is not dict or value.get(_MIRROR) is None:
        return ()
    message = f"annotation {_MIRROR} is for copies of static pods: kubelets delete other pods"
    return (Finding(location.at(_MIRROR), message, "remove it", at_key=True),)


RULES = (
    ConstraintRule(
        "malformed-kubernetes-annotation",
        """Invalid value of an annotation that Kubernetes reads

    Why: some annotations of pods are settings: pod-deletion-cost is an integer, those of seccomp
    and AppArmor name a profile, and the tolerations annotation holds JSON. config.mirror is for
    copies of static pods; kubelets delete other pods that have it. Annotations of spec, predictor
    and componentSpec are put on the pods, and the API server refuses a Deployment in which one of
    these has any other value. Those of a predictor are put on its Services as well, which have no
    load-balancer-source-ranges.

    Fix: Use a valid value, or remove the annotation.

    Bad:
        componentSpecs:
        - metadata:
            annotations:
              controller.kubernetes.io/pod-deletion-cost: low
          spec:
            containers:
            - name: classifier

    Good:
        componentSpecs:
        - metadata:
            annotations:
              controller.kubernetes.io/pod-deletion-cost: "-10"
          spec:
            containers:
            - name: classifier
    """,
        (
            row("deployment", "annotations", _check_annotations, _check_mirror),
            row(
                "predictor",
                "annotations",
                _check_annotations,
                _check_mirror,
                _check_service,
            ),
            row(
                "component",
                "metadata.annotations",
                _check_annotations,
                _check_mirror,
            ),
        ),
    ),
)
