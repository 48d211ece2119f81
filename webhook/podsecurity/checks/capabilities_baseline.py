"""Added Linux capabilities beyond those a container runtime gives anyway."""

from webhook.podsecurity.check import Check, Violation, named, places, quoted
from webhook.podsecurity.pod import Pod, items, text

# Kubernetes, Pod Security Standards, Baseline: Capabilities.
_ALLOWED = frozenset(
    {
        "AUDIT_WRITE",
        "CHOWN",
        "DAC_OVERRIDE",
        "FOWNER",
        "FSETID",
        "KILL",
        "MKNOD",
        "NET_BIND_SERVICE",
        "SETFCAP",
        "SETGID",
        "SETPCAP",
        "SETUID",
        "SYS_CHROOT",
    }
)


def judge(pod: Pod) -> Violation | None:
    """Allow only capabilities of the default set in capabilities.add."""
    guilty = []
    forbidden = set()
    for container in pod.containers:
        added = container.capabilities.get("add")
        if not added:
            continue
        beyond = {text(capability) for capability in items(added)} - _ALLOWED
        if beyond:
            guilty.append(container)
            forbidden |= beyond
    if not guilty:
        return None
    return Violation(
        CHECK.id,
        "non-default capabilities",
        f"{named(guilty)} must not include {quoted(sorted(forbidden))}"
        " in securityContext.capabilities.add",
        places(False, guilty, "capabilities", "add"),  # noqa: FBT003 — containers only
    )


CHECK = Check("capabilities_baseline", "baseline", ((0, judge),))
