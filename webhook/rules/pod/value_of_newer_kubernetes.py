"""Value of a newer Kubernetes

Why: some values are valid in newer versions of Kubernetes only: a restartPolicy of a container that
is not an init container, a sleep of 0 seconds, a search domain with an underscore, the
seLinuxChangePolicy MountOption. An older API server refuses the Deployment.

Fix: Use a value that the cluster accepts, or upgrade the cluster.

Bad:
    containers:
    - name: classifier
      restartPolicy: Always

Good:
    containers:
    - name: classifier
"""

from collections.abc import Iterator

from webhook.graph.cluster_facts import Facts
from webhook.graph.finding import Finding
from webhook.graph.model import ComponentSpec, get_int, get_list, get_mapping
from webhook.graph.path import Path

ACTION = "deny"
SINCE = "0.1.0"
FIELDS = frozenset({"containers", "dnsConfig", "securityContext"})

_RESTART_POLICY = (34, 35)
_SLEEP_OF_ZERO = (32, 33)
_RELAXED_SEARCH_DOMAIN = (32, 33)
_SELINUX_MOUNT = (37, 37)
"""The minor version with each as an alpha feature, and the first one that has it by default
(ContainerRestartRules, PodLifecycleSleepActionAllowZero, RelaxedDNSSearchValidation, SELinuxMount).
SELinuxMount was an alpha and a beta feature for seven versions, off by default: whoever switched it
on may allow the value in the settings."""
_NEWEST = max(_RESTART_POLICY, _SLEEP_OF_ZERO, _RELAXED_SEARCH_DOMAIN, _SELINUX_MOUNT)[1]


def check(pod: ComponentSpec, facts: Facts) -> Iterator[Finding]:
    """Yield each value that the cluster refuses; none if its version is not known.

    Where only a feature gate is needed, nobody knows whether it is on.
    """
    minor = facts.kubernetes_minor
    if minor is None or minor >= _NEWEST:
        return
    for (alpha, beta), path, what in _newer_values(pod):
        if minor < beta:
            message = f"{what} needs Kubernetes 1.{beta}, and this cluster has 1.{minor}"
            yield Finding(path, message, certain=minor < alpha)


def _newer_values(pod: ComponentSpec) -> Iterator[tuple[tuple[int, int], Path, str]]:
    if get_mapping(pod.pod, "securityContext").get("seLinuxChangePolicy") == "MountOption":
        path = pod.path.join(("spec", "securityContext", "seLinuxChangePolicy"))
        yield _SELINUX_MOUNT, path, "the seLinuxChangePolicy MountOption"
    for container in pod.containers:
        if container.raw.get("restartPolicy") is not None:
            what = "restartPolicy of a container that is not an init container"
            yield _RESTART_POLICY, container.path / "restartPolicy", what
    for container in pod.all_containers:
        for handler in container.handlers():
            if get_int(get_mapping(handler.raw, "sleep"), "seconds") == 0:
                path = handler.path.join(("sleep", "seconds"))
                yield _SLEEP_OF_ZERO, path, "a sleep of 0 seconds"
    for index, domain in enumerate(get_list(get_mapping(pod.pod, "dnsConfig"), "searches")):
        if type(domain) is str and "_" in domain:
            path = pod.path.join(("spec", "dnsConfig", "searches", index))
            yield _RELAXED_SEARCH_DOMAIN, path, "a search domain with an underscore"
