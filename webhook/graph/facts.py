"""What a rule may not fetch for itself. The edges gather it, the core receives it."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Namespace:
    """What is known of one namespace."""

    labels: Mapping[str, str] = field(default_factory=dict)
    annotations: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known of the cluster while an object is judged.

    namespaces  by name; a namespace that is not in it could not be read
    servers     model servers by name ("SKLEARN_SERVER"), each as its entry of Seldon's
                seldon-config ConfigMap; None: not known
    openshift   whether the cluster serves security.openshift.io/v1
    minor       the cluster's Kubernetes minor version (36 for v1.36); None: not known
    crd_depth   how many levels of nodes the cluster's CustomResourceDefinition keeps, the root
                included (11 for Seldon's own); None: all, or not known
    """

    namespaces: Mapping[str, Namespace] = field(default_factory=dict)
    servers: Mapping[str, object] | None = None
    openshift: bool = False
    minor: int | None = None
    crd_depth: int | None = None


NOTHING_KNOWN = Facts()
"""Facts of somebody who has no cluster at hand."""
