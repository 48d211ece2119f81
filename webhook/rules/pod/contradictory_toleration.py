"""A toleration contradicts itself

Why: a toleration without key tolerates everything, and so has the operator Exists, which compares
with no value; a time to stay is for the effect NoExecute only. The API server refuses a Deployment
with any other.

Fix: Name key and value with the operator Equal, or the key alone with Exists.

Bad:
    tolerations:
    - key: nvidia.com/gpu
      operator: Exists
      value: present

Good:
    tolerations:
    - key: nvidia.com/gpu
      operator: Exists
"""

from collections.abc import Iterator, Mapping
from typing import Any

from webhook.graph.finding import Finding, Operation
from webhook.graph.k8s_syntax import (
    MAX_NAME_LENGTH,
    explain_invalid,
    is_label_value,
    is_qualified_name,
)
from webhook.graph.model import SeldonDeployment, get_str, iter_mappings
from webhook.graph.path import Path
from webhook.rules._format import quote_value

ACTION = "deny"
SINCE = "0.1.0"
TRIGGERS = frozenset({"tolerations"})


def check(deployment: SeldonDeployment) -> Iterator[Finding]:
    """Yield each contradiction (source: ValidateTolerations).

    Words are the fault of unknown-pod-enum-value.
    """
    for component in deployment.components:
        if "tolerations" in component.pod:
            for index, toleration in iter_mappings(component.pod, "tolerations"):
                yield from _check_toleration(
                    component.path.join(("spec", "tolerations", index)), toleration
                )


def _check_toleration(path: Path, toleration: Mapping[str, Any]) -> Iterator[Finding]:
    key, value = get_str(toleration, "key"), get_str(toleration, "value")
    operator = get_str(toleration, "operator") or "Equal"
    if not key and operator == "Equal":
        yield Finding(path, f"there is no key, and the operator is {operator}, not Exists")
    elif key and not is_qualified_name(key):
        reason = explain_invalid(key, "-A-Za-z0-9_./", 253 + 1 + MAX_NAME_LENGTH)
        yield Finding(path / "key", f"{quote_value(key)} is no key of a taint: it {reason}")
    if operator == "Exists" and value:
        remove: Operation = {"op": "remove", "path": (path / "value").pointer}
        message = (
            f"the operator Exists compares with no value, and the value is {quote_value(value)}"
        )
        yield Finding(path / "value", message, "leave the value out, or write Equal", (remove,))
    elif operator == "Equal" and not is_label_value(value):
        reason = explain_invalid(value, "-A-Za-z0-9_.", MAX_NAME_LENGTH)
        yield Finding(path / "value", f"{quote_value(value)} is no value of a taint: it {reason}")
    effect = get_str(toleration, "effect")
    if toleration.get("tolerationSeconds") is not None and effect != "NoExecute":
        shown_value = effect or "not given"
        message = f"tolerationSeconds is for the effect NoExecute; the effect is {shown_value}"
        yield Finding(path / "tolerationSeconds", message)
