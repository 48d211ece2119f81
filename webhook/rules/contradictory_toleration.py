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
from webhook.graph.kubernetes import LONGEST_NAME, is_key, is_label_value, why_not
from webhook.graph.model import Deployment, mappings, text
from webhook.graph.path import Path
from webhook.rules._text import quoted

ACTION = "deny"
SINCE = "0.1.0"
NEEDS = frozenset({"tolerations"})


def check(deployment: Deployment) -> Iterator[Finding]:
    """Yield each contradiction (source: ValidateTolerations). Words are unknown-pod-word's."""
    for component in deployment.components:
        if "tolerations" in component.pod:
            for index, toleration in mappings(component.pod, "tolerations"):
                yield from _judge(component.path.join(("spec", "tolerations", index)), toleration)


def _judge(path: Path, toleration: Mapping[str, Any]) -> Iterator[Finding]:
    key, value = text(toleration, "key"), text(toleration, "value")
    operator = text(toleration, "operator") or "Equal"
    if not key and operator == "Equal":
        yield Finding(path, f"there is no key, and the operator is {operator}, not Exists")
    elif key and not is_key(key):
        why = why_not(key, "-A-Za-z0-9_./", 253 + 1 + LONGEST_NAME)
        yield Finding(path / "key", f"{quoted(key)} is no key of a taint: it {why}")
    if operator == "Exists" and value:
        remove: Operation = {"op": "remove", "path": (path / "value").pointer}
        fact = f"the operator Exists compares with no value, and the value is {quoted(value)}"
        yield Finding(path / "value", fact, "leave the value out, or write Equal", (remove,))
    elif operator == "Equal" and not is_label_value(value):
        why = why_not(value, "-A-Za-z0-9_.", LONGEST_NAME)
        yield Finding(path / "value", f"{quoted(value)} is no value of a taint: it {why}")
    effect = text(toleration, "effect")
    if toleration.get("tolerationSeconds") is not None and effect != "NoExecute":
        shown = effect or "not given"
        fact = f"tolerationSeconds is for the effect NoExecute; the effect is {shown}"
        yield Finding(path / "tolerationSeconds", fact)
