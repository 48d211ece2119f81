"""Invalid resource claim

Why: a pod lists its claims under resourceClaims, each with a name and either a claim or a claim
template. Its containers refer to them by name, each once. The API server refuses a Deployment in
which one of these is missing or duplicate.

Fix: Add the claim to the pod's resourceClaims, with resourceClaimName or resourceClaimTemplateName.

Bad:
    containers:
    - name: classifier
      resources:
        claims:
        - name: gpu

Good:
    resourceClaims:
    - name: gpu
      resourceClaimTemplateName: gpus
    containers:
    - name: classifier
      resources:
        claims:
        - name: gpu
"""

from collections.abc import Iterator, Mapping
from typing import Any

from webhook.graph.cluster_facts import Facts
from webhook.graph.finding import Finding
from webhook.graph.k8s_syntax import MAX_SUBDOMAIN_LENGTH, explain_invalid, is_subdomain
from webhook.graph.model import (
    EMPTY_MAPPING,
    Container,
    Predictor,
    SeldonDeployment,
    get_mapping,
    get_str,
    iter_mappings,
)
from webhook.graph.names import explain_invalid_dns_label, is_dns_label
from webhook.graph.path import Path
from webhook.graph.text import join_words
from webhook.rules._format import quote_value
from webhook.rules._rendered import find_orchestrator_pod

ACTION = "deny"
SINCE = "0.1.0"

_CLAIM_SOURCES = ("resourceClaimName", "resourceClaimTemplateName")


def check(predictor: Predictor, deployment: SeldonDeployment, facts: Facts) -> Iterator[Finding]:
    """Yield each such claim (sources: validatePodResourceClaims, validateContainerClaims)."""
    for component in predictor.components:
        claiming = [c for c in component.all_containers if _has_claims(c)]
        if claiming or "resourceClaims" in component.pod:
            path = component.path.join(("spec", "resourceClaims"))
            yield from _check_pod(component.pod, path)
            known = _claim_names(component.pod)
            for container in claiming:
                yield from _check_container(container, known)
    for container in predictor.other_containers:
        if not _has_claims(container):
            continue
        pod: Mapping[str, Any] | None = EMPTY_MAPPING
        if container.role == "orchestrator":
            pod = find_orchestrator_pod(predictor, deployment, facts)
        if pod is not None:
            yield from _check_container(container, _claim_names(pod))


def _claim_names(pod: Mapping[str, Any]) -> list[str]:
    return [get_str(claim, "name") for _, claim in iter_mappings(pod, "resourceClaims")]


def _has_claims(container: Container) -> bool:
    return "claims" in get_mapping(container.raw, "resources")


def _check_pod(pod: Mapping[str, Any], path: Path) -> Iterator[Finding]:
    names: set[str] = set()
    for index, claim in iter_mappings(pod, "resourceClaims"):
        name = claim.get("name")
        if type(name) is str:
            if not is_dns_label(name):
                reason = explain_invalid_dns_label(name)
                message = f"invalid resource claim name {quote_value(name)}: {reason}"
                yield Finding(path.join((index, "name")), message)
            elif name in names:
                yield Finding(
                    path.join((index, "name")), f"duplicate resource claim {quote_value(name)}"
                )
            names.add(name)
        present = [field for field in _CLAIM_SOURCES if claim.get(field) is not None]
        if len(present) != 1:
            names_of_sources = join_words(_CLAIM_SOURCES, "and" if present else "or")
            problem = "exclude each other" if present else "is required"
            yield Finding(path / index, f"{names_of_sources} {problem}")
        for field in present:
            if type(claim[field]) is str and not is_subdomain(claim[field]):
                reason = explain_invalid(claim[field], "-.a-z0-9", MAX_SUBDOMAIN_LENGTH)
                message = f"invalid {field} {quote_value(claim[field])}: {reason}"
                yield Finding(path.join((index, field)), message)


def _check_container(container: Container, known: list[str]) -> Iterator[Finding]:
    seen: set[str] = set()
    path = container.path.join(("resources", "claims"))
    for index, claim in iter_mappings(get_mapping(container.raw, "resources"), "claims"):
        name = get_str(claim, "name")
        if not name:
            if claim.get("name") == "":
                yield Finding(path.join((index, "name")), "name is empty")
            continue
        if name not in known:
            defined = join_words(known) if known else "none"
            message = f"resource claim {quote_value(name)} not found; the pod defines {defined}"
            yield Finding(path.join((index, "name")), message)
        elif claim.get("request") and not is_dns_label(get_str(claim, "request")):
            message = f"invalid request {quote_value(get_str(claim, 'request'))}"
            reason = explain_invalid_dns_label(get_str(claim, "request"))
            yield Finding(path.join((index, "request")), f"{message}: {reason}")
        elif name in seen:
            # Two requests of one claim are valid, but server-side apply merges them by name.
            yield Finding(path / index, f"the container uses claim {quote_value(name)} twice")
        seen.add(name)
