"""What a rule may not fetch for itself. The edges gather it, the core receives it."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Literal

Operator = Literal["graphgate", "seldon"]
"""Who reconciles SeldonDeployments: graphgate's reconciler or Seldon Core v1's operator."""


@dataclass(frozen=True, slots=True)
class Namespace:
    """What is known of one namespace."""

    labels: Mapping[str, str] = field(default_factory=dict)
    annotations: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known of the cluster while an object is evaluated.

    namespaces        by name; a namespace that is not in it could not be read
    model_servers     model servers by name ("SKLEARN_SERVER"), each as its entry of Seldon's
                      seldon-config ConfigMap; None: not known
    explainer_images  images of explainers, as the entry `explainer` of seldon-config: `image`, and
                      `image_v2` for the protocol v2; empty: there are none; None: not known
    storage_initializer
                      the image that downloads models, as the entry `storageInitializer` of
                      seldon-config: `image`, `cpuRequest`, `cpuLimit`, `memoryRequest`,
                      `memoryLimit`; what is missing is as graphgate has it built in
    openshift         whether the cluster serves security.openshift.io/v1
    kubernetes_minor  the cluster's Kubernetes minor version (36 for v1.36); None: not known
    operator          who reconciles: "seldon" where Seldon's operator runs; None: not known. The
                      engine overrides it per object (`engine.operator`)
    operator_version  the version of Seldon's operator ("1.17.1"); None: not known
    max_graph_depth   how many levels of nodes the cluster's CustomResourceDefinition keeps, the
                      root included (11 for Seldon's own); None: all, or not known
    mirrors_percent   whether the cluster's HTTPRoutes can mirror a share of the requests (Gateway
                      API v1.3); None: not known
    configured_server_images, configured_explainer_images
                      images that graphgate's settings name, before those of the cluster: of model
                      servers by name and protocol, of explainers by key. What else there is, they
                      do not say
    """

    namespaces: Mapping[str, Namespace] = field(default_factory=dict)
    model_servers: Mapping[str, object] | None = None
    explainer_images: Mapping[str, str] | None = None
    storage_initializer: Mapping[str, str] = field(default_factory=dict)
    openshift: bool = False
    kubernetes_minor: int | None = None
    max_graph_depth: int | None = None
    operator: Operator | None = None
    mirrors_percent: bool | None = None
    operator_version: str | None = None
    configured_server_images: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    configured_explainer_images: Mapping[str, str] = field(default_factory=dict)

    def for_namespace(self, namespace: str) -> "Facts":
        """Return what of it matters to objects in one namespace."""
        known = self.namespaces.get(namespace)
        return replace(self, namespaces={} if known is None else {namespace: known})


NO_FACTS = Facts()
"""Facts without a cluster."""
