"""SeldonDeployments for tests: the least there must be, and what a test adds."""

from typing import Any

from webhook.graph.cluster_facts import Facts, Namespace

BASE = "/spec/predictors/0/componentSpecs/0/spec"
"""The pointer of the only pod template of `deployment`."""


def build_deployment(spec: Any = None, **predictor: Any) -> dict[str, Any]:
    """Return a SeldonDeployment with one predictor whose one template has this PodSpec."""
    pod = {"containers": [{"name": "m", "image": "x"}]} if spec is None else spec
    return {
        "apiVersion": "machinelearning.seldon.io/v1",
        "kind": "SeldonDeployment",
        "metadata": {"name": "s", "namespace": "ds"},
        "spec": {
            "predictors": [
                {
                    "name": "p",
                    "componentSpecs": [{"spec": pod}],
                    "graph": {"name": "m", "type": "MODEL"},
                    **predictor,
                }
            ]
        },
    }


def build_template(
    *contexts: Any, pod: Any = None, inits: tuple[Any, ...] = (), **spec: Any
) -> Any:
    """Return a PodSpec whose app containers have these security contexts; None: they have none."""
    result: dict[str, Any] = {"containers": build_containers("m", contexts), **spec}
    if inits:
        result["initContainers"] = build_containers("i", inits)
    if pod is not None:
        result["securityContext"] = pod
    return result


def build_namespace(*, openshift: bool = False, labels: Any = None, **annotations: str) -> Facts:
    """Return facts about the namespace of `deployment`; `uid_range` and such by short name."""
    names = {
        "uid_range": "openshift.io/sa.scc.uid-range",
        "groups": "openshift.io/sa.scc.supplemental-groups",
        "override": "graphgate.io/security-defaults",
    }
    known = Namespace(labels or {}, {names[key]: value for key, value in annotations.items()})
    return Facts(namespaces={"ds": known}, openshift=openshift)


def build_containers(name: str, contexts: tuple[Any, ...]) -> list[dict[str, Any]]:
    return [
        {"name": f"{name}{index}", "image": "x"}
        | ({} if context is None else {"securityContext": context})
        for index, context in enumerate(contexts)
    ]
