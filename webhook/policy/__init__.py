"""Policies that users write, in Kubernetes' own format.

    policies = load(from_reading("gpu.yaml", documents.read(text)))
    evaluation = evaluate(policies, request_of(document), facts)
    mutation = mutate(policies, request_of(document), facts)

ValidatingAdmissionPolicy, MutatingAdmissionPolicy, their bindings and parameters work as in the
API server; PolicyException is graphgate's own. All failing validations are reported, each with the
paths that made it fail.

Pure: files, the cluster's watch and the clock belong to the edges, which pass values in. Nothing
here weighs findings against each other; that is for `engine`.
"""

from webhook.graph.admission_request import AdmissionRequest, apply_request, read_request
from webhook.policy.evaluator import (
    Evaluation,
    EvaluationLimits,
    PolicyFailure,
    PolicyFinding,
    evaluate_policies,
)
from webhook.policy.exceptions import (
    ExemptedFinding,
    ExemptionResult,
    PolicyException,
    apply_exceptions,
)
from webhook.policy.loader import load_policy_set
from webhook.policy.model import Binding, Policy, PolicyProblem, PolicySet
from webhook.policy.mutator import MutationResult, mutate_object
from webhook.policy.sources import SourceObject, objects_from_file

__all__ = [
    "AdmissionRequest",
    "Binding",
    "Evaluation",
    "EvaluationLimits",
    "ExemptedFinding",
    "ExemptionResult",
    "MutationResult",
    "Policy",
    "PolicyException",
    "PolicyFailure",
    "PolicyFinding",
    "PolicyProblem",
    "PolicySet",
    "SourceObject",
    "apply_exceptions",
    "apply_request",
    "evaluate_policies",
    "load_policy_set",
    "mutate_object",
    "objects_from_file",
    "read_request",
]
