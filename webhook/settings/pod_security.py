"""What an operator, or a namespace, demands of pods.

How pods are evaluated by it is in `pod_checks`.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from webhook.graph.cluster_facts import Namespace
from webhook.podsecurity import LATEST, Level, Standard, read_namespace_labels

if TYPE_CHECKING:
    from webhook.podsecurity.psp.model import PspRules

Mode = Literal["off", "warn", "enforce"]


@dataclass(frozen=True, slots=True)
class PodSecurityOptions:
    """What an operator may choose about pods.

    mode          what a departure from the standard means
    level         the level that holds everywhere; None: what the namespace's labels enforce
    version       the minor version of its rules; None: what the labels say if the level is
                  theirs, else the newest. None newer than the cluster's, where that is known
    restrictions  further restrictions, as in a PodSecurityPolicy; None: none
    """

    mode: Mode = "warn"
    level: Level | None = None
    version: int | None = None
    restrictions: "PspRules | None" = None


def resolve_standard(
    options: PodSecurityOptions, namespace: Namespace | None, minor: int | None
) -> Standard:
    """Return the standard that holds in a namespace (None: it could not be read).

    minor  the cluster's Kubernetes minor version; None: not known

    A label that is not a level means restricted. No version is newer than the cluster's: to an API
    server `latest`, and any version that it does not know yet, is its own. Source of both:
    kubernetes/pod-security-admission api/helpers.go and policy/registry.go.
    """
    enforced = Standard() if namespace is None else read_namespace_labels(namespace.labels).enforce
    level, version = enforced.level, enforced.version
    if options.level is not None:
        level, version = options.level, LATEST
    if options.version is not None:
        version = options.version
    return Standard(level, version if minor is None else min(version, minor))
