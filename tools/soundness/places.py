"""Where in a document predictors, components, pods, containers and nodes are; odd types are not."""

from typing import Any

from tools.soundness.injecting import mappings

Raw = dict[str, Any]


def predictors(document: Raw) -> list[Raw]:
    """Return the predictors."""
    return mappings(document.get("spec"), "predictors")


def components(document: Raw) -> list[Raw]:
    """Return the componentSpecs of all predictors."""
    return [c for p in predictors(document) for c in mappings(p, "componentSpecs")]


def pods(document: Raw) -> list[Raw]:
    """Return the pod specs."""
    return [c["spec"] for c in components(document) if type(c.get("spec")) is dict]


def explainers(document: Raw) -> list[Raw]:
    """Return the explainers."""
    found = [p.get("explainer") for p in predictors(document)]
    return [one for one in found if type(one) is dict]


def containers(document: Raw) -> list[Raw]:
    """Return the containers of pods; no init containers."""
    return [c for pod in pods(document) for c in mappings(pod, "containers")]


def nodes(document: Raw) -> list[Raw]:
    """Return the nodes of all graphs."""
    found: list[Raw] = []
    stack = [p["graph"] for p in predictors(document) if type(p.get("graph")) is dict]
    while stack:
        node = stack.pop()
        found.append(node)
        stack.extend(mappings(node, "children"))
    return found
