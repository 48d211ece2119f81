"""Pods that break one check each, and what they break at every level and version.

The expectation is written down here by version numbers of its own, so that a wrong number in a
check does not go along with a wrong number in its test.
"""

from collections.abc import Iterator
from copy import deepcopy
from dataclasses import dataclass
from typing import Any

NO_VERSION = 99


@dataclass(frozen=True)
class Breach:
    """A change that breaks a pod.

    way       where the value goes in the template, "*" for each of the three containers
    baseline  (check, from minor, until minor) that finds it at baseline, the last one excluded
    restricted  the same at restricted
    """

    name: str
    segments: tuple[Any, ...]
    value: Any
    baseline: tuple[tuple[str, int, int], ...] = ()
    restricted: tuple[tuple[str, int, int], ...] = ()
    host_users: bool = True

    def expected(self, level: str, version: int) -> list[str]:
        """Return the ids that find it, in upstream's order."""
        rows = self.baseline if level == "baseline" else self.restricted
        return [check for check, since, until in rows if since <= version < until]


POD = ("spec", "securityContext")
CONTAINER_LEVEL = ("spec", "*", "securityContext")


def both_levels(check: str, since: int = 0) -> dict[str, Any]:
    rows = ((check, since, NO_VERSION),)
    return {"baseline": rows, "restricted": rows}


def pod_and_container_breaches(baseline: str, restricted: str, change: int) -> dict[str, Any]:
    """Return what finds a breach whose baseline check gives way to a restricted one."""
    return {
        "baseline": ((baseline, 0, NO_VERSION),),
        "restricted": ((baseline, 0, change), (restricted, change, NO_VERSION)),
    }


BREACHES = (
    Breach("hostNetwork", ("spec", "hostNetwork"), True, **both_levels("hostNamespaces")),
    Breach("privileged", (*CONTAINER_LEVEL, "privileged"), True, **both_levels("privileged")),
    Breach(
        "add SYS_TIME",
        (*CONTAINER_LEVEL, "capabilities", "add"),
        ["SYS_TIME"],
        **pod_and_container_breaches("capabilities_baseline", "capabilities_restricted", 22),
    ),
    Breach(
        "add CHOWN",
        (*CONTAINER_LEVEL, "capabilities", "add"),
        ["CHOWN"],
        restricted=(("capabilities_restricted", 22, NO_VERSION),),
    ),
    Breach(
        "drop nothing",
        (*CONTAINER_LEVEL, "capabilities", "drop"),
        [],
        restricted=(("capabilities_restricted", 22, NO_VERSION),),
    ),
    Breach(
        "hostPath",
        ("spec", "volumes"),
        [{"name": "v", "hostPath": {"path": "/"}}],
        baseline=(("hostPathVolumes", 0, NO_VERSION),),
        restricted=(("restrictedVolumes", 0, NO_VERSION),),
    ),
    Breach(
        "nfs",
        ("spec", "volumes"),
        [{"name": "v", "nfs": {}}],
        restricted=(("restrictedVolumes", 0, NO_VERSION),),
    ),
    Breach("hostPort", ("spec", "*", "ports"), [{"hostPort": 80}], **both_levels("hostPorts")),
    Breach(
        "probe host",
        ("spec", "*", "livenessProbe"),
        {"httpGet": {"host": "h"}},
        **both_levels("hostProbesAndHostLifecycle", 34),
    ),
    Breach(
        "AppArmor",
        (*CONTAINER_LEVEL, "appArmorProfile"),
        {"type": "Unconfined"},
        **both_levels("appArmorProfile"),
    ),
    Breach("SELinux", (*POD, "seLinuxOptions"), {"user": "u"}, **both_levels("seLinuxOptions")),
    Breach(
        "container_engine_t",
        (*POD, "seLinuxOptions"),
        {"type": "container_engine_t"},
        baseline=(("seLinuxOptions", 0, 31),),
        restricted=(("seLinuxOptions", 0, 31),),
    ),
    Breach(
        "Unmasked",
        (*CONTAINER_LEVEL, "procMount"),
        "Unmasked",
        **pod_and_container_breaches("procMount", "procMount_restricted", 35),
    ),
    Breach(
        "Unmasked in a user namespace",
        (*CONTAINER_LEVEL, "procMount"),
        "Unmasked",
        baseline=(("procMount", 0, 35),),
        restricted=(("procMount", 0, 35), ("procMount_restricted", 35, NO_VERSION)),
        host_users=False,
    ),
    Breach(
        "Unconfined",
        (*CONTAINER_LEVEL, "seccompProfile"),
        {"type": "Unconfined"},
        baseline=(("seccompProfile_baseline", 19, NO_VERSION),),
        restricted=(("seccompProfile_restricted", 19, NO_VERSION),),
    ),
    Breach(
        "no seccomp profile",
        (*POD, "seccompProfile"),
        None,
        restricted=(("seccompProfile_restricted", 19, NO_VERSION),),
    ),
    Breach(
        "seccomp annotation",
        ("metadata", "annotations", "seccomp.security.alpha.kubernetes.io/pod"),
        "unconfined",
        baseline=(("seccompProfile_baseline", 0, 19),),
        restricted=(("seccompProfile_baseline", 0, 19),),
    ),
    Breach("sysctl", (*POD, "sysctls"), [{"name": "x"}], **both_levels("sysctls")),
    Breach(
        "hostProcess",
        (*CONTAINER_LEVEL, "windowsOptions"),
        {"hostProcess": True},
        **both_levels("windowsHostProcess"),
    ),
    Breach(
        "may be root",
        (*POD, "runAsNonRoot"),
        None,
        restricted=(("runAsNonRoot", 0, NO_VERSION),),
    ),
    Breach(
        "may be root in a user namespace",
        (*POD, "runAsNonRoot"),
        None,
        restricted=(("runAsNonRoot", 0, 35),),
        host_users=False,
    ),
    Breach(
        "is root", (*CONTAINER_LEVEL, "runAsUser"), 0, restricted=(("runAsUser", 23, NO_VERSION),)
    ),
    Breach(
        "is root in a user namespace",
        (*CONTAINER_LEVEL, "runAsUser"),
        0,
        restricted=(("runAsUser", 23, 35),),
        host_users=False,
    ),
    Breach(
        "escalation",
        (*CONTAINER_LEVEL, "allowPrivilegeEscalation"),
        True,
        restricted=(("allowPrivilegeEscalation", 8, NO_VERSION),),
    ),
)


def good_template() -> dict[str, Any]:
    """Return a pod template that every level of every version allows, one container per kind."""
    container = {
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "capabilities": {"drop": ["ALL"]},
        }
    }
    return {
        "metadata": {"annotations": {}},
        "spec": {
            "securityContext": {
                "runAsNonRoot": True,
                "runAsUser": 8888,
                "seccompProfile": {"type": "RuntimeDefault"},
            },
            **{
                kind: [{"name": name, **deepcopy(container)}]
                for kind, name in (
                    ("initContainers", "i"),
                    ("containers", "m"),
                    ("ephemeralContainers", "e"),
                )
            },
            "volumes": [{"name": "v", "emptyDir": {}}],
        },
    }


def broken_templates(breach: Breach) -> Iterator[dict[str, Any]]:
    """Yield the good template with the breach, in each container once where it is a container's."""
    kinds = (
        ("initContainers", "containers", "ephemeralContainers") if "*" in breach.segments else ("",)
    )
    for kind in kinds:
        template = good_template()
        if not breach.host_users:
            template["spec"]["hostUsers"] = False
        here: Any = template
        for key in breach.segments[:-1]:
            here = here[kind][0] if key == "*" else here.setdefault(key, {})
        here[breach.segments[-1]] = breach.value
        yield template
