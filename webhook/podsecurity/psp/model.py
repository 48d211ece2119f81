"""What an organisation demands of pods beyond the standards: PodSecurityPolicy's rules, kept.

Here: the restrictions as values, and the check of a pod against them. Not here: reading them from
settings (`settings`), converting a PodSecurityPolicy (`convert`).

Source of the semantics: kubernetes/kubernetes (before 1.25) pkg/security/podsecuritypolicy. Every
rule looks at the effective value, so a value of the pod satisfies a rule about its containers.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Literal

from webhook.graph.model import as_mapping, get_list
from webhook.graph.path import Path
from webhook.podsecurity.check import Violation
from webhook.podsecurity.pod import Container, Pod, as_str, is_int

IdRule = Literal["RunAsAny", "MayRunAs", "MustRunAs", "MustRunAsNonRoot"]


@dataclass(frozen=True, slots=True)
class IdRange:
    """Ids or ports from `min` to `max`, both included; str: 1000-1999."""

    min: int
    max: int

    def __contains__(self, number: int) -> bool:
        return self.min <= number <= self.max

    def __str__(self) -> str:
        return str(self.min) if self.min == self.max else f"{self.min}-{self.max}"


@dataclass(frozen=True, slots=True)
class IdStrategy:
    """Which ids are allowed.

    RunAsAny          every one, or none
    MayRunAs          one of the ranges, or none
    MustRunAs         one of the ranges
    MustRunAsNonRoot  users only: a user other than 0, or runAsNonRoot true
    """

    rule: IdRule = "RunAsAny"
    ranges: tuple[IdRange, ...] = ()

    def allows(self, number: int) -> bool:
        """Return whether an id lies in one of the ranges."""
        return any(number in span for span in self.ranges)


@dataclass(frozen=True, slots=True)
class PspRules:
    """What pods may do. As built, everything is allowed; None of a collection: not restricted.

    required_drop  capabilities that every container drops
    allowed_add    capabilities that may be added; "*" allows all and lifts required_drop, as it
                   did in a PodSecurityPolicy
    volumes        types that may be used: ("configMap", "secret"); "*" allows all
    host_ports     ports of the node that may be used; () allows none
    """

    run_as_user: IdStrategy = field(default_factory=IdStrategy)
    run_as_group: IdStrategy = field(default_factory=IdStrategy)
    fs_group: IdStrategy = field(default_factory=IdStrategy)
    supplemental_groups: IdStrategy = field(default_factory=IdStrategy)
    required_drop: tuple[str, ...] = ()
    allowed_add: tuple[str, ...] | None = None
    volumes: tuple[str, ...] | None = None
    host_ports: tuple[IdRange, ...] | None = None
    read_only_root_filesystem: bool = False
    privileged: bool = True
    allow_privilege_escalation: bool = True
    host_network: bool = True
    host_pid: bool = True
    host_ipc: bool = True


def check_psp_rules(pod: Pod, restrictions: PspRules) -> tuple[Violation, ...]:
    """Return everything in a pod that the restrictions forbid, one violation per place.

    `check` is the key of the restriction in settings: "runAsUser". Total: any values in the pod.
    """
    return tuple(violation for rule in _CHECKS for violation in rule(pod, restrictions))


_CheckRules = Callable[[Pod, PspRules], Iterator[Violation]]


def _check_users(pod: Pod, restrictions: PspRules) -> Iterator[Violation]:
    ids = restrictions.run_as_user
    for container in pod.containers:
        user = container.get_effective("runAsUser")
        error = (
            _root_error(user, container.get_effective("runAsNonRoot"))
            if ids.rule == "MustRunAsNonRoot"
            else _id_error(ids, user, "user")
        )
        if error:
            yield _container_violation("runAsUser", container, error)


def _root_error(user: object, non_root: object) -> str | None:
    if non_root is False:
        return "has runAsNonRoot: false"
    if is_int(user):
        return "runs as user 0" if user == 0 else None
    return None if non_root is True else "has neither runAsUser nor runAsNonRoot: true"


def _check_groups(pod: Pod, restrictions: PspRules) -> Iterator[Violation]:
    for container in pod.containers:
        group = container.get_effective("runAsGroup")
        if error := _id_error(restrictions.run_as_group, group, "group"):
            yield _container_violation("runAsGroup", container, error)


def _check_fs_group(pod: Pod, restrictions: PspRules) -> Iterator[Violation]:
    error = _id_error(restrictions.fs_group, pod.context.get("fsGroup"), "fsGroup")
    if error:
        yield _pod_violation("fsGroup", error, "securityContext", "fsGroup")


def _check_supplemental_groups(pod: Pod, restrictions: PspRules) -> Iterator[Violation]:
    key, ids = "supplementalGroups", restrictions.supplemental_groups
    groups = get_list(pod.context, key)
    if not groups and ids.rule == "MustRunAs":
        yield _pod_violation(key, (
"has none; at least one is required, allowed: "
f"{_format_ranges(ids.ranges)}"),
                      "securityContext", key)  # fmt: skip
    for index, group in enumerate(groups):
        if error := _id_error(ids, group, "group"):
            yield _pod_violation(key, error, "securityContext", key, index)


def _id_error(ids: IdStrategy, number: object, noun: str) -> str | None:
    if ids.rule not in ("MustRunAs", "MayRunAs"):
        return None
    if number is None:
        message = f"has no {noun}; allowed: {_format_ranges(ids.ranges)}"
        return message if ids.rule == "MustRunAs" else None
    if is_int(number) and ids.allows(number):
        return None
    return f"has {noun} {as_str(number)}; allowed: {_format_ranges(ids.ranges)}"


def _check_capabilities(pod: Pod, restrictions: PspRules) -> Iterator[Violation]:
    allowed = restrictions.allowed_add
    if allowed is not None and "*" in allowed:
        return
    for container in pod.containers:
        added = [as_str(name) for name in get_list(container.capabilities, "add")]
        dropped = get_list(container.capabilities, "drop")
        disallowed = [] if allowed is None else [name for name in added if name not in allowed]
        if disallowed:
            yield _container_violation(
                "capabilities", container, f"adds {', '.join(disallowed)}", "add"
            )
        not_dropped = [name for name in restrictions.required_drop if name not in dropped]
        if not_dropped:
            error = f"does not drop {', '.join(not_dropped)}"
            yield _container_violation("capabilities", container, error, "drop")


def _check_volumes(pod: Pod, restrictions: PspRules) -> Iterator[Violation]:
    allowed = restrictions.volumes
    if allowed is None or "*" in allowed:
        return
    for index, volume in enumerate(pod.volumes):
        kinds = [key for key, value in volume.items() if key != "name" and value is not None]
        for kind in kinds or ["emptyDir"]:  # the API server's default
            if kind not in allowed:
                name = as_str(volume.get("name"))
                allowed_types = ", ".join(allowed) or "none"
                error = f'volume "{name}" is of type {kind}; allowed: {allowed_types}'
                yield _pod_violation("volumes", error, "volumes", index, kind)


def _check_host_ports(pod: Pod, restrictions: PspRules) -> Iterator[Violation]:
    key, ranges = "hostPorts", restrictions.host_ports
    if ranges is None:
        return
    for container in pod.containers:
        for index, entry in enumerate(get_list(container.raw, "ports")):
            port = as_mapping(entry).get("hostPort")
            if not port or (is_int(port) and any(port in span for span in ranges)):
                continue
            yield Violation(
                key,
                key,
                f'container "{container.name}" uses hostPort {as_str(port)}; '
                f"allowed: {_format_ranges(ranges)}",
                (container.path / "ports" / index / "hostPort",),
            )


def _check_switches(pod: Pod, restrictions: PspRules) -> Iterator[Violation]:
    for key, allowed in (
        ("hostNetwork", restrictions.host_network),
        ("hostPID", restrictions.host_pid),
        ("hostIPC", restrictions.host_ipc),
    ):
        if not allowed and pod.spec.get(key):
            yield _pod_violation(key, "is true", key)
    for container in pod.containers:
        context = container.context
        if not restrictions.privileged and context.get("privileged"):
            yield _container_violation("privileged", container, "is privileged")
        escalation = context.get("allowPrivilegeEscalation")
        if not restrictions.allow_privilege_escalation and escalation is not False:
            yield _container_violation(
                "allowPrivilegeEscalation", container, "must set it to false"
            )
        if (
            restrictions.read_only_root_filesystem
            and context.get("readOnlyRootFilesystem") is not True
        ):
            yield _container_violation("readOnlyRootFilesystem", container, "must set it to true")


def _format_ranges(ranges: tuple[IdRange, ...]) -> str:
    return ", ".join(map(str, ranges)) or "none"


def _container_violation(key: str, container: Container, error: str, *subfields: str) -> Violation:
    path = container.path.join(("securityContext", key, *subfields))
    return Violation(key, key, f'container "{container.name}" {error}', (path,))


def _pod_violation(key: str, error: str, *segments: str | int) -> Violation:
    detail = error if error.startswith("volume ") else f"pod {error}"
    return Violation(key, key, detail, (Path(("spec", *segments)),))


_CHECKS: tuple[_CheckRules, ...] = (
    _check_users,
    _check_groups,
    _check_fs_group,
    _check_supplemental_groups,
    _check_capabilities,
    _check_volumes,
    _check_host_ports,
    _check_switches,
)
