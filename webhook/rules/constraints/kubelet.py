"""The rows on what the API server takes, and a kubelet or a container runtime does not."""

from collections.abc import Iterable
from posixpath import normpath
from typing import Any

from webhook.graph.finding import Finding
from webhook.graph.model import get_mapping
from webhook.graph.suggest import nearest_word
from webhook.graph.well_known import OS_LABEL
from webhook.podsecurity.checks.sysctls import SAFE_SYSCTLS
from webhook.rules._format import quote_value
from webhook.rules.constraints.checks import (
    ConstraintRule,
    Location,
    PodSubject,
    ValueCheck,
    row,
    rows,
)
from webhook.rules.constraints.pods import SYSCTL_NAME, dotted_sysctl

_NAMESPACED_SYSCTLS = frozenset(
    {
        *("kernel.sem", "kernel.shmall", "kernel.shmmax", "kernel.shmmni"),
        *("kernel.shm_rmid_forced", "kernel.msgmax", "kernel.msgmnb", "kernel.msgmni"),
        "kernel.domainname",
    }
)
_NAMESPACED_SYSCTL_PREFIXES = ("net.", "fs.mqueue.", "user.")
"""The sysctls that a pod can have for itself; with others no kubelet lets it start (NewAllowlist,
GetNamespace of Kubernetes 1.37, which knows kernel.domainname and user.* as well)."""
_CAPABILITIES = (
    *("AUDIT_CONTROL", "AUDIT_READ", "AUDIT_WRITE", "BLOCK_SUSPEND", "BPF", "CHECKPOINT_RESTORE"),
    *("CHOWN", "DAC_OVERRIDE", "DAC_READ_SEARCH", "FOWNER", "FSETID", "IPC_LOCK", "IPC_OWNER"),
    *("KILL", "LEASE", "LINUX_IMMUTABLE", "MAC_ADMIN", "MAC_OVERRIDE", "MKNOD", "NET_ADMIN"),
    *("NET_BIND_SERVICE", "NET_BROADCAST", "NET_RAW", "PERFMON", "SETFCAP", "SETGID", "SETPCAP"),
    *("SETUID", "SYS_ADMIN", "SYS_BOOT", "SYS_CHROOT", "SYS_MODULE", "SYS_NICE", "SYS_PACCT"),
    *("SYS_PTRACE", "SYS_RAWIO", "SYS_RESOURCE", "SYS_TIME", "SYS_TTY_CONFIG", "SYSLOG"),
    *("WAKE_ALARM", "ALL"),
)
"""Those of capabilities(7), and all of them."""


def _is_namespaced(name: str) -> bool:
    dotted = dotted_sysctl(name)
    return dotted in _NAMESPACED_SYSCTLS or dotted.startswith(_NAMESPACED_SYSCTL_PREFIXES)


def _accepts_namespaced(value: Any) -> bool:
    return type(value) is not str or not SYSCTL_NAME.accepts(value) or _is_namespaced(value)


def _report_unnamespaced(value: str, location: Location) -> Iterable[Finding]:
    message = f"{value} is a node-level sysctl: no kubelet sets it for a pod"
    return (Finding(location.at(), message, "set it on the nodes"),)


def _accepts_safe(value: Any) -> bool:
    return (
        type(value) is not str or dotted_sysctl(value) in SAFE_SYSCTLS or not _is_namespaced(value)
    )


def _report_unsafe(value: str, location: Location) -> Iterable[Finding]:
    message = f"{value} is an unsafe sysctl: only a kubelet with allowedUnsafeSysctls sets it"
    return (Finding(location.at(), message, "allow it on the nodes, or remove it"),)


def _check_capabilities(value: Any, location: Location) -> Iterable[Finding]:
    """Check names that a runtime ignores (source: WithCapabilities of containerd, runc)."""
    for index, name in enumerate(value if type(value) is list else ()):
        if type(name) is not str or name.upper() in _CAPABILITIES:
            continue
        plain = name.upper().removeprefix("CAP_")
        nearest = plain if plain in _CAPABILITIES else nearest_word(plain, _CAPABILITIES)
        path = location.at(index)
        message = f"unknown capability {quote_value(name)}"
        fix = ({"op": "replace", "path": path.pointer, "value": nearest},) if nearest else ()
        hint = f'did you mean "{nearest}"?' if nearest else ""
        yield Finding(path, message, hint, fix)  # type: ignore[arg-type]


def _check_working_directory(value: Any, location: Location) -> Iterable[Finding]:
    # A Windows path has a drive, or backslashes.
    if type(value) is not str or not value or value[0] in "/\\" or ":" in value:
        return ()
    if get_mapping(location.holder, "securityContext").get("windowsOptions"):
        return ()
    message = f"workingDir {quote_value(value)} is not an absolute path: runc does not start it"
    return (Finding(location.at(), message, f"use {quote_value(normpath(f'/{value}'))}"),)


def _check_operating_system(value: Any, location: Location) -> Iterable[Finding]:
    """Check what else says the pod's operating system (source: Admit of predicate.go)."""
    if type(value) is not dict or type(name := value.get("name")) is not str:
        return
    subject: PodSubject = location.subject
    metadata = get_mapping(subject.component.raw, "metadata")
    own, inherited = get_mapping(metadata, "labels"), get_mapping(subject.predictor.raw, "labels")
    label = own.get(OS_LABEL, inherited.get(OS_LABEL))
    others = {
        "nodeSelector": get_mapping(location.holder, "nodeSelector").get(OS_LABEL),
        "label": label,
    }
    for owner, other in others.items():
        if type(other) is str and other != name:
            message = f"os.name is {name}, and the {owner} {OS_LABEL} is {other}: no pod starts"
            yield Finding(location.at("name"), message, "use one of them in both")


RULES = (
    ConstraintRule(
        "contradictory-operating-system",
        """Pod for two operating systems

    Why: os.name says which operating system a pod is for. A nodeSelector with kubernetes.io/os
    chooses the nodes, and a label of the pod with that key is compared with the node as well. Where
    they differ, each kubelet refuses the pod (PodOSNotSupported,
    PodOSSelectorNodeLabelDoesNotMatch), and the ReplicaSet makes pods without end.

    Fix: Name the same operating system in all of them.

    Bad:
        spec:
          os: {name: linux}
          nodeSelector:
            kubernetes.io/os: windows

    Good:
        spec:
          os: {name: windows}
          nodeSelector:
            kubernetes.io/os: windows
    """,
        (row("pod", "os", _check_operating_system),),
    ),
    ConstraintRule(
        "unnamespaced-sysctl",
        """Sysctl of the whole node

    Why: a pod can have its own value of few sysctls: those of the network (net.*), of message
    queues and shared memory (fs.mqueue.*, kernel.msg…, kernel.sem, kernel.shm…), user.* and
    kernel.domainname. The API server accepts others, and each kubelet refuses the pod
    (SysctlForbidden), so that the ReplicaSet makes pods without end.

    Fix: Set the sysctl on the nodes, and remove it from the pod.

    Bad:
        securityContext:
          sysctls:
          - name: vm.max_map_count
            value: "262144"

    Good:
        securityContext:
          sysctls:
          - name: net.ipv4.tcp_syncookies
            value: "1"
    """,
        (
            row(
                "pod",
                "securityContext.sysctls[].name",
                ValueCheck(_accepts_namespaced, _report_unnamespaced),
            ),
        ),
    ),
    ConstraintRule(
        "unsafe-sysctl",
        """Sysctl that kubelets refuse by default

    Why: a kubelet sets a sysctl that Kubernetes does not know as safe only if its own configuration
    (allowedUnsafeSysctls) says so. Otherwise it refuses the pod (SysctlForbidden), and the
    ReplicaSet makes pods without end.

    Fix: Allow the sysctl on the nodes where the pods run, or remove it.

    Bad:
        securityContext:
          sysctls:
          - name: net.core.somaxconn
            value: "1024"

    Good:
        securityContext:
          sysctls:
          - name: net.ipv4.tcp_syncookies
            value: "1"
    """,
        (row("pod", "securityContext.sysctls[].name", ValueCheck(_accepts_safe, _report_unsafe)),),
        action="warn",
    ),
    ConstraintRule(
        "unknown-capability",
        """Unknown Linux capability

    Why: container runtimes ignore names that they do not know, or refuse to start the container.
    A misspelled capability is not dropped, or not added. Kubernetes writes them without CAP_.

    Fix: Use the name of a capability without CAP_, or ALL.

    Bad:
        securityContext:
          capabilities:
            drop:
            - CAP_NET_RAW

    Good:
        securityContext:
          capabilities:
            drop:
            - NET_RAW
    """,
        (
            *rows(
                "container",
                ("securityContext.capabilities.add", "securityContext.capabilities.drop"),
                _check_capabilities,
            ),
        ),
        action="warn",
    ),
    ConstraintRule(
        "relative-working-directory",
        """Working directory is not absolute

    Why: a container starts in its workingDir, which must be an absolute path (OCI runtime
    specification). Kubernetes accepts any text. runc, which most clusters have, starts no container
    with a relative one ("Cwd must be an absolute path"); crun starts it in the root of the image.

    Fix: Write the path from the root of the container.

    Bad:
        containers:
        - name: classifier
          workingDir: app

    Good:
        containers:
        - name: classifier
          workingDir: /app
    """,
        (row("container", "workingDir", _check_working_directory),),
        action="warn",
    ),
)
