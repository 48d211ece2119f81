"""A pod has a word that Kubernetes does not know

Why: many fields of a pod take one of a few words, and Kubernetes minds upper and lower case. The
API server refuses the Deployment, after the SeldonDeployment was accepted.

Fix: Write one of the known words, exactly as it is spelt.

Bad:
    containers:
    - name: classifier
      imagePullPolicy: ifNotPresent

Good:
    containers:
    - name: classifier
      imagePullPolicy: IfNotPresent
"""

from collections.abc import Iterator, Mapping
from typing import Any

from webhook.graph.features import non_trivial_feature
from webhook.graph.finding import Finding
from webhook.graph.model import (
    ComponentSpec,
    Container,
    SeldonDeployment,
    get_mapping,
    iter_mappings,
)
from webhook.graph.path import Segment
from webhook.rules._suggest import unknown_value_finding
from webhook.rules.pod._pods import iter_handlers

ACTION = "deny"
SINCE = "0.1.0"

_EnumFields = tuple[str, ...]

_CONTAINER_ENUMS: Mapping[str, tuple[str, _EnumFields]] = {
    "imagePullPolicy": ("policy to pull an image", ("Always", "IfNotPresent", "Never", "")),
    "terminationMessagePolicy": (
        "source of a termination message",
        ("File", "FallbackToLogsOnError", ""),
    ),
    "restartPolicy": ("restart policy of a container", ("Always", "OnFailure", "Never")),
}
_POD_ENUMS: Mapping[str, tuple[str, _EnumFields]] = {
    # A Deployment's pods take one; the other two words are the fault of restart-policy-not-always.
    "restartPolicy": (
        "restart policy of a Deployment's pod",
        ("Always", "", "OnFailure", "Never"),
    ),
    "dnsPolicy": (
        "DNS policy",
        ("ClusterFirst", "ClusterFirstWithHostNet", "Default", "None", ""),
    ),
    "preemptionPolicy": ("preemption policy", ("PreemptLowerPriority", "Never")),
}
_OS_FIELDS: Mapping[str, tuple[str, _EnumFields]] = {
    "name": ("operating system", ("linux", "windows")),
}
_SECURITY_CONTEXT_ENUMS: Mapping[str, tuple[str, _EnumFields]] = {
    "fsGroupChangePolicy": ("policy to change groups", ("Always", "OnRootMismatch")),
    "supplementalGroupsPolicy": ("policy on groups", ("Merge", "Strict")),
    "seLinuxChangePolicy": ("policy to relabel volumes", ("Recursive", "MountOption")),
}
_RESIZE_ENUMS: Mapping[str, tuple[str, _EnumFields]] = {
    "resourceName": ("resource that can be resized", ("cpu", "memory")),
    "restartPolicy": ("answer to a resize", ("NotRequired", "RestartContainer")),
}
_SCHEMES = ("HTTP", "HTTPS", "")
_PROTOCOLS = ("TCP", "UDP", "SCTP", "")
_MOUNT_ENUMS: Mapping[str, tuple[str, _EnumFields]] = {
    "mountPropagation": ("mount propagation", ("None", "HostToContainer", "Bidirectional")),
    "recursiveReadOnly": (
        "way to mount read-only",
        ("Disabled", "IfPossible", "Enabled"),
    ),
}
_TOLERATION_ENUMS: Mapping[str, tuple[str, _EnumFields]] = {
    "operator": ("operator of a toleration", ("Equal", "Exists", "")),
    "effect": ("effect of a taint", ("NoSchedule", "PreferNoSchedule", "NoExecute", "")),
}
_SPREAD_ENUMS: Mapping[str, tuple[str, _EnumFields]] = {
    "whenUnsatisfiable": (
        "answer to an unsatisfiable constraint",
        ("DoNotSchedule", "ScheduleAnyway"),
    ),
    "nodeAffinityPolicy": ("policy to count nodes", ("Honor", "Ignore")),
    "nodeTaintsPolicy": ("policy to count nodes", ("Honor", "Ignore")),
}
_HOST_PATH_TYPES = (
    *("DirectoryOrCreate", "Directory", "FileOrCreate", "File"),
    *("Socket", "CharDevice", "BlockDevice", ""),
)

TRIGGERS = frozenset(
    {
        *(
            non_trivial_feature("words"),
            non_trivial_feature("ports"),
            non_trivial_feature("volumeMounts"),
            non_trivial_feature("probes"),
        ),
        *_POD_ENUMS,
        *_SECURITY_CONTEXT_ENUMS,
        *("os", "tolerations", "topologySpreadConstraints", "hostPath"),
    }
)


def check(deployment: SeldonDeployment) -> Iterator[Finding]:
    """Yield each unknown word. "" stands in a table where the API server reads it as absent."""
    parts = ("words", "ports", "volumeMounts", "probes")
    checked = {c.path: c for part in parts for c in deployment.containers_with(part)}
    for container in checked.values():
        for path, noun, value, known in _check_container(container):
            yield unknown_value_finding(container.path.join(path), noun, value, _join_known(known))
    for component in deployment.components:
        for path, noun, value, known in _check_pod(component):
            yield unknown_value_finding(
                component.path.join(("spec", *path)), noun, value, _join_known(known)
            )


_UnknownValue = tuple[tuple[Segment, ...], str, str, _EnumFields]


def _check_container(container: Container) -> Iterator[_UnknownValue]:
    raw = container.raw
    yield from _check_enums(raw, _CONTAINER_ENUMS, ())
    if "ports" in raw:
        for index, port in iter_mappings(raw, "ports"):
            value = port.get("protocol")
            if value is not None and value not in _PROTOCOLS and type(value) is str:
                yield ("ports", index, "protocol"), "protocol of a port", value, _PROTOCOLS
    if "volumeMounts" in raw:
        for index, mount in iter_mappings(raw, "volumeMounts"):
            yield from _check_enums(mount, _MOUNT_ENUMS, ("volumeMounts", index))
    if "resizePolicy" in raw:
        for index, policy in iter_mappings(raw, "resizePolicy"):
            yield from _check_enums(policy, _RESIZE_ENUMS, ("resizePolicy", index))
    for path, handler in iter_handlers(container):
        value = get_mapping(handler, "httpGet").get("scheme")
        if value is not None and value not in _SCHEMES and type(value) is str:
            yield (*path, "httpGet", "scheme"), "scheme of a request", value, _SCHEMES


def _check_pod(component: ComponentSpec) -> Iterator[_UnknownValue]:
    pod = component.pod
    if "restartPolicy" in pod or "dnsPolicy" in pod or "preemptionPolicy" in pod:
        yield from _check_enums(pod, _POD_ENUMS, ())
    if "securityContext" in pod:
        yield from _check_enums(
            get_mapping(pod, "securityContext"), _SECURITY_CONTEXT_ENUMS, ("securityContext",)
        )
    if "os" in pod:
        yield from _check_enums(get_mapping(pod, "os"), _OS_FIELDS, ("os",))
    if "tolerations" in pod:
        for index, toleration in iter_mappings(pod, "tolerations"):
            yield from _check_enums(toleration, _TOLERATION_ENUMS, ("tolerations", index))
    if "topologySpreadConstraints" in pod:
        for index, constraint in iter_mappings(pod, "topologySpreadConstraints"):
            yield from _check_enums(constraint, _SPREAD_ENUMS, ("topologySpreadConstraints", index))
    if "volumes" in pod:
        for index, volume in iter_mappings(pod, "volumes"):
            value = get_mapping(volume, "hostPath").get("type")
            if value is not None and value not in _HOST_PATH_TYPES and type(value) is str:
                yield (
                    ("volumes", index, "hostPath", "type"),
                    "type of path",
                    value,
                    _HOST_PATH_TYPES,
                )


def _check_enums(
    raw: Mapping[str, Any],
    enums: Mapping[str, tuple[str, _EnumFields]],
    path: tuple[Segment, ...],
) -> Iterator[_UnknownValue]:
    for field in enums:
        value = raw.get(field)
        if value is not None and value not in enums[field][1] and type(value) is str:
            yield (*path, field), *_unknown_value(value, enums[field])


def _unknown_value(value: str, allowed: tuple[str, _EnumFields]) -> tuple[str, str, _EnumFields]:
    return allowed[0], value, allowed[1]


def _join_known(known: _EnumFields) -> _EnumFields:
    """Return the words that an author may write."""
    if known is _POD_ENUMS["restartPolicy"][1]:
        return ("Always",)
    return tuple(value for value in known if value)
