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
from webhook.graph.kubernetes import LONGEST_NAME, is_key, why_not
from webhook.graph.model import Deployment, mappings
from webhook.rules._text import quoted

ACTION = "deny"
SINCE = "0.1.0"

_GATES = {"readinessGates": "conditionType", "schedulingGates": "name"}

NEEDS = frozenset(_GATES)


def check(deployment: Deployment) -> Iterator[Finding]:
    """Yield each such gate (sources: validateReadinessGates, validateSchedulingGates)."""
    for component in deployment.components:
        if "readinessGates" not in component.pod and "schedulingGates" not in component.pod:
            continue
        for field, key in _GATES.items():
            seen: set[str] = set()
            for index, gate in mappings(component.pod, field):
                name = gate.get(key)
                path = component.path.join(("spec", field, index, key))
                if type(name) is str and not is_key(name):
                    why = why_not(name.rpartition("/")[2], "-A-Za-z0-9_.", LONGEST_NAME)
                    yield Finding(path, f"the name of a gate {quoted(name)} {why}")
                elif type(name) is str and name in seen and field == "schedulingGates":
                    yield Finding(path, f"the gate {quoted(name)} is there twice")
                seen.add(str(name))
