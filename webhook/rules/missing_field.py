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

from webhook.graph.finding import Finding
from webhook.graph.model import Deployment, Fault
from webhook.graph.signs import fault_of
from webhook.rules._structure import graphs_astray, is_spelt_otherwise

ACTION = "deny"
SINCE = "0.1.0"
GIVES_WAY = True
NEEDS = frozenset({fault_of("required")})

_CHILD = ("children",)
_PREDICTORS = ("spec", "predictors")
_ABOVE_PREDICTORS = (("spec",), _PREDICTORS)


def check(deployment: Deployment) -> Iterator[Finding]:
    """Yield each field that the schema requires and the document lacks."""
    missing = [fault for fault in deployment.faults if fault.kind == "required"]
    if not missing:
        return
    # What stands in the place of a list is not asked for the fields of an item; but a mapping under
    # `children` is read as a node.
    misplaced = {f.path for f in deployment.faults if f.kind == "type" and f.path[-1:] != _CHILD}
    for fault in missing:
        place = fault.path / fault.field
        if fault.path in misplaced or is_spelt_otherwise(deployment, place):
            continue
        if not _is_elsewhere(deployment, fault):
            yield Finding(place, f'the field "{fault.field}" is missing', f"add {fault.field}")


def _is_elsewhere(deployment: Deployment, fault: Fault) -> bool:
    """Tell whether the field stands at another place, which is said and read as it was meant."""
    if fault.path[:-1] == _PREDICTORS:
        for predictor in deployment.predictors:
            if predictor.path == fault.path:
                if fault.field == "graph":
                    astray = next(graphs_astray(deployment, predictor), None)
                    return predictor.graph is not None or astray is not None
                return predictor.raw.get(fault.field) is not None
        return True  # it continues its neighbour
    if fault.field == "containers":
        return any(
            component.path == fault.path.parent and "containers" in component.pod
            for component in deployment.components
        )
    place = fault.path / fault.field
    return place in _ABOVE_PREDICTORS and type(deployment.raw.get("predictors")) is list
