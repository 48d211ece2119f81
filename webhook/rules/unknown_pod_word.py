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

from webhook.graph.finding import Finding
from webhook.graph.model import Component, Container, Deployment, mapping, mappings
from webhook.graph.path import Segment
from webhook.graph.signs import unusual
from webhook.rules._pods import handlers
from webhook.rules._words import unknown_word

ACTION = "deny"
SINCE = "0.1.0"

_Words = tuple[str, ...]

_CONTAINER: Mapping[str, tuple[str, _Words]] = {
    "imagePullPolicy": ("policy to pull an image", ("Always", "IfNotPresent", "Never", "")),
    "terminationMessagePolicy": (
        "source of a termination message",
        ("File", "FallbackToLogsOnError", ""),
    ),
    "restartPolicy": ("restart policy of a container", ("Always", "OnFailure", "Never")),
}
_POD: Mapping[str, tuple[str, _Words]] = {
    # A Deployment's pods take one; the other two words are the fault of pod-that-ends.
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
_SYSTEM: Mapping[str, tuple[str, _Words]] = {
    "name": ("operating system", ("linux", "windows")),
}
_CONTEXT: Mapping[str, tuple[str, _Words]] = {
    "fsGroupChangePolicy": ("policy to change groups", ("Always", "OnRootMismatch")),
    "supplementalGroupsPolicy": ("policy on groups", ("Merge", "Strict")),
    "seLinuxChangePolicy": ("policy to relabel volumes", ("Recursive", "MountOption")),
}
_RESIZE: Mapping[str, tuple[str, _Words]] = {
    "resourceName": ("resource that can be resized", ("cpu", "memory")),
    "restartPolicy": ("answer to a resize", ("NotRequired", "RestartContainer")),
}
_SCHEMES = ("HTTP", "HTTPS", "")
_PROTOCOLS = ("TCP", "UDP", "SCTP", "")
_MOUNT: Mapping[str, tuple[str, _Words]] = {
    "mountPropagation": ("mount propagation", ("None", "HostToContainer", "Bidirectional")),
    "recursiveReadOnly": (
        "way to mount read-only",
        ("Disabled", "IfPossible", "Enabled"),
    ),
}
_TOLERATION: Mapping[str, tuple[str, _Words]] = {
    "operator": ("operator of a toleration", ("Equal", "Exists", "")),
    "effect": ("effect of a taint", ("NoSchedule", "PreferNoSchedule", "NoExecute", "")),
}
_SPREAD: Mapping[str, tuple[str, _Words]] = {
    "whenUnsatisfiable": (
        "answer to an unsatisfiable constraint",
        ("DoNotSchedule", "ScheduleAnyway"),
    ),
    "nodeAffinityPolicy": ("policy to count nodes", ("Honor", "Ignore")),
    "nodeTaintsPolicy": ("policy to count nodes", ("Honor", "Ignore")),
}
_HOST_PATHS = (
    *("DirectoryOrCreate", "Directory", "FileOrCreate", "File"),
    *("Socket", "CharDevice", "BlockDevice", ""),
)

NEEDS = frozenset(
    {
        *(unusual("words"), unusual("ports"), unusual("volumeMounts"), unusual("probes")),
        *_POD,
        *_CONTEXT,
        *("os", "tolerations", "topologySpreadConstraints", "hostPath"),
    }
)


def check(deployment: Deployment) -> Iterator[Finding]:
    """Yield each unknown word. "" stands in a table where the API server reads it as absent."""
    parts = ("words", "ports", "volumeMounts", "probes")
    looked = {c.path: c for part in parts for c in deployment.in_need(part)}
    for container in looked.values():
        for place, what, word, known in _of_container(container):
            yield unknown_word(container.path.join(place), what, word, _told(known))
    for component in deployment.components:
        for place, what, word, known in _of_pod(component):
            yield unknown_word(component.path.join(("spec", *place)), what, word, _told(known))


_Unknown = tuple[tuple[Segment, ...], str, str, _Words]


def _of_container(container: Container) -> Iterator[_Unknown]:
    raw = container.raw
    yield from _of(raw, _CONTAINER, ())
    if "ports" in raw:
        for index, port in mappings(raw, "ports"):
            word = port.get("protocol")
            if word is not None and word not in _PROTOCOLS and type(word) is str:
                yield ("ports", index, "protocol"), "protocol of a port", word, _PROTOCOLS
    if "volumeMounts" in raw:
        for index, mount in mappings(raw, "volumeMounts"):
            yield from _of(mount, _MOUNT, ("volumeMounts", index))
    if "resizePolicy" in raw:
        for index, policy in mappings(raw, "resizePolicy"):
            yield from _of(policy, _RESIZE, ("resizePolicy", index))
    for place, handler in handlers(container):
        word = mapping(handler, "httpGet").get("scheme")
        if word is not None and word not in _SCHEMES and type(word) is str:
            yield (*place, "httpGet", "scheme"), "scheme of a request", word, _SCHEMES


def _of_pod(component: Component) -> Iterator[_Unknown]:
    pod = component.pod
    if "restartPolicy" in pod or "dnsPolicy" in pod or "preemptionPolicy" in pod:
        yield from _of(pod, _POD, ())
    if "securityContext" in pod:
        yield from _of(mapping(pod, "securityContext"), _CONTEXT, ("securityContext",))
    if "os" in pod:
        yield from _of(mapping(pod, "os"), _SYSTEM, ("os",))
    if "tolerations" in pod:
        for index, toleration in mappings(pod, "tolerations"):
            yield from _of(toleration, _TOLERATION, ("tolerations", index))
    if "topologySpreadConstraints" in pod:
        for index, constraint in mappings(pod, "topologySpreadConstraints"):
            yield from _of(constraint, _SPREAD, ("topologySpreadConstraints", index))
    if "volumes" in pod:
        for index, volume in mappings(pod, "volumes"):
            word = mapping(volume, "hostPath").get("type")
            if word is not None and word not in _HOST_PATHS and type(word) is str:
                yield ("volumes", index, "hostPath", "type"), "type of path", word, _HOST_PATHS


def _of(
    raw: Mapping[str, Any],
    table: Mapping[str, tuple[str, _Words]],
    place: tuple[Segment, ...],
) -> Iterator[_Unknown]:
    for field in table:
        word = raw.get(field)
        if word is not None and word not in table[field][1] and type(word) is str:
            yield (*place, field), *_row(word, table[field])


def _row(word: str, row: tuple[str, _Words]) -> tuple[str, str, _Words]:
    return row[0], word, row[1]


def _told(known: _Words) -> _Words:
    """Return the words that an author may write."""
    if known is _POD["restartPolicy"][1]:
        return ("Always",)
    return tuple(word for word in known if word)
