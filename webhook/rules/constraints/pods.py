"""The rows on pods: words, life time, the host's namespaces, name resolution, sysctls."""

import re
from collections.abc import Iterable
from typing import Any

from webhook.graph.finding import Finding
from webhook.graph.k8s_syntax import MAX_SUBDOMAIN_LENGTH
from webhook.graph.model import get_list, get_mapping, iter_mappings
from webhook.rules._format import quote_value
from webhook.rules._suggest import unknown_value_finding
from webhook.rules.constraints.checks import (
    ConstraintRule,
    Location,
    PodSubject,
    ValueCheck,
    at_most,
    each_value,
    forbidden,
    matches,
    one_of,
    required,
    row,
    rows,
)
from webhook.rules.constraints.formats import (
    DNS_SUBDOMAIN,
    IP_ADDRESS,
    SEARCH_DOMAIN,
    Format,
    explain_characters,
)

_MAX_NAMESERVERS, _MAX_SEARCHES, _MAX_SEARCH_CHARACTERS = 3, 32, 2048
"""What the C library of Linux reads, says Kubernetes (MaxDNSNameservers and others)."""
_MAX_HOSTNAME_LENGTH = 64
"""Characters of a name that Linux gives a host."""
_SYSCTL_SEGMENT = "[a-z0-9](?:[-_a-z0-9]*[a-z0-9])?"
_SYSCTL = re.compile(rf"(?:{_SYSCTL_SEGMENT}[./])*{_SYSCTL_SEGMENT}\Z")
SYSCTL_NAME = Format(
    "sysctl name",
    lambda name: len(name) <= MAX_SUBDOMAIN_LENGTH and _SYSCTL.match(name) is not None,
    explain_characters("-_./a-z0-9", MAX_SUBDOMAIN_LENGTH),
)
_HOST_SYSCTLS = {
    "hostNetwork": ("net.",),
    "hostIPC": ("kernel.shm", "kernel.msg", "kernel.sem", "fs.mqueue."),
}
"""By host namespace: the prefixes of sysctls that belong to the node."""


def _check_restart_policy(value: Any, location: Location) -> Iterable[Finding]:
    if value not in ("OnFailure", "Never"):
        return ()
    path = location.at()
    message = f"restartPolicy of a Deployment's pods must be Always, got {value}"
    fix = ({"op": "replace", "path": path.pointer, "value": "Always"},)
    return (Finding(path, message, "remove it", fix),)  # type: ignore[arg-type]


def _is_restart_policy(value: Any) -> bool:
    # The other two words of Kubernetes are the error of restart-policy-not-always.
    return type(value) is not str or value in ("Always", "", "OnFailure", "Never")


def _report_restart_policy(value: Any, location: Location) -> Iterable[Finding]:
    return (unknown_value_finding(location.at(), "restart policy of a pod", value, ("Always",)),)


def _check_overhead(value: Any, location: Location) -> Iterable[Finding]:
    if type(value) is not dict or location.holder.get("runtimeClassName"):
        return ()
    path = location.at()
    message = "overhead requires runtimeClassName: the class sets it"
    return (Finding(path, message, "remove overhead", ({"op": "remove", "path": path.pointer},)),)


def _check_priority(value: Any, location: Location) -> Iterable[Finding]:
    # What a class says is not known.
    if not value or value == "PreemptLowerPriority" or location.holder.get("priorityClassName"):
        return ()
    if type(value) is not int and value != "Never":
        return ()
    message = f"{location.segment} {value} is set without priorityClassName"
    return (Finding(location.at(), message),)


def _check_nameservers(value: Any, location: Location) -> Iterable[Finding]:
    if value != "None" or get_list(get_mapping(location.holder, "dnsConfig"), "nameservers"):
        return ()
    path = location.beside("dnsConfig", "nameservers")
    return (Finding(path, "dnsPolicy None requires nameservers", "add one"),)


def _check_searches(value: Any, location: Location) -> Iterable[Finding]:
    if type(value) is not list:
        return ()
    characters = len(" ".join(name for name in value if type(name) is str))
    if characters <= _MAX_SEARCH_CHARACTERS:
        return ()
    message = f"{_MAX_SEARCH_CHARACTERS} characters of search domains at most, has {characters}"
    return (Finding(location.at(), message, "remove some"),)


def _check_sysctls(value: Any, location: Location) -> Iterable[Finding]:
    """Check kernel parameters (sources: validateSysctls, ValidateHostSysctl)."""
    pod = location.subject.component.pod
    findings = []
    seen: set[str] = set()
    for index, parameter in iter_mappings({"": value}, ""):
        name = parameter.get("name")
        if type(name) is not str:
            continue
        dotted = dotted_sysctl(name)
        path = location.at(index, "name")
        if name in seen:
            findings.append(Finding(path, f"duplicate sysctl {quote_value(name)}", "keep only one"))
        seen.add(name)
        for field, starts in _HOST_SYSCTLS.items():
            if pod.get(field) is True and dotted.startswith(starts):
                message = f"not allowed with {field}: {name} is a node-level sysctl"
                findings.append(Finding(path, message))
    return findings


def dotted_sysctl(name: str) -> str:
    """Return a name with the separators of sysctl(8): "a/b.c" is "a.b/c" (convertSysctl…)."""
    separator = re.search("[./]", name)
    if separator is None or separator[0] == ".":
        return name
    return name.translate(str.maketrans("./", "/."))


def _check_host_processes(value: Any, location: Location) -> Iterable[Finding]:
    if value is not True or location.holder.get("shareProcessNamespace") is not True:
        return ()
    message = "shareProcessNamespace and hostPID exclude each other"
    return (Finding(location.beside("shareProcessNamespace"), message, "remove one of them"),)


def _check_host_users(value: Any, location: Location) -> Iterable[Finding]:
    if value is not True or location.holder.get("hostUsers") is not False:
        return ()
    message = "hostNetwork is not allowed with hostUsers: false"
    return (Finding(location.at(), message, "remove one of them"),)


def _check_hostname(value: Any, location: Location) -> Iterable[Finding]:
    """Check a hostnameOverride (source: validatePodHostName)."""
    if type(value) is not str or not value:
        return ()
    findings = []
    if len(value) > _MAX_HOSTNAME_LENGTH:
        message = f"{_MAX_HOSTNAME_LENGTH} characters at most, has {len(value)}"
        findings.append(Finding(location.at(), message, "shorten it"))
    findings.extend(
        Finding(location.at(), f"not allowed with {field}: true")
        for field in ("hostNetwork", "setHostnameAsFQDN")
        if location.holder.get(field) is True
    )
    return findings


def _check_host_network_ports(value: Any, location: Location) -> Iterable[Finding]:
    if value is not True:
        return ()
    subject: PodSubject = location.subject
    findings = []
    for container in subject.component.containers:
        for index, port in iter_mappings(container.raw, "ports"):
            own, host = port.get("containerPort"), port.get("hostPort")
            if type(own) is int and type(host) is int and host not in (0, own):
                path = container.path.join(("ports", index, "hostPort"))
                message = f"hostPort must be the containerPort {own} with hostNetwork, got {host}"
                findings.append(Finding(path, message, f"use {own}, or remove it"))
    return findings


def _check_devices_without_host_users(value: Any, location: Location) -> Iterable[Finding]:
    if value is not False:
        return ()
    component = location.subject.component
    return [
        Finding(container.path / "volumeDevices", "not allowed with hostUsers: false")
        for container in (*component.containers, *component.init_containers)
        if container.raw.get("volumeDevices")
    ]


RULES = (
    ConstraintRule(
        "unknown-pod-enum-value",
        """Unknown value in a pod

    Why: many fields of a pod take one of a few words, and Kubernetes distinguishes upper and
    lower case. The API server refuses the Deployment, after the SeldonDeployment was accepted.

    Fix: Use one of the allowed values, in the same case.

    Bad:
        containers:
        - name: classifier
          imagePullPolicy: ifNotPresent

    Good:
        containers:
        - name: classifier
          imagePullPolicy: IfNotPresent
    """,
        (
            *(
                row(subject, path, one_of(*words, what=what, empty=empty))
                for subject, path, what, words, empty in (
                    (
                        "container",
                        "imagePullPolicy",
                        "image pull policy",
                        ("Always", "IfNotPresent", "Never"),
                        True,
                    ),
                    (
                        "container",
                        "terminationMessagePolicy",
                        "termination message policy",
                        ("File", "FallbackToLogsOnError"),
                        True,
                    ),
                    (
                        "container",
                        "restartPolicy",
                        "restart policy of a container",
                        ("Always", "OnFailure", "Never"),
                        False,
                    ),
                    ("container", "ports[].protocol", "protocol", ("TCP", "UDP", "SCTP"), True),
                    (
                        "container",
                        "volumeMounts[].mountPropagation",
                        "mount propagation",
                        ("None", "HostToContainer", "Bidirectional"),
                        False,
                    ),
                    (
                        "container",
                        "volumeMounts[].recursiveReadOnly",
                        "recursiveReadOnly",
                        ("Disabled", "IfPossible", "Enabled"),
                        False,
                    ),
                    (
                        "container",
                        "resizePolicy[].resourceName",
                        "resource that can be resized",
                        ("cpu", "memory"),
                        False,
                    ),
                    (
                        "container",
                        "resizePolicy[].restartPolicy",
                        "restart policy of a resize",
                        ("NotRequired", "RestartContainer"),
                        False,
                    ),
                    ("probe", "httpGet.scheme", "scheme", ("HTTP", "HTTPS"), True),
                    ("hook", "httpGet.scheme", "scheme", ("HTTP", "HTTPS"), True),
                    (
                        "pod",
                        "dnsPolicy",
                        "DNS policy",
                        ("ClusterFirst", "ClusterFirstWithHostNet", "Default", "None"),
                        True,
                    ),
                    (
                        "pod",
                        "preemptionPolicy",
                        "preemption policy",
                        ("PreemptLowerPriority", "Never"),
                        False,
                    ),
                    ("pod", "os.name", "operating system", ("linux", "windows"), False),
                    (
                        "pod",
                        "securityContext.fsGroupChangePolicy",
                        "fsGroupChangePolicy",
                        ("Always", "OnRootMismatch"),
                        False,
                    ),
                    (
                        "pod",
                        "securityContext.supplementalGroupsPolicy",
                        "supplementalGroupsPolicy",
                        ("Merge", "Strict"),
                        False,
                    ),
                    (
                        "pod",
                        "securityContext.seLinuxChangePolicy",
                        "seLinuxChangePolicy",
                        ("Recursive", "MountOption"),
                        False,
                    ),
                    (
                        "pod",
                        "tolerations[].operator",
                        "operator of a toleration",
                        ("Equal", "Exists"),
                        True,
                    ),
                    (
                        "pod",
                        "tolerations[].effect",
                        "taint effect",
                        ("NoSchedule", "PreferNoSchedule", "NoExecute"),
                        True,
                    ),
                    (
                        "pod",
                        "topologySpreadConstraints[].whenUnsatisfiable",
                        "whenUnsatisfiable",
                        ("DoNotSchedule", "ScheduleAnyway"),
                        False,
                    ),
                    (
                        "pod",
                        "topologySpreadConstraints[].nodeAffinityPolicy",
                        "node inclusion policy",
                        ("Honor", "Ignore"),
                        False,
                    ),
                    (
                        "pod",
                        "topologySpreadConstraints[].nodeTaintsPolicy",
                        "node inclusion policy",
                        ("Honor", "Ignore"),
                        False,
                    ),
                )
            ),
            row(
                "pod",
                "restartPolicy",
                ValueCheck(_is_restart_policy, _report_restart_policy, ("Always", "")),
            ),
        ),
    ),
    ConstraintRule(
        "restart-policy-not-always",
        """Restart policy is not Always

    Why: a SeldonDeployment's pods serve until they are replaced. They are made by Deployments,
    and the API server refuses a Deployment whose pods end by themselves: with a restartPolicy
    other than Always, or with a deadline.

    Fix: Leave restartPolicy and activeDeadlineSeconds out.

    Bad:
        componentSpecs:
        - spec:
            restartPolicy: Never
            containers:
            - name: classifier

    Good:
        componentSpecs:
        - spec:
            containers:
            - name: classifier
    """,
        (
            row("pod", "restartPolicy", _check_restart_policy),
            row(
                "pod",
                "activeDeadlineSeconds",
                forbidden(
                    "activeDeadlineSeconds is not allowed for a Deployment's pods", "remove it"
                ),
            ),
        ),
    ),
    ConstraintRule(
        "overhead-without-runtime-class",
        """Pod overhead without a runtime class

    Why: overhead is what the pod's runtime needs for itself. It is known by the runtime class,
    and written into pods by the API server; a pod that brings its own is refused. The Deployment
    is accepted, and never gets a pod.

    Fix: Remove overhead; with a runtimeClassName the API server writes it.

    Bad:
        spec:
          overhead:
            cpu: 100m

    Good:
        spec:
          runtimeClassName: gvisor
    """,
        (row("pod", "overhead", _check_overhead),),
    ),
    ConstraintRule(
        "priority-without-priority-class",
        """Pod priority without a priority class

    Why: priority and preemptionPolicy of a pod are computed by the API server from its priority
    class. It refuses pods that bring other values: the Deployment is accepted, and never gets a
    pod. Without a class the priority is 0 and the policy PreemptLowerPriority, unless the cluster
    has a default class that says the same as the pod; hence a warning.

    Fix: Remove priority and preemptionPolicy, and name a class with priorityClassName.

    Bad:
        spec:
          priority: 1000

    Good:
        spec:
          priorityClassName: serving
    """,
        (*rows("pod", ("priority", "preemptionPolicy"), _check_priority),),
        action="warn",
    ),
    ConstraintRule(
        "incomplete-dns-config",
        """Invalid name resolution of a pod

    Why: entries for /etc/hosts have an IP address and host names; dnsConfig names at most three
    servers by address, and at least one if dnsPolicy is None. The API server refuses a Deployment
    with anything else.

    Fix: Use IP addresses without leading zeros, and valid DNS names.

    Bad:
        hostAliases:
        - ip: models.example
          hostnames:
          - models

    Good:
        hostAliases:
        - ip: 10.0.0.7
          hostnames:
          - models
    """,
        (
            row("pod", "hostAliases[].ip", matches(IP_ADDRESS)),
            row("pod", "hostAliases[].hostnames", each_value(DNS_SUBDOMAIN, "host name")),
            row(
                "pod",
                "dnsConfig.nameservers",
                at_most(_MAX_NAMESERVERS, "nameservers"),
                each_value(IP_ADDRESS),
            ),
            row(
                "pod",
                "dnsConfig.searches",
                at_most(_MAX_SEARCHES, "search domains"),
                _check_searches,
                each_value(SEARCH_DOMAIN),
            ),
            row("pod", "dnsConfig.options[]", required("name")),
            row("pod", "dnsPolicy", _check_nameservers),
        ),
    ),
    ConstraintRule(
        "forbidden-sysctl",
        """Invalid or node-level sysctl

    Why: sysctls of a pod are names of lower-case letters, digits, "-" and "_", with "." or "/"
    between them, each once. Those of the network or of shared memory belong to the node where the
    pod has its network (hostNetwork) or its memory (hostIPC). The API server refuses a Deployment
    with any other.

    Fix: Use a valid sysctl that is not node-level, once.

    Bad:
        securityContext:
          sysctls:
          - name: net.ipv4.TCP_SYNCOOKIES
            value: "1"

    Good:
        securityContext:
          sysctls:
          - name: net.ipv4.tcp_syncookies
            value: "1"
    """,
        (
            row("pod", "securityContext.sysctls[].name", matches(SYSCTL_NAME)),
            row("pod", "securityContext.sysctls", _check_sysctls),
        ),
    ),
    ConstraintRule(
        "conflicting-host-namespaces",
        """Setting not allowed with host namespaces

    Why: a pod shares its node's network, processes or users, or has its own. On the node's
    network, ports and host names are those of the node. The API server refuses a Deployment
    that sets both.

    Fix: Remove one of the two settings.

    Bad:
        spec:
          hostPID: true
          shareProcessNamespace: true

    Good:
        spec:
          shareProcessNamespace: true
    """,
        (
            row("pod", "hostPID", _check_host_processes),
            row("pod", "hostNetwork", _check_host_users, _check_host_network_ports),
            row("pod", "hostnameOverride", _check_hostname),
            row("pod", "hostUsers", _check_devices_without_host_users),
        ),
    ),
)
