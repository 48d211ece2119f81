"""A rule of affinity cannot be used

Why: each requirement compares a label with values, by one of a few operators; In and NotIn need
values, Exists and DoesNotExist have none, Gt and Lt one. Weights go from 1 to 100. Pods are spread
by a topologyKey. The API server refuses a Deployment with anything else.

Fix: Write operator, values, weight and topologyKey as they belong together.

Bad:
    affinity:
      nodeAffinity:
        requiredDuringSchedulingIgnoredDuringExecution:
          nodeSelectorTerms:
          - matchExpressions:
            - key: accelerator
              operator: In

Good:
    affinity:
      nodeAffinity:
        requiredDuringSchedulingIgnoredDuringExecution:
          nodeSelectorTerms:
          - matchExpressions:
            - key: accelerator
              operator: In
              values:
              - gpu
"""

from collections.abc import Iterator, Mapping
from typing import Any

from webhook.graph.finding import Finding
from webhook.graph.k8s_syntax import is_qualified_name
from webhook.graph.model import (
    SeldonDeployment,
    get_int,
    get_list,
    get_mapping,
    get_str,
    iter_mappings,
)
from webhook.graph.names import is_dns_label
from webhook.graph.path import Path
from webhook.rules._format import quote_value
from webhook.rules.pod._selectors import NODE_OPERATORS, check_requirements, check_selector

ACTION = "deny"
SINCE = "0.1.0"
TRIGGERS = frozenset({"affinity"})

_REQUIRED = "requiredDuringSchedulingIgnoredDuringExecution"
_PREFERRED = "preferredDuringSchedulingIgnoredDuringExecution"


def check(deployment: SeldonDeployment) -> Iterator[Finding]:
    """Yield each such rule (sources: validateNodeAffinity, validatePodAffinityTerm)."""
    for component in deployment.components:
        if "affinity" in component.pod:
            path = component.path.join(("spec", "affinity"))
            affinity = get_mapping(component.pod, "affinity")
            yield from _check_node_affinity(
                path / "nodeAffinity", get_mapping(affinity, "nodeAffinity")
            )
            for kind in ("podAffinity", "podAntiAffinity"):
                yield from _check_pod_affinity(path / kind, get_mapping(affinity, kind))


def _check_node_affinity(path: Path, affinity: Mapping[str, Any]) -> Iterator[Finding]:
    required = affinity.get(_REQUIRED)
    if type(required) is dict:
        terms = path / _REQUIRED / "nodeSelectorTerms"
        if required.get("nodeSelectorTerms") == []:
            yield Finding(terms, "there is no term: no node would do", "add a term")
        for index, term in iter_mappings(required, "nodeSelectorTerms"):
            yield from _check_node_term(terms / index, term)
    for index, preferred in iter_mappings(affinity, _PREFERRED):
        item_path = path / _PREFERRED / index
        yield from _check_weight(item_path, preferred)
        yield from _check_node_term(item_path / "preference", get_mapping(preferred, "preference"))


def _check_node_term(path: Path, term: Mapping[str, Any]) -> Iterator[Finding]:
    yield from check_requirements(path / "matchExpressions", term, NODE_OPERATORS)
    for index, field in iter_mappings(term, "matchFields"):
        item_path = path / "matchFields" / index
        if field.get("key") not in (None, "metadata.name"):
            yield Finding(item_path / "key", "nodes are matched by the field metadata.name only")
        if get_str(field, "operator") not in ("", "In", "NotIn"):
            yield Finding(item_path / "operator", "fields are matched by In and NotIn only")
        elif len(get_list(field, "values")) != 1:
            yield Finding(item_path / "values", "a field is matched with exactly one value")


def _check_pod_affinity(path: Path, affinity: Mapping[str, Any]) -> Iterator[Finding]:
    for index, term in iter_mappings(affinity, _REQUIRED):
        yield from _check_pod_term(path / _REQUIRED / index, term)
    for index, preferred in iter_mappings(affinity, _PREFERRED):
        item_path = path / _PREFERRED / index
        yield from _check_weight(item_path, preferred)
        yield from _check_pod_term(
            item_path / "podAffinityTerm", get_mapping(preferred, "podAffinityTerm")
        )


def _check_pod_term(path: Path, term: Mapping[str, Any]) -> Iterator[Finding]:
    key = term.get("topologyKey")
    if type(key) is str and not is_qualified_name(key):
        message = f'"{key}" is no label of nodes' if key else "the topologyKey is empty"
        yield Finding(
            path / "topologyKey", message, "write a label of nodes, like kubernetes.io/hostname"
        )
    for index, name in enumerate(get_list(term, "namespaces")):
        if type(name) is str and not is_dns_label(name):
            item_path = path / "namespaces" / index
            yield Finding(
                item_path, f"no namespace is called {quote_value(name)}", "write its name"
            )
    for field in ("labelSelector", "namespaceSelector"):
        yield from check_selector(path / field, get_mapping(term, field))


def _check_weight(path: Path, preferred: Mapping[str, Any]) -> Iterator[Finding]:
    weight = get_int(preferred, "weight")
    if weight is not None and not 1 <= weight <= 100:
        yield Finding(path / "weight", f"the weight {weight} is not between 1 and 100")
