"""What an organisation demands of pods beyond the standards: PodSecurityPolicy's rules, kept.

Here: the restrictions as values and judging a pod by them. Not here: reading them from settings
(`restrictions_settings`), converting a PodSecurityPolicy (`convert_psp`).

Source of the semantics: kubernetes/kubernetes (before 1.25) pkg/security/podsecuritypolicy. Every
rule looks at the effective value, so a value of the pod satisfies a rule about its containers.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Literal

from webhook.graph.path import Path
from webhook.podsecurity.check import Violation
from webhook.podsecurity.pod import Container, Pod, is_int, items, mapping, text

Rule = Literal["RunAsAny", "MayRunAs", "MustRunAs", "MustRunAsNonRoot"]


@dataclass(frozen=True, slots=True)
class Range:
    """Ids or ports from `min` to `max`, both included; str: 1000-1999."""

    min: int
    max: int

    def __contains__(self, number: int) -> bool:
        return self.min <= number <= self.max

    def __str__(self) -> str:
        return str(self.min) if self.min == self.max else f"{self.min}-{self.max}"


@dataclass(frozen=True, slots=True)
class Ids:
    """Which ids are allowed.

    RunAsAny          every one, or none
    MayRunAs          one of the ranges, or none
    MustRunAs         one of the ranges
    MustRunAsNonRoot  users only: a user other than 0, or runAsNonRoot true
    """

    rule: Rule = "RunAsAny"
    ranges: tuple[Range, ...] = ()

    def allow(self, number: int) -> bool:
        """Tell whether an id lies in one of the ranges."""
        return any(number in span for span in self.ranges)


@dataclass(frozen=True, slots=True)
class Restrictions:
    """What pods may do. As built, everything is allowed; None of a collection: not restricted.

    required_drop  capabilities that every container drops
    allowed_add    capabilities that may be added; "*" allows all and lifts required_drop, as it
                   did in a PodSecurityPolicy
    volumes        types that may be used: ("configMap", "secret"); "*" allows all
    host_ports     ports of the node that may be used; () allows none
    """

    run_as_user: Ids = field(default_factory=Ids)
    run_as_group: Ids = field(default_factory=Ids)
    fs_group: Ids = field(default_factory=Ids)
    supplemental_groups: Ids = field(default_factory=Ids)
    required_drop: tuple[str, ...] = ()
    allowed_add: tuple[str, ...] | None = None
    volumes: tuple[str, ...] | None = None
    host_ports: tuple[Range, ...] | None = None
    read_only_root_filesystem: bool = False
    privileged: bool = True
    allow_privilege_escalation: bool = True
    host_network: bool = True
    host_pid: bool = True
    host_ipc: bool = True


def judge(pod: Pod, restrictions: Restrictions) -> tuple[Violation, ...]:
    """Return everything in a pod that the restrictions forbid, one violation per place.

    `check` is the key of the restriction in settings: "runAsUser". Total: any values in the pod.
    """
    return tuple(violation for rule in _RULES for violation in rule(pod, restrictions))


_Rule = Callable[[Pod, Restrictions], Iterator[Violation]]


def _users(pod: Pod, restrictions: Restrictions) -> Iterator[Violation]:
    ids = restrictions.run_as_user
    for container in pod.containers:
        user = container.effective("runAsUser")
        fault = (
            _root_fault(user, container.effective("runAsNonRoot"))
            if ids.rule == "MustRunAsNonRoot"
            else _id_fault(ids, user, "user")
        )
        if fault:
            yield _of_container("runAsUser", container, fault)


def _root_fault(user: object, non_root: object) -> str | None:
    if non_root is False:
        return "has runAsNonRoot false"
    if is_int(user):
        return "runs as user 0" if user == 0 else None
    return None if non_root is True else "has neither a user nor runAsNonRoot true"


def _groups(pod: Pod, restrictions: Restrictions) -> Iterator[Violation]:
    for container in pod.containers:
        group = container.effective("runAsGroup")
        if fault := _id_fault(restrictions.run_as_group, group, "group"):
            yield _of_container("runAsGroup", container, fault)


def _volume_group(pod: Pod, restrictions: Restrictions) -> Iterator[Violation]:
    fault = _id_fault(restrictions.fs_group, pod.context.get("fsGroup"), "fsGroup")
    if fault:
        yield _of_pod("fsGroup", fault, "securityContext", "fsGroup")


def _further_groups(pod: Pod, restrictions: Restrictions) -> Iterator[Violation]:
    key, ids = "supplementalGroups", restrictions.supplemental_groups
    groups = items(pod.context.get(key))
    if not groups and ids.rule == "MustRunAs":
        yield _of_pod(key, f"has none, needs one within {_spelled(ids.ranges)}",
                      "securityContext", key)  # fmt: skip
    for index, group in enumerate(groups):
        if fault := _id_fault(ids, group, "group"):
            yield _of_pod(key, fault, "securityContext", key, index)


def _id_fault(ids: Ids, number: object, noun: str) -> str | None:
    if ids.rule not in ("MustRunAs", "MayRunAs"):
        return None
    if number is None:
        needs = f"has no {noun}, needs one within {_spelled(ids.ranges)}"
        return needs if ids.rule == "MustRunAs" else None
    if is_int(number) and ids.allow(number):
        return None
    return f"has {noun} {text(number)}, allowed is {_spelled(ids.ranges)}"


def _capabilities(pod: Pod, restrictions: Restrictions) -> Iterator[Violation]:
    allowed = restrictions.allowed_add
    if allowed is not None and "*" in allowed:
        return
    for container in pod.containers:
        added = [text(name) for name in items(container.capabilities.get("add"))]
        dropped = items(container.capabilities.get("drop"))
        beyond = [] if allowed is None else [name for name in added if name not in allowed]
        if beyond:
            yield _of_container("capabilities", container, f"adds {', '.join(beyond)}", "add")
        kept = [name for name in restrictions.required_drop if name not in dropped]
        if kept:
            fault = f"does not drop {', '.join(kept)}"
            yield _of_container("capabilities", container, fault, "drop")


def _volumes(pod: Pod, restrictions: Restrictions) -> Iterator[Violation]:
    allowed = restrictions.volumes
    if allowed is None or "*" in allowed:
        return
    for index, volume in enumerate(pod.volumes):
        kinds = [key for key, value in volume.items() if key != "name" and value is not None]
        for kind in kinds or ["emptyDir"]:  # what the API server makes of a volume without source
            if kind not in allowed:
                name = text(volume.get("name"))
                words = ", ".join(allowed) or "none"
                fault = f'volume "{name}" is of type {kind}, allowed is {words}'
                yield _of_pod("volumes", fault, "volumes", index, kind)


def _host_ports(pod: Pod, restrictions: Restrictions) -> Iterator[Violation]:
    key, ranges = "hostPorts", restrictions.host_ports
    if ranges is None:
        return
    for container in pod.containers:
        for index, entry in enumerate(items(container.raw.get("ports"))):
            port = mapping(entry).get("hostPort")
            if not port or (is_int(port) and any(port in span for span in ranges)):
                continue
            yield Violation(
                key,
                key,
                f'container "{container.name}" uses hostPort {text(port)}, '
                f"allowed is {_spelled(ranges)}",
                (container.place / "ports" / index / "hostPort",),
            )


def _switches(pod: Pod, restrictions: Restrictions) -> Iterator[Violation]:
    for key, allowed in (
        ("hostNetwork", restrictions.host_network),
        ("hostPID", restrictions.host_pid),
        ("hostIPC", restrictions.host_ipc),
    ):
        if not allowed and pod.spec.get(key):
            yield _of_pod(key, "is true", key)
    for container in pod.containers:
        context = container.context
        if not restrictions.privileged and context.get("privileged"):
            yield _of_container("privileged", container, "is privileged")
        escalation = context.get("allowPrivilegeEscalation")
        if not restrictions.allow_privilege_escalation and escalation is not False:
            yield _of_container("allowPrivilegeEscalation", container, "must set it to false")
        if (
            restrictions.read_only_root_filesystem
            and context.get("readOnlyRootFilesystem") is not True
        ):
            yield _of_container("readOnlyRootFilesystem", container, "must set it to true")


def _spelled(ranges: tuple[Range, ...]) -> str:
    return ", ".join(map(str, ranges)) or "none"


def _of_container(key: str, container: Container, fault: str, *below: str) -> Violation:
    place = container.place.join(("securityContext", key, *below))
    return Violation(key, key, f'container "{container.name}" {fault}', (place,))


def _of_pod(key: str, fault: str, *way: str | int) -> Violation:
    detail = fault if fault.startswith("volume ") else f"pod {fault}"
    return Violation(key, key, detail, (Path(("spec", *way)),))


_RULES: tuple[_Rule, ...] = (
    _users,
    _groups,
    _volume_group,
    _further_groups,
    _capabilities,
    _volumes,
    _host_ports,
    _switches,
)
