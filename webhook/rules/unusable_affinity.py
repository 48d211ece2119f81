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
from webhook.graph.kubernetes import is_key
from webhook.graph.model import Deployment, items, mapping, mappings, number, text
from webhook.graph.path import Path
from webhook.graph.words import is_dns_label
from webhook.rules._selectors import NODE_OPERATORS, judge_requirements, judge_selector
from webhook.rules._text import quoted

ACTION = "deny"
SINCE = "0.1.0"
NEEDS = frozenset({"affinity"})

_REQUIRED = "requiredDuringSchedulingIgnoredDuringExecution"
_PREFERRED = "preferredDuringSchedulingIgnoredDuringExecution"


def check(deployment: Deployment) -> Iterator[Finding]:
    """Yield each such rule (sources: validateNodeAffinity, validatePodAffinityTerm)."""
    for component in deployment.components:
        if "affinity" in component.pod:
            path = component.path.join(("spec", "affinity"))
            affinity = mapping(component.pod, "affinity")
            yield from _of_nodes(path / "nodeAffinity", mapping(affinity, "nodeAffinity"))
            for kind in ("podAffinity", "podAntiAffinity"):
                yield from _of_pods(path / kind, mapping(affinity, kind))


def _of_nodes(path: Path, affinity: Mapping[str, Any]) -> Iterator[Finding]:
    required = affinity.get(_REQUIRED)
    if type(required) is dict:
        terms = path / _REQUIRED / "nodeSelectorTerms"
        if required.get("nodeSelectorTerms") == []:
            yield Finding(terms, "there is no term: no node would do", "add a term")
        for index, term in mappings(required, "nodeSelectorTerms"):
            yield from _term(terms / index, term)
    for index, preferred in mappings(affinity, _PREFERRED):
        where = path / _PREFERRED / index
        yield from _weight(where, preferred)
        yield from _term(where / "preference", mapping(preferred, "preference"))


def _term(path: Path, term: Mapping[str, Any]) -> Iterator[Finding]:
    yield from judge_requirements(path / "matchExpressions", term, NODE_OPERATORS)
    for index, field in mappings(term, "matchFields"):
        where = path / "matchFields" / index
        if field.get("key") not in (None, "metadata.name"):
            yield Finding(where / "key", "nodes are matched by the field metadata.name only")
        if text(field, "operator") not in ("", "In", "NotIn"):
            yield Finding(where / "operator", "fields are matched by In and NotIn only")
        elif len(items(field, "values")) != 1:
            yield Finding(where / "values", "a field is matched with exactly one value")


def _of_pods(path: Path, affinity: Mapping[str, Any]) -> Iterator[Finding]:
    for index, term in mappings(affinity, _REQUIRED):
        yield from _pod_term(path / _REQUIRED / index, term)
    for index, preferred in mappings(affinity, _PREFERRED):
        where = path / _PREFERRED / index
        yield from _weight(where, preferred)
        yield from _pod_term(where / "podAffinityTerm", mapping(preferred, "podAffinityTerm"))


def _pod_term(path: Path, term: Mapping[str, Any]) -> Iterator[Finding]:
    key = term.get("topologyKey")
    if type(key) is str and not is_key(key):
        fact = f'"{key}" is no label of nodes' if key else "the topologyKey is empty"
        yield Finding(
            path / "topologyKey", fact, "write a label of nodes, like kubernetes.io/hostname"
        )
    for index, name in enumerate(items(term, "namespaces")):
        if type(name) is str and not is_dns_label(name):
            where = path / "namespaces" / index
            yield Finding(where, f"no namespace is called {quoted(name)}", "write its name")
    for field in ("labelSelector", "namespaceSelector"):
        yield from judge_selector(path / field, mapping(term, field))


def _weight(path: Path, preferred: Mapping[str, Any]) -> Iterator[Finding]:
    weight = number(preferred, "weight")
    if weight is not None and not 1 <= weight <= 100:
        yield Finding(path / "weight", f"the weight {weight} is not between 1 and 100")
