"""A disruption budget's bound is out of range

Why: a bound is a number of pods from 0 on, or a percentage from 0% to 100% in quotation marks.
Kubernetes refuses a PodDisruptionBudget with another one.

Fix: Write a number from 0 on, or a percentage up to 100%.

Bad:
    pdbSpec:
      minAvailable: 150%

Good:
    pdbSpec:
      minAvailable: 50%
"""

from collections.abc import Iterator

from webhook.graph.finding import Finding
from webhook.graph.model import ComponentSpec, get_mapping
from webhook.rules._format import quote_value

ACTION = "deny"
SINCE = "0.1.0"
FIELDS = frozenset({"pdbSpec"})


def check(component: ComponentSpec) -> Iterator[Finding]:
    """Yield each bound that is no number of pods and no share of them.

    Source: policy/v1; seldon-checks G27.
    """
    if "pdbSpec" not in component.raw:
        return
    raw = get_mapping(component.raw, "pdbSpec")
    for bound in ("minAvailable", "maxUnavailable"):
        value = raw.get(bound)
        if (type(value) is int and value < 0) or (type(value) is str and not _is_percentage(value)):
            shown_value = quote_value(value) if type(value) is str else value
            yield Finding(
                component.path / "pdbSpec" / bound,
                f"{bound} is {shown_value}, neither a number of pods nor a percentage",
            )


def _is_percentage(value: str) -> bool:
    digits = value.removesuffix("%")
    if digits == value or not (digits.isascii() and digits.isdigit()):
        return False
    return len(digits.lstrip("0")) <= 3 and int(digits) <= 100
