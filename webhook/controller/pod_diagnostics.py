"""Why a Deployment's pods do not start, as the kubelet and the scheduler say it.

Pods are not watched: there are more of them than of anything else. They are listed when a
Deployment has not become available for a while.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from webhook.controller.api import ResourceClient
from webhook.controller.apply_errors import is_retryable
from webhook.controller.state.observed import ObjectKey, ObservedObject
from webhook.controller.state.plan import DesiredObject, is_ready
from webhook.graph.model import get_mapping, get_str, iter_mappings
from webhook.kube import ApiStatusError
from webhook.rendering.metadata import APP, DEPLOYMENT_ID

POD_START_TIMEOUT_SECONDS = 15.0
"""Seconds that pods may take to start before they are inspected."""

MAX_POD_CHECK_INTERVAL_SECONDS = 300.0
"""Maximum seconds between inspections of pods that do not start; each delay is twice the last."""

MAX_PODS_INSPECTED = 20
"""Number of pods to inspect: pods of one template usually fail for the same reason."""

_EXPECTED_REASONS = frozenset({"ContainerCreating", "PodInitializing", "Completed", ""})


class _PodCheck(NamedTuple):
    """Pods that do not start: time of the next inspection, the last delay, and the reasons."""

    next_check: float
    interval: float
    failures: Mapping[str, str]


class StartupFailures(NamedTuple):
    """Why pods do not start, by Deployment.

    requeue_after  seconds until the next inspection; None: all have started
    """

    reasons: Mapping[str, str]
    requeue_after: float | None = None


class PodDiagnostics:
    """Finds out why pods do not start, with increasing delays; by uid of the SeldonDeployment."""

    def __init__(self, api: ResourceClient, clock: Callable[[], float]) -> None:
        self._api = api
        self._clock = clock
        self._checks: dict[str, _PodCheck] = {}

    def forget(self, uid: str) -> None:
        """Drop what is known of an object."""
        self._checks.pop(uid, None)

    def diagnose(
        self,
        objects: Sequence[DesiredObject],
        children: Mapping[ObjectKey, ObservedObject],
        uid: str,
        namespace: str,
    ) -> StartupFailures:
        """Return why pods do not start."""
        not_ready = [
            deployment
            for deployment in objects
            if deployment.key[0] == "Deployment"
            and not is_ready(deployment, children.get(deployment.key))
        ]
        if not not_ready:
            self.forget(uid)
            return StartupFailures({})
        now = self._clock()
        check = self._checks.get(uid) or _PodCheck(
            now + POD_START_TIMEOUT_SECONDS, POD_START_TIMEOUT_SECONDS, {}
        )
        if now >= check.next_check:
            notes = {
                deployment.key[1]: self._find_failure(deployment, namespace)
                for deployment in not_ready
            }
            failures = {name: note for name, note in notes.items() if note}
            interval = min(2 * check.interval, MAX_POD_CHECK_INTERVAL_SECONDS)
            check = _PodCheck(now + interval, interval, failures)
        self._checks[uid] = check
        return StartupFailures(check.failures, check.next_check - now)

    def _find_failure(self, desired: DesiredObject, namespace: str) -> str:
        template = get_mapping(get_mapping(desired.object["spec"], "template"), "metadata")
        pod_labels = get_mapping(template, "labels")
        labels = {key: get_str(pod_labels, key) for key in (APP, DEPLOYMENT_ID)}
        try:
            return find_startup_failure(self._api.list_pods(namespace, labels, MAX_PODS_INSPECTED))
        except ApiStatusError as error:
            if is_retryable(error.status, error.message):
                raise
            return f"cannot list its pods: {error.message}"


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
