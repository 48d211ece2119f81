"""Reserved label app

Why: graphgate's reconciler selects the pods of a Deployment by the label app, whose value is the
name of the Deployment. It ignores a label app of a predictor or component: selecting pods by it
finds none, and pods that Seldon's operator created with it are not taken over. Under Seldon's
operator the label is free.

Fix: Use another label.

Bad:
    predictors:
    - name: main
      labels:
        app: my-iris

Good:
    predictors:
    - name: main
      labels:
        app.kubernetes.io/name: my-iris
"""

from collections.abc import Iterator

from webhook.graph.cluster_facts import Facts
from webhook.graph.finding import Finding
from webhook.graph.model import Predictor, get_mapping
from webhook.graph.path import Path
from webhook.rules._format import quote_value

ACTION = "deny"
SINCE = "0.1.0"
FIELDS = frozenset({"labels", "componentSpecs"})

_LABEL = "app"


def check(predictor: Predictor, facts: Facts) -> Iterator[Finding]:
    """Yield each label app, if graphgate's reconciler creates the pods."""
    if facts.operator != "graphgate":
        return
    places = [(predictor.raw, predictor.path)]
    places += [
        (get_mapping(component.raw, "metadata"), component.path / "metadata")
        for component in predictor.components
    ]
    for raw, path in places:
        value = get_mapping(raw, "labels").get(_LABEL)
        if type(value) is str:
            yield _build_finding(value, path / "labels" / _LABEL)


def _build_finding(value: str, path: Path) -> Finding:
    return Finding(
        path,
        f"label {_LABEL} {quote_value(value)} is not allowed: graphgate's Deployments select their "
        "pods by it",
        "use another label, such as app.kubernetes.io/name",
    )
