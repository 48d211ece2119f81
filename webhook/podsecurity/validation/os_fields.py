"""Fields of Linux in a Windows pod, and the other way round: the API server refuses both.

Here: which fields belong to which system. Not here: what their values may be.

Source: kubernetes/kubernetes pkg/apis/core/validation/validation.go, validateWindows and
validateLinux. Only `os.name` decides; a nodeSelector does not.
"""

from collections.abc import Iterator

from webhook.graph.finding import Finding
from webhook.graph.model import get_mapping
from webhook.graph.path import Path
from webhook.podsecurity.pod import POD_CONTEXT_PATH, Pod

_LINUX_POD_FIELDS = (
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
_LINUX_CONTAINER_FIELDS = (
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


def check_os_fields(pod: Pod) -> Iterator[Finding]:
    """Yield the fields that a pod of its `os.name` must not have."""
    if pod.is_windows:
        for path in _linux_fields(pod):
            yield Finding(
                path,
                "cannot be set for a windows pod",
                "remove it, or set os.name to windows",
                rule_id="pod-security/linux-field-on-windows",
            )
    elif get_mapping(pod.spec, "os").get("name") == "linux":
        for path, context in pod.iter_contexts():
            if context.get("windowsOptions") is not None:
                yield Finding(
                    path / "windowsOptions",
                    "windows options cannot be set for a linux pod",
                    "remove them, or set os.name to linux",
                    rule_id="pod-security/windows-field-on-linux",
                )


def _linux_fields(pod: Pod) -> Iterator[Path]:
    spec = Path(("spec",))
    for field in ("hostUsers", "shareProcessNamespace"):
        if pod.spec.get(field) is not None:
            yield spec / field
    for field in ("hostPID", "hostIPC"):
        if pod.spec.get(field) is True:
            yield spec / field
    for field in _LINUX_POD_FIELDS:
        if pod.context.get(field) is not None:
            yield POD_CONTEXT_PATH / field
    if pod.context.get("sysctls"):  # an empty list is allowed
        yield POD_CONTEXT_PATH / "sysctls"
    for container in pod.containers:
        for field in _LINUX_CONTAINER_FIELDS:
            if container.context.get(field) is not None:
                yield container.path / "securityContext" / field
