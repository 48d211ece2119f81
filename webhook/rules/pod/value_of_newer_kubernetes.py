"""Value of a newer Kubernetes

Why: some values are valid in newer versions of Kubernetes only: a restartPolicy of a container that
is not an init container, and one of an init container that is not Always, a restart of all
containers, a sleep of 0 seconds, a search domain with an underscore, the seLinuxChangePolicy
MountOption. An older API server refuses the Deployment. So it does where it drops the only source
of a volume or a variable: an image, or a file.

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
from typing import NamedTuple

from webhook.graph.cluster_facts import Facts
from webhook.graph.finding import Finding
from webhook.graph.model import (
    ComponentSpec,
    get_int,
    get_list,
    get_mapping,
    iter_mappings,
)
from webhook.graph.path import Path

ACTION = "deny"
SINCE = "0.1.0"
FIELDS = frozenset({"containers", "dnsConfig", "initContainers", "securityContext", "volumes"})


class _Gate(NamedTuple):
    """A feature gate.

    alpha    the minor version with it, switched off
    default  the first one that has it switched on
    drops    whether a version without the gate drops what it is about, of which
             essential-field-of-newer-kubernetes and field-of-newer-kubernetes speak
    """

    alpha: int
    default: int
    drops: bool = False


_RESTART_POLICY = _Gate(34, 35)  # ContainerRestartRules
_SLEEP_OF_ZERO = _Gate(32, 33)  # PodLifecycleSleepActionAllowZero
_RELAXED_SEARCH_DOMAIN = _Gate(32, 33)  # RelaxedDNSSearchValidation
_RESTART_ALL = _Gate(35, 36, drops=True)  # RestartAllContainersOnContainerExits
_IMAGE_VOLUME = _Gate(31, 35, drops=True)  # ImageVolume
_ENV_FILE = _Gate(34, 35, drops=True)  # EnvFiles
_SELINUX_MOUNT = _Gate(37, 37)
"""SELinuxMount was an alpha and a beta feature for seven versions, off by default: whoever switched
it on may allow the value in the settings."""
_NEWEST = _SELINUX_MOUNT.default


def check(pod: ComponentSpec, facts: Facts) -> Iterator[Finding]:
    """Yield each value that the cluster refuses; none if its version is not known.

    Where only a feature gate is needed, nobody knows whether it is on.
    """
    minor = facts.kubernetes_minor
    if minor is None or minor >= _NEWEST:
        return
    for gate, path, what in _newer_values(pod):
        if minor < gate.default and (minor >= gate.alpha or not gate.drops):
            message = f"{what} needs Kubernetes 1.{gate.default}, and this cluster has 1.{minor}"
            yield Finding(path, message, certain=minor < gate.alpha)


def _newer_values(pod: ComponentSpec) -> Iterator[tuple[_Gate, Path, str]]:
    if get_mapping(pod.pod, "securityContext").get("seLinuxChangePolicy") == "MountOption":
        path = pod.path.join(("spec", "securityContext", "seLinuxChangePolicy"))
        yield _SELINUX_MOUNT, path, "the seLinuxChangePolicy MountOption"
    for container in pod.containers:
        if container.raw.get("restartPolicy") is not None:
            what = "restartPolicy of a container that is not an init container"
            yield _RESTART_POLICY, container.path / "restartPolicy", what
    for container in pod.init_containers:
        if container.raw.get("restartPolicy") not in (None, "Always"):
            what = "restartPolicy of an init container other than Always"
            yield _RESTART_POLICY, container.path / "restartPolicy", what
        elif not container.runs_to_completion and container.raw.get("restartPolicyRules"):
            what = "a restart rule of a container that always restarts"
            yield _RESTART_ALL, container.path / "restartPolicyRules", what
    for container in pod.all_containers:
        for index, rule in iter_mappings(container.raw, "restartPolicyRules"):
            if rule.get("action") == "RestartAllContainers":
                path = container.path.join(("restartPolicyRules", index, "action"))
                yield _RESTART_ALL, path, "RestartAllContainers"
    for container, _, index, variable in pod.env_sources:
        if "fileKeyRef" in get_mapping(variable, "valueFrom"):
            path = container.path.join(("env", index, "valueFrom", "fileKeyRef"))
            yield _ENV_FILE, path, "a variable from a file"
    for volume in pod.volumes:
        if volume.raw.get("image") is not None:
            yield _IMAGE_VOLUME, volume.path / "image", "an image volume"
    for container in pod.all_containers:
        for handler in container.handlers():
            if get_int(get_mapping(handler.raw, "sleep"), "seconds") == 0:
                path = handler.path.join(("sleep", "seconds"))
                yield _SLEEP_OF_ZERO, path, "a sleep of 0 seconds"
    for index, domain in enumerate(get_list(get_mapping(pod.pod, "dnsConfig"), "searches")):
        if type(domain) is str and "_" in domain:
            path = pod.path.join(("spec", "dnsConfig", "searches", index))
            yield _RELAXED_SEARCH_DOMAIN, path, "a search domain with an underscore"
