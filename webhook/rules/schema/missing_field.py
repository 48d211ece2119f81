"""A required field is missing

Why: without it the object cannot be read, and the API server refuses it.

Fix: Add the field.

Bad:
    predictors:
    - graph:
        name: classifier

Good:
    predictors:
    - name: main
      graph:
        name: classifier
"""

from collections.abc import Iterator

from webhook.graph.features import schema_error_feature
from webhook.graph.finding import Finding
from webhook.graph.model import SchemaError, SeldonDeployment
from webhook.rules._stray_fields import has_alias_beside, misplaced_graphs

ACTION = "deny"
SINCE = "0.1.0"
SUPERSEDABLE = True
TRIGGERS = frozenset({schema_error_feature("required")})

_CHILD_FIELDS = ("children",)
_PREDICTORS = ("spec", "predictors")
_ABOVE_PREDICTORS = (("spec",), _PREDICTORS)


def check(deployment: SeldonDeployment) -> Iterator[Finding]:
    """Yield each field that the schema requires and the document lacks."""
    missing = [
        schema_error for schema_error in deployment.schema_errors if schema_error.kind == "required"
    ]
    if not missing:
        return
    # What stands in the place of a list is not asked for the fields of an item; but a mapping under
    # `children` is read as a node.
    misplaced = {
        f.path
        for f in deployment.schema_errors
        if f.kind == "type" and f.path[-1:] != _CHILD_FIELDS
    }
    for schema_error in missing:
        path = schema_error.path / schema_error.missing_field
        if schema_error.path in misplaced or has_alias_beside(deployment, path):
            continue
        if not _is_reported_elsewhere(deployment, schema_error):
            yield Finding(
                path,
                f'the field "{schema_error.missing_field}" is missing',
                f"add {schema_error.missing_field}",
            )


def _is_reported_elsewhere(deployment: SeldonDeployment, schema_error: SchemaError) -> bool:
    """Tell whether the field stands at another place, which is said and read as it was meant."""
    if schema_error.path[:-1] == _PREDICTORS:
        predictor = deployment.predictors_by_path.get(schema_error.path)
        if predictor is None:
            return True  # it continues its neighbour
        if schema_error.missing_field == "graph":
            misplaced = next(misplaced_graphs(deployment, predictor), None)
            return predictor.graph is not None or misplaced is not None
        return predictor.raw.get(schema_error.missing_field) is not None
    if schema_error.missing_field == "containers":
        component = deployment.components_by_path.get(schema_error.path.parent)
        return component is not None and "containers" in component.pod
    path = schema_error.path / schema_error.missing_field
    return path in _ABOVE_PREDICTORS and type(deployment.raw.get("predictors")) is list
