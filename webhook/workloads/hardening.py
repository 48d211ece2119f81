"""Security contexts of containers and pods that no author wrote.

They satisfy the Pod Security Standard "restricted" by themselves as far as their user is known, so
that a strict namespace does not refuse a pod because of what was injected into it. A pod that no
author wrote is filled with the same defaults as those that one did (`webhook.defaults`).
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from webhook import defaults
from webhook.graph.facts import Namespace
from webhook.graph.model import NOTHING, mapping, number, text
from webhook.podsecurity.openshift import is_active
from webhook.workloads import metadata
from webhook.workloads.origin import Traced, listing, ours, pick, put, table
from webhook.workloads.placement import Placement, Pod


def injected(placement: Placement, pod: Pod | None) -> dict[str, Any]:
    """Return the security context of Seldon's own containers: orchestrator, initializer.

    `pod` is what they join, None for a pod that no author wrote. A user set there other than 0 is
    theirs too, so that all containers may read each other's files; else they have the default one.
    Their images have a user that is not 0.
    """
    spec = _spec(pod)
    inherited = number(mapping(spec, "securityContext"), "runAsUser")
    default = None if inherited else _user(placement, spec)
    context = _restricted(spec, non_root=(inherited if default is None else default) != 0)
    if default is not None and _is_authored(pod) and not _is_windows(spec):
        context["runAsUser"] = default
    return context


def server(placement: Placement, pod: Pod | None) -> dict[str, Any]:
    """Return the security context of a model server: with the pod's user, the default, its image's.

    Some of their images have user 0: runAsNonRoot, which then starts nothing, is set only where
    the user is known to be another one, or OpenShift sees to it.
    """
    spec = _spec(pod)
    own = mapping(spec, "securityContext")
    user = number(own, "runAsUser")
    default = None
    if user is None and own.get("runAsNonRoot") is not False and not _is_opted_out(placement, pod):
        default = _user(placement, spec)
    namespace = _namespace(placement) or Namespace()
    by_scc = is_active(namespace, openshift=placement.facts.openshift)
    context = _restricted(spec, non_root=by_scc or bool(user or default))
    if default is not None and _is_authored(pod) and not _is_windows(spec):
        context["runAsUser"] = default
    return context


class Filled(NamedTuple):
    """A pod that no author wrote, with its defaults: its own context, and its containers."""

    context: Traced | None
    init: Traced
    containers: tuple[Traced, ...]


def fill(
    placement: Placement, pod: Pod | None, init: Traced, containers: tuple[Traced, ...]
) -> Filled:
    """Return what a pod that no author wrote consists of, once the defaults are filled in.

    An author who opts out for the object, predictor or componentSpec does so for these pods too.
    """
    if _is_opted_out(placement, pod):
        return Filled(None, init, containers)
    path = placement.predictor.path
    bare = {
        "metadata": {"annotations": metadata.annotations(placement, pod).value},
        "spec": {"initContainers": init.value, "containers": [one.value for one in containers]},
    }
    filling = defaults.fill_pod(
        bare, placement.options.defaults, placement.facts, placement.deployment.namespace
    )
    spec = defaults.apply(bare, filling.operations)["spec"]
    context = spec.get("securityContext")
    inits = [pick(init, index) for index in range(len(init.value))]
    return Filled(
        None if context is None else ours(context, path),
        listing(init.origin.path, _secured(inits, spec["initContainers"], placement)),
        tuple(_secured(containers, spec["containers"], placement)),
    )


def _secured(
    containers: Iterable[Traced], filled: list[dict[str, Any]], placement: Placement
) -> Iterator[Traced]:
    """Yield the containers with what `filled` has in their security contexts beyond theirs."""
    for container, after in zip(containers, filled, strict=True):
        before = container.value.get("securityContext")
        context = after.get("securityContext")
        if context is None or context == before:
            yield container
            continue
        path = placement.predictor.path
        base = table(path, {}) if before is None else pick(container, "securityContext")
        news = {k: ours(v, path) for k, v in context.items() if base.value.get(k) != v}
        yield put(container, {"securityContext": put(base, news)})


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


def _user(placement: Placement, spec: Mapping[str, Any]) -> int | None:
    """Return the default user in a pod, None if there is none: none set, or OpenShift's matter."""
    options = placement.options.defaults
    openshift = placement.facts.openshift
    resolved = defaults.resolve(options, _namespace(placement), openshift=openshift)
    if resolved.options.level == "off":
        return None
    own_namespace = spec.get("hostUsers") is False
    return resolved.user_in_user_namespace if own_namespace else resolved.options.run_as_user


def _namespace(placement: Placement) -> Namespace | None:
    return placement.facts.namespaces.get(placement.deployment.namespace)


def _is_opted_out(placement: Placement, pod: Pod | None) -> bool:
    component = {} if pod is None else mapping(pod.raw, "metadata")
    above = mapping(placement.deployment.raw, "metadata"), placement.predictor.raw
    return placement.options.defaults.allow_opt_out and any(
        defaults.opted_out(part) for part in (*above, component)
    )


def _is_authored(pod: Pod | None) -> bool:
    return pod is not None and pod.authored


def _spec(pod: Pod | None) -> Mapping[str, Any]:
    """Return the pod's spec as the author wrote it."""
    return NOTHING if pod is None else pod.spec


def _is_windows(spec: Mapping[str, Any]) -> bool:
    return text(mapping(spec, "os"), "name") == "windows"
