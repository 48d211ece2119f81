"""Missing required field

Why: the schema requires the field, and the API server refuses an object without it.

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

from webhook.graph.cluster_facts import Facts
from webhook.graph.finding import Finding
from webhook.graph.model import SchemaError, SeldonDeployment
from webhook.rules._metrics import is_below_foreign_metric
from webhook.rules._stray_fields import (
    has_alias_beside,
    is_in_place_of_predictors,
    misplaced_graphs,
)
from webhook.rules.pod.malformed_certificate_source import reads_certificate_sources

ACTION = "deny"
SINCE = "0.1.0"
SUPERSEDABLE = True
FIELDS = frozenset({"required"})

_CERTIFICATE_SOURCES = (("clusterTrustBundle",), ("podCertificate",))
_CHILD_FIELDS = ("children",)
_PREDICTORS = ("spec", "predictors")
_ABOVE_PREDICTORS = (("spec",), _PREDICTORS)


def check(
    schema_error: SchemaError, deployment: SeldonDeployment, facts: Facts
) -> Iterator[Finding]:
    """Yield each field that the schema requires and the document lacks.

    Not certain in a source of certificates, which an API server before 1.37 may drop unread.
    """
    if schema_error.kind != "required":
        return
    path = schema_error.path / schema_error.missing_field
    # A value in place of a list has no item fields to require; but a mapping under `children` is
    # read as a node.
    is_misplaced = (
        schema_error.path in deployment.mistyped_paths and schema_error.path[-1:] != _CHILD_FIELDS
    )
    if is_misplaced or has_alias_beside(deployment, path):
        return
    if is_below_foreign_metric(deployment, path):
        return
    if not _is_reported_elsewhere(deployment, schema_error):
        yield Finding(
            path,
            f'required field "{schema_error.missing_field}" is missing',
            f"add {schema_error.missing_field}",
            certain=path[-2:-1] not in _CERTIFICATE_SOURCES or reads_certificate_sources(facts),
        )


def _is_reported_elsewhere(deployment: SeldonDeployment, schema_error: SchemaError) -> bool:
    """Return whether the field is at another path, which is reported and read as intended."""
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
    if path == _PREDICTORS and is_in_place_of_predictors(deployment, schema_error.path / "graph"):
        return True
    return path in _ABOVE_PREDICTORS and type(deployment.raw.get("predictors")) is list
