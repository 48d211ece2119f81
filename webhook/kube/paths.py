"""Where objects are in the API: from apiVersion, kind, namespace and name to a path.

The plurals are constants, not discovered: these are the kinds that graphgate writes or reads.
"""

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from webhook.graph.well_known import SELDON_KIND, SELDON_RESOURCE

_PLURALS: Mapping[str, str] = {
    "ConfigMap": "configmaps",
    "CustomResourceDefinition": "customresourcedefinitions",
    "Deployment": "deployments",
    "DestinationRule": "destinationrules",
    "EndpointSlice": "endpointslices",
    "Event": "events",
    "GRPCRoute": "grpcroutes",
    "HTTPRoute": "httproutes",
    "HorizontalPodAutoscaler": "horizontalpodautoscalers",
    "Ingress": "ingresses",
    "Lease": "leases",
    "Mapping": "mappings",
    "MutatingAdmissionPolicy": "mutatingadmissionpolicies",
    "MutatingAdmissionPolicyBinding": "mutatingadmissionpolicybindings",
    "MutatingWebhookConfiguration": "mutatingwebhookconfigurations",
    "Namespace": "namespaces",
    "Pod": "pods",
    "PodDisruptionBudget": "poddisruptionbudgets",
    "PolicyException": "policyexceptions",
    "PolicyReport": "policyreports",
    "ReplicaSet": "replicasets",
    "Report": "reports",
    "ScaledObject": "scaledobjects",
    "Secret": "secrets",
    SELDON_KIND: SELDON_RESOURCE,
    "Service": "services",
    "TLSContext": "tlscontexts",
    "ValidatingAdmissionPolicy": "validatingadmissionpolicies",
    "ValidatingAdmissionPolicyBinding": "validatingadmissionpolicybindings",
    "ValidatingWebhookConfiguration": "validatingwebhookconfigurations",
    "VirtualService": "virtualservices",
}


def collection_path(api_version: str, kind: str, namespace: str = "") -> str:
    """Return the path of all objects of a kind: in one namespace, or ("") in the whole cluster.

    collection_of("apps/v1", "Deployment", "shop")   /apis/apps/v1/namespaces/shop/deployments

    Raise KeyError for a kind that graphgate does not know.
    """
    root = f"/apis/{api_version}" if "/" in api_version else f"/api/{api_version}"
    namespace_part = f"/namespaces/{quote(namespace, safe='')}" if namespace else ""
    return f"{root}{namespace_part}/{_PLURALS[kind]}"


def discovered_path(
    discovery: Mapping[str, Any], api_version: str, kind: str, namespace: str = ""
) -> str | None:
    """Return the path of all objects of a kind that the API server names; None: it has no such.

    discovery  what it answers at `discovery_path(api_version)`, an APIResourceList
    namespace  not used for a kind that has no namespaces
    """
    for resource in discovery.get("resources") or ():
        if resource.get("kind") == kind and "/" not in resource["name"]:
            place = f"/namespaces/{quote(namespace, safe='')}" if namespace else ""
            plural = quote(resource["name"], safe="")
            root = discovery_path(api_version)
            return f"{root}{place if resource.get('namespaced') else ''}/{plural}"
    return None


def discovery_path(api_version: str) -> str:
    """Return the discovery path of a group version."""
    group, _, version = api_version.rpartition("/")
    root = f"/apis/{quote(group, safe='')}" if group else "/api"
    return f"{root}/{quote(version, safe='')}"


def object_path(obj: Mapping[str, Any], namespace: str = "") -> str:
    """Return the path of one object; `namespace` is for one that names none itself."""
    metadata = obj["metadata"]
    object_namespace = metadata.get("namespace") or namespace
    collection = collection_path(obj["apiVersion"], obj["kind"], object_namespace)
    return f"{collection}/{quote(metadata['name'], safe='')}"
