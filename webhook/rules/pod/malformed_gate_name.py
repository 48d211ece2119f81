"""A gate has a name that none can have

Why: readiness gates are conditions, and scheduling gates are names, that others set or lift. Each
is called as the key of a label: up to 63 letters, digits, "-", "_" and ".", with a domain and "/"
in front as a rule. The API server refuses a Deployment with any other.

Fix: Write the name as who sets it spells it: a domain, "/" and a name.

Bad:
    readinessGates:
    - conditionType: model loaded

Good:
    readinessGates:
    - conditionType: example.com/model-loaded
"""

from collections.abc import Iterator

from webhook.graph.finding import Finding
from webhook.graph.k8s_syntax import MAX_NAME_LENGTH, explain_invalid, is_qualified_name
from webhook.graph.model import SeldonDeployment, iter_mappings
from webhook.rules._format import quote_value

ACTION = "deny"
SINCE = "0.1.0"

_GATE_FIELDS = {"readinessGates": "conditionType", "schedulingGates": "name"}

TRIGGERS = frozenset(_GATE_FIELDS)


def check(deployment: SeldonDeployment) -> Iterator[Finding]:
    """Yield each such gate (sources: validateReadinessGates, validateSchedulingGates)."""
    for component in deployment.components:
        if "readinessGates" not in component.pod and "schedulingGates" not in component.pod:
            continue
        for field, key in _GATE_FIELDS.items():
            seen: set[str] = set()
            for index, gate in iter_mappings(component.pod, field):
                name = gate.get(key)
                path = component.path.join(("spec", field, index, key))
                if type(name) is str and not is_qualified_name(name):
                    reason = explain_invalid(
                        name.rpartition("/")[2], "-A-Za-z0-9_.", MAX_NAME_LENGTH
                    )
                    yield Finding(path, f"the name of a gate {quote_value(name)} {reason}")
                elif type(name) is str and name in seen and field == "schedulingGates":
                    yield Finding(path, f"the gate {quote_value(name)} is there twice")
                seen.add(str(name))
