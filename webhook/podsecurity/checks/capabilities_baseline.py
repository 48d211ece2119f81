"""Added Linux capabilities beyond those a container runtime gives anyway."""

from webhook.graph.model import as_list
from webhook.podsecurity.check import Check, Violation, field_paths, list_containers, quote_words
from webhook.podsecurity.pod import Pod, as_str

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


def check_pod(pod: Pod) -> Violation | None:
    """Allow only capabilities of the default set in capabilities.add."""
    violating = []
    forbidden = set()
    for container in pod.containers:
        added = container.capabilities.get("add")
        if not added:
            continue
        disallowed = {as_str(capability) for capability in as_list(added)} - _ALLOWED
        if disallowed:
            violating.append(container)
            forbidden |= disallowed
    if not violating:
        return None
    return Violation(
        CHECK.id,
        "non-default capabilities",
        f"{list_containers(violating)} must not include {quote_words(sorted(forbidden))}"
        " in securityContext.capabilities.add",
        field_paths(False, violating, "capabilities", "add"),  # noqa: FBT003 — containers only
    )


CHECK = Check("capabilities_baseline", "baseline", ((0, check_pod),))
