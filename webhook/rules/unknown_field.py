"""A field is unknown

Why: the API server drops fields that it does not know, or refuses the object, depending on the
client. A misspelt field is therefore a setting that silently does not apply. It is a warning
because harmless unknown fields are common, and Kubernetes grows new ones.

Fix: Write the field as it is spelt, or remove it.

Bad:
    predictors:
    - name: main
      replica: 2

Good:
    predictors:
    - name: main
      replicas: 2
"""

from collections.abc import Iterator

from webhook.graph import schema
from webhook.graph.finding import Finding
from webhook.graph.model import Deployment
from webhook.graph.path import resolve
from webhook.graph.signs import fault_of
from webhook.graph.words import CERTAIN, nearest_word
from webhook.rules.pod_out_of_place import is_told

ACTION = "warn"
SINCE = "0.1.0"
GIVES_WAY = True
NEEDS = frozenset({fault_of("unknown")})


def check(deployment: Deployment) -> Iterator[Finding]:
    """Yield each field that the schema does not know, with the nearest field that is not set."""
    for fault in deployment.faults:
        if fault.kind != "unknown" or is_told(deployment, fault.path):
            continue
        field = str(fault.path[-1])
        siblings = resolve(deployment.raw, fault.path.parent)
        known = [f for f in schema.known_fields(fault.path.parent) if f not in siblings]
        near = nearest_word(field, known)
        yield Finding(
            fault.path,
            f'there is no field "{field}" here',
            f'did you mean "{near}"?' if near else "remove it, or check its name and place",
            (
                {
                    "op": "move",
                    "from": fault.path.pointer,
                    "path": (fault.path.parent / near).pointer,
                },
            )
            if near and near == nearest_word(field, known, CERTAIN)
            else (),
        )
