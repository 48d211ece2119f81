"""An unmasked /proc, also in a user namespace."""

from webhook.podsecurity.check import Check, Violation
from webhook.podsecurity.checks import proc_mount
from webhook.podsecurity.pod import Pod


def judge(pod: Pod) -> Violation | None:
    """Allow only the procMount Default."""
    return proc_mount.judge(pod, CHECK.id)


CHECK = Check("procMount_restricted", "restricted", ((35, judge),), overrides=("procMount",))
