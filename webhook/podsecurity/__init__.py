"""What a pod may do: effective security contexts, the Pod Security Standards, OpenShift's ids.

Pure. Receives pods as raw values and does not know SeldonDeployments, callers, or the action for
a finding. Every path is relative to the pod template: spec.containers[0].…

    violations = evaluate(Pod(spec, metadata), "restricted", 30)
    ", ".join(map(str, violations))                  what the API server would say
"""

from webhook.podsecurity.check import Violation
from webhook.podsecurity.evaluate import check_ids, evaluate_pod
from webhook.podsecurity.pod import Container, Pod
from webhook.podsecurity.standard import (
    LATEST,
    LEVELS,
    Level,
    NamespacePodSecurity,
    Standard,
    parse_level,
    parse_standard,
    parse_version,
    read_namespace_labels,
)

__all__ = [
    "LATEST",
    "LEVELS",
    "Container",
    "Level",
    "NamespacePodSecurity",
    "Pod",
    "Standard",
    "Violation",
    "check_ids",
    "evaluate_pod",
    "message",
    "parse_level",
    "parse_standard",
    "parse_version",
    "read_namespace_labels",
]
