"""Policies that users write, in Kubernetes' own format.

    policies = load(from_reading("gpu.yaml", documents.read(text)))
    evaluation = evaluate(policies, request_of(document), facts)
    mutation = mutate(policies, request_of(document), facts)

ValidatingAdmissionPolicy, MutatingAdmissionPolicy, their bindings and parameters are taken as the
API server takes them; PolicyException is ours. All failing validations are told, each with the
places in the object that made it fail.

Pure: files, the cluster's watch and the clock belong to the edges, which pass values in. Nothing
here weighs findings against each other; that is for `decisions`.
"""

from webhook.policy.evaluate import (
    Evaluation,
    Limits,
    PolicyFailure,
    PolicyFinding,
    evaluate,
)
from webhook.policy.exceptions import Exempted, Exemption, PolicyException, exempt
from webhook.policy.load import load
from webhook.policy.mutate import Mutation, mutate
from webhook.policy.policy import Binding, Policy, PolicySet, Problem
from webhook.policy.request import Request, read_request, request_of
from webhook.policy.sources import Source, from_reading

__all__ = [
    "Binding",
    "Evaluation",
    "Exempted",
    "Exemption",
    "Limits",
    "Mutation",
    "Policy",
    "PolicyException",
    "PolicyFailure",
    "PolicyFinding",
    "PolicySet",
    "Problem",
    "Request",
    "Source",
    "evaluate",
    "exempt",
    "from_reading",
    "load",
    "mutate",
    "read_request",
    "request_of",
]
