"""Pods that break one check each, and what they break at every level and version.

The expectation is written down here by version numbers of its own, so that a wrong number in a
check does not go along with a wrong number in its test.
"""

from collections.abc import Iterator
from copy import deepcopy
from dataclasses import dataclass
from typing import Any

NEVER = 99


@dataclass(frozen=True)
class Breach:
    """A change that breaks a pod.

    way       where the value goes in the template, "*" for each of the three containers
    baseline  (check, from minor, until minor) that finds it at baseline, the last one excluded
    restricted  the same at restricted
    """

    name: str
    way: tuple[Any, ...]
    value: Any
    baseline: tuple[tuple[str, int, int], ...] = ()
    restricted: tuple[tuple[str, int, int], ...] = ()
    host_users: bool = True

    def expected(self, level: str, version: int) -> list[str]:
        """Return the ids that find it, in upstream's order."""
        rows = self.baseline if level == "baseline" else self.restricted
        return [check for check, since, until in rows if since <= version < until]


POD = ("spec", "securityContext")
OWN = ("spec", "*", "securityContext")


def _both(check: str, since: int = 0) -> dict[str, Any]:
    rows = ((check, since, NEVER),)
    return {"baseline": rows, "restricted": rows}


def _twins(baseline: str, restricted: str, change: int) -> dict[str, Any]:
    """Return what finds a breach whose baseline check gives way to a restricted one."""
    return {
        "baseline": ((baseline, 0, NEVER),),
        "restricted": ((baseline, 0, change), (restricted, change, NEVER)),
    }


BREACHES = (
    Breach("hostNetwork", ("spec", "hostNetwork"), True, **_both("hostNamespaces")),
    Breach("privileged", (*OWN, "privileged"), True, **_both("privileged")),
    Breach(
        "add SYS_TIME",
        (*OWN, "capabilities", "add"),
        ["SYS_TIME"],
        **_twins("capabilities_baseline", "capabilities_restricted", 22),
    ),
    Breach(
        "add CHOWN",
        (*OWN, "capabilities", "add"),
        ["CHOWN"],
        restricted=(("capabilities_restricted", 22, NEVER),),
    ),
    Breach(
        "drop nothing",
        (*OWN, "capabilities", "drop"),
        [],
        restricted=(("capabilities_restricted", 22, NEVER),),
    ),
    Breach(
        "hostPath",
        ("spec", "volumes"),
        [{"name": "v", "hostPath": {"path": "/"}}],
        baseline=(("hostPathVolumes", 0, NEVER),),
        restricted=(("restrictedVolumes", 0, NEVER),),
    ),
    Breach(
        "nfs",
        ("spec", "volumes"),
        [{"name": "v", "nfs": {}}],
        restricted=(("restrictedVolumes", 0, NEVER),),
    ),
    Breach("hostPort", ("spec", "*", "ports"), [{"hostPort": 80}], **_both("hostPorts")),
    Breach(
        "probe host",
        ("spec", "*", "livenessProbe"),
        {"httpGet": {"host": "h"}},
        **_both("hostProbesAndHostLifecycle", 34),
    ),
    Breach(
        "AppArmor", (*OWN, "appArmorProfile"), {"type": "Unconfined"}, **_both("appArmorProfile")
    ),
    Breach("SELinux", (*POD, "seLinuxOptions"), {"user": "u"}, **_both("seLinuxOptions")),
    Breach(
        "container_engine_t",
        (*POD, "seLinuxOptions"),
        {"type": "container_engine_t"},
        baseline=(("seLinuxOptions", 0, 31),),
        restricted=(("seLinuxOptions", 0, 31),),
    ),
    Breach(
        "Unmasked",
        (*OWN, "procMount"),
        "Unmasked",
        **_twins("procMount", "procMount_restricted", 35),
    ),
    Breach(
        "Unmasked in a user namespace",
        (*OWN, "procMount"),
        "Unmasked",
        baseline=(("procMount", 0, 35),),
        restricted=(("procMount", 0, 35), ("procMount_restricted", 35, NEVER)),
        host_users=False,
    ),
    Breach(
        "Unconfined",
        (*OWN, "seccompProfile"),
        {"type": "Unconfined"},
        baseline=(("seccompProfile_baseline", 19, NEVER),),
        restricted=(("seccompProfile_restricted", 19, NEVER),),
    ),
    Breach(
        "no seccomp profile",
        (*POD, "seccompProfile"),
        None,
        restricted=(("seccompProfile_restricted", 19, NEVER),),
    ),
    Breach(
        "seccomp annotation",
        ("metadata", "annotations", "seccomp.security.alpha.kubernetes.io/pod"),
        "unconfined",
        baseline=(("seccompProfile_baseline", 0, 19),),
        restricted=(("seccompProfile_baseline", 0, 19),),
    ),
    Breach("sysctl", (*POD, "sysctls"), [{"name": "x"}], **_both("sysctls")),
    Breach(
        "hostProcess",
        (*OWN, "windowsOptions"),
        {"hostProcess": True},
        **_both("windowsHostProcess"),
    ),
    Breach(
        "may be root",
        (*POD, "runAsNonRoot"),
        None,
        restricted=(("runAsNonRoot", 0, NEVER),),
    ),
    Breach(
        "may be root in a user namespace",
        (*POD, "runAsNonRoot"),
        None,
        restricted=(("runAsNonRoot", 0, 35),),
        host_users=False,
    ),
    Breach("is root", (*OWN, "runAsUser"), 0, restricted=(("runAsUser", 23, NEVER),)),
    Breach(
        "is root in a user namespace",
        (*OWN, "runAsUser"),
        0,
        restricted=(("runAsUser", 23, 35),),
        host_users=False,
    ),
    Breach(
        "escalation",
        (*OWN, "allowPrivilegeEscalation"),
        True,
        restricted=(("allowPrivilegeEscalation", 8, NEVER),),
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
    kinds = ("initContainers", "containers", "ephemeralContainers") if "*" in breach.way else ("",)
    for kind in kinds:
        template = good_template()
        if not breach.host_users:
            template["spec"]["hostUsers"] = False
        here: Any = template
        for key in breach.way[:-1]:
            here = here[kind][0] if key == "*" else here.setdefault(key, {})
        here[breach.way[-1]] = breach.value
        yield template
