"""A claim to a device leads nowhere

Why: a pod lists its claims to devices under resourceClaims, each with a name and with either the
claim or the template that it comes from; its containers take them by that name, each once. The API
server refuses a Deployment where one of that is missing or there twice.

Fix: List the claim in the pod's resourceClaims, with resourceClaimName or
resourceClaimTemplateName.

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

from webhook.graph.finding import Finding
from webhook.graph.kubernetes import LONGEST_SUBDOMAIN, is_subdomain, why_not
from webhook.graph.model import Container, Deployment, mapping, mappings, text
from webhook.graph.path import Path
from webhook.graph.signs import unusual
from webhook.graph.words import enumerate_words, is_dns_label, why_not_dns_label
from webhook.rules._text import quoted

ACTION = "deny"
SINCE = "0.1.0"
NEEDS = frozenset({"resourceClaims", unusual("resources")})

_FROM = ("resourceClaimName", "resourceClaimTemplateName")


def check(deployment: Deployment) -> Iterator[Finding]:
    """Yield each such claim (sources: validatePodResourceClaims, validateContainerClaims)."""
    for component in deployment.components:
        if "resourceClaims" in component.pod:
            yield from _of_pod(component.pod, component.path.join(("spec", "resourceClaims")))
    claiming = [c for c in deployment.in_need("resources") if _claims(c)]
    if not claiming:
        return
    known = {
        container.path: [text(claim, "name") for _, claim in mappings(c.pod, "resourceClaims")]
        for c in deployment.components
        for container in (*c.containers, *c.init_containers)
    }
    for container in claiming:
        yield from _of_container(container, known.get(container.path, []))


def _claims(container: Container) -> bool:
    return "claims" in mapping(container.raw, "resources")


def _of_pod(pod: Mapping[str, Any], path: Path) -> Iterator[Finding]:
    names: set[str] = set()
    for index, claim in mappings(pod, "resourceClaims"):
        name = claim.get("name")
        if type(name) is str:
            if not is_dns_label(name):
                fact = f"the name of a claim {quoted(name)} {why_not_dns_label(name)}"
                yield Finding(path.join((index, "name")), fact)
            elif name in names:
                yield Finding(
                    path.join((index, "name")), f"the claim {quoted(name)} is there twice"
                )
            names.add(name)
        there = [field for field in _FROM if claim.get(field) is not None]
        if len(there) != 1:
            what = "both" if there else "neither"
            yield Finding(path / index, f"the claim has {what} of {enumerate_words(_FROM)}")
        for field in there:
            if type(claim[field]) is str and not is_subdomain(claim[field]):
                why = why_not(claim[field], "-.a-z0-9", LONGEST_SUBDOMAIN)
                yield Finding(path.join((index, field)), f"{quoted(claim[field])} {why}")


def _of_container(container: Container, known: list[str]) -> Iterator[Finding]:
    taken: set[str] = set()
    path = container.path.join(("resources", "claims"))
    for index, claim in mappings(mapping(container.raw, "resources"), "claims"):
        name = text(claim, "name")
        if not name:
            if claim.get("name") == "":
                yield Finding(path.join((index, "name")), "the claim's name is empty")
            continue
        if name not in known:
            listed = f"; it has {enumerate_words(known)}" if known else ""
            fact = f"the pod has no resource claim {quoted(name)}{listed}"
            yield Finding(path.join((index, "name")), fact)
        elif claim.get("request") and not is_dns_label(text(claim, "request")):
            fact = f"the request {quoted(text(claim, 'request'))}"
            why = why_not_dns_label(text(claim, "request"))
            yield Finding(path.join((index, "request")), f"{fact} {why}")
        elif name in taken:
            # Two requests of one claim are possible, but their key in an apply is the name.
            yield Finding(path / index, f"the claim {quoted(name)} is taken twice")
        taken.add(name)
