"""A pod against a Pod Security Standard: every check that holds, every violation.

Here: which checks hold at a level and version, running them. Not here:
the checks themselves (`checks`), where level and version come from (`standard`).

Source: kubernetes/pod-security-admission policy/registry.go.
"""

from functools import cache

from webhook.podsecurity.check import CheckPod, Violation
from webhook.podsecurity.pod import Pod
from webhook.podsecurity.standard import LATEST, Level


def evaluate_pod(pod: Pod, level: Level, version: int = LATEST) -> tuple[Violation, ...]:
    """Return every violation of a level at a Kubernetes minor version, in upstream's order.

    A version above the newest rule counts as the newest. Total: any values in the pod.
    """
    checks = _checks_at(level, min(version, LATEST))
    return tuple([violation for check_pod in checks if (violation := check_pod(pod)) is not None])


def check_ids(level: Level, version: int = LATEST) -> tuple[str, ...]:
    """Return the ids of the checks that hold, in the order in which they run.

    Baseline ids first, then restricted ids, each sorted. A baseline check is left out where a
    restricted one that holds overrides it.
    """
    if level == "privileged":
        return ()
    from webhook.podsecurity.checks import CHECKS  # 19 modules: start-up time

    active = [check for check in CHECKS if check.check_at(version) is not None]
    baseline = sorted(check.id for check in active if check.level == "baseline")
    if level == "baseline":
        return tuple(baseline)
    restricted = [check for check in active if check.level == "restricted"]
    overridden = {id_ for check in restricted for id_ in check.overrides}
    return (
        *(id_ for id_ in baseline if id_ not in overridden),
        *sorted(check.id for check in restricted),
    )


@cache  # a pure function of 114 possible calls, asked once per pod
def _checks_at(level: Level, version: int) -> tuple[CheckPod, ...]:
    names = check_ids(level, version)
    if not names:
        return ()
    from webhook.podsecurity.checks import CHECKS

    by_id = {check.id: check.check_at(version) for check in CHECKS}
    candidates = (by_id[id_] for id_ in names)
    return tuple(check_pod for check_pod in candidates if check_pod is not None)
