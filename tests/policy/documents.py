"""Objects of the tests: a SeldonDeployment, and policies written in a line or two."""

import textwrap
from typing import Any

from webhook import yamldoc
from webhook.policy import PolicySet, load_policy_set, objects_from_file

MATCH_CONSTRAINTS = """\
  matchConstraints:
    resourceRules:
    - apiGroups: [machinelearning.seldon.io]
      apiVersions: ["*"]
      operations: ["*"]
      resources: [seldondeployments]
"""


def make_deployment(containers: int = 1, **metadata: Any) -> dict[str, Any]:
    """Return a SeldonDeployment with some containers: c0, c1, …"""
    return {
        "apiVersion": "machinelearning.seldon.io/v1",
        "kind": "SeldonDeployment",
        "metadata": {"name": "wines", "namespace": "models", **metadata},
        "spec": {
            "predictors": [
                {
                    "name": "main",
                    "graph": {"name": "c0"},
                    "componentSpecs": [
                        {"spec": {"containers": [{"name": f"c{n}"} for n in range(containers)]}}
                    ],
                }
            ]
        },
    }


def policy_text(
    validations: str,
    *,
    spec: str = "",
    name: str = "p",
    match_constraints: str = MATCH_CONSTRAINTS,
    annotations: str = "",
) -> str:
    """Return the text of a validating policy. `validations`: list items; `spec`: more fields."""
    return (
        "apiVersion: admissionregistration.k8s.io/v1\n"
        "kind: ValidatingAdmissionPolicy\n"
        f"metadata:\n  name: {name}\n"
        + (f"  annotations:\n{textwrap.indent(annotations, '    ')}\n" if annotations else "")
        + f"spec:\n{match_constraints}{textwrap.indent(textwrap.dedent(spec), '  ')}\n"
        f"  validations:\n{textwrap.indent(textwrap.dedent(validations).strip(), '  ')}\n"
    )


def binding_text(
    name: str = "b",
    *,
    policy: str = "p",
    actions: str = "[Deny]",
    extra_spec: str = "",
) -> str:
    """Return the text of a binding."""
    return (
        "apiVersion: admissionregistration.k8s.io/v1\n"
        "kind: ValidatingAdmissionPolicyBinding\n"
        f"metadata: {{name: {name}}}\n"
        f"spec:\n  policyName: {policy}\n  validationActions: {actions}\n"
        f"{textwrap.indent(textwrap.dedent(extra_spec), '  ')}\n"
    )


def load_texts(*texts: str, file: str = "policy.yaml") -> PolicySet:
    """Return what several texts make together."""
    return load_policy_set(objects_from_file(file, yamldoc.read("---\n".join(texts))))


def single_validation_policy(validation: str, **more: Any) -> PolicySet:
    """Return a set of one policy of one validation, bound to deny."""
    return load_texts(policy_text(f"- expression: {validation}\n", **more), binding_text())
