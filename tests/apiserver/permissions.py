"""What a reconciler may do, as docs/reconciler.md says it, and users with such roles."""

from webhook.kube import connect

PARTS = ["get", "list", "watch", "create", "patch", "delete"]
Row = tuple[str, str, list[str], list[str]]
"""API group, resource, verbs, names; no names: all."""

ROLE: list[Row] = [
    ("machinelearning.seldon.io", "seldondeployments", ["list", "watch"], []),
    ("machinelearning.seldon.io", "seldondeployments/status", ["patch"], []),
    ("apps", "deployments", PARTS, []),
    ("", "services", PARTS, []),
    ("autoscaling", "horizontalpodautoscalers", PARTS, []),
    ("policy", "poddisruptionbudgets", PARTS, []),
    ("keda.sh", "scaledobjects", PARTS, []),
    ("", "pods", ["list"], []),
    ("", "events", ["create"], []),
    ("coordination.k8s.io", "leases", ["get", "update", "create"], []),
    ("coordination.k8s.io", "leases", ["list"], ["a33bd623.machinelearning.seldon.io"]),
    ("", "namespaces", ["list", "watch"], []),
    ("", "configmaps", ["list", "watch"], ["seldon-config"]),
    (
        "apiextensions.k8s.io",
        "customresourcedefinitions",
        ["list", "watch"],
        ["seldondeployments.machinelearning.seldon.io"],
    ),
    ("networking.k8s.io", "ingresses", ["list", "watch"], []),
]
"""What a reconciler asks for without routing, where no gateway's types are installed."""

ROUTE_ROLE: list[Row] = [
    ("gateway.networking.k8s.io", "httproutes", PARTS, []),
    ("gateway.networking.k8s.io", "grpcroutes", PARTS, []),
    ("networking.istio.io", "virtualservices", PARTS, []),
    ("networking.istio.io", "destinationrules", PARTS, []),
    ("getambassador.io", "mappings", PARTS, []),
    ("getambassador.io", "tlscontexts", PARTS, []),
    ("discovery.k8s.io", "endpointslices", ["list"], []),
]
"""What it asks for besides. Both together are the table in docs/reconciler.md."""


AUDIT_ROLE: list[Row] = [
    ("machinelearning.seldon.io", "seldondeployments", ["get", "list", "watch"], []),
    ("openreports.io", "reports", ["list", "watch", "create", "patch", "delete"], []),
    ("wgpolicyk8s.io", "policyreports", ["list", "watch", "create", "patch", "delete"], []),
    *(row for row in ROLE if row[1] in {"namespaces", "configmaps", "customresourcedefinitions"}),
    ("coordination.k8s.io", "leases", ["get"], ["a33bd623.machinelearning.seldon.io"]),
]
"""What `graphgate watch` asks for, as the chart grants it."""


def as_user(plane, name, role):
    """A connection of a user with a role."""
    rules = [
        {"apiGroups": [group], "resources": [resource], "verbs": verbs, "resourceNames": names}
        for group, resource, verbs, names in role
    ]
    rbac = "/apis/rbac.authorization.k8s.io/v1"
    meta = {"metadata": {"name": name}}
    plane.request("POST", f"{rbac}/clusterroles", {**meta, "rules": rules})
    subject = {"kind": "User", "name": name, "apiGroup": "rbac.authorization.k8s.io"}
    reference = {"kind": "ClusterRole", "name": name, "apiGroup": "rbac.authorization.k8s.io"}
    binding = {**meta, "subjects": [subject], "roleRef": reference}
    plane.request("POST", f"{rbac}/clusterrolebindings", binding)
    return connect(kubeconfig=str(plane.add_user(name)), context=None, environment=plane.env)
