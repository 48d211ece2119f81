"""Security contexts of containers and pods that no author wrote.

They satisfy the Pod Security Standard "restricted" by themselves as far as their user is known, so
that a strict namespace does not refuse a pod because of what was injected into it. A pod that no
author wrote is filled with the same defaults as those that one did (`webhook.defaulting`).
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from webhook import defaulting
from webhook.graph.cluster_facts import Namespace
from webhook.graph.model import EMPTY_MAPPING, get_int, get_mapping, get_str
from webhook.podsecurity.openshift import is_scc_active
from webhook.rendering import metadata
from webhook.rendering.layout import PodLayout, PredictorLayout
from webhook.rendering.source_map import (
    Sourced,
    get_item,
    injected,
    list_of,
    mapping_of,
    with_fields,
)


def initializer_context(layout: PredictorLayout, pod: PodLayout | None) -> dict[str, Any] | None:
    """Return the security context of Seldon's own containers: orchestrator, initializer.

    `pod` is what they join, None for a pod that no author wrote. A user set there other than 0 is
    theirs too, so that all containers may read each other's files; else they have the default one.
    Their images have a user that is not 0.
    """
    return None if layout.is_seldon else _injected_context(layout, pod)


def _injected_context(layout: PredictorLayout, pod: PodLayout | None) -> dict[str, Any]:
    spec = _spec(pod)
    inherited = get_int(get_mapping(spec, "securityContext"), "runAsUser")
    default = None if inherited else _default_user(layout, spec)
    context = _restricted_context(spec, non_root=(inherited if default is None else default) != 0)
    if default is not None and _is_authored(pod) and not _is_windows(spec):
        context["runAsUser"] = default
    return context


def orchestrator_context(
    layout: PredictorLayout, pod: PodLayout | None, user: int | None
) -> dict[str, Any] | None:
    """Return the security context of the orchestrator.

    Its image sets no user, so runAsNonRoot requires one: the pod's or the default one, else the
    option's (EXECUTOR_CONTAINER_USER), unless OpenShift gives one. Seldon's operator always sets
    the option's, and nothing else that "restricted" requires (createExecutorContainer, v1.17.1).

    user  the option's
    """
    if layout.is_seldon:
        return None if user is None else {"runAsUser": user, "allowPrivilegeEscalation": False}
    context = _injected_context(layout, pod)
    spec = _spec(pod)
    has_user = (
        "runAsUser" in context
        or get_int(get_mapping(spec, "securityContext"), "runAsUser") is not None
        or (not _is_authored(pod) and _default_user(layout, spec) is not None)
        or layout.facts.openshift
        or _is_windows(spec)
    )
    return context if has_user or user is None else {**context, "runAsUser": user}


def model_server_context(layout: PredictorLayout, pod: PodLayout | None) -> dict[str, Any] | None:
    """Return the security context of a model server: with the pod's user, the default, its image's.

    Some of their images have user 0: runAsNonRoot, which then starts nothing, is set only where
    the user is known to be another one, or OpenShift sees to it.
    """
    if layout.is_seldon:
        return None
    spec = _spec(pod)
    pod_context = get_mapping(spec, "securityContext")
    user = get_int(pod_context, "runAsUser")
    default = None
    if (
        user is None
        and pod_context.get("runAsNonRoot") is not False
        and not _is_opted_out(layout, pod)
    ):
        default = _default_user(layout, spec)
    namespace = _namespace(layout) or Namespace()
    assigned_by_scc = is_scc_active(namespace, openshift=layout.facts.openshift)
    context = _restricted_context(spec, non_root=assigned_by_scc or bool(user or default))
    if default is not None and _is_authored(pod) and not _is_windows(spec):
        context["runAsUser"] = default
    return context


def seldon_pod_context(layout: PredictorLayout, spec: Mapping[str, Any]) -> Sourced | None:
    """Return the pod's security context where Seldon's operator sets it, with DEFAULT_USER_ID.

    Only where the author wrote none at all: an empty one switches it off (security.go, v1.17.1).
    """
    if not layout.is_seldon or type(spec.get("securityContext")) is dict:
        return None
    user = _default_user(layout, spec)
    return None if user is None else injected({"runAsUser": user}, layout.predictor.path)


class DefaultedPod(NamedTuple):
    """A pod that no author wrote, with its defaults: its own context, and its containers."""

    context: Sourced | None
    init_containers: Sourced
    containers: tuple[Sourced, ...]


def apply_pod_defaults(
    layout: PredictorLayout,
    pod: PodLayout | None,
    init_containers: Sourced,
    containers: tuple[Sourced, ...],
) -> DefaultedPod:
    """Return what a pod that no author wrote consists of, once the defaults are filled in.

    An author who opts out for the object, predictor or componentSpec does so for these pods too.
    """
    if layout.is_seldon:
        return DefaultedPod(None, init_containers, containers)  # see `seldon_pod_context`
    if _is_opted_out(layout, pod):
        return DefaultedPod(None, init_containers, containers)
    path = layout.predictor.path
    bare_pod = {
        "metadata": {"annotations": metadata.merged_annotations(layout, pod).value},
        "spec": {
            "initContainers": init_containers.value,
            "containers": [one.value for one in containers],
        },
    }
    defaulting_result = defaulting.default_pod(
        bare_pod, layout.options.defaults, layout.facts, layout.deployment.namespace
    )
    spec = defaulting.apply_add_operations(bare_pod, defaulting_result.operations)["spec"]
    context = spec.get("securityContext")
    inits = [get_item(init_containers, index) for index in range(len(init_containers.value))]
    return DefaultedPod(
        None if context is None else injected(context, path),
        list_of(
            init_containers.source_map.path, _with_contexts(inits, spec["initContainers"], layout)
        ),
        tuple(_with_contexts(containers, spec["containers"], layout)),
    )


def _with_contexts(
    containers: Iterable[Sourced], defaulted: list[dict[str, Any]], layout: PredictorLayout
) -> Iterator[Sourced]:
    """Yield the containers with what `filled` has in their security contexts beyond theirs."""
    for container, after in zip(containers, defaulted, strict=True):
        before = container.value.get("securityContext")
        context = after.get("securityContext")
        if context is None or context == before:
            yield container
            continue
        path = layout.predictor.path
        base = mapping_of(path, {}) if before is None else get_item(container, "securityContext")
        added = {k: injected(v, path) for k, v in context.items() if base.value.get(k) != v}
        yield with_fields(container, {"securityContext": with_fields(base, added)})


def _restricted_context(spec: Mapping[str, Any], *, non_root: bool) -> dict[str, Any]:
    """Return what the level "restricted" requires of a container."""
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


def _default_user(layout: PredictorLayout, spec: Mapping[str, Any]) -> int | None:
    """Return the default user in a pod; None if it is unset or left to OpenShift."""
    options = layout.options.defaults
    openshift = layout.facts.openshift
    effective = defaulting.resolve_options(options, _namespace(layout), openshift=openshift)
    if effective.options.scope == "off":
        return None
    in_user_namespace = spec.get("hostUsers") is False
    return effective.user_in_user_namespace if in_user_namespace else effective.options.run_as_user


def _namespace(layout: PredictorLayout) -> Namespace | None:
    return layout.facts.namespaces.get(layout.deployment.namespace)


def _is_opted_out(layout: PredictorLayout, pod: PodLayout | None) -> bool:
    component = {} if pod is None else get_mapping(pod.raw, "metadata")
    annotated = get_mapping(layout.deployment.raw, "metadata"), layout.predictor.raw
    return layout.options.defaults.allow_opt_out and any(
        defaulting.has_opted_out(part) for part in (*annotated, component)
    )


def _is_authored(pod: PodLayout | None) -> bool:
    return pod is not None and pod.is_authored


def _spec(pod: PodLayout | None) -> Mapping[str, Any]:
    """Return the pod's spec as the author wrote it."""
    return EMPTY_MAPPING if pod is None else pod.spec


def _is_windows(spec: Mapping[str, Any]) -> bool:
    return get_str(get_mapping(spec, "os"), "name") == "windows"
