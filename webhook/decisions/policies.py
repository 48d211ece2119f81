"""Users' policies among the other sources of findings: their mutations, findings and exceptions.

Imported only where there are policies: the engine behind them costs a third of a second.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any

from webhook.decisions.demands import Demands
from webhook.decisions.run import Found
from webhook.graph.facts import Facts
from webhook.graph.finding import Finding, Operation
from webhook.graph.path import ROOT
from webhook.policy import Limits, PolicyFailure, Request, evaluate, exempt, mutate, request_of
from webhook.policy import read_request as read_raw

EXPIRED = "policy-exception"
"""The id of the warning that an exception has expired which would have covered a finding."""


@dataclass(frozen=True, slots=True)
class Mutated:
    """The document with the policies' mutations, and what they could not do."""

    document: Any
    operations: tuple[Operation, ...]
    found: tuple[Found, ...]


def _request(demands: Demands, document: Any, old_document: Any, namespace: str) -> Request:
    """Return what the policies are asked about: the raw request if there is one, else an apply."""
    if demands.request is not None:
        return replace(read_raw(demands.request), object=document)
    operation = "CREATE" if old_document is None else "UPDATE"
    return request_of(document, operation, old_document, namespace=namespace or None)


def mutated(
    demands: Demands, document: Any, old_document: Any, namespace: str, facts: Facts
) -> Mutated:
    """Return what the mutating policies make of a document."""
    request = _request(demands, document, old_document, namespace)
    mutation = mutate(demands.policies, request, facts, Limits(expired=demands.expired))
    return Mutated(mutation.object, mutation.operations, tuple(_failed(mutation.failures)))


def found_by_policies(
    demands: Demands, document: Any, old_document: Any, namespace: str, facts: Facts
) -> Iterator[Found]:
    """Yield what the validating policies find, with the action that their bindings ask for.

    Their auditAnnotations are findings for the record.
    """
    request = _request(demands, document, old_document, namespace)
    evaluation = evaluate(demands.policies, request, facts, Limits(expired=demands.expired))
    for told in evaluation.findings:
        sure = told.finding.sure or told.action != "deny"
        yield (told.action if sure else "warn"), told.finding
    for name, value in evaluation.notes.items():
        policy, _, key = name.rpartition("/")
        said = " ".join(value.split())
        yield "audit", Finding(ROOT, f"{key}: {said}", rule=f"policy/{policy}")
    yield from _failed(evaluation.failures)


def without_exempted(
    found: Iterable[Found], demands: Demands, namespace: str, name: str
) -> list[Found]:
    """Return what no exception takes back, and a warning for each that has expired."""
    pairs = list(found)
    exemption = exempt(
        [finding for _, finding in pairs],
        demands.policies.exceptions,
        demands.now,
        namespace=namespace,
        name=name,
    )
    kept = {id(finding) for finding in exemption.kept}
    expired: list[Found] = [
        (
            "warn",
            Finding(
                ROOT,
                f'the exception "{exception.name}" has expired and exempts from nothing',
                "renew it or remove it",
                rule=EXPIRED,
            ),
        )
        for exception in exemption.expired
    ]
    return [pair for pair in pairs if id(pair[1]) in kept] + expired


def _failed(failures: Iterable[PolicyFailure]) -> Iterator[Found]:
    """Yield a finding for each policy that could not be evaluated: its author's or our fault."""
    for failure in failures:
        finding = Finding(
            ROOT,
            f"the policy could not be evaluated: {failure.error}",
            "this is a fault of the policy, not of the object",
            rule=failure.rule,
        )
        yield failure.action or "warn", finding
