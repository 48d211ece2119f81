"""The rows on annotations of pods that Kubernetes reads: they are settings, not free text."""

import re
from collections.abc import Iterable, Mapping
from typing import Any

import orjson

from webhook.graph.finding import Finding
from webhook.graph.well_known import (
    KUBERNETES_PREFIX,
    SECCOMP_CONTAINER_ANNOTATION_PREFIX,
    SECCOMP_POD_ANNOTATION,
)
from webhook.rules._format import quote_value
from webhook.rules.constraints.checks import Check, ConstraintRule, Location, row
from webhook.rules.constraints.formats import RELATIVE_PATH

_DELETION_COST = "controller.kubernetes.io/pod-deletion-cost"
_TOLERATIONS = "scheduler.alpha.kubernetes.io/tolerations"
_MIRROR = "kubernetes.io/config.mirror"
_SECCOMP_LOCALHOST = "localhost/"
_SECCOMP_PROFILES = ("runtime/default", "docker/default", "unconfined")
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
    if tolerations is not None and type(tolerations) is not list:
        return "a JSON list of tolerations is expected"
    return ""


def _explain_seccomp(value: str) -> str:
    if value in _SECCOMP_PROFILES:
        return ""
    if not value.startswith(_SECCOMP_LOCALHOST):
        return f"allowed: {', '.join(_SECCOMP_PROFILES)}, localhost/<path>"
    path = value.removeprefix(_SECCOMP_LOCALHOST)
    return "" if RELATIVE_PATH.accepts(path) else RELATIVE_PATH.explain(path)


def _explain(key: str, value: str) -> str:
    """Return what is wrong with an annotation's value; "" if nothing is."""
    if key == _DELETION_COST:
        return _explain_deletion_cost(value)
    if key == _TOLERATIONS:
        return _explain_tolerations(value)
    if key == SECCOMP_POD_ANNOTATION or key.startswith(SECCOMP_CONTAINER_ANNOTATION_PREFIX):
        return _explain_seccomp(value)
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


def _check_mirror(holder: str) -> Check:
    """Check that a pod which is said to mirror a static one names its node."""

    def check(value: Any, location: Location) -> Iterable[Finding]:
        if type(value) is not dict or _MIRROR not in value or value[_MIRROR] is None:
            return ()
        pods = _pods_below(location.subject, holder)
        if all(pod.get("nodeName") for pod in pods) and pods:
            return ()
        message = f"annotation {_MIRROR} marks copies of static pods, and requires nodeName"
        return (Finding(location.at(_MIRROR), message, "remove it"),)

    return check


def _pods_below(subject: Any, holder: str) -> list[Mapping[str, Any]]:
    if holder == "component":
        return [subject.component.pod]
    return [component.pod for component in subject.components]


RULES = (
    ConstraintRule(
        "malformed-kubernetes-annotation",
        """Invalid value of an annotation that Kubernetes reads

    Why: some annotations of pods are settings: pod-deletion-cost is an integer, the seccomp
    annotations name a profile, the tolerations annotation holds JSON, and config.mirror belongs
    to static pods. Annotations of spec, predictor and componentSpec are put on the pods, and the
    API server refuses a Deployment in which one of these has any other value.

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
            row("deployment", "annotations", _check_annotations, _check_mirror("deployment")),
            row("predictor", "annotations", _check_annotations, _check_mirror("predictor")),
            row(
                "component",
                "metadata.annotations",
                _check_annotations,
                _check_mirror("component"),
            ),
        ),
    ),
)
