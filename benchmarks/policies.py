"""What users' policies cost: the library's, on reviews that they have nothing against and others.

Only the evaluation, in CPU time of this thread: the least of many rounds, which others disturb
least. `graphgate policies bench DIR` does the same for your own policies.
"""

import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import orjson

from benchmarks.reviews import SMALL, review
from webhook import yamldoc
from webhook.graph.cluster_facts import Facts, Namespace
from webhook.policy import (
    AdmissionRequest,
    PolicySet,
    evaluate_policies,
    load_policy_set,
    objects_from_file,
    read_request,
)

LIBRARY = Path(__file__).parents[1] / "policies" / "library"
SHAPES = {"4 KB": SMALL, "100 containers": (20, 5)}
TWENTY = 20
_SECONDS = 1.5
_FACTS = Facts(namespaces={"models": Namespace({}, {})})


def measure_costs() -> dict[str, dict[str, float]]:
    """Return microseconds by review and by what is evaluated."""
    policies = load_library()
    twenty = replace(policies, validating=policies.validating[:TWENTY])
    found: dict[str, dict[str, float]] = {}
    for name, shape in SHAPES.items():
        raw = orjson.loads(review(shape))["request"]
        faulty, clean = (
            read_request(raw),
            read_request({**raw, "object": compliant_deployment(raw["object"])}),
        )
        _require_clean(policies, clean)
        failing = len(_denying_policies(policies, faulty))
        found[name] = {
            f"{TWENTY} policies": _measure_cost(twenty, clean),
            f"all {len(policies.validating)}": _measure_cost(policies, clean),
            f"all, {failing} of them failing": _measure_cost(policies, faulty),
        }
    return found


def load_library() -> PolicySet:
    """Return the library's policies, by name."""
    return load_policy_set(
        source
        for file in sorted(LIBRARY.glob("*/policy.yaml"))
        for source in objects_from_file(str(file), yamldoc.read(file.read_bytes()))
    )


def compliant_deployment(deployment: dict[str, Any]) -> dict[str, Any]:
    """Return a deployment that every policy of the library accepts."""
    made: dict[str, Any] = orjson.loads(orjson.dumps(deployment))
    made["metadata"]["labels"] |= {"team": "cellar", "cost-center": "4711"}
    made["metadata"]["annotations"] = {"example.com/owner": "cellar@example.com"}
    for predictor in made["spec"]["predictors"]:
        pod = predictor["componentSpecs"][0]["spec"]
        pod |= {"serviceAccountName": "wines", "automountServiceAccountToken": False}
        for container in pod["containers"]:
            container["image"] = f"registry.example.com/wines@sha256:{'0' * 64}"
            container["securityContext"]["readOnlyRootFilesystem"] = True
    return made


def _denying_policies(policies: PolicySet, request: AdmissionRequest) -> set[str]:
    found = evaluate_policies(policies, request, _FACTS).findings
    return {each.finding.rule_id.rpartition("/")[0] for each in found}


def _require_clean(policies: PolicySet, request: AdmissionRequest) -> None:
    """Stop if a policy has something to say: explaining costs more than evaluating."""
    evaluation = evaluate_policies(policies, request, _FACTS)
    if evaluation.findings or evaluation.failures:
        raise SystemExit(f"the review is not clean any more, fix policies.py: {evaluation}")


def _measure_cost(policies: PolicySet, request: AdmissionRequest) -> float:
    """Return the least CPU time (us) of one evaluation, over stretches of some milliseconds."""
    started = time.thread_time()
    evaluate_policies(policies, request, _FACTS)
    calls = max(1, int(0.002 / (time.thread_time() - started)))
    least, until = float("inf"), time.thread_time() + _SECONDS
    while time.thread_time() < until:
        started = time.thread_time()
        for _ in range(calls):
            evaluate_policies(policies, request, _FACTS)
        least = min(least, (time.thread_time() - started) / calls)
    return least * 1e6
