"""Why a Deployment's pods do not start, as the kubelet and the scheduler say it.

Pods are not watched: there are more of them than of anything else. They are asked for when a
Deployment has not come up for a while.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from webhook.graph.model import mapping, mappings, text

ASKED = 20
"""Pods that are looked at: of one template, they fail for one reason."""

_NORMAL = frozenset({"ContainerCreating", "PodInitializing", "Completed", ""})


def why(pods: list[dict[str, Any]]) -> str:
    """Return the first reason that some pod gives; "": none does.

    pod iris-main-0-m-7d9-x2: m: ImagePullBackOff: Back-off pulling image "registry.example/m:1"
    """
    for pod in sorted(pods, key=_youngest_first, reverse=True):
        name = text(mapping(pod, "metadata"), "name")
        for reason in _reasons(mapping(pod, "status")):
            return f"pod {name}: {reason}"
    return ""


def _youngest_first(pod: Mapping[str, Any]) -> str:
    return text(mapping(pod, "metadata"), "creationTimestamp")


def _reasons(status: Mapping[str, Any]) -> Iterator[str]:
    for key in ("initContainerStatuses", "containerStatuses"):
        for _, container in mappings(status, key):
            yield from _container(container)
    for _, condition in mappings(status, "conditions"):
        if text(condition, "type") == "PodScheduled" and text(condition, "status") == "False":
            yield _join(text(condition, "reason"), text(condition, "message"))
    if text(status, "phase") == "Failed":
        yield _join(text(status, "reason"), text(status, "message"))


def _container(status: Mapping[str, Any]) -> Iterator[str]:
    name = text(status, "name")
    waiting = mapping(mapping(status, "state"), "waiting")
    if text(waiting, "reason") not in _NORMAL:
        yield f"{name}: {_join(text(waiting, 'reason'), text(waiting, 'message'))}"
    ended = mapping(mapping(status, "state"), "terminated")
    if text(ended, "reason") not in _NORMAL:
        code = f"exit code {ended.get('exitCode')}"
        yield f"{name}: {_join(text(ended, 'reason'), text(ended, 'message') or code)}"


def _join(reason: str, message: str) -> str:
    return f"{reason}: {message}" if reason and message else reason or message
