"""Update of a Service name

Why: clients call a predictor by its Service, named by seldon.io/svc-name. With another name the old
Service is deleted by the update. Seldon's operator also deletes the Deployments first, because
their selectors have the name of the Service and cannot change.

Fix: Keep the name, or add a predictor with the new one and move the clients first.

Bad:
    # before: seldon.io/svc-name: iris
    predictors:
    - name: main
      annotations:
        seldon.io/svc-name: iris-v2

Good:
    # before: seldon.io/svc-name: iris
    predictors:
    - name: main
      annotations:
        seldon.io/svc-name: iris
"""

from collections.abc import Iterator

from webhook.graph.finding import Finding
from webhook.graph.model import Predictor, SeldonDeployment, get_mapping, get_str
from webhook.graph.well_known import SERVICE_NAME_ANNOTATION
from webhook.rules._format import quote_value

ACTION = "warn"
SINCE = "0.1.0"


def check(deployment: SeldonDeployment, old: SeldonDeployment) -> Iterator[Finding]:
    """Yield each predictor that stays and whose Service is renamed."""
    before = {predictor.name: _service_name(predictor) for predictor in old.predictors}
    for predictor in deployment.predictors:
        name = _service_name(predictor)
        if predictor.name in before and before[predictor.name] != name:
            shown = quote_value(before[predictor.name] or "the default name")
            yield Finding(
                predictor.path.join(("annotations", SERVICE_NAME_ANNOTATION)),
                f"the Service is renamed from {shown}: the old name stops working with the update",
            )


def _service_name(predictor: Predictor) -> str:
    return get_str(get_mapping(predictor.raw, "annotations"), SERVICE_NAME_ANNOTATION)
