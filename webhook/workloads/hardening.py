"""Security contexts of containers and pods that no author wrote.

They satisfy the Pod Security Standard "restricted" by themselves, so that a strict namespace does
not refuse a pod because of what was injected into it.
"""

from collections.abc import Mapping
from typing import Any

from webhook.graph.model import mapping, number, text
from webhook.workloads.placement import Placement, Pod


def injected(placement: Placement, pod: Pod | None) -> dict[str, Any]:
    """Return the security context of Seldon's own containers: orchestrator, initializer.

    `pod` is what they join, None for a pod that no author wrote. A user set there other than 0 is
    theirs too, so that all containers may read each other's files; else they have the configured
    one, except on OpenShift, where the namespace's range decides. Their images have a user that
    is not 0.
    """
    spec = _spec(placement, pod)
    inherited = number(mapping(spec, "securityContext"), "runAsUser")
    own = None if inherited or placement.facts.openshift else placement.options.user
    known = inherited if own is None else own
    context = _restricted(spec, non_root=known != 0)
    if own is not None and not _is_windows(spec):
        context["runAsUser"] = own
    return context


def server(placement: Placement, pod: Pod | None) -> dict[str, Any]:
    """Return the security context of a model server, which has the pod's user or its image's.

    Some of their images have user 0: runAsNonRoot, which then starts nothing, is set only where
    the user is known to be another one.
    """
    spec = _spec(placement, pod)
    user = number(mapping(spec, "securityContext"), "runAsUser")
    return _restricted(spec, non_root=placement.facts.openshift or bool(user))


def _restricted(spec: Mapping[str, Any], *, non_root: bool) -> dict[str, Any]:
    """Return what the level "restricted" asks of a container."""
    context: dict[str, Any] = {}
    if not _is_windows(spec):  # where the API server refuses these fields
        context = {
            "allowPrivilegeEscalation": False,
            "capabilities": {"drop": ["ALL"]},
            "seccompProfile": {"type": "RuntimeDefault"},
        }
    if non_root:
        context["runAsNonRoot"] = True
    return context


def _spec(placement: Placement, pod: Pod | None) -> Mapping[str, Any]:
    """Return the pod's spec as the author wrote it, or what is known of ours."""
    if pod is not None and pod.authored:
        return pod.spec
    return {"securityContext": pod_context(placement)}


def _is_windows(spec: Mapping[str, Any]) -> bool:
    return text(mapping(spec, "os"), "name") == "windows"


def pod_context(placement: Placement) -> dict[str, Any] | None:
    """Return the security context of a pod that has no author's template; None for none."""
    user = placement.options.user
    return None if user is None or placement.facts.openshift else {"runAsUser": user}
