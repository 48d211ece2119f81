"""An unmasked /proc, also in a user namespace."""

from webhook.podsecurity.check import Check, Violation
from webhook.podsecurity.checks import proc_mount
from webhook.podsecurity.pod import Pod


def check_pod(pod: Pod) -> Violation | None:
    """Allow only the procMount Default."""
    return proc_mount.check_pod(pod, CHECK.id)


CHECK = Check("procMount_restricted", "restricted", ((35, check_pod),), overrides=("procMount",))
