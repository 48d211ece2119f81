"""Fields of Linux in a Windows pod, and the other way round: the API server refuses both.

Here: which fields belong to which system. Not here: what their values may be.

Source: kubernetes/kubernetes pkg/apis/core/validation/validation.go, validateWindows and
validateLinux. Only `os.name` decides; a nodeSelector does not.
"""

from collections.abc import Iterator

from webhook.graph.finding import Finding
from webhook.graph.path import Path
from webhook.podsecurity.pod import Pod, mapping

_POD = Path(("spec", "securityContext"))

_LINUX_OF_POD = (
    "appArmorProfile",
    "seLinuxOptions",
    "seccompProfile",
    "fsGroup",
    "fsGroupChangePolicy",
    "runAsUser",
    "runAsGroup",
    "supplementalGroups",
    "supplementalGroupsPolicy",
    "seLinuxChangePolicy",
)
_LINUX_OF_CONTAINER = (
    "appArmorProfile",
    "seLinuxOptions",
    "seccompProfile",
    "capabilities",
    "readOnlyRootFilesystem",
    "privileged",
    "allowPrivilegeEscalation",
    "procMount",
    "runAsUser",
    "runAsGroup",
)


def fields_of_the_other_system(pod: Pod) -> Iterator[Finding]:
    """Yield the fields that a pod of its `os.name` must not have."""
    if pod.windows:
        for place in _linux_fields(pod):
            yield Finding(
                place,
                "cannot be set for a windows pod",
                "remove it, or os.name windows",
                rule="pod-security/linux-field-on-windows",
            )
    elif mapping(pod.spec.get("os")).get("name") == "linux":
        for place, context in pod.contexts():
            if context.get("windowsOptions") is not None:
                yield Finding(
                    place / "windowsOptions",
                    "windows options cannot be set for a linux pod",
                    "remove them, or os.name linux",
                    rule="pod-security/windows-field-on-linux",
                )


def _linux_fields(pod: Pod) -> Iterator[Path]:
    spec = Path(("spec",))
    for field in ("hostUsers", "shareProcessNamespace"):
        if pod.spec.get(field) is not None:
            yield spec / field
    for field in ("hostPID", "hostIPC"):
        if pod.spec.get(field) is True:
            yield spec / field
    for field in _LINUX_OF_POD:
        if pod.context.get(field) is not None:
            yield _POD / field
    if pod.context.get("sysctls"):  # an empty list is allowed
        yield _POD / "sysctls"
    for container in pod.containers:
        for field in _LINUX_OF_CONTAINER:
            if container.context.get(field) is not None:
                yield container.place / "securityContext" / field
