"""Invalid resource claim

Why: a pod lists its claims under resourceClaims, each with a name and either a claim or a claim
template. Its containers refer to them by name: once to a whole claim, or once to each of its
requests. The API server refuses a Deployment in which one of these is missing or duplicate.
graphgate's reconciler applies server-side, which merges a container's claims by name: there it is
one request for each claim.

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

from collections.abc import Iterable, Iterator, Mapping
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
WORDS = frozenset({"pod.resourceClaims", "resources.claims"})

_CLAIM_SOURCES = ("resourceClaimName", "resourceClaimTemplateName")
_VALID_NAME = 'use lower-case letters, digits and "-"'


def check(predictor: Predictor, deployment: SeldonDeployment, facts: Facts) -> Iterator[Finding]:
    """Yield each such claim (sources: validatePodResourceClaims, validateContainerClaims)."""
    for component in predictor.components:
        claiming = _claiming(component.all_containers)
        if claiming or "resourceClaims" in component.pod:
            path = component.path.join(("spec", "resourceClaims"))
            yield from _check_pod(component.pod, path)
            known = _claim_names(component.pod)
            for container in claiming:
                yield from _check_container(container, known, facts)
    for container in _claiming(predictor.other_containers):
        pod: Mapping[str, Any] | None = EMPTY_MAPPING
        if container.role == "orchestrator":
            pod = find_orchestrator_pod(predictor, deployment, facts)
        if pod is not None:
            yield from _check_container(container, _claim_names(pod), facts)


def _claim_names(pod: Mapping[str, Any]) -> list[str]:
    return [get_str(claim, "name") for _, claim in iter_mappings(pod, "resourceClaims")]


def _claiming(containers: Iterable[Container]) -> list[Container]:
    resources = [(container, container.raw.get("resources")) for container in containers]
    return [each for each, raw in resources if type(raw) is dict and "claims" in raw]


def _check_pod(pod: Mapping[str, Any], path: Path) -> Iterator[Finding]:
    names: set[str] = set()
    for index, claim in iter_mappings(pod, "resourceClaims"):
        name = claim.get("name")
        if type(name) is str:
            if not is_dns_label(name):
                reason = explain_invalid_dns_label(name)
                message = f"invalid resource claim name {quote_value(name)}: {reason}"
                yield Finding(path.join((index, "name")), message, _VALID_NAME)
            elif name in names:
                message = f"duplicate resource claim {quote_value(name)}"
                yield Finding(path.join((index, "name")), message, "rename or remove one of them")
            names.add(name)
        present = [field for field in _CLAIM_SOURCES if claim.get(field) is not None]
        if len(present) != 1:
            names_of_sources = join_words(_CLAIM_SOURCES, "and" if present else "or")
            problem = "exclude each other" if present else "is required"
            remediation = f"{'keep' if present else 'add'} one of them"
            yield Finding(path / index, f"{names_of_sources} {problem}", remediation)
        for field in present:
            if type(claim[field]) is str and not is_subdomain(claim[field]):
                reason = explain_invalid(claim[field], "-.a-z0-9", MAX_SUBDOMAIN_LENGTH)
                message = f"invalid {field} {quote_value(claim[field])}: {reason}"
                kind = field[0].upper() + field[1:].removesuffix("Name")
                yield Finding(path.join((index, field)), message, f"use the name of a {kind}")


def _check_container(container: Container, known: list[str], facts: Facts) -> Iterator[Finding]:
    seen: dict[str, set[str]] = {}
    path = container.path.join(("resources", "claims"))
    for index, claim in iter_mappings(get_mapping(container.raw, "resources"), "claims"):
        name = get_str(claim, "name")
        if not name:
            if claim.get("name") == "":
                yield Finding(
                    path.join((index, "name")), "name is empty", "name a claim of the pod"
                )
            continue
        if name not in known:
            defined = join_words(known) if known else "none"
            message = f"resource claim {quote_value(name)} not found; the pod defines {defined}"
            yield Finding(path.join((index, "name")), message)
            continue
        request = get_str(claim, "request")
        requests = seen.setdefault(name, set())
        if request and not is_dns_label(request):
            reason = explain_invalid_dns_label(request)
            message = f"invalid request {quote_value(request)}: {reason}"
            yield Finding(path.join((index, "request")), message, _VALID_NAME)
        elif requests and (not request or requests & {"", request}):
            message = f"the container uses claim {quote_value(name)} twice"
            yield Finding(path / index, message, "remove it, or name another request in each")
        elif requests and facts.operator == "graphgate":
            message = f"the container uses two requests of claim {quote_value(name)}"
            remediation = "use one; graphgate's reconciler cannot apply two"
            yield Finding(path / index, message, remediation)
        requests.add(request)
