"""Why a Deployment's pods do not start, as the kubelet and the scheduler say it.

Pods are not watched: there are more of them than of anything else. They are asked for when a
Deployment has not come up for a while.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from webhook.graph.model import get_mapping, get_str, iter_mappings

MAX_PODS_INSPECTED = 20
"""Pods that are looked at: of one template, they fail for one reason."""

_EXPECTED_REASONS = frozenset({"ContainerCreating", "PodInitializing", "Completed", ""})


def find_startup_failure(pods: list[dict[str, Any]]) -> str:
    """Return the first reason that some pod gives; "": none does.

    pod iris-main-0-m-7d9-x2: m: ImagePullBackOff: Back-off pulling image "registry.example/m:1"
    """
    for pod in sorted(pods, key=_creation_time, reverse=True):
        name = get_str(get_mapping(pod, "metadata"), "name")
        for reason in _pod_failures(get_mapping(pod, "status")):
            return f"pod {name}: {reason}"
    return ""


def _creation_time(pod: Mapping[str, Any]) -> str:
    return get_str(get_mapping(pod, "metadata"), "creationTimestamp")


def _pod_failures(status: Mapping[str, Any]) -> Iterator[str]:
    for key in ("initContainerStatuses", "containerStatuses"):
        for _, container in iter_mappings(status, key):
            yield from _container_failures(container)
    for _, condition in iter_mappings(status, "conditions"):
        if get_str(condition, "type") == "PodScheduled" and get_str(condition, "status") == "False":
            yield _join_reason(get_str(condition, "reason"), get_str(condition, "message"))
    if get_str(status, "phase") == "Failed":
        yield _join_reason(get_str(status, "reason"), get_str(status, "message"))


def _container_failures(status: Mapping[str, Any]) -> Iterator[str]:
    name = get_str(status, "name")
    waiting = get_mapping(get_mapping(status, "state"), "waiting")
    if get_str(waiting, "reason") not in _EXPECTED_REASONS:
        yield f"{name}: {_join_reason(get_str(waiting, 'reason'), get_str(waiting, 'message'))}"
    terminated = get_mapping(get_mapping(status, "state"), "terminated")
    if get_str(terminated, "reason") not in _EXPECTED_REASONS:
        message = get_str(terminated, "message") or f"exit code {terminated.get('exitCode')}"
        yield f"{name}: {_join_reason(get_str(terminated, 'reason'), message)}"


def _join_reason(reason: str, message: str) -> str:
    return f"{reason}: {message}" if reason and message else reason or message
