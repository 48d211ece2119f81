"""PolicyTest cases on rendered objects: pods, Deployments, Services and the others.

Here, because rendered objects are the engine's matter. Not here: reading and running cases
(`policy.testing`).
"""

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from webhook.defaulting import DefaultingOptions
from webhook.engine.policy_context import PolicyContext
from webhook.engine.rendered_pods import Rendering
from webhook.engine.rendered_policies import run_rendered_validations
from webhook.graph.model import get_str
from webhook.graph.parse import parse
from webhook.policy import PolicySet
from webhook.policy.evaluator import ExpressionObserver, PolicyFinding
from webhook.policy.testing.suite import TestCase


def evaluate_rendered_objects(
    case: TestCase, document: Any, policies: PolicySet, observer: ExpressionObserver
) -> Iterable[PolicyFinding]:
    """Return findings of the policies in the objects rendered from a case's document.

    Nothing if it is not a SeldonDeployment, or is deleted. Policies that read request.userInfo are
    not evaluated for rendered objects.
    """
    if case.request.operation == "DELETE" or get_str(document, "kind") != "SeldonDeployment":
        return ()
    decidable = tuple(each for each in policies.validating if not each.policy.reads_user)
    context = PolicyContext(replace(policies, validating=decidable), 0)
    found = run_rendered_validations(
        context,
        Rendering(
            parse(document), DefaultingOptions(), case.facts.namespaces.get(case.request.namespace)
        ),
        case.request.namespace,
        case.facts,
        mode=case.rendered,
        observer=observer,
    )
    return [PolicyFinding(finding, action) for action, finding in found if action != "off"]
