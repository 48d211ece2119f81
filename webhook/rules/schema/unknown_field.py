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
from webhook.graph.features import schema_error_feature
from webhook.graph.finding import Finding
from webhook.graph.model import SeldonDeployment
from webhook.graph.path import resolve_path
from webhook.graph.suggest import CERTAIN_SIMILARITY, nearest_word
from webhook.rules.predictor.misplaced_pod_spec import is_reported_elsewhere

ACTION = "warn"
SINCE = "0.1.0"
SUPERSEDABLE = True
TRIGGERS = frozenset({schema_error_feature("unknown")})


def check(deployment: SeldonDeployment) -> Iterator[Finding]:
    """Yield each field that the schema does not know, with the nearest field that is not set."""
    for schema_error in deployment.schema_errors:
        if schema_error.kind != "unknown" or is_reported_elsewhere(deployment, schema_error.path):
            continue
        field = str(schema_error.path[-1])
        siblings = resolve_path(deployment.raw, schema_error.path.parent)
        known = [f for f in schema.known_fields(schema_error.path.parent) if f not in siblings]
        nearest = nearest_word(field, known)
        yield Finding(
            schema_error.path,
            f'there is no field "{field}" here',
            f'did you mean "{nearest}"?' if nearest else "remove it, or check its name and place",
            (
                {
                    "op": "move",
                    "from": schema_error.path.pointer,
                    "path": (schema_error.path.parent / nearest).pointer,
                },
            )
            if nearest and nearest == nearest_word(field, known, CERTAIN_SIMILARITY)
            else (),
        )
